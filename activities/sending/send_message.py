"""One attempt to send one message, by the send protocol: intent, mark, call, outcome.

A page has a lane and a pace: the attempt waits for its turn and its slot first. The window is judged after
that wait, just before the socket, with Temporal's clock. Nothing in here retries: the workflow does, and
only what was certainly not sent.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlmodel import Session
from temporalio import activity

from activities.attachments.uploads import Uploads
from activities.common.activity_time import activity_clock, sleep_until
from activities.common.heartbeat import Heartbeater, heartbeating
from activities.customers.profiles import ProfileKeeper
from activities.pages.send_findings import note_send_finding
from activities.sending.concurrency_limit import Lane, LaneFullError, Lanes
from activities.sending.meta_usage import UsageTracker
from activities.sending.obstacles import Paused, obstacle
from activities.sending.outcomes import (
    Outcome,
    concerns_page,
    not_tried,
    not_uploaded,
    record,
    settled,
    tell_page,
    unreadable,
)
from base import failpoints, metrics
from base.log import get_logger
from base.secrets import SecretUnreadableError, Vault
from domain.sending.decide_send import Permission, SenderKind, SendRefusal, decide_send
from domain.sending.delivery import MessageStatus
from messenger.graph.client import GraphClient
from messenger.graph.error_table import ErrorKind
from messenger.graph.own_metadata import own_metadata
from messenger.graph.page_credentials import PageCredentials, open_page_credentials
from messenger.graph.results import NotSent, Refused, Unknown
from store.attachments.object_store import FileStore
from store.attachments.uploads import WantedUpload, wanted_upload
from store.conversations.created_messages import AWAITS_PROFILE, say_with_profile
from store.conversations.messages import begin_attempt
from store.conversations.projection import window_of_thread
from store.db.database import Database
from store.db.sql import FOR_NO_KEY_UPDATE
from store.db.unavailable import STORE_UNAVAILABLE, reason
from store.sending import rate_limit as pace
from store.sending.send_rows import SendRows, rows_for
from store.tables import Message, Page
from workflows.messages import SendMessage, SendReport

_MAX_HEARTBEAT_GAP = timedelta(seconds=4)
"""Less than the silence after which the workflow holds an attempt for lost."""

WAIT_FOR_PROFILE = timedelta(seconds=1)
"""First words wait so long for the customer's name and language, once."""

_RETRY_DELAYS_SECONDS = (0.1, 1.0, 3.0)

_MAX_INLINE_WAIT = timedelta(seconds=2)
"""A slot this near is waited for in the activity; one further away at Temporal."""
_LAPSED = timedelta(milliseconds=500)
"""Who comes this much after its slot takes a new one: what stood still must not all leave at once."""

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
    token_saved_at: datetime | None


@dataclass(frozen=True, slots=True)
class _Wait:
    """The attempt may begin at this instant, for which it has taken the page's slot; None: ask for one."""

    slot: datetime | None


@dataclass(frozen=True, slots=True)
class _Unworded:
    """First words that await what Meta tells of the customer."""

    customer_id: str


_Prepared = SendReport | Paused | WantedUpload | _Attempt


