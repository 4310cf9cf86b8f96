"""Taking back what a workflow task has projected that Temporal then discarded (ADR 0018).

What such a task told is in the event log, dated between the run's last projection that counts and the one
that is being written now. From it follows what it did to the rows: each is brought back to what it was, and
the projection that counts is written on top.
"""

from typing import Any

from sqlalchemy import and_, or_, update
from sqlalchemy import delete as sql_delete
from sqlmodel import Session, col, select

from domain.conversations.changes import Change, Fact
from domain.conversations.lifecycle import ActorKind, Status
from domain.conversations.projection import NEVER_WAS, LastWritten
from domain.conversations.state import SurveyStatus
from domain.events.kinds import FactKind
from domain.pages.page_problems import RESTORED
from domain.sending.decide_send import SenderKind
from domain.sending.delivery import MessageStatus
from store.conversations.participants import forget_participants
from store.events.events import event_row, key_of
from store.tables import AgentSession, Conversation, Event, Message, Survey

_SAID_BY_ITSELF = (SenderKind.AUTOMATIC.value, SenderKind.SURVEY.value)
_RECEIVED = (FactKind.MESSAGE_RECEIVED, FactKind.MESSAGE_RECEIVED_FROM_OUTSIDE)
_STATUS_TOLD = {
    FactKind.MESSAGE_QUEUED: MessageStatus.QUEUED,
    FactKind.MESSAGE_HELD: MessageStatus.HELD,
    FactKind.MESSAGE_SENDING: MessageStatus.SENDING,
    FactKind.MESSAGE_UNKNOWN: MessageStatus.UNKNOWN,
    FactKind.MESSAGE_PARKED: MessageStatus.UNKNOWN,
    FactKind.MESSAGE_SENT: MessageStatus.SENT,
    FactKind.MESSAGE_FAILED: MessageStatus.FAILED,
    FactKind.MESSAGE_CANCELLED: MessageStatus.CANCELLED,
    FactKind.MESSAGE_EXPIRED: MessageStatus.EXPIRED,
}
_DECIDED = frozenset(
    {
        MessageStatus.QUEUED,
        MessageStatus.HELD,
        MessageStatus.UNKNOWN,
        MessageStatus.CANCELLED,
        MessageStatus.EXPIRED,
        MessageStatus.RESENT,
    }
)
"""What a workflow may decide a message's status to be; any other is the store's own, and true."""

_DECIDED_FROM = frozenset({MessageStatus.QUEUED, MessageStatus.HELD, MessageStatus.UNKNOWN})


