"""One attempt to send one message, by the send protocol: intent, mark, call, outcome.

The window is judged here once more, just before the socket, with the engine's clock. Nothing in here retries:
the workflow does, and only what was certainly not sent.
"""

import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, select
from sqlmodel import Session, col
from temporalio import activity

from activities.credentials import credentials_of
from activities.engine_time import engine_clock
from activities.heartbeat import beating
from activities.uploads import Uploads
from base.log import get_logger
from base.secrets import Vault
from domain.delivery import MessageStatus
from domain.sending import Permission, SenderKind, SendRefusal, decide_send
from domain.surveys import REMINDER
from messenger.error_table import ErrorKind
from messenger.errors import GraphError
from messenger.graph import GraphClient, NotSent, PageCredentials, Refused, Sent, Unknown
from store import gate
from store.database import Database
from store.files import FileStore
from store.messages import begin_attempt, settle
from store.survey_answers import is_answered_reminder
from store.tables import Account, Customer, Message, Page, Thread
from store.threads import window_of_thread
from store.uploads import WantedUpload, forget_upload, wanted_upload
from workflows.messages import SendMessage, SendReport

METADATA_PREFIX = "pd1:"
"""Our message id follows it; Meta returns it in the echo."""

_FENCE = timedelta(seconds=4)
"""Less than the silence after which the workflow holds an attempt for lost."""

_MOST_TRIES = 8
_FIRST_WAIT = timedelta(seconds=2)
_LONGEST_WAIT = timedelta(minutes=5)

_ROWS = (
    select(Message, Thread, Customer, Page, Account)
    .join(Thread, col(Thread.customer_id) == col(Message.customer_id))
    .join(Customer, col(Customer.id) == col(Message.customer_id))
    .join(Page, col(Page.page_id) == col(Message.page_id))
    .join(Account, col(Account.id) == col(Page.account_id))
    .where(col(Message.id) == bindparam("id"))
    .with_for_update(of=Message)
)

_SPREAD = timedelta(seconds=3)
_UNKNOWN_FILE = 2018074
"""Meta's subcode for an `attachment_id` that it does not know, or not any more."""
_CLOSES_GATE = frozenset({ErrorKind.AUTH, ErrorKind.POLICY})
_COME_AGAIN = frozenset({ErrorKind.RETRY, ErrorKind.THROTTLED})

_log = get_logger("activities")


@dataclass(frozen=True, slots=True)
class _Attempt:
    """What the call needs, read and marked in one transaction."""

    number: int
    psid: str
    message: dict[str, Any]
    reply_to_mid: str | None
    permission: Permission
    credentials: PageCredentials


class SendActivities:
    """The send protocol's steps around the Graph API."""

    def __init__(self, database: Database, graph: GraphClient, vault: Vault, files: FileStore) -> None:
        self._database = database
        self._graph = graph
        self._vault = vault
        self._uploads = Uploads(database, graph, vault, files)

    @activity.defn(name="send_message")
    async def send_message(self, request: SendMessage) -> SendReport:
        """Try to send one outbound row and record how it went."""
        now = engine_clock()
        async with beating():
            return await self._attempt(request, now)

    async def _attempt(self, request: SendMessage, now: Callable[[], datetime]) -> SendReport:
        began = now()
        prepared = await self._database.write(lambda session: self._prepare(session, request, began))
        if isinstance(prepared, WantedUpload):
            refused = await self._uploads.upload(prepared, now)
            if refused is not None:
                return await self._database.write(lambda s: _not_uploaded(s, request, refused, now))
            began = now()
            prepared = await self._database.write(lambda session: self._prepare(session, request, began))
        if isinstance(prepared, WantedUpload):
            return SendReport(MessageStatus.QUEUED, until=now(), in_line=True)
        if isinstance(prepared, SendReport):
            return prepared
        if now() > began + _FENCE:
            # The process stood still: the engine has given this attempt up, and another may be under way.
            return await self._database.write(
                lambda session: _not_tried(session, request.message_id, prepared.number, now())
            )
        outcome = await self._graph.send(
            prepared.credentials,
            psid=prepared.psid,
            message=prepared.message,
            messaging_type=prepared.permission.messaging_type,
            tag=prepared.permission.tag,
            metadata=METADATA_PREFIX + request.message_id,
            reply_to=prepared.reply_to_mid,
        )
        return await self._database.write(
            lambda session: _record(session, request, prepared.number, outcome, now)
        )

    def _prepare(
        self, session: Session, request: SendMessage, now: datetime
    ) -> SendReport | _Attempt | WantedUpload:
        """Judge and mark the attempt; a report where there is nothing to call for.

        What is to be uploaded first comes back unmarked.
        """
        rows = _rows_for(session, request.message_id)
        if rows is None:
            _log.warning("send_without_row", message_id=request.message_id)
            return SendReport(MessageStatus.FAILED, "no_such_message")
        message, thread, customer, page, account = rows
        known = _known_already(session, message, now) or _stopped_by_gate(session, message, page, now)
        if known is not None:
            return known
        permission = decide_send(
            now,
            window_of_thread(thread),
            SenderKind(message.sender_kind),
            request.content_kind,
            tag_on=request.tag_on,
        )
        if isinstance(permission, SendRefusal):
            return _settled(session, message.id, MessageStatus.FAILED, now, reason=permission.code)
        wanted = wanted_upload(session, message, now)
        if wanted is not None:
            return wanted
        content = _content(message)
        if not content:
            return _settled(session, message.id, MessageStatus.FAILED, now, reason="nothing_to_say")
        return _Attempt(
            number=begin_attempt(session, message, permission.rule, now),
            psid=customer.psid,
            message=content,
            reply_to_mid=message.reply_to_mid,
            permission=permission,
            credentials=credentials_of(page, account, self._vault),
        )


