"""Looking for a message of unknown outcome in the conversation at Meta.

Meta shows no `metadata` there, so a message is known by its text and its time; where that is not certain, it
stays unknown. That it is not found does not prove that it was not sent. Meta lets a page be read twice a
second: who finds no place comes again with the next look.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session
from temporalio import activity

from activities.common.activity_time import activity_clock, sleep_until
from activities.common.heartbeat import heartbeating
from activities.common.page_credentials import page_credentials
from activities.sending.concurrency_limit import READ_WIDTH, Lane, LaneFullError, Lanes
from base import failpoints
from base.secrets import Vault
from domain.sending.delivery import MessageStatus, comparable
from messenger.graph.client import GraphClient
from messenger.graph.conversations import ThreadMessage
from messenger.graph.errors import GraphError
from messenger.graph.page_credentials import PageCredentials
from messenger.graph.results import GraphUnavailable
from store.conversations.messages import known_mids, settle, waiting_with_words, words_at_meta
from store.db.database import Database
from store.sending.rate_limit import take_reading_slot
from store.tables import Customer, Message
from workflows.messages import ReadBack, SendReport

_BEFORE = timedelta(seconds=2)
_AFTER = timedelta(seconds=60)
"""Meta dates by whole seconds and by its own clock."""

_UNKNOWN = SendReport(MessageStatus.UNKNOWN, "not_found_at_meta")
_NOT_NOW = SendReport(MessageStatus.UNKNOWN, "page_busy")
_MAX_INLINE_WAIT = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class _Wanted:
    slot: datetime
    psid: str
    text: str
    tried_at: datetime
    credentials: PageCredentials


class ReadBackActivities:
    """The send protocol's last look before a message is parked."""

    def __init__(
        self, database: Database, graph: GraphClient, vault: Vault, *, lanes: Lanes | None = None
    ) -> None:
        self._database = database
        self._graph = graph
        self._vault = vault
        self._lanes = lanes or Lanes(READ_WIDTH)

    @activity.defn(name="read_back")
    async def read_back(self, request: ReadBack) -> SendReport:
        """Settle the message as sent if Meta shows it without doubt."""
        now = activity_clock()
        async with heartbeating():
            try:
                async with self._lanes.turn(request.page_id, now) as lane:
                    return await self._look(request, now, lane)
            except LaneFullError:
                return _NOT_NOW

    async def _look(self, request: ReadBack, now: Callable[[], datetime], lane: Lane) -> SendReport:
        wanted = await self._database.write(lambda session: self._wanted(session, request, now()))
        if isinstance(wanted, SendReport):
            return wanted
        await sleep_until(wanted.slot, now)
        failpoints.reach("read_back.asked")
        try:
            shown = await self._graph.messages_with(wanted.credentials, wanted.psid)
        except GraphError:
            lane.answered()
            return SendReport(MessageStatus.UNKNOWN, "meta_unreachable")
        except GraphUnavailable:
            lane.went_unanswered()
            return SendReport(MessageStatus.UNKNOWN, "meta_unreachable")
        lane.answered()
        candidates = [each for each in shown if _may_be(each, wanted)]
        failpoints.reach("read_back.answered")
        report = await self._database.write(lambda session: _settle(session, request, candidates, now()))
        failpoints.reach("read_back.settled")
        return report

    def _wanted(self, session: Session, request: ReadBack, now: datetime) -> _Wanted | SendReport:
        message = session.get_one(Message, request.message_id)
        if message.status == MessageStatus.QUEUED:
            return SendReport(MessageStatus.QUEUED, message.reason, until=now)
        if message.status != MessageStatus.UNKNOWN:
            return SendReport(MessageStatus(message.status or MessageStatus.FAILED), message.reason)
        text = comparable(words_at_meta(message.text, message.content))
        if not text:
            return _UNKNOWN  # there is nothing to know it by
        slot = take_reading_slot(session, request.page_id, now, near=_MAX_INLINE_WAIT)
        if slot > now + _MAX_INLINE_WAIT:
            return _NOT_NOW
        return _Wanted(
            slot=slot,
            psid=session.get_one(Customer, request.customer_id).psid,
            text=text,
            tried_at=message.occurred_at,
            credentials=page_credentials(session, self._vault, request.page_id),
        )


def _may_be(shown: ThreadMessage, wanted: _Wanted) -> bool:
    in_time = wanted.tried_at - _BEFORE <= shown.created_at <= wanted.tried_at + _AFTER
    return shown.from_page and comparable(shown.text) == wanted.text and in_time


def _settle(
    session: Session, request: ReadBack, candidates: list[ThreadMessage], now: datetime
) -> SendReport:
    """Exactly one message that no row of ours has yet, and nothing else of ours that it could be."""
    message = session.get_one(Message, request.message_id)
    taken = known_mids(session, request.page_id, [each.mid for each in candidates])
    free = [each for each in candidates if each.mid not in taken]
    others = waiting_with_words(
        session, request.customer_id, words_at_meta(message.text, message.content), MessageStatus.UNKNOWN
    )
    if len(free) != 1 or len(others) > 1:
        return _UNKNOWN
    settle(session, request.message_id, MessageStatus.SENT, now, mid=free[0].mid)
    return SendReport(MessageStatus.SENT)
