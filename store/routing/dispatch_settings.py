"""How queues assign and workstreams share out, for the dispatcher: read once for each version of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import update
from sqlmodel import Session, col, select

from domain.routing.assignment import Assignment
from domain.routing.capacity import CapacityNeed, ProfileLimit
from domain.routing.demand import Demand, SkillMatching, SkillNeed
from domain.routing.operating_hours import ALWAYS_OPEN, OperatingHours
from domain.routing.presence import PresenceKind
from domain.routing.work_distribution import AfterReservation, DistributionMode
from store.db.sql import table_of
from store.routing.capacity import profile_limit
from store.routing.hours import read_hours
from store.routing.rule_rows import assignment_of
from store.tables import (
    AgentCapacityProfile,
    AgentSkill,
    CapacityProfile,
    Queue,
    QueueMember,
    RoutingVersion,
    Workstream,
)

_VERSION = select(col(RoutingVersion.version))


@dataclass(frozen=True, slots=True)
class DispatchedQueue:
    """What of a queue decides who is asked, and when. A smaller `priority` is served first."""

    id: str
    priority: int
    assignment: Assignment
    hours: OperatingHours = ALWAYS_OPEN


@dataclass(frozen=True, slots=True)
class WorkstreamSettings:
    """What of a workstream decides who is asked."""

    mode: DistributionMode
    allowed: frozenset[PresenceKind]
    only_wishes: bool


@dataclass(frozen=True, slots=True)
class DispatchSettings:
    """All of it, as of one version. By agent: `ratings` by skill, `profiles`, `queues_of`."""

    version: int
    queues: Mapping[str, DispatchedQueue]
    workstreams: Mapping[str, WorkstreamSettings]
    ratings: Mapping[str, Mapping[str, int]]
    profiles: Mapping[str, tuple[ProfileLimit, ...]]
    queues_of: Mapping[str, tuple[str, ...]]


def settings_version(session: Session) -> int:
    """The number that every change of what is read here raises."""
    return session.connection().execute(_VERSION).scalar_one()


def raise_settings_version(session: Session) -> None:
    """Have dispatchers read all of it again: it changes in this transaction."""
    version = table_of(RoutingVersion)
    session.connection().execute(update(version).values(version=version.c.version + 1))


def read_dispatch_settings(session: Session) -> DispatchSettings:
    """All of it as it now is."""
    rows = _all(session)
    hours = read_hours(session, {row.operating_hours_id for row in rows if row.operating_hours_id})
    queues = {
        row.id: DispatchedQueue(
            row.id,
            row.priority,
            assignment_of(row),
            hours.get(row.operating_hours_id or "", ALWAYS_OPEN),
        )
        for row in rows
    }
    workstreams = {
        each.id: WorkstreamSettings(
            DistributionMode(each.distribution_mode),
            frozenset(map(PresenceKind, each.allowed_presences)),
            each.after_reservation == AfterReservation.KEEP,
        )
        for each in session.exec(select(Workstream))
    }
    ratings: dict[str, dict[str, int]] = {}
    for skill in session.exec(select(AgentSkill)):
        ratings.setdefault(skill.agent_id, {})[skill.skill_id] = skill.rating
    return DispatchSettings(
        settings_version(session), queues, workstreams, ratings, _profiles(session), _queues_of(session)
    )


def demand_from_row(row: Any) -> Demand:
    """What a row with the columns of a demand says."""
    return Demand(
        row.queue_id,
        row.workstream_id,
        tuple(SkillNeed(skill_id, rating) for skill_id, rating in row.skills.items()),
        SkillMatching(row.skill_matching),
        CapacityNeed(row.units, tuple(row.capacity_profiles)),
    )


def _all(session: Session) -> list[Queue]:
    return list(session.exec(select(Queue).order_by(col(Queue.id))))


def _profiles(session: Session) -> dict[str, tuple[ProfileLimit, ...]]:
    limits: dict[str, tuple[ProfileLimit, ...]] = {}
    rows = session.exec(
        select(AgentCapacityProfile, CapacityProfile)
        .join(CapacityProfile, col(CapacityProfile.id) == AgentCapacityProfile.capacity_profile_id)
        .order_by(col(CapacityProfile.id))
    )
    for own, profile in rows:
        entry = profile_limit(profile, own.limit)
        limits[own.agent_id] = (*limits.get(own.agent_id, ()), entry)
    return limits


def _queues_of(session: Session) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    members = select(QueueMember.agent_id, QueueMember.queue_id).order_by(col(QueueMember.queue_id))
    for agent_id, queue_id in session.exec(members):
        found[agent_id] = (*found.get(agent_id, ()), queue_id)
    return found
