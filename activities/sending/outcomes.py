"""What came of an attempt to send, written down: for the message, and for the page where it concerns that."""

from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from sqlmodel import Session

from base.ids import id_from_key
from domain.conversations.outbox import is_still_waited_for
from domain.pages.page_problems import SECRETS_UNREADABLE
from domain.sending.delivery import MessageStatus
from domain.sending.rate_limit import PAUSED_FOR
from messenger.graph.error_table import ErrorKind
from messenger.graph.errors import GraphError
from messenger.graph.results import NotSent, Refused, Sent, Unknown
from store.attachments.uploads import forget_upload
from store.conversations.messages import settle
from store.conversations.thread_owners import refused_by_meta
from store.sending import rate_limit as pace
from store.sending import send_gate
from store.tables import Message
from workflows.messages import SendMessage, SendReport

Outcome = Sent | Refused | NotSent | Unknown

_MAX_TRIES = 8
_FIRST_WAIT = timedelta(seconds=2)
_MAX_WAIT = timedelta(minutes=5)
_JITTER = 0.25

_CLOSES_GATE = frozenset({ErrorKind.AUTH, ErrorKind.POLICY})
_COME_AGAIN = frozenset({ErrorKind.RETRY, ErrorKind.THROTTLED})
_CONCERNS_PAGE = _CLOSES_GATE | {ErrorKind.THROTTLED}
_WAITS = frozenset({MessageStatus.QUEUED, MessageStatus.HELD})
_UNKNOWN_FILE = 2018074
"""Meta's subcode for an `attachment_id` that it does not know, or not any more."""


def concerns_page(outcome: Outcome) -> bool:
    """Whether it says something of the page's other messages too."""
    return isinstance(outcome, Refused) and outcome.error.kind in _CONCERNS_PAGE


def tell_page(session: Session, request: SendMessage, error: GraphError, now: datetime) -> None:
    """What Meta refuses to a page, and not to a message alone, is not tried with its other messages."""
    if error.kind in _CLOSES_GATE:
        send_gate.hold(session, request.page_id, error.reason, now)
    elif error.kind is ErrorKind.THROTTLED:
        until = now + _wait_of(request, error)
        send_gate.pause(session, request.page_id, error.reason, until, now)
        pace.slow(session, request.page_id, until + PAUSED_FOR, now)


def record(
    session: Session, request: SendMessage, attempt: int, outcome: Outcome, now: datetime
) -> SendReport:
    """Settle the message as the outcome says, or put it off; what was certainly not sent is tried again."""
    ended = partial(settled, session, request.message_id, now=now, attempt=attempt)
    match outcome:
        case Sent(mid=mid):
            settle(session, request.message_id, MessageStatus.SENT, now, attempt=attempt, mid=mid)
            return SendReport(MessageStatus.SENT)
        case Refused(error=error) if error.kind in _CLOSES_GATE:
            return ended(MessageStatus.HELD, reason=send_gate.reason_of_gate(error.reason))
        case Refused(error=error) if _may_come_again(session, request, error):
            wait = _wait_of(request, error)
            if error.kind is not ErrorKind.THROTTLED:  # which comes back one by one, in its page's line
                wait = _with_jitter(request, wait)
            return _postponed(session, request, attempt, error.reason, now, wait=wait)
        case Refused(error=error):
            if error.kind is ErrorKind.THREAD_CONTROL:
                refused_by_meta(session, request.customer_id, now)
            return ended(MessageStatus.FAILED, reason=error.reason, detail=error.explanation)
        case Unknown(reason=reason):
            return ended(MessageStatus.UNKNOWN, reason=reason)
        case NotSent(reason=reason):
            wait = _with_jitter(request, _wait_of(request))
            return _postponed(session, request, attempt, reason, now, wait=wait)


def not_uploaded(
    session: Session, request: SendMessage, outcome: Refused | NotSent, now: datetime
) -> SendReport:
    """Record that the message's file did not reach Meta: the message was not tried."""
    message = session.get_one(Message, request.message_id, with_for_update=True)
    if isinstance(outcome, Refused):
        tell_page(session, request, outcome.error, now)
    return record(session, request, message.attempt, outcome, now)


def unreadable(session: Session, request: SendMessage, now: datetime) -> SendReport:
    """Record that the page's secrets cannot be opened: nothing of the page leaves until they can."""
    send_gate.hold(session, request.page_id, SECRETS_UNREADABLE, now)
    reason = send_gate.reason_of_gate(SECRETS_UNREADABLE)
    return settled(session, request.message_id, MessageStatus.HELD, now, reason=reason)


def not_tried(session: Session, message_id: str, attempt: int, now: datetime) -> SendReport:
    """Take back the mark of an attempt that was not made."""
    report = settled(session, message_id, MessageStatus.QUEUED, now, attempt=attempt, reason="too_late")
    return report if report.status is not MessageStatus.QUEUED else replace(report, until=now)


def settled(
    session: Session,
    message_id: str,
    status: MessageStatus,
    now: datetime,
    *,
    attempt: int | None = None,
    reason: str | None = None,
    detail: str | None = None,
) -> SendReport:
    """Record an outcome; the report tells the truth where that was known already."""
    message = session.get_one(Message, message_id, with_for_update=True, populate_existing=True)
    parked = message.status == MessageStatus.UNKNOWN and not is_still_waited_for(message.occurred_at, now)
    if parked and status in _WAITS:
        # Nobody would come back to it, as the process stood still for that long.
        status = MessageStatus.FAILED
    if settle(session, message_id, status, now, attempt=attempt, reason=reason, detail=detail):
        return SendReport(status, reason)
    return SendReport(MessageStatus(message.status or status), message.reason)


def _wait_of(request: SendMessage, error: GraphError | None = None) -> timedelta:
    """Longer with every try, and at least as long as Meta says."""
    told = timedelta(seconds=error.retry_after_seconds or 0) if error is not None else timedelta(0)
    ours: timedelta = _FIRST_WAIT * 2 ** min(request.tries, _MAX_TRIES)
    return max(told, min(_MAX_WAIT, ours))


def _with_jitter(request: SendMessage, wait: timedelta) -> timedelta:
    """Up to a quarter longer, by message and try: what failed at one instant does not come back at one."""
    drawn = int(id_from_key("wait", request.message_id, str(request.tries))[:8], 16) / 2**32
    return wait * (1 + _JITTER * drawn)


def _postponed(
    session: Session, request: SendMessage, attempt: int, reason: str, now: datetime, *, wait: timedelta
) -> SendReport:
    """Nothing was sent for certain: try again later, as long as the window and our patience last."""
    last = request.tries + 1 >= _MAX_TRIES
    status = MessageStatus.FAILED if last else MessageStatus.QUEUED
    report = settled(session, request.message_id, status, now, attempt=attempt, reason=reason)
    return replace(report, until=now + wait) if report.status is MessageStatus.QUEUED else report


def _may_come_again(session: Session, request: SendMessage, error: GraphError) -> bool:
    """Whether it passes by itself, or by uploading the message's file anew."""
    return error.kind in _COME_AGAIN or _is_uploaded_again(session, request, error)


def _is_uploaded_again(session: Session, request: SendMessage, error: GraphError) -> bool:
    return error.subcode == _UNKNOWN_FILE and forget_upload(session, request.message_id)
