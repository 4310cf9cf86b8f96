"""Reading what happened in a period from the tables, as records of metrics."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, and_, func, or_, select
from sqlmodel import Session, col

from domain.conversations.projection import NEVER_WAS
from domain.reports.records import (
    OFFERING,
    RESPONSE_LOOKBACK,
    ConversationRecord,
    MessageRecord,
    PresenceRecord,
    QueueStayRecord,
    Records,
    SessionRecord,
    SlotRecord,
    session_end,
)
from domain.routing.capacity import Origin
from domain.routing.demand import DEFAULT_QUEUE_ID
from domain.routing.presence import PresenceKind
from store.db.refusals import RefusalReason, StoreRefusalError
from store.db.types import UtcDateTime
from store.reports.limits import MAX_MESSAGES, MAX_RECORDS
from store.reports.queue_terms import read_queue_terms
from store.tables import AgentSession, Conversation, Message, PresenceChange, QueueStay, Slot

_OFFERING = frozenset(origin.value for origin in OFFERING)
_QUEUE = func.coalesce(col(Conversation.queue_id), DEFAULT_QUEUE_ID)
_SENT_AT = func.coalesce(col(Message.sent_at), col(Message.occurred_at), type_=UtcDateTime())
_CUSTOMERS = and_(col(Message.direction) == "inbound", col(Message.sender_kind) == "customer")
_AGENTS = and_(
    col(Message.direction) == "outbound",
    col(Message.sender_kind) == "agent",
    col(Message.sent_at).is_not(None),
)
_NOBODY = (None, None)
_SESSION_WAS = or_(col(AgentSession.closure_reason).is_(None), col(AgentSession.closure_reason) != NEVER_WAS)


def read_records(session: Session, begin: datetime, end: datetime, *, limited: bool = True) -> Records:
    """What happened in `[begin, end)`, which has to be over. `limited`: refused as `report_too_large`."""
    return _Reader(session, begin, end, limited).records()


@dataclass(frozen=True, slots=True)
class _Reader:
    session: Session
    begin: datetime
    end: datetime
    limited: bool

    def records(self) -> Records:
        return Records(
            self.begin,
            self.end,
            self._conversations(),
            self._stays(),
            self._sessions(),
            self._messages(),
            self._presence(),
            self._slots(),
            queues=read_queue_terms(self.session),
        )

    def _conversations(self) -> list[ConversationRecord]:
        opened = and_(
            col(Conversation.opened_at) >= self.begin,
            col(Conversation.opened_at) < self.end,
            col(Conversation.status_reason) != NEVER_WAS,
        )
        found = self._limited(
            select(
                col(Conversation.id),
                _QUEUE,
                col(Conversation.workstream_id),
                col(Conversation.opened_at),
                col(Conversation.closed_at),
            ).where(opened),
        )
        begun: dict[str, datetime] = {}
        accepted: dict[str, tuple[datetime | None, str | None]] = {}
        sessions = (
            _sessions_with_slots(col(AgentSession.conversation_id))
            .where(opened)
            .order_by(col(AgentSession.conversation_id), col(AgentSession.number))
        )
        for conversation_id, agent_id, started_at, accepted_at, kind in self.session.execute(sessions):
            begun.setdefault(conversation_id, started_at)
            taken_at = _accepted_at(started_at, accepted_at, kind)
            if taken_at is not None:
                accepted.setdefault(conversation_id, (taken_at, agent_id))
        first_replies = (
            select(col(Message.conversation_id), func.min(_SENT_AT))
            .join(Conversation, col(Conversation.id) == col(Message.conversation_id))
            .where(opened, _AGENTS)
            .group_by(col(Message.conversation_id))
        )
        replies = {row[0]: row[1] for row in self.session.execute(first_replies)}
        return [
            ConversationRecord(
                queue_id,
                workstream_id,
                opened_at,
                closed_at,
                begun.get(id_),
                accepted.get(id_, _NOBODY)[0],
                accepted.get(id_, _NOBODY)[1],
                replies.get(id_),
            )
            for id_, queue_id, workstream_id, opened_at, closed_at in found
        ]

    def _stays(self) -> list[QueueStayRecord]:
        found = self._limited(
            select(
                col(QueueStay.queue_id),
                col(QueueStay.workstream_id),
                col(QueueStay.entered_at),
                col(QueueStay.accepted_at),
                col(QueueStay.agent_id),
                col(QueueStay.wait_in_hours_seconds),
            ).where(col(QueueStay.entered_at) >= self.begin, col(QueueStay.entered_at) < self.end),
        )
        return [
            QueueStayRecord(
                queue_id,
                workstream_id,
                entered_at,
                accepted_at,
                agent_id if accepted_at is not None else None,
                timedelta(seconds=in_hours) if in_hours is not None else None,
            )
            for queue_id, workstream_id, entered_at, accepted_at, agent_id, in_hours in found
        ]

    def _sessions(self) -> list[SessionRecord]:
        found = self._limited(
            _sessions_with_slots(
                func.coalesce(col(Slot.queue_id), _QUEUE),
                col(Conversation.workstream_id),
                col(AgentSession.closed_at),
                col(AgentSession.closure_reason),
            ).where(col(AgentSession.started_at) >= self.begin, col(AgentSession.started_at) < self.end),
        )
        return [
            SessionRecord(
                queue_id,
                workstream_id,
                agent_id,
                started_at,
                is_offer=kind in _OFFERING,
                accepted_at=_accepted_at(started_at, accepted_at, kind),
                ended_at=closed_at,
                end=session_end(reason),
            )
            for queue_id, workstream_id, closed_at, reason, agent_id, started_at, accepted_at, kind in found
        ]

    def _messages(self) -> list[MessageRecord]:
        found = self._limited(
            select(
                col(Message.conversation_id),
                _QUEUE,
                col(Conversation.workstream_id),
                _SENT_AT,
                col(Message.agent_id),
                col(Message.direction),
            )
            .join(Conversation, col(Conversation.id) == col(Message.conversation_id))
            # What was held was written before it was sent, by no more than the lookback.
            .where(
                col(Message.occurred_at) >= self.begin - RESPONSE_LOOKBACK,
                col(Message.occurred_at) < self.end,
                or_(_CUSTOMERS, _AGENTS),
            ),
            MAX_MESSAGES,
        )
        messages = (
            MessageRecord(
                conversation_id,
                queue_id,
                workstream_id,
                at,
                agent_id if direction == "outbound" else None,
                is_inbound=direction == "inbound",
            )
            for conversation_id, queue_id, workstream_id, at, agent_id, direction in found
        )
        return sorted((each for each in messages if each.at < self.end), key=lambda each: each.at)

    def _presence(self) -> list[PresenceRecord]:
        columns = select(
            col(PresenceChange.agent_id),
            col(PresenceChange.at),
            func.coalesce(col(PresenceChange.until), self.end, type_=UtcDateTime()),
            col(PresenceChange.presence),
            col(PresenceChange.limit_units),
        ).where(col(PresenceChange.at) < self.end)
        over = columns.where(col(PresenceChange.until) > self.begin)
        present = columns.where(col(PresenceChange.until).is_(None))
        return [
            PresenceRecord(agent_id, at, until, PresenceKind(presence), limit_units)
            for part in (over, present)
            for agent_id, at, until, presence, limit_units in self._limited(part)
        ]

    def _slots(self) -> list[SlotRecord]:
        columns = select(
            col(Slot.agent_id),
            col(Slot.claimed_at),
            func.coalesce(col(Slot.released_at), self.end, type_=UtcDateTime()),
            col(Slot.units),
        ).where(col(Slot.claimed_at) < self.end)
        released = columns.where(col(Slot.released_at) > self.begin)
        live = columns.where(col(Slot.released_at).is_(None))
        return [SlotRecord(*row) for part in (released, live) for row in self._limited(part)]

    def _limited(
        self, statement: Select[*tuple[Any, ...]], limit: int | None = None
    ) -> Iterable[Sequence[Any]]:
        limit = MAX_RECORDS if limit is None else limit
        found = self.session.execute(statement.limit(limit + 1) if self.limited else statement).all()
        if self.limited and len(found) > limit:
            raise StoreRefusalError(RefusalReason.REPORT_TOO_LARGE)
        return found


def _sessions_with_slots(*columns: Any) -> Select[*tuple[Any, ...]]:
    return (
        select(
            *columns,
            col(AgentSession.agent_id),
            col(AgentSession.started_at),
            col(AgentSession.accepted_at),
            col(Slot.kind),
        )
        .select_from(AgentSession)
        .join(Conversation, col(Conversation.id) == col(AgentSession.conversation_id))
        .outerjoin(Slot, col(Slot.id) == col(AgentSession.id))
        .where(_SESSION_WAS)
    )


def _accepted_at(started_at: datetime, accepted_at: datetime | None, kind: str | None) -> datetime | None:
    """When the agent had the conversation. A session without a slot began before offers were kept."""
    return (
        started_at if accepted_at is None and (kind is None or Origin(kind) not in OFFERING) else accepted_at
    )
