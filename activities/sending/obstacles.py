"""What stops an attempt to send before it begins, the window apart."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from activities.sending.outcomes import settled
from domain.conversations.surveys import REMINDER
from domain.pages.page_problems import RESTORED
from domain.sending.decide_send import SenderKind
from domain.sending.delivery import MessageStatus
from domain.sending.send_gate import SendGate
from messenger.graph.error_table import ErrorKind
from store.conversations.messages import settle
from store.conversations.thread_owners import is_others
from store.privacy.erasures import CUSTOMER_ERASED
from store.sending import send_gate
from store.sending.send_rows import SendRows
from store.surveys.answers import is_answered_reminder
from store.tables import Customer, Message, PageSendState, Thread
from workflows.messages import SendReport

ORIGINAL_SENT = "original_sent"
"""The reason of a message that says another again which has arrived after all."""


@dataclass(frozen=True, slots=True)
class Paused:
    """The page may send nothing until an instant."""

    reason: str | None
    until: datetime


def obstacle(session: Session, rows: SendRows, now: datetime) -> SendReport | Paused | None:
    """What to report instead of an attempt; None where one may begin."""
    return (
        _known_already(session, rows.message, now)
        or _stopped_by_gate(session, rows.message, rows.send_state, now)
        or _not_ours_to_answer(session, rows.message, rows.thread, now)
        or _of_nobody(session, rows.message, rows.customer, now)
    )


def _known_already(session: Session, message: Message, now: datetime) -> SendReport | None:
    """What to report where the row says that no attempt is due."""
    if message.status == MessageStatus.SENDING:
        # An earlier attempt was lost with its worker: what it did is not known, so it is not repeated.
        return settled(session, message.id, MessageStatus.UNKNOWN, now, reason="attempt_lost")
    if message.status != MessageStatus.QUEUED and not send_gate.is_held_by_gate(message):
        return SendReport(MessageStatus(message.status or MessageStatus.FAILED), message.reason)
    if message.kind == REMINDER and is_answered_reminder(session, message.id):
        return settled(session, message.id, MessageStatus.CANCELLED, now, reason="survey_answered")
    if message.resends is not None and _has_arrived(session, message.resends):
        return settled(session, message.id, MessageStatus.CANCELLED, now, reason=ORIGINAL_SENT)
    return None


def _has_arrived(session: Session, message_id: str) -> bool:
    """Whether Meta has shown a message since a person said it again."""
    original = session.get(Message, message_id)
    return original is not None and original.status == MessageStatus.SENT


def _stopped_by_gate(
    session: Session, message: Message, state: PageSendState, now: datetime
) -> SendReport | Paused | None:
    """What to report where the page may send nothing now."""
    if (
        state.send_gate == SendGate.PAUSED
        and state.send_gate_until is not None
        and now < state.send_gate_until
    ):
        return Paused(state.send_gate_reason, state.send_gate_until)
    if state.send_gate != SendGate.HELD:
        return None
    if send_gate.waits_after_restore(state) and message.sender_kind != SenderKind.AGENT:
        # It may have been said already, between the backup and now. What an agent says now is new.
        return settled(session, message.id, MessageStatus.CANCELLED, now, reason=RESTORED)
    reason = send_gate.reason_of_gate(state.send_gate_reason or "held")
    settle(session, message.id, MessageStatus.HELD, now, reason=reason)
    return SendReport(MessageStatus.HELD, reason)


def _not_ours_to_answer(
    session: Session, message: Message, thread: Thread, now: datetime
) -> SendReport | None:
    """What to report where another app has the thread: nothing is said there unless a person wants to.

    A person's word is tried: Meta knows better than we who has the thread now.
    """
    if message.sender_kind == SenderKind.AGENT or not is_others(thread, now):
        return None
    reason = ErrorKind.THREAD_CONTROL.value
    return settled(session, message.id, MessageStatus.FAILED, now, reason=reason)


def _of_nobody(session: Session, message: Message, customer: Customer, now: datetime) -> SendReport | None:
    """What to report where the customer is being erased."""
    if customer.erasure_id is None:
        return None
    return settled(session, message.id, MessageStatus.CANCELLED, now, reason=CUSTOMER_ERASED)
