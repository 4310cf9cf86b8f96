"""The members of a queue as the choice among them looks at them."""

from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select
from sqlmodel import Session

from domain.routing.capacity import CapacityLimits, UsedCapacity
from domain.routing.members import Member
from domain.routing.presence import PresenceKind
from store.db.sql import table_of
from store.routing.capacity import capacity_of
from store.routing.dispatch_settings import DispatchSettings
from store.tables import AgentState, QueueMember

_MEMBER, _STATE = table_of(QueueMember), table_of(AgentState)
_MEMBERS = (
    select(
        _MEMBER.c.agent_id,
        _MEMBER.c.last_assigned_at,
        _STATE.c.presence,
        _STATE.c.limit_units,
        _STATE.c.used_units,
        _STATE.c.sessions,
        _STATE.c.freed_at,
    )
    .join(_STATE, _STATE.c.agent_id == _MEMBER.c.agent_id)
    .where(_MEMBER.c.queue_id == bindparam("queue"))
    .order_by(_MEMBER.c.agent_id)
)

_ONE_MEMBER = _MEMBERS.where(_MEMBER.c.agent_id == bindparam("agent"))


def members_of(session: Session, queue_id: str, settings: DispatchSettings, now: datetime) -> list[Member]:
    """Everybody who serves the queue, as they now are."""
    rows = session.connection().execute(_MEMBERS, {"queue": queue_id})
    return [
        _member(session, row.agent_id, row, row.last_assigned_at, settings, now=now) for row in rows.all()
    ]


def member_of(
    session: Session, queue_id: str, agent_id: str, settings: DispatchSettings, now: datetime
) -> Member | None:
    """One who serves the queue; None where the agent does not."""
    row = session.connection().execute(_ONE_MEMBER, {"queue": queue_id, "agent": agent_id}).first()
    return None if row is None else _member(session, agent_id, row, row.last_assigned_at, settings, now=now)


def member_now(session: Session, member: Member, settings: DispatchSettings, now: datetime) -> Member:
    """The same member after something of theirs was written in this transaction."""
    state = session.get_one(AgentState, member.agent_id)
    return _member(session, member.agent_id, state, member.last_assigned_at, settings, now=now)


def _member(
    session: Session,
    agent_id: str,
    state: Any,
    last_assigned_at: datetime | None,
    settings: DispatchSettings,
    *,
    now: datetime,
) -> Member:
    profiles = settings.profiles.get(agent_id, ())
    used = UsedCapacity(units=state.used_units, live=state.sessions)
    if profiles:  # no row has the sums by profile
        used = capacity_of(session, session.get_one(AgentState, agent_id), now).used
    return Member(
        agent_id,
        PresenceKind(state.presence),
        CapacityLimits(state.limit_units, profiles),
        used,
        state.sessions,
        settings.ratings.get(agent_id, {}),
        last_assigned_at,
        state.freed_at,
    )
