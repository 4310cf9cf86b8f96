"""Capacity profiles, and what agents can have at once."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from domain.routing.field_errors import FieldError
from store.db.refusals import RefusalReason, StoreRefusalError
from store.db.sql import delete_rows
from store.routing.agent_states import RoutingWrites, add_agent_state, refresh_agent
from store.routing.capacity import lock_agent_state
from store.routing.configuration import (
    LOOK_AT_ALL,
    add_named,
    get_named,
    list_named,
    note_change,
    refuse_taken_name,
    refuse_wrong,
)
from store.routing.dispatch_marks import MarkKind
from store.routing.members import queues_of
from store.routing.slot_states import slot_is_live
from store.tables import (
    AgentCapacityProfile,
    AgentState,
    CapacityProfile,
    Demand,
    Rule,
    Slot,
    WorkItem,
    Workstream,
)

MAX_PROFILES = 100
MAX_PROFILES_OF_AN_AGENT = 20


@dataclass(frozen=True, slots=True)
class AgentLimits:
    """What an agent can have at once. `profiles`: limits by profile id; None: the profile's own."""

    units: int
    profiles: Mapping[str, int | None]


def get(session: Session, profile_id: str) -> CapacityProfile:
    """The profile; refused as `not_found`."""
    return get_named(session, CapacityProfile, "capacity profile", profile_id)


def listed(session: Session, *, after: str | None, limit: int) -> list[CapacityProfile]:
    """Profiles by id."""
    return list_named(session, CapacityProfile, after=after, limit=limit)


def add(session: Session, profile: CapacityProfile) -> CapacityProfile:
    """A new profile that nobody has."""
    add_named(session, profile, MAX_PROFILES)
    note_change(session)
    return profile


def change(session: Session, profile_id: str, changes: dict[str, Any], now: datetime) -> CapacityProfile:
    """Change a profile. Agents who have it get more or less room at once."""
    profile = get(session, profile_id)
    profile.sqlmodel_update(changes)
    refuse_taken_name(session, profile)
    session.flush()
    writes = RoutingWrites()
    for agent_id in _agents_with(session, profile_id):
        _refresh(session, agent_id, writes, now)
    note_change(session, *writes.marks, LOOK_AT_ALL)
    return profile


def delete(session: Session, profile_id: str) -> None:
    """Delete a profile that nothing asks for; agents have it no more."""
    profile = get(session, profile_id)
    uses = {name: value for name, value in _uses(session, profile_id).items() if value}
    if uses:
        raise StoreRefusalError(RefusalReason.CAPACITY_PROFILE_IN_USE, **uses)
    delete_rows(session, AgentCapacityProfile, col(AgentCapacityProfile.capacity_profile_id) == profile_id)
    session.delete(profile)
    note_change(session, LOOK_AT_ALL)


def limits_of(session: Session, agent_id: str) -> AgentLimits:
    """What an agent can have at once. Who never had a state has the usual units."""
    state = session.get(AgentState, agent_id)
    rows = session.exec(
        select(AgentCapacityProfile)
        .where(AgentCapacityProfile.agent_id == agent_id)
        .order_by(col(AgentCapacityProfile.capacity_profile_id))
    )
    units = AgentState.model_fields["limit_units"].default if state is None else state.limit_units
    return AgentLimits(units, {row.capacity_profile_id: row.limit for row in rows})


def set_limits(
    session: Session, agent_id: str, limits: AgentLimits, writes: RoutingWrites, now: datetime
) -> None:
    """Let an agent have exactly these limits. What they have beyond them stays theirs."""
    known = set(session.exec(select(CapacityProfile.id)))
    refuse_wrong(
        FieldError(f"profiles.{place}.capacity_profile_id", "unknown_profile", "There is no such profile.")
        for place, profile_id in enumerate(limits.profiles)
        if profile_id not in known
    )
    add_agent_state(session, agent_id, now)
    state = lock_agent_state(session, agent_id)
    if state is not None:
        state.limit_units = limits.units
    delete_rows(session, AgentCapacityProfile, col(AgentCapacityProfile.agent_id) == agent_id)
    for profile_id, limit in limits.profiles.items():
        row = AgentCapacityProfile(agent_id=agent_id, capacity_profile_id=profile_id, limit=limit)
        session.add(row)
    session.flush()
    _refresh(session, agent_id, writes, now)
    note_change(session, *((MarkKind.QUEUE, each) for each in queues_of(session, agent_id)))


def _refresh(session: Session, agent_id: str, writes: RoutingWrites, now: datetime) -> None:
    state = lock_agent_state(session, agent_id)
    if state is not None:
        refresh_agent(session, state, writes, now, freed=False, reason="limits_changed")
        writes.marks.append((MarkKind.AGENT, agent_id))


def _agents_with(session: Session, profile_id: str) -> list[str]:
    return list(
        session.exec(
            select(AgentCapacityProfile.agent_id)
            .where(AgentCapacityProfile.capacity_profile_id == profile_id)
            .order_by(col(AgentCapacityProfile.agent_id))
        )
    )


def _uses(session: Session, profile_id: str) -> dict[str, list[str] | int]:
    needs = session.exec(select(Workstream.id, Workstream.capacity_profile_ids)).all()
    waiting = session.exec(
        select(Demand.capacity_profiles).join(WorkItem, col(WorkItem.demand_id) == Demand.id)
    ).all()
    held = session.exec(select(Slot.capacity_profiles).where(slot_is_live())).all()
    return {
        "workstream_ids": sorted(id_ for id_, profiles in needs if profile_id in profiles),
        "rule_set_ids": sorted(
            {
                rule.rule_set_id
                for rule in session.exec(select(Rule))
                if profile_id in rule.outputs.get("profiles", ())
            }
        ),
        "conversations": sum(profile_id in profiles for profiles in (*waiting, *held)),
    }
