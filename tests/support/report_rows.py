"""Rows of work that was done, for tests of reports: conversations with their stays, sessions and messages."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count

from hypothesis import strategies as st
from sqlalchemy import delete
from sqlmodel import Session, SQLModel

from domain.routing.capacity import Origin
from store import tables
from store.db.sql import table_of
from support.store import PAGE_A, add_customer

BEGIN = datetime(2026, 11, 18, tzinfo=UTC)
QUEUES = ("default", "sales")
AGENTS = ("mia", "tom")


def add_desk(session: Session) -> None:
    """Agents and a queue beside the default one."""
    for agent_id in AGENTS:
        session.add(tables.Agent(id=agent_id, name=agent_id.title(), role="agent", created_at=BEGIN))
    session.add(tables.Queue(id="sales", name="Sales", created_at=BEGIN, service_level_seconds=60))
    session.flush()
    for agent_id in AGENTS:
        session.add(tables.AgentState(agent_id=agent_id, freed_at=BEGIN, changed_at=BEGIN))


@dataclass(frozen=True)
class Turn:
    """One offer or pick: seconds after the one before, then to its answer and to its end (None: not yet)."""

    agent_id: str
    after: int
    origin: Origin = Origin.PUSH
    answered_after: int | None = None
    ended_after: int | None = None
    reason: str = "completed_by_agent"


@dataclass(frozen=True)
class Talk:
    """One conversation. `said`: who said something, and how many seconds after it was opened."""

    opened_after: int
    queue_id: str = "default"
    turns: tuple[Turn, ...] = ()
    said: tuple[tuple[str | None, int], ...] = ()
    closed_after: int | None = None


@dataclass(frozen=True)
class Duty:
    """A presence of an agent's: seconds after BEGIN, and how long (None: still)."""

    agent_id: str
    after: int
    lasts: int | None
    presence: str = "available"


def clear(session: Session) -> None:
    """No conversation, presence or sum is left."""
    models: tuple[type[SQLModel], ...] = (
        tables.DailyMetrics,
        tables.SummedDay,
        tables.Slot,
        tables.QueueStay,
        tables.PresenceChange,
        tables.Message,
        tables.AgentSession,
        tables.Conversation,
        tables.Thread,
        tables.Customer,
    )
    for model in models:
        session.connection().execute(delete(table_of(model)))


def add_work(session: Session, talks: Iterable[Talk], duties: Iterable[Duty] = ()) -> None:
    """The rows of conversations and presences."""
    for number, talk in enumerate(talks):
        _add_talk(session, f"c{number}", talk)
    for duty in duties:
        at = BEGIN + timedelta(seconds=duty.after)
        session.add(
            tables.PresenceChange(
                agent_id=duty.agent_id,
                at=at,
                until=at + timedelta(seconds=duty.lasts) if duty.lasts is not None else None,
                presence=duty.presence,
                reason="stream",
                limit_units=2,
            )
        )
    session.flush()


def _add_talk(session: Session, name: str, talk: Talk) -> None:
    opened_at = BEGIN + timedelta(seconds=talk.opened_after)
    add_customer(session, name, opened_at, psid=name)
    session.add(
        tables.Conversation(
            id=name,
            page_id=PAGE_A,
            customer_id=name,
            workstream_id="messenger",
            queue_id=talk.queue_id,
            status="closed" if talk.closed_after is not None else "open",
            status_reason="customer_wrote",
            status_changed_at=opened_at,
            opened_at=opened_at,
            closed_at=opened_at + timedelta(seconds=talk.closed_after)
            if talk.closed_after is not None
            else None,
        )
    )
    session.flush()
    at = opened_at
    for number, turn in enumerate(talk.turns, start=1):
        entered_at, at = at, at + timedelta(seconds=turn.after)
        _add_turn(session, f"{name}-{number}", name, number, talk.queue_id, turn, entered_at, at)
    for number, (agent_id, after) in zip(count(), talk.said, strict=False):
        _add_message(session, f"{name}-m{number}", name, agent_id, opened_at + timedelta(seconds=after))


def _add_turn(
    session: Session,
    session_id: str,
    conversation_id: str,
    number: int,
    queue_id: str,
    turn: Turn,
    entered_at: datetime,
    at: datetime,
) -> None:
    accepted_at = at + timedelta(seconds=turn.answered_after) if turn.answered_after is not None else None
    ended_at = at + timedelta(seconds=turn.ended_after) if turn.ended_after is not None else None
    session.add(
        tables.AgentSession(
            id=session_id,
            conversation_id=conversation_id,
            number=number,
            agent_id=turn.agent_id,
            started_at=at,
            accepted_at=accepted_at,
            closed_at=ended_at,
            closure_reason=turn.reason if ended_at is not None else None,
        )
    )
    session.add(
        tables.Slot(
            id=session_id,
            conversation_id=conversation_id,
            stay=number,
            queue_id=queue_id,
            agent_id=turn.agent_id,
            units=1,
            state="released" if ended_at is not None else "held",
            kind=turn.origin.value,
            claimed_at=at,
            released_at=ended_at,
        )
    )
    session.add(
        tables.QueueStay(
            conversation_id=conversation_id,
            stay=number,
            queue_id=queue_id,
            workstream_id="messenger",
            reason="customer_wrote",
            entered_at=entered_at,
            ended_at=accepted_at or ended_at,
            accepted_at=accepted_at,
            agent_id=turn.agent_id,
        )
    )
    session.flush()


def _add_message(
    session: Session, message_id: str, conversation_id: str, agent_id: str | None, at: datetime
) -> None:
    session.add(
        tables.Message(
            id=message_id,
            page_id=PAGE_A,
            customer_id=conversation_id,
            conversation_id=conversation_id,
            direction="outbound" if agent_id else "inbound",
            sender_kind="agent" if agent_id else "customer",
            agent_id=agent_id,
            status="sent" if agent_id else None,
            occurred_at=at,
            sent_at=at + timedelta(seconds=1) if agent_id else None,
            created_at=at,
        )
    )


_days = st.integers(0, 4 * 86_400)
_turns = st.builds(
    Turn,
    st.sampled_from(AGENTS),
    st.integers(1, 300),
    st.sampled_from(Origin),
    st.none() | st.integers(0, 120),
    st.integers(121, 50_000),
    st.sampled_from(["declined_by_agent", "not_accepted_in_time", "transferred_to_queue", "ended_by_agent"]),
)
_said = st.lists(st.tuples(st.sampled_from([None, *AGENTS]), st.integers(0, 100_000)), max_size=5).map(
    lambda found: tuple(sorted(found, key=lambda each: each[1]))
)
talks = st.lists(
    st.builds(
        Talk,
        _days,
        st.sampled_from(QUEUES),
        st.lists(_turns, max_size=3).map(tuple),
        _said,
        st.none() | st.integers(1, 200_000),
    ),
    max_size=5,
)
duties = st.lists(
    st.builds(
        Duty,
        st.sampled_from(AGENTS),
        _days,
        st.integers(1, 200_000),
        st.sampled_from(["available", "busy", "away", "offline", "do_not_disturb"]),
    ),
    max_size=5,
    unique_by=lambda duty: (duty.agent_id, duty.after),
)
