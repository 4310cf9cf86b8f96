"""Who is there: agents with an open stream, or with a lease for clients without one.

A stream is a row until some seconds after it has closed, so that one which comes back at once, to this
process or another, was never away. The rows of a process that died are swept by whoever notices. Leases and
streams count on the time that all processes share; since when somebody is absent, on the product's clock.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import CompoundSelect, String, literal, union_all, update
from sqlmodel import Session, col, select

from domain.events.kinds import FactKind
from domain.routing.absence import STREAM_GRACE, is_back_in_time
from domain.routing.presence import ChosenPresence
from store.db.refusals import not_found
from store.db.shared_time import shared_now, shared_now_column
from store.db.sql import delete_rows, insert_or_ignore, table_of, upsert
from store.db.types import UtcDateTime
from store.routing.agent_states import RoutingWrites, add_agent_state, refresh_agent
from store.routing.capacity import lock_agent_state
from store.routing.members import SERVING_ROLES
from store.tables import Agent, AgentConnection, AgentState, ProcessLease, QueueMember

PROCESS_LEASE = timedelta(seconds=15)
"""How long a process that says nothing is taken for alive, where nothing else tells."""
SWEPT_AT_ONCE = 50
"""Streams of a dead process in one transaction: others want to write, too."""

_LEASE, _CONNECTION = table_of(ProcessLease), table_of(AgentConnection)


class Absence(StrEnum):
    """How far an absence is dealt with. BEGUN: its workflow has to be started. OVER: all is given back."""

    BEGUN = "begun"
    RUNNING = "running"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class PresenceStream:
    """An open stream that makes its agent connected, and the process that serves it."""

    id: str
    agent_id: str
    process_id: str


def may_be_present(session: Session, agent_id: str) -> bool:
    """Whether work may be offered to somebody: agents and supervisors, others as members of a queue."""
    agent = session.get(Agent, agent_id)
    if agent is None or not agent.active:
        return False
    if agent.role in SERVING_ROLES:
        return True
    return (
        session.exec(select(QueueMember.queue_id).where(QueueMember.agent_id == agent_id).limit(1)).first()
        is not None
    )


def shares_queue(session: Session, one_id: str, other_id: str) -> bool:
    """Whether two agents serve a queue in common; somebody always does with themselves."""
    if one_id == other_id:
        return True
    queues = select(QueueMember.queue_id).where(QueueMember.agent_id == one_id)
    common = select(QueueMember.queue_id).where(
        QueueMember.agent_id == other_id, col(QueueMember.queue_id).in_(queues)
    )
    return session.exec(common.limit(1)).first() is not None


def connect_stream(session: Session, stream: PresenceStream, writes: RoutingWrites, now: datetime) -> bool:
    """Make the agent of a stream connected; False, and nothing, for somebody whom no work is offered to.

    The lease of a process that was taken for dead is not renewed by this: `renew_process` tells it so.
    """
    if not may_be_present(session, stream.agent_id):
        return False
    lease = {"id": stream.process_id, "present_until": shared_now(session) + PROCESS_LEASE}
    insert_or_ignore(session, ProcessLease, [lease])
    row = {
        "stream_id": stream.id,
        "agent_id": stream.agent_id,
        "process_id": stream.process_id,
        "opened_at": now,
    }
    insert_or_ignore(session, AgentConnection, [row])
    _come(session, _locked_state(session, stream.agent_id, now), writes, now)
    return True


def release_stream(session: Session, stream: PresenceStream, writes: RoutingWrites, now: datetime) -> None:
    """Forget a stream that has been closed long enough; who has no other becomes absent."""
    delete_rows(session, AgentConnection, col(AgentConnection.stream_id) == stream.id)
    _leave_if_gone(session, stream.agent_id, writes, now)


def renew_process(session: Session, process_id: str) -> bool:
    """Say that the process is alive. False: it was taken for dead, and has to register its streams again."""
    now = shared_now(session)
    renewed = (
        update(_LEASE)
        .where(_LEASE.c.id == process_id, _LEASE.c.present_until > now)
        .values(present_until=now + PROCESS_LEASE)
    )
    return session.connection().execute(renewed).rowcount == 1


def register_process(session: Session, process_id: str) -> None:
    """Say that the process is alive, whatever it was taken for."""
    lease = {"id": process_id, "present_until": shared_now(session) + PROCESS_LEASE}
    upsert(session, ProcessLease, lease)


def end_process(session: Session, process_id: str) -> None:
    """The process has ended: its agents have as long to come back as if each had closed their stream."""
    until = shared_now(session) + STREAM_GRACE
    session.connection().execute(
        update(_LEASE)
        .where(_LEASE.c.id == process_id, _LEASE.c.present_until > until)
        .values(present_until=until)
    )


def sweep_process(session: Session, process_id: str, writes: RoutingWrites, now: datetime) -> bool:
    """Release some streams of a process whose lease is over. Whether there may be more."""
    lease = session.get(ProcessLease, process_id, with_for_update=True, populate_existing=True)
    if lease is None or lease.present_until > shared_now(session):
        return False
    of_process = (
        select(AgentConnection.stream_id, AgentConnection.agent_id)
        .where(AgentConnection.process_id == process_id)
        .order_by(col(AgentConnection.agent_id))
        .limit(SWEPT_AT_ONCE)
    )
    streams = session.exec(of_process).all()
    if not streams:
        session.delete(lease)
        session.flush()
        return False
    delete_rows(session, AgentConnection, col(AgentConnection.stream_id).in_([each for each, _ in streams]))
    for agent_id in sorted({agent_id for _, agent_id in streams}):
        _leave_if_gone(session, agent_id, writes, now)
    return True


def lease_presence(
    session: Session, agent_id: str, lease_for: timedelta, writes: RoutingWrites, now: datetime
) -> None:
    """Make somebody connected who has no stream, for so long from now."""
    state = _locked_state(session, agent_id, now)
    state.leased_until = shared_now(session) + lease_for
    _come(session, state, writes, now)
    session.add(state)
    session.flush()


def end_lease(session: Session, agent_id: str, writes: RoutingWrites, now: datetime) -> None:
    """Forget a lease that is over, unless it was renewed meanwhile."""
    _leave_if_gone(session, agent_id, writes, now)


def choose_presence(
    session: Session,
    agent_id: str,
    chosen: ChosenPresence,
    writes: RoutingWrites,
    now: datetime,
    *,
    reason: str = "chosen",
) -> None:
    """Set an agent's presence; what a missed or declined offer left is cleared."""
    state = _locked_state(session, agent_id, now)
    state.chosen_presence, state.presence_text = chosen.kind.value, chosen.text
    state.presence_mark = None
    refresh_agent(session, state, writes, now, freed=False, reason=reason)