class SendActivities:
    """The send protocol's steps around the Graph API."""

    def __init__(
        self,
        database: Database,
        graph: GraphClient,
        vault: Vault,
        files: FileStore,
        *,
        lanes: Lanes | None = None,
        usage: UsageTracker | None = None,
        rates: pace.Rates = pace.USUAL,
        profiles: ProfileKeeper | None = None,
    ) -> None:
        self._database = database
        self._graph = graph
        self._vault = vault
        self._uploads = Uploads(database, graph, vault, files)
        self._lanes = lanes or Lanes()
        self._usage = usage if usage is not None else UsageTracker()
        self._rates = rates
        self._profiles = profiles
        self._finishing: set[asyncio.Task[SendReport]] = set()

    @activity.defn(name="send_message")
    async def send_message(self, request: SendMessage) -> SendReport:
        """Try to send one outbound row and record how it went."""
        now = activity_clock()
        async with heartbeating() as pulse:
            try:
                async with self._lanes.turn(request.page_id, now) as lane:
                    return _noted(request, await self._attempt(request, now, pulse, lane))
            except LaneFullError as full:
                return SendReport(MessageStatus.QUEUED, "page_busy", full.until, in_line=True)

    async def _attempt(
        self, request: SendMessage, now: Callable[[], datetime], pulse: Heartbeater, lane: Lane
    ) -> SendReport:
        failpoints.reach("send.asked")
        prepared = await self._prepared(request, now, pulse)
        if isinstance(prepared, Paused):
            until = lane.place(now(), prepared.until)
            return SendReport(MessageStatus.QUEUED, prepared.reason, until, in_line=True)
        if isinstance(prepared, WantedUpload):
            return await self._upload(request, prepared, now)
        if isinstance(prepared, SendReport):
            return prepared
        failpoints.reach("send.marked")
        # Temporal cancels an attempt that it has given up. Its truth is still to be known and kept.
        finishing = asyncio.create_task(self._finish(request, prepared, lane, pulse, now))
        self._finishing.add(finishing)
        finishing.add_done_callback(self._finishing.discard)
        return await asyncio.shield(finishing)

    async def _upload(
        self, request: SendMessage, wanted: WantedUpload, now: Callable[[], datetime]
    ) -> SendReport:
        """Give Meta the message's file. The attempt is another one, with its whole time before it."""
        failure = await self._uploads.upload(wanted, now)
        if failure is None:
            return SendReport(MessageStatus.QUEUED, until=now(), in_line=True)
        report = await self._database.write(lambda session: not_uploaded(session, request, failure, now()))
        if isinstance(failure, Refused):
            await note_send_finding(self._database, request.page_id, failure.error, None)
        return report

    async def _finish(
        self,
        request: SendMessage,
        prepared: _Attempt,
        lane: Lane,
        pulse: Heartbeater,
        now: Callable[[], datetime],
    ) -> SendReport:
        if pulse.longest_silence > _MAX_HEARTBEAT_GAP:
            # The process stood still: Temporal has given this attempt up, and another may be under way.
            return await self._database.write(
                lambda session: not_tried(session, request.message_id, prepared.number, now())
            )
        outcome = await self._graph.send(
            prepared.credentials,
            psid=prepared.psid,
            message=prepared.message,
            messaging_type=prepared.permission.messaging_type,
            tag=prepared.permission.tag,
            metadata=own_metadata(request.message_id),
            reply_to=prepared.reply_to_mid,
        )
        _note(lane, outcome)
        failpoints.reach("send.answered")
        report, outcome = await self._concluded(request, prepared, outcome, now)
        failpoints.reach("send.settled")
        if isinstance(outcome, Refused):
            await note_send_finding(self._database, request.page_id, outcome.error, prepared.permission.tag)
        return report

    async def _concluded(
        self, request: SendMessage, attempt: _Attempt, outcome: Outcome, now: Callable[[], datetime]
    ) -> tuple[SendReport, Outcome]:
        """Write down what came of the call; what Meta has answered is not to be forgotten for one failure."""
        for pause in _RETRY_DELAYS_SECONDS:
            try:
                return await self._database.write(
                    lambda session: self._conclude(session, request, attempt, outcome, now())
                )
            except STORE_UNAVAILABLE as error:
                _log.warning("outcome_not_written", message_id=request.message_id, error=reason(error))
                await asyncio.sleep(pause)
        return await self._database.write(
            lambda session: self._conclude(session, request, attempt, outcome, now())
        )

    async def _prepared(
        self, request: SendMessage, now: Callable[[], datetime], pulse: Heartbeater
    ) -> _Prepared:
        """The attempt, marked, as soon as the page's pace lets it begin."""
        prepared: _Prepared | _Wait | _Unworded = _Wait(None)
        slot: datetime | None = None
        waited = False
        while isinstance(prepared, _Wait | _Unworded):
            if isinstance(prepared, _Unworded):
                waited = True
                if self._profiles is not None:
                    await self._profiles.ask_now(prepared.customer_id, WAIT_FOR_PROFILE)
            elif (slot := prepared.slot) is not None:
                await sleep_until(slot, now)
            if pulse.longest_silence > _MAX_HEARTBEAT_GAP:
                return SendReport(MessageStatus.QUEUED, "too_late", now(), in_line=True)
            look = partial(self._prepare, request=request, clock=now, slot=slot, waited=waited)
            prepared = await self._database.write(look)
        return prepared

    def _prepare(
        self,
        session: Session,
        *,
        request: SendMessage,
        clock: Callable[[], datetime],
        slot: datetime | None,
        waited: bool,
    ) -> _Prepared | _Wait | _Unworded:
        """Judge and mark the attempt; a report where there is nothing to call for.

        `slot` is what an earlier look took; without one, the attempt begins now or is told when it may.
        `waited`: what was to be waited for of the customer is known now, or will not be.
        """
        now = clock()
        rows = rows_for(session, request.message_id)
        if rows is None:
            _log.warning("send_without_row", message_id=request.message_id)
            return SendReport(MessageStatus.FAILED, "no_such_message")
        message, page = rows.message, rows.page
        self._usage.heed(session, page.page_id, now)
        permission = _judged(session, request, rows, now, waited=waited)
        if not isinstance(permission, Permission | WantedUpload):
            return permission
        try:
            credentials = open_page_credentials(self._vault, page, rows.account)
        except SecretUnreadableError as error:
            _log.error("secrets_unreadable", page_id=page.page_id, error=str(error))
            return unreadable(session, request, now)
        if isinstance(permission, WantedUpload):
            return permission
        if message.reason == AWAITS_PROFILE:
            say_with_profile(session, page, message)
        content = _content(message)
        if slot is None or now > slot + _LAPSED:
            slot = pace.take_slot(rows.send_state, content, self._rates, now, near=_MAX_INLINE_WAIT)
        if slot > now:
            return _later(slot, now)
        return _Attempt(
            number=begin_attempt(session, message, permission.rule, now),
            psid=rows.customer.psid,
            message=content,
            reply_to_mid=message.reply_to_mid,
            permission=permission,
            credentials=credentials,
            token_saved_at=page.token_saved_at,
        )

    def _conclude(
        self,
        session: Session,
        request: SendMessage,
        attempt: _Attempt,
        outcome: Outcome,
        now: datetime,
    ) -> tuple[SendReport, Outcome]:
        """Record what came of the call, first for the page, then for the message; and what it comes to.

        Rows are locked before the first event is written, in the order of `store.pages.page_rows`.
        """
        if self._usage.pending or concerns_page(outcome):
            session.get(Message, request.message_id, with_for_update=True)
            outcome = _of_its_token(session, request.page_id, attempt, outcome)
            self._usage.heed_of_app(session, attempt.credentials.app_id, now)
            self._usage.heed(session, request.page_id, now)
            if isinstance(outcome, Refused):
                tell_page(session, request, outcome.error, now)
        return record(session, request, attempt.number, outcome, now), outcome


