"""Reading what Meta did not deliver: a page's conversations since the gap began, into the inbox, once each.

Threads are read in the order of their newest change, and how far is kept with the page: a fill that was
broken off goes on there. A thread that changes meanwhile moves ahead, so none is passed over.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta

from sqlmodel import Session
from temporalio import activity

from activities.common.heartbeat import heartbeating
from activities.common.page_credentials import page_credentials
from base import clock
from base.log import get_logger
from base.secrets import Vault
from domain.events.kinds import FactKind
from domain.pages.page_problems import RESTORED
from domain.sending.delivery import MessageStatus, comparable
from messenger.graph.client import GraphClient
from messenger.graph.conversations import ListedThread, ThreadMessage
from messenger.graph.error_table import ErrorKind
from messenger.graph.errors import GraphError
from messenger.graph.page_credentials import PageCredentials
from messenger.graph.read_back import read_back_events
from messenger.graph.results import GraphUnavailable
from messenger.webhooks.webhook import WebhookEvent
from store.conversations.messages import UnconfirmedMessage, known_mids, unconfirmed_of_people
from store.db.database import Database
from store.db.sql import FOR_NO_KEY_UPDATE
from store.events.events import append_page_event
from store.pages import findings, page_rows
from store.privacy import erasures
from store.sending.rate_limit import take_reading_slot
from store.tables import PageHealth
from store.tables.pages import GONE

_MAX_WAIT = timedelta(seconds=15)
"""No reading slot is further away."""

_MAX_RUN_SECONDS = 8 * 60.0
_MAX_PASSES = 10
_LATEST = timedelta(seconds=5)
"""Subscribed again, Meta delivers; a little later than we asked, by Meta's clock."""

_CLOCKS_DIFFER = timedelta(seconds=2)
"""Meta dates by whole seconds and by its own clock."""

_CERTAINLY_NOT_SENT = frozenset(
    {MessageStatus.HELD, MessageStatus.FAILED, MessageStatus.CANCELLED, MessageStatus.EXPIRED}
)
_OF_THREAD = frozenset({ErrorKind.MESSAGE, ErrorKind.UNREACHABLE, ErrorKind.THREAD_CONTROL})
_NO_SUCH_OBJECT = (100, 33)

_log = get_logger("activities")

_Words = tuple[str | None, str]
"""The person's PSID, and the words of a message to them as they are compared."""

Pause = Callable[[float], Awaitable[None]]
Take = Callable[[str, list[WebhookEvent]], Awaitable[None]]
"""Puts events of an account into the inbox; durable when it returns."""


@dataclass(frozen=True, slots=True)
class _Gap:
    """What is to be read: the page's messages from `since` to `until`, in threads changed since `bound`."""

    account_id: str
    credentials: PageCredentials
    since: datetime
    until: datetime
    bound: datetime

    @property
    def page_id(self) -> str:
        return self.credentials.page_id


@dataclass(frozen=True, slots=True)
class _Found:
    """How many messages were missing, and how many could not be read or may be our own."""

    from_customers: int = 0
    from_page: int = 0
    perhaps_ours: int = 0
    unreadable: int = 0

    def __add__(self, other: "_Found") -> "_Found":
        return _Found(
            self.from_customers + other.from_customers,
            self.from_page + other.from_page,
            self.perhaps_ours + other.perhaps_ours,
            self.unreadable + other.unreadable,
        )


