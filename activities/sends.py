"""One attempt to send one message, by the send protocol: intent, mark, call, outcome.

A page has a lane and a pace: the attempt waits for its turn and its slot first. The window is judged after
that wait, just before the socket, with the engine's clock. Nothing in here retries: the workflow does, and
only what was certainly not sent.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import defer
from sqlmodel import Session, col
from temporalio import activity

from activities.credentials import credentials_of
from activities.engine_time import engine_clock
from activities.heartbeat import Pulse, beating
from activities.lanes import Lane, LaneFullError, Lanes
from activities.page_doubts import doubt_page
from activities.usage import UsageNotes
from base import failpoints
from base.log import get_logger
from base.secrets import Vault
from domain.delivery import MessageStatus
from domain.outbox import is_still_waited_for
from domain.pacing import PAUSED_FOR
from domain.sending import Permission, SenderKind, SendRefusal, decide_send
from domain.surveys import REMINDER
from messenger.error_table import ErrorKind
from messenger.errors import GraphError
from messenger.graph import GraphClient, NotSent, PageCredentials, Refused, Sent, Unknown
from store import gate, pace
from store.database import Database
from store.erasures import CUSTOMER_ERASED
from store.messages import begin_attempt, settle
from store.survey_answers import is_answered_reminder
from store.tables import Account, Customer, Message, Page, Thread
from store.thread_owners import is_others, refused_by_meta
from store.threads import window_of_thread
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
    .options(defer(Thread.state))  # type: ignore[arg-type]  # SQLModel types columns as values
    .with_for_update(of=(Message, Page), key_share=True)
)

_NEAR = timedelta(seconds=2)
"""A slot this near is waited for in the activity; one further away at the engine."""
_LAPSED = timedelta(milliseconds=500)
"""Who comes this much after its slot takes a new one: what stood still must not all leave at once."""

_CLOSES_GATE = frozenset({ErrorKind.AUTH, ErrorKind.POLICY})
_COME_AGAIN = frozenset({ErrorKind.RETRY, ErrorKind.THROTTLED})
_CONCERNS_PAGE = _CLOSES_GATE | {ErrorKind.THROTTLED}

Outcome = Sent | Refused | NotSent | Unknown

_WAITS = frozenset({MessageStatus.QUEUED, MessageStatus.HELD})

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


@dataclass(frozen=True, slots=True)
class _Wait:
    """The attempt may begin at this instant, for which it has taken the page's slot; None: ask for one."""

    slot: datetime | None


@dataclass(frozen=True, slots=True)
class _Paused:
    """The page may send nothing until an instant."""

    reason: str | None
    until: datetime


