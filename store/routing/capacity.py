"""What agents can have and what they have in use, read from their slots."""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import or_
from sqlmodel import Session, col, select

from domain.routing.capacity import (
    CapacityLimits,
    CapacityNeed,
    CapacityReset,
    ProfileLimit,
    SlotUse,
    UsedCapacity,
    counts_since,
    used_capacity,
)
from store.routing.slot_states import SlotState, slot_is_live
from store.tables import AgentCapacityProfile, AgentState, CapacityProfile, Slot


@dataclass(frozen=True, slots=True)
class AgentCapacity:
    """What an agent can have and the slots that count, at an instant."""

    limits: CapacityLimits
    slots: tuple[SlotUse, ...]
    at: datetime

    @property
    def used(self) -> UsedCapacity:
        """What is in use."""
        return used_capacity(self.limits, self.slots, self.at)

    @property
    def sessions(self) -> int:
        """How many live slots there are, those that take no capacity included."""
        return sum(slot.live for slot in self.slots)

    def with_slot(self, need: CapacityNeed, now: datetime) -> "AgentCapacity":
        """The same with one more slot."""
        return replace(self, slots=(*self.slots, SlotUse(need, now)))


def profile_limit(profile: CapacityProfile, own: int | None) -> ProfileLimit:
    """An agent's limit of a capacity profile: their own, or else the profile's."""
    return ProfileLimit(
        profile.id,
        profile.default_limit if own is None else own,
        CapacityReset(profile.reset),
        profile.blocks,
        profile.timezone,
    )


def lock_agent_state(session: Session, agent_id: str) -> AgentState | None:
    """The agent's state, locked until the transaction ends: nobody else takes or gives a slot of theirs."""
    return session.get(AgentState, agent_id, with_for_update=True, populate_existing=True)


def capacity_of(session: Session, state: AgentState, now: datetime) -> AgentCapacity:
    """What the agent can have, and has in use: two statements."""
    profiles = session.exec(
        select(CapacityProfile, AgentCapacityProfile.limit)
        .join(AgentCapacityProfile, col(AgentCapacityProfile.capacity_profile_id) == CapacityProfile.id)
        .where(AgentCapacityProfile.agent_id == state.agent_id)
        .order_by(col(CapacityProfile.id))
    ).all()
    limits = CapacityLimits(
        state.limit_units,
        tuple(profile_limit(profile, own) for profile, own in profiles),
    )
    slots = _slots_that_count(session, state.agent_id, counts_since(limits, now))
    return AgentCapacity(limits, tuple(map(_use_of, slots)), now)


def _slots_that_count(session: Session, agent_id: str, since: datetime | None) -> list[Slot]:
    live = slot_is_live()
    counts = live if since is None else or_(live, col(Slot.claimed_at) >= since)
    return list(session.exec(select(Slot).where(Slot.agent_id == agent_id, counts)))


def _use_of(slot: Slot) -> SlotUse:
    need = CapacityNeed(slot.units, tuple(slot.capacity_profiles))
    return SlotUse(need, slot.claimed_at, live=slot.state != SlotState.RELEASED)