def _rows_for(session: Session, message_id: str) -> tuple[Message, Thread, Customer, Page, Account] | None:
    """What one attempt needs, in one statement; the message's row is locked."""
    found = session.execute(_ROWS, {"id": message_id}).first()
    return None if found is None else tuple(found)


def _not_uploaded(
    session: Session, request: SendMessage, outcome: Refused | NotSent, now: Callable[[], datetime]
) -> SendReport:
    """Record that the message's file did not reach Meta: the message was not tried."""
    message = session.get_one(Message, request.message_id)
    return _record(session, request, message.attempt, outcome, now)


def _record(
    session: Session,
    request: SendMessage,
    attempt: int,
    outcome: Sent | Refused | NotSent | Unknown,
    clock: Callable[[], datetime],
) -> SendReport:
    now = clock()
    match outcome:
        case Sent(mid=mid):
            settle(session, request.message_id, MessageStatus.SENT, now, attempt=attempt, mid=mid)
            return SendReport(MessageStatus.SENT)
        case Refused(error=error) if error.kind in _CLOSES_GATE:
            gate.hold(session, request.page_id, error.reason, now)
            held = gate.reason_of_gate(error.reason)
            return _settled(
                session, request.message_id, MessageStatus.HELD, now, attempt=attempt, reason=held
            )
        case Refused(error=error) if error.kind in _COME_AGAIN:
            wait = timedelta(seconds=error.retry_after_s or 0)
            report = _postponed(session, request, attempt, error.reason, now, at_least=wait)
            if error.kind is ErrorKind.THROTTLED and report.until is not None:
                gate.pause(session, request.page_id, error.reason, report.until, now)
            return report
        case Refused(error=error) if not _is_to_be_uploaded_again(session, request, error):
            return _settled(
                session,
                request.message_id,
                MessageStatus.FAILED,
                now,
                attempt=attempt,
                reason=error.reason,
                detail=error.explanation,
            )
        case Unknown(reason=reason):
            return _settled(
                session, request.message_id, MessageStatus.UNKNOWN, now, attempt=attempt, reason=reason
            )
        case NotSent(reason=reason) | Refused(error=GraphError(reason=reason)):
            return _postponed(session, request, attempt, reason, now)


def _is_to_be_uploaded_again(session: Session, request: SendMessage, error: GraphError) -> bool:
    return error.subcode == _UNKNOWN_FILE and forget_upload(session, request.message_id)


def _known_already(session: Session, message: Message, now: datetime) -> SendReport | None:
    """What to report where the row says that no attempt is due."""
    if message.status == MessageStatus.SENDING:
        # An earlier attempt was lost with its worker: what it did is not known, so it is not repeated.
        return _settled(session, message.id, MessageStatus.UNKNOWN, now, reason="attempt_lost")
    if message.status != MessageStatus.QUEUED and not gate.is_held_by_gate(message):
        return SendReport(MessageStatus(message.status or MessageStatus.FAILED), message.reason)
    if message.kind == REMINDER and is_answered_reminder(session, message.id):
        return _settled(session, message.id, MessageStatus.CANCELLED, now, reason="survey_answered")
    return None


def _spread(message_id: str) -> timedelta:
    """Who waited for the same instant does not come at the same instant."""
    return _SPREAD * (zlib.crc32(message_id.encode()) / 2**32)


def _stopped_by_gate(session: Session, message: Message, page: Page, now: datetime) -> SendReport | None:
    """What to report where the page may send nothing now."""
    if page.send_gate == gate.Gate.PAUSED and page.send_gate_until is not None and now < page.send_gate_until:
        until = page.send_gate_until + _spread(message.id)
        return SendReport(MessageStatus.QUEUED, page.send_gate_reason, until, in_line=True)
    if page.send_gate != gate.Gate.HELD:
        return None
    reason = gate.reason_of_gate(page.send_gate_reason or "held")
    settle(session, message.id, MessageStatus.HELD, now, reason=reason)
    return SendReport(MessageStatus.HELD, reason)


def _not_tried(session: Session, message_id: str, attempt: int, now: datetime) -> SendReport:
    report = _settled(session, message_id, MessageStatus.QUEUED, now, attempt=attempt, reason="too_late")
    return report if report.status is not MessageStatus.QUEUED else replace(report, until=now)


def _content(message: Message) -> dict[str, Any]:
    """The `message` of the Send API: the text, and what the row holds besides or instead of it."""
    content = {"text": message.text or None} | (message.content or {})
    return {name: value for name, value in content.items() if value is not None}


def _settled(
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
    if settle(session, message_id, status, now, attempt=attempt, reason=reason, detail=detail):
        return SendReport(status, reason)
    message = session.get_one(Message, message_id)
    return SendReport(MessageStatus(message.status or status), message.reason)


def _postponed(
    session: Session,
    request: SendMessage,
    attempt: int,
    reason: str,
    now: datetime,
    *,
    at_least: timedelta = timedelta(0),
) -> SendReport:
    """Nothing was sent for certain: try again later, as long as the window and our patience last."""
    if request.tries + 1 >= _MOST_TRIES:
        return _settled(
            session, request.message_id, MessageStatus.FAILED, now, attempt=attempt, reason=reason
        )
    report = _settled(session, request.message_id, MessageStatus.QUEUED, now, attempt=attempt, reason=reason)
    if report.status is not MessageStatus.QUEUED:
        return report
    wait = max(at_least, min(_LONGEST_WAIT, _FIRST_WAIT * 2**request.tries))
    return SendReport(MessageStatus.QUEUED, reason, now + wait)