class Discarded:
    """What discarded tasks have told since the last projection that counts, `before` the one of `change`."""

    def __init__(
        self, session: Session, page_id: str, customer_id: str, change: Change, before: LastWritten
    ) -> None:
        self._session = session
        self._page_id = page_id
        self._customer_id = customer_id
        self._change = change
        self.last_closed = before.last_closed
        self._told = _told_between(session, customer_id, change, before)

    def take_back(self) -> None:
        """Bring the rows back; the thread's own, its conversations and its survey are the caller's."""
        self._unsay()
        self._detach()
        self._restore_sessions()
        forget_participants(self._session, self._change, self._begun_participations())
        self._close_conversations()
        self._end_surveys()
        self._restore_statuses()
        self._session.flush()

    @property
    def opened(self) -> list[str]:
        """The conversations that they told to have begun. One that did is in the projection that counts."""
        return [each for each in self._opened() if each is not None]

    @property
    def retractions(self) -> list[dict[str, Any]]:
        """The events that correct the log: one for each that is not told again. To be appended, once."""
        again = {key_of(self._customer_id, fact) for fact in self._change.facts}
        untrue = [event for event in self._told if event.dedupe_key not in again]
        for event in untrue:
            event.dedupe_key = None  # it may come to be, by the same command asked for again
        self._session.flush()
        return [self._retraction(event) for event in untrue]

    def _retraction(self, event: Event) -> dict[str, Any]:
        fact = Fact(
            FactKind.EVENT_RETRACTED,
            self._at,
            ActorKind.SYSTEM,
            None,
            event.conversation_id,
            event.message_id,
            {"event_id": event.id, "kind": event.kind},
        )
        return event_row(fact, self._page_id, self._customer_id, f"retracted/{event.id}")

    @property
    def _at(self) -> Any:
        return self._change.state.written_at

    def _unsay(self) -> None:
        """What Pagedesk was to say, or told the agent. No attempt to send it can have been made."""
        ids = self._messages(FactKind.MESSAGE_QUEUED, FactKind.NOTICE_SHOWN)
        unsent = and_(
            col(Message.sender_kind).in_(_SAID_BY_ITSELF),
            col(Message.status) == MessageStatus.QUEUED.value,
            col(Message.attempt) == 0,
        )
        self._execute(
            sql_delete(Message).where(
                col(Message.id).in_(ids), or_(unsent, col(Message.direction) == "internal")
            )
        )
        self._execute(update(Survey).where(col(Survey.reminder_id).in_(ids)).values(reminder_id=None))

    def _detach(self) -> None:
        """Customers' messages, and those from outside, from the conversations that they were given."""
        received = col(Message.id).in_(self._messages(*_RECEIVED))
        # A new conversation also takes up what was said before it, which no event tells.
        taken_up = and_(
            col(Message.conversation_id).in_(self._opened()), col(Message.thread_seq).is_not(None)
        )
        self._execute(
            update(Message).where(or_(received, taken_up)).values(conversation_id=None, session_id=None)
        )

    def _restore_sessions(self) -> None:
        started = self._named("session_id", FactKind.SESSION_STARTED)
        closed = self._named("session_id", FactKind.SESSION_CLOSED) - started
        never_was = {"closed_at": self._at, "closure_reason": NEVER_WAS}
        self._execute(update(AgentSession).where(col(AgentSession.id).in_(started)).values(never_was))
        still_open = {"closed_at": None, "closure_reason": None}
        self._execute(update(AgentSession).where(col(AgentSession.id).in_(closed)).values(still_open))
        accepted = self._named("offer_id", FactKind.OFFER_ACCEPTED) - started
        self._execute(update(AgentSession).where(col(AgentSession.id).in_(accepted)).values(accepted_at=None))

    def _begun_participations(self) -> set[str]:
        begun = (FactKind.CONSULT_ASKED, FactKind.PARTICIPANT_JOINED)
        return {each for kind in begun for each in self._named("participant_id", kind)}

    def _close_conversations(self) -> None:
        never_was = {
            "status": Status.CLOSED.value,
            "phase": None,
            "status_reason": NEVER_WAS,
            "status_changed_at": self._at,
            "agent_id": None,
            "session_id": None,
            "closed_at": self._at,
        }
        self._execute(update(Conversation).where(col(Conversation.id).in_(self._opened())).values(never_was))

    def _end_surveys(self) -> None:
        known = {survey.id for survey in self._change.surveys}
        if self._change.state.survey is not None:
            known.add(self._change.state.survey.id)
        unknown = {
            str(each.data["survey_id"])
            for each in self._told
            if each.kind.startswith("survey.") and "survey_id" in each.data
        }
        never_was = {"status": SurveyStatus.CANCELLED.value, "reason": NEVER_WAS, "message_id": None}
        self._execute(update(Survey).where(col(Survey.id).in_(unknown - known)).values(never_was))

    def _restore_statuses(self) -> None:
        """Of agents' messages, to what the log says without the discarded tasks."""
        touched = set(self._messages(*_STATUS_TOLD)) | self._named("resends", FactKind.MESSAGE_QUEUED)
        for message_id in touched:
            message = self._session.get(Message, message_id, populate_existing=True)
            if message is not None and message.status in _DECIDED and not _waits_after_restore(message):
                self._restore_status(message)

    def _restore_status(self, message: Message) -> None:
        last = self._session.exec(
            select(Event)
            .where(
                Event.customer_id == self._customer_id,
                Event.message_id == message.id,
                col(Event.kind).in_(_STATUS_TOLD),
                col(Event.dedupe_key).is_not(None),
                col(Event.id).not_in([each.id for each in self._told]),
            )
            .order_by(col(Event.id).desc())
            .limit(1)
        ).first()
        if last is None:  # an agent's wish that no workflow knows: it is asked for again
            message.status, message.reason = MessageStatus.QUEUED.value, None
            return
        status = _STATUS_TOLD[FactKind(last.kind)]
        if status not in _DECIDED_FROM:
            return
        message.status, message.reason = status.value, last.data.get("reason")
        if last.conversation_id not in (None, message.conversation_id):
            message.conversation_id = last.conversation_id
            message.session_id = self._session.exec(
                select(AgentSession.id)
                .where(
                    AgentSession.conversation_id == last.conversation_id,
                    col(AgentSession.started_at) <= message.created_at,
                    or_(
                        col(AgentSession.closure_reason).is_(None),
                        col(AgentSession.closure_reason) != NEVER_WAS,
                    ),
                )
                .order_by(col(AgentSession.number).desc())
                .limit(1)
            ).first()

    def _opened(self) -> list[str | None]:
        return [each.conversation_id for each in self._told if each.kind == FactKind.CONVERSATION_OPENED]

    def _messages(self, *kinds: str) -> list[str]:
        return [each.message_id for each in self._told if each.kind in kinds and each.message_id is not None]

    def _named(self, name: str, kind: str) -> set[str]:
        return {str(each.data[name]) for each in self._told if each.kind == kind and each.data.get(name)}

    def _execute(self, statement: Any) -> None:
        self._session.connection().execute(statement)


def _waits_after_restore(message: Message) -> bool:
    """Whether it may have been sent since the backup of this store: then nobody may queue it again."""
    return message.status == MessageStatus.UNKNOWN and message.reason == RESTORED


def _told_between(session: Session, customer_id: str, change: Change, before: LastWritten) -> list[Event]:
    conditions: list[Any] = [
        Event.customer_id == customer_id,
        # Of the same instant, too: a clock that was set back dates a task and its retry alike.
        col(Event.written_at) <= change.state.written_at,
        col(Event.dedupe_key).is_not(None),
    ]
    if before.at is not None:
        conditions.append(col(Event.written_at) > before.at)
    return list(session.exec(select(Event).where(*conditions).order_by(col(Event.id))))
