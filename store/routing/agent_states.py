"""Agents' states: what they have in use and their presence, with the copies that their queues keep.

Everything here is written absolutely, from the live slots and the agent's choices, so that doing it again
changes nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import update
from sqlmodel import Session, col

from domain.conversations.changes import Fact, FactValue
from domain.conversations.lifecycle import ActorKind
from domain.events.kinds import FactKind
from domain.routing.presence import ChosenPresence, PresenceKind, PresenceMark, presence_of
from store.db.sql import insert_or_ignore, table_of
from store.events.events import event_row
from store.routing.capacity import AgentCapacity, capacity_of, lock_agent_state
from store.routing.dispatch_marks import MarkKind, append_marks
from store.tables import AgentState, Conversation, PresenceChange, QueueMember

DEFAULT_LIMIT_UNITS = 5

_MEMBER, _CHANGE = table_of(QueueMember), table_of(PresenceChange)


@dataclass
class RoutingWrites:
    """What one transaction has to append when the rows are written: marks, and events last of all."""

    marks: list[tuple[MarkKind, str]] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)

    def note(self, kind: FactKind, at: datetime, data: dict[str, FactValue]) -> None:
        """Record what is told of an agent or a queue."""
        self.events.append(event_row(Fact(kind, at, ActorKind.SYSTEM, data=data), None, None, None))

    def note_of_conversation(
        self, session: Session, kind: FactKind, at: datetime, conversation_id: str, data: dict[str, FactValue]
    ) -> None:
        """Record what the rows, and not its workflow, know of a conversation."""
        conversation = session.get_one(Conversation, conversation_id)
        fact = Fact(kind, at, ActorKind.SYSTEM, conversation_id=conversation_id, data=data)
        self.events.append(event_row(fact, conversation.page_id, conversation.customer_id, None))


def add_agent_state(session: Session, agent_id: str, at: datetime) -> None:
    """The state of a new agent: not there, nothing in use. One that is there stays as it is."""
    row = AgentState(agent_id=agent_id, limit_units=DEFAULT_LIMIT_UNITS, freed_at=at, changed_at=at)
    insert_or_ignore(session, AgentState, [row.model_dump()])


def refresh_agent(
    session: Session,
    state: AgentState,
    writes: RoutingWrites,
    now: datetime,
    *,
    freed: bool,
    reason: str,
    capacity: AgentCapacity | None = None,
) -> None:
    """Write the agent's state and its copies from the live slots. `state` is locked.

    `capacity`: what the slots add up to, where the caller has read them under the lock. `freed`: the agent
    has more room than before, which counts for "least active" and has them looked at.
    """
    capacity = capacity or capacity_of(session, state, now)
    before = state.presence
    presence = presence_of(
        connected=state.connected,
        chosen=_chosen(state),
        mark=PresenceMark(state.presence_mark) if state.presence_mark else None,
        used=capacity.used,
        limits=capacity.limits,
        sessions=capacity.sessions,
    )
    state.used_units, state.sessions = capacity.used.units, capacity.sessions
    state.presence, state.changed_at = presence.kind.value, now
    if freed:
        state.freed_at = now
    session.add(state)
    session.flush()
    session.connection().execute(
        update(_MEMBER)
        .where(_MEMBER.c.agent_id == state.agent_id)
        .values(
            presence=state.presence,
            free_units=state.limit_units - state.used_units,
            freed_at=state.freed_at,
        )
    )
    changed = before != state.presence
    if changed:
        _log_presence(session, state, reason)
        data: dict[str, FactValue] = {"agent_id": state.agent_id, "from": before, "to": state.presence}
        data |= {"limit_units": state.limit_units, "reason": reason}
        writes.note(FactKind.AGENT_PRESENCE_CHANGED, now, data)
    # Who goes matters as who comes does: what they alone had not declined may be offered to others again.
    if freed or changed:
        writes.marks.append((MarkKind.AGENT, state.agent_id))


def mark_presences(
    session: Session, marks: Mapping[str, PresenceMark], now: datetime
) -> list[dict[str, Any]]:
    """Set what an unanswered or a declined offer does to agents' presence. Rows of events, to be appended."""
    writes = RoutingWrites()
    for agent_id in sorted(marks):
        state = lock_agent_state(session, agent_id)
        if state is not None:
            state.presence_mark = marks[agent_id].value
            refresh_agent(session, state, writes, now, freed=False, reason=marks[agent_id].value)
    append_marks(session, writes.marks)
    return writes.events


def _chosen(state: AgentState) -> ChosenPresence | None:
    if state.chosen_presence is None:
        return None
    return ChosenPresence(PresenceKind(state.chosen_presence), state.presence_text)


def _log_presence(session: Session, state: AgentState, reason: str) -> None:
    session.connection().execute(
        update(_CHANGE)
        .where(_CHANGE.c.agent_id == state.agent_id, col(PresenceChange.until).is_(None))
        .values(until=state.changed_at)
    )
    row = {
        "agent_id": state.agent_id,
        "at": state.changed_at,
        "until": None,
        "presence": state.presence,
        "reason": reason,
        "limit_units": state.limit_units,
    }
    session.connection().execute(_CHANGE.insert(), row)