class GapActivities:
    """The page workflow's reading of what was missed."""

    def __init__(
        self,
        database: Database,
        graph: GraphClient,
        vault: Vault,
        take: Take,
        *,
        pause: Pause = asyncio.sleep,
    ) -> None:
        self._database = database
        self._graph = graph
        self._vault = vault
        self._take = take
        self._pause = pause

    @activity.defn(name="fill_gap")
    async def fill_gap(self, page_id: str) -> bool:
        """Read on in the page's gap. False: it is not closed yet; the page's next check asks again."""
        gap = await self._database.read(lambda session: self._gap(session, page_id))
        if gap is None:
            return True
        try:
            async with heartbeating():
                found = await self._fill(gap)
        except GraphUnavailable as silence:
            _log.warning("gap_not_filled", page_id=page_id, error=str(silence))
            return False
        except GraphError as refusal:
            _log.warning("gap_not_filled", page_id=page_id, error=str(refusal))
            await self._database.write(_refused(page_id, refusal))
            return False
        if found is not None:
            await self._database.write(_closed(gap, found))
        return found is not None

    async def _fill(self, gap: _Gap) -> _Found | None:
        """Read everything; None when the time is over before."""
        began = time.monotonic()
        found, seen = _Found(), set[tuple[str, datetime]]()
        for _ in range(_MAX_PASSES):
            listed, pieces = await self._threads(gap)
            for thread in sorted(listed, key=lambda each: each.updated_at):
                if time.monotonic() - began > _MAX_RUN_SECONDS:
                    return None
                if (thread.id, thread.updated_at) not in seen:
                    seen.add((thread.id, thread.updated_at))
                    found += await self._read(gap, thread)
                    gap = replace(gap, bound=thread.updated_at)
                    await self._database.write(_progress(gap))
            if pieces == 1:  # the list was one picture: no thread can have moved within it
                return found
        return found

    async def _turn(self, page_id: str) -> None:
        """Wait for the page's next reading slot, which looks at unknown sends take too."""
        now = clock.now()
        slot = await self._database.write(
            lambda session: take_reading_slot(session, page_id, now, near=_MAX_WAIT)
        )
        await self._pause(max(0.0, (slot - now).total_seconds()))

    async def _threads(self, gap: _Gap) -> tuple[list[ListedThread], int]:
        """The threads that changed since, and in how many pieces they were listed."""
        listed: list[ListedThread] = []
        after, pieces = None, 0
        while True:
            await self._turn(gap.page_id)
            piece = await self._graph.list_threads(gap.credentials, after)
            pieces += 1
            fresh = [each for each in piece.threads if each.updated_at >= gap.bound]
            listed += fresh
            after = piece.after
            if after is None or len(fresh) < len(piece.threads):
                return listed, pieces

    async def _read(self, gap: _Gap, thread: ListedThread) -> _Found:
        """Put what is missing of one thread into the inbox. One that Meta does not show holds up no other."""
        await self._turn(gap.page_id)
        try:
            shown = await self._graph.thread_messages(gap.credentials, thread.id)
        except GraphError as refusal:
            if not _is_of_thread(refusal):
                raise
            _log.warning("thread_not_read", page_id=gap.page_id, error=str(refusal))
            return _Found(unreadable=1)
        within = [each for each in shown if gap.since <= each.created_at <= gap.until]
        within = await self._database.read(lambda session: self._not_erased(session, gap, within))
        readable = [each for each in within if each.psid is not None]
        missing, perhaps_ours = await self._database.read(
            lambda session: _missing(session, gap.page_id, readable)
        )
        events = read_back_events(gap.page_id, reversed(missing), standby=not thread.is_ours)
        if events:
            await self._take(gap.account_id, events)
        from_page = sum(each.from_page for each in missing)
        unreadable = len(within) - len(readable)
        return _Found(len(missing) - from_page, from_page, perhaps_ours, unreadable)

    def _not_erased(self, session: Session, gap: _Gap, shown: list[ThreadMessage]) -> list[ThreadMessage]:
        """Without what was written before its person was to be erased: nothing else knows it any more."""
        psids = {each.psid for each in shown if each.psid is not None}
        asked = erasures.asked_for_since(session, self._vault, gap.page_id, psids, gap.since)
        return [each for each in shown if each.psid not in asked or each.created_at > asked[each.psid]]

    def _gap(self, session: Session, page_id: str) -> _Gap | None:
        rows = page_rows.find(session, page_id)
        if rows is None or rows.page.provisioning_state in GONE:
            return None
        health = rows.health
        if health.gap_since is None:
            return None
        return _Gap(
            account_id=rows.page.account_id,
            credentials=page_credentials(session, self._vault, page_id),
            since=health.gap_since,
            until=(health.subscribed_at or clock.now()) + _LATEST,
            bound=health.gap_read_until or health.gap_since,
        )