class SendActivities:
    """The send protocol's steps around the Graph API."""

    def __init__(
        self,
        database: Database,
        graph: GraphClient,
        vault: Vault,
        *,
        lanes: Lanes | None = None,
        usage: UsageNotes | None = None,
        rates: pace.Rates = pace.USUAL,
    ) -> None:
        self._database = database
        self._graph = graph
        self._vault = vault
        self._lanes = lanes or Lanes()
        self._usage = usage if usage is not None else UsageNotes()
        self._rates = rates
        self._finishing: set[asyncio.Task[SendReport]] = set()

    @activity.defn(name="send_message")
    async def send_message(self, request: SendMessage) -> SendReport:
        """Try to send one outbound row and record how it went."""
        now = engine_clock()
        async with beating() as pulse:
            try:
                async with self._lanes.turn(request.page_id, now) as lane:
                    return await self._attempt(request, now, pulse, lane)
            except LaneFullError as full:
                return SendReport(MessageStatus.QUEUED, "page_busy", full.until, in_line=True)

    async def _attempt(
        self, request: SendMessage, now: Callable[[], datetime], pulse: Pulse, lane: Lane
    ) -> SendReport:
        failpoints.reach("send.asked")
        prepared = await self._prepared(request, now, pulse)
        if isinstance(prepared, _Paused):
            until = lane.place(now(), prepared.until)
            return SendReport(MessageStatus.QUEUED, prepared.reason, until, in_line=True)
        if isinstance(prepared, SendReport):
            return prepared
        failpoints.reach("send.marked")
        # The engine cancels an attempt that it has given up. Its truth is still to be known and kept.
        finishing = asyncio.create_task(self._finish(request, prepared, lane, pulse, now))
        self._finishing.add(finishing)
        finishing.add_done_callback(self._finishing.discard)
        return await asyncio.shield(finishing)

    async def _finish(
        self,
        request: SendMessage,
        prepared: _Attempt,
        lane: Lane,
        pulse: Pulse,
        now: Callable[[], datetime],
    ) -> SendReport:
        if pulse.longest_silence > _FENCE:
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
        _note(lane, outcome)
        failpoints.reach("send.answered")
        report = await self._database.write(
            lambda session: self._conclude(session, request, prepared, outcome, now())
        )
        failpoints.reach("send.settled")
        if isinstance(outcome, Refused):
            await doubt_page(self._database, request.page_id, outcome.error, prepared.permission.tag)
        return report

    async def _prepared(
        self, request: SendMessage, now: Callable[[], datetime], pulse: Pulse
    ) -> SendReport | _Attempt | _Paused:
        """The attempt, marked, as soon as the page's pace lets it begin."""
        prepared: SendReport | _Attempt | _Paused | _Wait = _Wait(None)
        while isinstance(prepared, _Wait):
            if prepared.slot is not None:
                await asyncio.sleep((prepared.slot - now()).total_seconds())
            if pulse.longest_silence > _FENCE:
                return SendReport(MessageStatus.QUEUED, "too_late", now(), in_line=True)
            look = partial(self._prepare, request=request, clock=now, slot=prepared.slot)
            prepared = await self._database.write(look)
        return prepared

    def _prepare(
        self,
        session: Session,
        request: SendMessage,
        clock: Callable[[], datetime],
        slot: datetime | None,
    ) -> SendReport | _Attempt | _Paused | _Wait:
        """Judge and mark the attempt; a report where there is nothing to call for.

        `slot` is what an earlier look took; without one, the attempt begins now or is told when it may.
        """
        now = clock()
        rows = _rows_for(session, request.message_id)
        if rows is None:
            _log.warning("send_without_row", message_id=request.message_id)
            return SendReport(MessageStatus.FAILED, "no_such_message")
        message, thread, customer, page, account = rows
        self._usage.heed(session, page.page_id, now)
        known = (
            _known_already(session, message, now)
            or _stopped_by_gate(session, message, page, now)
            or _not_ours_to_answer(session, message, thread, now)
            or _of_nobody(session, message, customer, now)
        )
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
        content = _content(message)
        if not content:
            return _settled(session, message.id, MessageStatus.FAILED, now, reason="nothing_to_say")
        if slot is None or now > slot + _LAPSED:
            slot = pace.take_slot(page, content, self._rates, now, near=_NEAR)
        if slot > now:
            return _later(slot, now)
        return _Attempt(
            number=begin_attempt(session, message, permission.rule, now),
            psid=customer.psid,
            message=content,
            reply_to_mid=message.reply_to_mid,
            permission=permission,
            credentials=credentials_of(page, account, self._vault),
        )

    def _conclude(
        self,
        session: Session,
        request: SendMessage,
        attempt: _Attempt,
        outcome: Outcome,
        now: datetime,
    ) -> SendReport:
        """Record what came of the call, first for the page, then for the message.

        Rows are locked before the first event is written, in the order message, page, as everywhere.
        """
        error = outcome.error if isinstance(outcome, Refused) else None
        if self._usage.pending or (error is not None and error.kind in _CONCERNS_PAGE):
            session.get(Message, request.message_id, with_for_update=True)
            self._usage.heed_of_app(session, attempt.credentials.app_id, now)
            self._usage.heed(session, request.page_id, now)
            if error is not None:
                _tell_page(session, request, error, now)
        return _record(session, request, attempt.number, outcome, now)


def _note(lane: Lane, outcome: Outcome) -> None:
    """Whether Meta answers decides how many calls of the page may be under way."""
    if isinstance(outcome, NotSent) or (isinstance(outcome, Unknown) and outcome.error is None):
        lane.went_unanswered()
    else:
        lane.answered()


def _rows_for(session: Session, message_id: str) -> tuple[Message, Thread, Customer, Page, Account] | None:
    """What one attempt needs, in one statement; the message's row is locked."""
    found = session.execute(_ROWS, {"id": message_id}).first()
    return None if found is None else tuple(found)


def _tell_page(session: Session, request: SendMessage, error: GraphError, now: datetime) -> None:
    """What Meta refuses to a page, and not to a message alone, is not tried with its other messages."""
    if error.kind in _CLOSES_GATE:
        gate.hold(session, request.page_id, error.reason, now)
    elif error.kind is ErrorKind.THROTTLED:
        until = now + _wait_of(request, error)
        gate.pause(session, request.page_id, error.reason, until, now)
        pace.slow(session, request.page_id, until + PAUSED_FOR, now)