def _noted(request: SendMessage, report: SendReport) -> SendReport:
    """Count and log what is known of the message now."""
    metrics.SENDS.labels(report.status.value).inc()
    _log.info("send", outcome=report.status.value, reason=report.reason, message_id=request.message_id)
    return report


def _judged(
    session: Session, request: SendMessage, rows: SendRows, now: datetime, *, waited: bool
) -> Permission | SendReport | Paused | WantedUpload | _Unworded:
    """Whether the message may leave now; what is to be uploaded or worded first comes back unmarked."""
    message = rows.message
    if (stopped := obstacle(session, rows, now)) is not None:
        return stopped
    verdict = decide_send(
        now,
        window_of_thread(rows.thread),
        SenderKind(message.sender_kind),
        request.content_kind,
        human_agent_tag=request.human_agent_tag,
    )
    if isinstance(verdict, SendRefusal):
        return settled(session, message.id, MessageStatus.FAILED, now, reason=verdict.code)
    if message.reason == AWAITS_PROFILE and not waited:
        return _Unworded(message.customer_id)
    if (upload := wanted_upload(session, message, now)) is not None:
        return upload
    if not _content(message):
        return settled(session, message.id, MessageStatus.FAILED, now, reason="empty_message")
    return verdict


def _of_its_token(session: Session, page_id: str, attempt: _Attempt, outcome: Outcome) -> Outcome:
    """What refuses a token that was replaced meanwhile says nothing of the new one: it is tried."""
    if not isinstance(outcome, Refused) or outcome.error.kind is not ErrorKind.AUTH:
        return outcome
    page = session.get_one(Page, page_id, with_for_update=FOR_NO_KEY_UPDATE)
    return outcome if page.token_saved_at == attempt.token_saved_at else NotSent(outcome.error.reason)


def _note(lane: Lane, outcome: Outcome) -> None:
    """Whether Meta answers decides how many calls of the page may be under way."""
    if isinstance(outcome, NotSent) or (isinstance(outcome, Unknown) and outcome.error is None):
        lane.went_unanswered()
    else:
        lane.answered()


def _later(slot: datetime, now: datetime) -> SendReport | _Wait:
    if slot > now + _MAX_INLINE_WAIT:
        return SendReport(MessageStatus.QUEUED, "page_busy", slot, in_line=True)
    return _Wait(slot)


def _content(message: Message) -> dict[str, Any]:
    """The `message` of the Send API: the text, and what the row holds besides or instead of it."""
    content = {"text": message.text or None} | (message.content or {})
    return {name: value for name, value in content.items() if value is not None}
