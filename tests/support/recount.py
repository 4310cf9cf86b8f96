"""A recount of metrics from the log of events alone, to check what reports read from the tables.

Of capacity in use the log tells nothing, and of a conversation's workstream neither: reports are compared
without them.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from domain.reports.records import (
    ConversationRecord,
    MessageRecord,
    PresenceRecord,
    QueueStayRecord,
    Records,
    SessionRecord,
    session_end,
)
from domain.routing.presence import PresenceKind
from store import tables
from store.reports.queue_terms import read_queue_terms

DEFAULT_QUEUE = "default"


def recount(
    session: Session, begin: datetime, end: datetime, *, retold_within: timedelta = timedelta(0)
) -> Records:
    """What the log says happened in `[begin, end)`, without what it retracts.

    Where a workflow task was discarded, the log has the instant of what that one told, and the rows have that
    of its retry (ADR 0018): within `retold_within` after the former the latter counts.
    """
    log = session.exec(select(tables.Event).order_by(col(tables.Event.id))).all()
    session.expunge_all()  # what follows is not to be written
    untrue = {event.data["event_id"] for event in log if event.kind == "event.retracted"}
    if retold_within:
        rows = _instants_of_rows(session)
        for event in log:
            at = rows.get(_row_of(event))
            if at is not None and event.at < at <= event.at + retold_within:
                event.at = at
    counting = _Recount()
    counting.read(event for event in log if event.id not in untrue)
    return replace(counting.records(begin, end), queues=read_queue_terms(session))


_Row = tuple[str, ...]
"""A kind of fact, and the ids of the row that has its instant, too."""


def _row_of(event: tables.Event) -> _Row:
    match event.kind:
        case "conversation.queued":
            return event.kind, event.conversation_id or "", str(event.data["stay"])
        case "session.started" | "session.closed":
            return event.kind, event.data["session_id"]
        case "offer.accepted":
            return event.kind, event.data["offer_id"]
        case "message.sent":
            return event.kind, event.message_id or ""
    return event.kind, event.conversation_id or ""


def _instants_of_rows(session: Session) -> dict[_Row, datetime]:
    return {row: at for row, at in _rows_with_instants(session) if at is not None}


def _rows_with_instants(session: Session) -> Iterator[tuple[_Row, datetime | None]]:
    for stay in session.exec(select(tables.QueueStay)):
        yield ("conversation.queued", stay.conversation_id, str(stay.stay)), stay.entered_at
    for turn in session.exec(select(tables.AgentSession)):
        yield ("session.started", turn.id), turn.started_at
        yield ("offer.accepted", turn.id), turn.accepted_at
        yield ("session.closed", turn.id), turn.closed_at
    for each in session.exec(select(tables.Conversation)):
        yield ("conversation.opened", each.id), each.opened_at
        yield ("conversation.closed", each.id), each.closed_at
    for message in session.exec(select(tables.Message)):
        yield ("message.sent", message.id), message.sent_at


@dataclass
class _Conversation:
    id: str
    opened_at: datetime
    closed_at: datetime | None = None
    queue_id: str | None = None
    waits: bool = False
    stays: list[QueueStayRecord] = field(default_factory=list)
    sessions: dict[str, SessionRecord] = field(default_factory=dict)
    messages: list[MessageRecord] = field(default_factory=list)
    written_by: dict[str, str] = field(default_factory=dict)


class _Recount:
    def __init__(self) -> None:
        self._conversations: dict[str, _Conversation] = {}
        self._presence: list[PresenceRecord] = []
        self._present: dict[str, PresenceRecord] = {}

    def read(self, log: Iterable[tables.Event]) -> None:
        for event in log:
            if event.kind == "agent.presence_changed":
                self._presence_changed(event)
            elif event.kind == "conversation.opened" and event.conversation_id is not None:
                self._conversations[event.conversation_id] = _Conversation(event.conversation_id, event.at)
            elif found := self._conversations.get(event.conversation_id or ""):
                _MEANINGS.get(event.kind, _nothing)(found, event)

    def records(self, begin: datetime, end: datetime) -> Records:
        every = list(self._conversations.values())
        messages = [
            replace(message, queue_id=each.queue_id or DEFAULT_QUEUE)
            for each in every
            for message in each.messages
        ]
        present = [replace(each, end=end) for each in self._present.values()]
        return Records(
            begin,
            end,
            [_record(each) for each in every if begin <= each.opened_at < end],
            [stay for each in every for stay in each.stays if begin <= stay.entered_at < end],
            [
                replace(turn, queue_id=turn.queue_id or each.queue_id or DEFAULT_QUEUE)
                for each in every
                for turn in each.sessions.values()
                if begin <= turn.started_at < end
            ],
            sorted((each for each in messages if each.at < end), key=lambda each: each.at),
            [each for each in (*self._presence, *present) if each.end > begin and each.begin < end],
        )

    def _presence_changed(self, event: tables.Event) -> None:
        agent_id = event.data["agent_id"]
        before = self._present.pop(agent_id, None)
        if before is not None:
            self._presence.append(replace(before, end=event.at))
        presence, limit_units = PresenceKind(event.data["to"]), event.data["limit_units"]
        self._present[agent_id] = PresenceRecord(agent_id, event.at, event.at, presence, limit_units)


def _record(of: _Conversation) -> ConversationRecord:
    turns = list(of.sessions.values())
    first = next((each for each in turns if each.accepted_at is not None), None)
    return ConversationRecord(
        of.queue_id or DEFAULT_QUEUE,
        None,
        of.opened_at,
        of.closed_at,
        turns[0].started_at if turns else None,
        first.accepted_at if first else None,
        first.agent_id if first else None,
        min((each.at for each in of.messages if not each.is_inbound), default=None),
    )


def _nothing(of: _Conversation, event: tables.Event) -> None:
    """What no report counts."""


def _closed(of: _Conversation, event: tables.Event) -> None:
    of.closed_at, of.waits = event.at, False


def _lives(of: _Conversation, _: tables.Event) -> None:
    of.closed_at = None


def _queued(of: _Conversation, event: tables.Event) -> None:
    of.queue_id, of.waits = event.data["queue_id"], True
    of.stays.append(QueueStayRecord(event.data["queue_id"], None, event.at))


def _session_started(of: _Conversation, event: tables.Event) -> None:
    session_id = event.data["session_id"]
    of.sessions[session_id] = SessionRecord(of.queue_id or "", None, event.actor_id, event.at, is_offer=False)
    if event.actor_id is not None:
        _accepted(of, session_id, event.at)


def _offer_made(of: _Conversation, event: tables.Event) -> None:
    offer_id, agent_id = event.data["offer_id"], event.data["agent_id"]
    of.sessions[offer_id] = replace(of.sessions[offer_id], agent_id=agent_id, is_offer=True)


def _offer_accepted(of: _Conversation, event: tables.Event) -> None:
    _accepted(of, event.data["offer_id"], event.at)


def _session_closed(of: _Conversation, event: tables.Event) -> None:
    session_id, end = event.data["session_id"], session_end(event.data["reason"])
    of.sessions[session_id] = replace(of.sessions[session_id], ended_at=event.at, end=end)


def _received(of: _Conversation, event: tables.Event) -> None:
    of.messages.append(MessageRecord(of.id, "", None, event.at))


def _sent(of: _Conversation, event: tables.Event) -> None:
    if (agent_id := of.written_by.get(event.message_id or "")) is not None:
        of.messages.append(MessageRecord(of.id, "", None, event.at, agent_id, is_inbound=False))


def _written(of: _Conversation, event: tables.Event) -> None:
    if event.actor_kind == "agent" and event.actor_id is not None:
        of.written_by.setdefault(event.message_id or "", event.actor_id)


def _accepted(of: _Conversation, session_id: str, at: datetime) -> None:
    turn = replace(of.sessions[session_id], accepted_at=at)
    of.sessions[session_id] = turn
    if of.waits:
        of.stays[-1] = replace(of.stays[-1], accepted_at=at, agent_id=turn.agent_id)
        of.waits = False


_MEANINGS: dict[str, Callable[[_Conversation, tables.Event], None]] = {
    "conversation.closed": _closed,
    "conversation.open": _lives,
    "conversation.active": _lives,
    "conversation.queued": _queued,
    "session.started": _session_started,
    "session.closed": _session_closed,
    "offer.made": _offer_made,
    "offer.accepted": _offer_accepted,
    "message.received": _received,
    "message.sent": _sent,
    "message.queued": _written,
    "message.held": _written,
}