def _record(
    session: Session, request: SendMessage, attempt: int, outcome: Outcome, now: datetime
) -> SendReport:
    settled = partial(_settled, session, request.message_id, now=now, attempt=attempt)
    match outcome:
        case Sent(mid=mid):
            settle(session, request.message_id, MessageStatus.SENT, now, attempt=attempt, mid=mid)
            return SendReport(MessageStatus.SENT)
        case Refused(error=error) if error.kind in _CLOSES_GATE:
            return settled(MessageStatus.HELD, reason=gate.reason_of_gate(error.reason))
        case Refused(error=error) if error.kind in _COME_AGAIN:
            return _postponed(session, request, attempt, error.reason, now, wait=_wait_of(request, error))
        case Refused(error=error):
            if error.kind is ErrorKind.THREAD_CONTROL:
                refused_by_meta(session, request.customer_id, now)
            return settled(MessageStatus.FAILED, reason=error.reason, detail=error.explanation)
        case Unknown(reason=reason):
            return settled(MessageStatus.UNKNOWN, reason=reason)
        case NotSent(reason=reason):
            return _postponed(session, request, attempt, reason, now, wait=_wait_of(request))


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


def _stopped_by_gate(
    session: Session, message: Message, page: Page, now: datetime
) -> SendReport | _Paused | None:
    """What to report where the page may send nothing now."""
    if page.send_gate == gate.Gate.PAUSED and page.send_gate_until is not None and now < page.send_gate_until:
        return _Paused(page.send_gate_reason, page.send_gate_until)
    if page.send_gate != gate.Gate.HELD:
        return None
    reason = gate.reason_of_gate(page.send_gate_reason or "held")
    settle(session, message.id, MessageStatus.HELD, now, reason=reason)
    return SendReport(MessageStatus.HELD, reason)


def _of_nobody(session: Session, message: Message, customer: Customer, now: datetime) -> SendReport | None:
    """What to report where the customer is being erased."""
    if customer.erasure_id is None:
        return None
    return _settled(session, message.id, MessageStatus.CANCELLED, now, reason=CUSTOMER_ERASED)


def _later(slot: datetime, now: datetime) -> SendReport | _Wait:
    if slot > now + _NEAR:
        return SendReport(MessageStatus.QUEUED, "page_busy", slot, in_line=True)
    return _Wait(slot)


def _not_ours_to_answer(
    session: Session, message: Message, thread: Thread, now: datetime
) -> SendReport | None:
    """What to report where another app has the thread: nothing is said there unless a person wants to.

    A person's word is tried: Meta knows better than we who has the thread now.
    """
    if message.sender_kind == SenderKind.AGENT or not is_others(thread, now):
        return None
    reason = ErrorKind.THREAD_CONTROL.value
    return _settled(session, message.id, MessageStatus.FAILED, now, reason=reason)


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
    message = session.get_one(Message, message_id, with_for_update=True)
    parked = message.status == MessageStatus.UNKNOWN and not is_still_waited_for(message.occurred_at, now)
    if parked and status in _WAITS:
        # Nobody would come back to it, as the process stood still for that long.
        status = MessageStatus.FAILED
    if settle(session, message_id, status, now, attempt=attempt, reason=reason, detail=detail):
        return SendReport(status, reason)
    return SendReport(MessageStatus(message.status or status), message.reason)


def _wait_of(request: SendMessage, error: GraphError | None = None) -> timedelta:
    """Longer with every try, and at least as long as Meta says."""
    told = timedelta(seconds=error.retry_after_s or 0) if error is not None else timedelta(0)
    ours: timedelta = _FIRST_WAIT * 2**request.tries
    return max(told, min(_LONGEST_WAIT, ours))


def _postponed(
    session: Session, request: SendMessage, attempt: int, reason: str, now: datetime, *, wait: timedelta
) -> SendReport:
    """Nothing was sent for certain: try again later, as long as the window and our patience last."""
    last = request.tries + 1 >= _MOST_TRIES
    status = MessageStatus.FAILED if last else MessageStatus.QUEUED
    report = _settled(session, request.message_id, status, now, attempt=attempt, reason=reason)
    return replace(report, until=now + wait) if report.status is MessageStatus.QUEUED else report