def _is_of_thread(refusal: GraphError) -> bool:
    """Whether Graph refuses this thread alone, and always will."""
    if refusal.code is None or refusal.outcome_unknown:
        return False
    return refusal.kind in _OF_THREAD or (refusal.code, refusal.subcode) == _NO_SUCH_OBJECT


def _missing(
    session: Session, page_id: str, shown: Sequence[ThreadMessage]
) -> tuple[list[ThreadMessage], int]:
    """What no row has, and how many of the page's own are left out.

    Our metadata is not shown. So a message of the page that may be one of ours whose id we do not know yet is
    left to its echo and to the look at unknown sends; but after a restore neither may come, and one that can
    be no other than the message whose outcome the restore made unknown is taken for its echo.
    """
    known = known_mids(session, page_id, [each.mid for each in shown])
    new = [each for each in shown if each.mid not in known]
    from_page = Counter(_words(each) for each in new if each.from_page)
    waiting: dict[_Words, list[UnconfirmedMessage]] = {}
    for each in unconfirmed_of_people(session, page_id, {psid for psid, _ in from_page if psid}):
        waiting.setdefault((each.psid, comparable(each.words)), []).append(each)
    missing = [
        each
        for each in new
        if not each.from_page
        or _words(each) not in waiting
        or (from_page[_words(each)] == 1 and _is_only_restored(waiting[_words(each)], each))
    ]
    return missing, len(new) - len(missing)


def _words(shown: ThreadMessage) -> _Words:
    return shown.psid, comparable(shown.text)


def _is_only_restored(waiting: Sequence[UnconfirmedMessage], shown: ThreadMessage) -> bool:
    """Whether one message alone of these may have been sent, and its outcome is unknown since a restore."""
    possible = [each for each in waiting if each.status not in _CERTAINLY_NOT_SENT]
    return (
        len(possible) == 1
        and (possible[0].status, possible[0].reason) == (MessageStatus.UNKNOWN, RESTORED)
        and possible[0].tried_at - _CLOCKS_DIFFER <= shown.created_at
        and bool(shown.text)
    )


def _progress(gap: _Gap) -> Callable[[Session], None]:
    def work(session: Session) -> None:
        health = session.get_one(PageHealth, gap.page_id, with_for_update=FOR_NO_KEY_UPDATE)
        if health.gap_since == gap.since:
            health.gap_read_until = gap.bound

    return work


def _refused(page_id: str, error: GraphError) -> Callable[[Session], None]:
    """Note what an administrator must mend."""

    def work(session: Session) -> None:
        if error.kind in (ErrorKind.CONFIG, ErrorKind.AUTH):
            health = session.get_one(PageHealth, page_id, with_for_update=FOR_NO_KEY_UPDATE)
            facts = {"meta_code": error.code, "meta_subcode": error.subcode}
            findings.note(health, "gap_not_filled", clock.now(), facts)

    return work


def _closed(gap: _Gap, found: _Found) -> Callable[[Session], None]:
    """The gap is filled; what of it Meta does not show any more is told."""

    def work(session: Session) -> None:
        health = session.get_one(PageHealth, gap.page_id, with_for_update=FOR_NO_KEY_UPDATE)
        if health.gap_since != gap.since:
            return
        now = clock.now()
        health.gap_since = health.gap_read_until = None
        findings.forget(health, "gap_not_filled")
        if found.unreadable:
            findings.note(health, "gap_incomplete", now)
        data = {"since": gap.since.isoformat(), **asdict(found)}
        append_page_event(session, FactKind.PAGE_GAP_FILLED, gap.page_id, now, data)

    return work
