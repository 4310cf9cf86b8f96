"""Asking Meta who the customers are: a task of the worker beside everything else, at its own slow pace.

No history knows of it. What Meta refuses is remembered, so that it is not asked again and again: for a
customer in their row, for a whole page in memory.

One record never ends it: what goes wrong with a customer is logged without a word of theirs, and that
customer is asked about later.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from itertools import groupby

from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from activities.common.page_credentials import page_credentials
from base import clock
from base.log import get_logger
from base.secrets import SecretUnreadableError, Vault
from messenger.graph.client import GraphClient
from messenger.graph.error_table import ErrorKind
from messenger.graph.errors import GraphError
from messenger.graph.page_credentials import PageCredentials
from messenger.graph.results import GraphUnavailable
from store.customers import profiles
from store.customers.profiles import Wanted
from store.db.database import Database
from store.tables import Page
from store.tables.pages import GONE

BASIC = ("first_name", "last_name", "profile_pic")
ALL = (*BASIC, "name", "locale", "timezone")
"""Locale and timezone each need a permission of their own; without it Meta refuses all that was asked."""

FAILED = "failed"
"""The reason where something of ours went wrong with a customer, not with Meta."""

AT_ONCE = 10
PER_SECOND = 2
MAX_TRIES = 4
_LOOK_SECONDS = 1.0
_LOOK_AGAIN_SECONDS = 0.1
_FIRST_WAIT = timedelta(minutes=1)
_PAGE_REFUSED = timedelta(hours=1)
_PAGE_THROTTLED = timedelta(minutes=10)

_OF_THE_PAGE = frozenset({ErrorKind.CONFIG, ErrorKind.AUTH, ErrorKind.POLICY})
_OF_THE_PERSON = frozenset({100, 2018247})
"""Codes that refuse one person: gone, without a profile, or one whose profile Meta does not show. The page's
other customers are asked about all the same."""

_log = get_logger("activities")
Pause = Callable[[float], Awaitable[None]]


class ProfileKeeper:
    """Asks about customers that are due, page by page side by side."""

    def __init__(
        self, database: Database, graph: GraphClient, vault: Vault, *, pause: Pause = asyncio.sleep
    ) -> None:
        self._database = database
        self._graph = graph
        self._vault = vault
        self._pause = pause
        self._resting: dict[str, datetime] = {}
        self._basic_only: dict[str, datetime] = {}
        self._hurried: dict[str, asyncio.Task[None]] = {}

    async def aclose(self) -> None:
        """Leave what is asked at once; it is due again later."""
        for task in (tasks := list(self._hurried.values())):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def ask_now(self, customer_id: str, within: timedelta) -> None:
        """Ask about a customer who is due, if nobody does, and wait until Meta has told, at most `within`.

        It never fails: who asks for this says something else otherwise.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within.total_seconds()):
                await self._asked(customer_id)

    async def _asked(self, customer_id: str) -> None:
        task = self._hurried.get(customer_id)
        if task is None and len(self._hurried) < AT_ONCE:
            task = asyncio.create_task(self._ask_hurried(customer_id))
            self._hurried[customer_id] = task
            task.add_done_callback(lambda _: self._hurried.pop(customer_id, None))
        if task is not None:
            await asyncio.shield(task)
        while await self._is_awaited(customer_id):  # somebody else asks
            await self._pause(_LOOK_AGAIN_SECONDS)

    async def _ask_hurried(self, customer_id: str) -> None:
        try:
            now = clock.now()
            wanted = await self._database.write(lambda s: profiles.claim_one(s, customer_id, now))
        except SQLAlchemyError as error:
            _log.warning("profiles_postponed", error=type(error).__name__)
            return
        if wanted is not None:
            await self._ask_page(wanted.page_id, [wanted], paced=False)

    async def _is_awaited(self, customer_id: str) -> bool:
        try:
            now = clock.now()
            return await self._database.read(lambda s: profiles.is_being_asked(s, customer_id, now))
        except SQLAlchemyError:
            return False

    async def run(self) -> None:
        """Ask until cancelled."""
        while True:
            try:
                await self.ask_due()
            except Exception as error:  # noqa: BLE001 - whatever a look met, the next one makes it up
                _log.warning("profiles_postponed", error=type(error).__name__)
            await self._pause(_LOOK_SECONDS)

    async def ask_due(self) -> int:
        """Ask about some of those that are due; returns about how many."""
        now = clock.now()
        self._resting = {page: until for page, until in self._resting.items() if until > now}
        self._basic_only = {page: until for page, until in self._basic_only.items() if until > now}
        resting = list(self._resting)
        if not await self._database.read(lambda session: profiles.are_due(session, now, but=resting)):
            return 0
        wanted = await self._database.write(
            lambda session: profiles.claim(session, now, but=resting, limit=AT_ONCE)
        )
        by_page = groupby(wanted, lambda each: each.page_id)
        async with asyncio.TaskGroup() as group:
            for page_id, customers in by_page:
                group.create_task(self._ask_page(page_id, list(customers)))
        return len(wanted)

    async def _ask_page(self, page_id: str, customers: list[Wanted], *, paced: bool = True) -> None:
        """Ask about customers one by one; whom an error leaves is free again after `CLAIM` at the latest."""
        for customer in customers:
            try:
                if await self._ask_or_postpone(customer) and paced:
                    await self._pause(1 / PER_SECOND)
            except Exception as error:  # noqa: BLE001 - whatever it met, the page's other customers go on
                # Neither the error's words nor a traceback: both may repeat what Meta told of the person.
                kind = type(error).__name__
                _log.error("profile_failed", page_id=page_id, customer_id=customer.customer_id, error=kind)
                with contextlib.suppress(SQLAlchemyError):
                    await self._try_later(customer, FAILED)

    async def _ask_or_postpone(self, customer: Wanted) -> bool:
        """Ask, unless the page rests. Returns whether Meta was asked."""
        page_id = customer.page_id
        credentials = await self._database.read(lambda session: self._credentials(session, page_id))
        if credentials is None:
            self._resting[page_id] = clock.now() + _PAGE_REFUSED
        if credentials is None or page_id in self._resting:
            await self._postpone(customer, self._resting[page_id], tried=False)
            return False
        await self._ask(credentials, customer)
        return True

    def _credentials(self, session: Session, page_id: str) -> PageCredentials | None:
        page = session.get(Page, page_id)
        if page is None or page.provisioning_state in GONE:
            return None
        try:
            return page_credentials(session, self._vault, page_id)
        except SecretUnreadableError as error:
            _log.error("page_secret_unreadable", page_id=page_id, error=str(error))
            return None

    async def _ask(self, credentials: PageCredentials, customer: Wanted) -> None:
        try:
            told = await self._told(credentials, customer)
        except GraphUnavailable as error:
            await self._try_later(customer, str(error).split(" ")[0])
        except GraphError as error:
            await self._take_refusal(customer, error)
        else:
            now = clock.now()
            await self._database.write(
                lambda session: profiles.keep(session, customer.customer_id, told, now)
            )

    async def _told(self, credentials: PageCredentials, customer: Wanted) -> dict[str, str]:
        """What Meta tells; of a page whose app may not see all, the basic fields."""
        if customer.page_id in self._basic_only:
            return await self._graph.user_profile(credentials, customer.psid, BASIC)
        try:
            return await self._graph.user_profile(credentials, customer.psid, ALL)
        except GraphError as error:
            if error.kind not in (ErrorKind.CONFIG, ErrorKind.MESSAGE):
                raise
        told = await self._graph.user_profile(credentials, customer.psid, BASIC)
        self._basic_only[customer.page_id] = clock.now() + timedelta(days=1)
        return told

    async def _take_refusal(self, customer: Wanted, error: GraphError) -> None:
        now = clock.now()
        if error.kind is ErrorKind.THROTTLED:
            wait = max(_PAGE_THROTTLED, timedelta(seconds=error.retry_after_seconds or 0))
            self._resting[customer.page_id] = now + wait
            await self._postpone(customer, now + wait, tried=False)
            return
        if error.is_transient_failure:
            await self._try_later(customer, error.reason)
            return
        if error.kind in _OF_THE_PAGE and error.code not in _OF_THE_PERSON:
            self._resting[customer.page_id] = now + _PAGE_REFUSED
            _log.info("profiles_refused", page_id=customer.page_id, reason=error.reason, code=error.code)
        await self._remember(customer, error.reason)

    async def _try_later(self, customer: Wanted, reason: str) -> None:
        if customer.tries + 1 >= MAX_TRIES:
            await self._remember(customer, reason)
            return
        await self._postpone(customer, clock.now() + _FIRST_WAIT * 4**customer.tries, tried=True)

    async def _postpone(self, customer: Wanted, until: datetime, *, tried: bool) -> None:
        await self._database.write(
            lambda session: profiles.postpone(session, customer.customer_id, until, tried=tried)
        )

    async def _remember(self, customer: Wanted, reason: str) -> None:
        now = clock.now()
        await self._database.write(
            lambda session: profiles.remember_error(session, customer.customer_id, reason, now)
        )