def leave_at_once(session: Session, agent_id: str, writes: RoutingWrites, now: datetime) -> None:
    """Make a deactivated agent absent: their work is given back without any grace.

    Also of one who was absent, or never there: what they took since then is given back, too.
    """
    delete_rows(session, AgentConnection, col(AgentConnection.agent_id) == agent_id)
    state = lock_agent_state(session, agent_id)
    if state is None:
        return
    state.chosen_presence = state.presence_text = state.presence_mark = None
    if state.connected:
        _become_absent(session, state, writes, now, reason="deactivated")
        return
    state.absent_since, state.absence = now, Absence.BEGUN.value
    refresh_agent(session, state, writes, now, freed=False, reason="deactivated")


def _locked_state(session: Session, agent_id: str, now: datetime) -> AgentState:
    if session.get(Agent, agent_id) is None:
        raise not_found("agent", agent_id)
    add_agent_state(session, agent_id, now)
    state = lock_agent_state(session, agent_id)
    if state is None:
        raise not_found("agent", agent_id)
    return state


def _come(session: Session, state: AgentState, writes: RoutingWrites, now: datetime) -> None:
    if state.connected:
        return
    since = state.absent_since
    if since is not None and not is_back_in_time(since, now):
        state.chosen_presence = state.presence_text = None
    state.connected, state.absent_since, state.absence = True, None, None
    refresh_agent(session, state, writes, now, freed=False, reason="back" if since else "connected")
    if since is not None:
        data = {"agent_id": state.agent_id, "absent_since": since.isoformat()}
        writes.note(FactKind.AGENT_BACK, now, {**data})


def _leave_if_gone(session: Session, agent_id: str, writes: RoutingWrites, now: datetime) -> None:
    """Under the lock of the agent's row: who comes at the same time comes before this, or after it."""
    state = lock_agent_state(session, agent_id)
    if state is None:
        return
    if state.leased_until is not None:
        if state.leased_until > shared_now(session):
            return
        state.leased_until = None
        session.add(state)
        session.flush()
    others = select(AgentConnection.stream_id).where(AgentConnection.agent_id == agent_id).limit(1)
    if state.connected and session.exec(others).first() is None:
        _become_absent(session, state, writes, now)


def _become_absent(
    session: Session, state: AgentState, writes: RoutingWrites, now: datetime, *, reason: str = "absent"
) -> None:
    state.connected, state.leased_until = False, None
    state.absent_since, state.absence = now, Absence.BEGUN.value
    refresh_agent(session, state, writes, now, freed=False, reason=reason)
    writes.note(FactKind.AGENT_ABSENT, now, {"agent_id": state.agent_id})


@dataclass(frozen=True, slots=True)
class PresenceSurvey:
    """What may have to be done about presence. `processes`: each with the time that its lease still has."""

    processes: dict[str, timedelta]
    leases_over: list[str]
    absences: list[str]


_PROCESS, _LEASED, _ABSENT = "process", "leased", "absent"


def survey_presence(session: Session, absences: Collection[Absence]) -> PresenceSurvey:
    """Look at everything that may be over, in one statement. `absences`: those that are wanted."""
    now = shared_now_column(session)
    nothing = literal(None, UtcDateTime())

    process, leased, absent = (literal(each, String()) for each in (_PROCESS, _LEASED, _ABSENT))
    agent_id = col(AgentState.agent_id)
    statement: CompoundSelect[Any] = union_all(
        select(process, col(ProcessLease.id), col(ProcessLease.present_until), now),
        select(leased, agent_id, col(AgentState.leased_until), now).where(
            col(AgentState.leased_until).is_not(None)
        ),
        select(absent, agent_id, nothing, now).where(col(AgentState.absence).in_(absences)),
    )
    rows = session.connection().execute(statement).all()
    return PresenceSurvey(
        {key: until - at for kind, key, until, at in rows if kind == _PROCESS},
        [key for kind, key, until, at in rows if kind == _LEASED and until <= at],
        [key for kind, key, _, _ in rows if kind == _ABSENT],
    )


def state_of(session: Session, agent_id: str) -> AgentState:
    """The agent's state; of one whom no work was ever offered to, as it would be. Not to be written."""
    found = session.get(AgentState, agent_id)
    if found is not None:
        return found
    agent = session.get(Agent, agent_id)
    if agent is None:
        raise not_found("agent", agent_id)
    return AgentState(
        agent_id=agent_id, limit_units=0, freed_at=agent.created_at, changed_at=agent.created_at
    )
