"""Signals a Page's workflow to check the Page, without making the relay wait for Temporal."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

from temporalio.client import Client
from temporalio.service import RPCError

from base.log import get_logger
from base.tracebacks import without_values
from store.db.database import Database
from store.db.unavailable import STORE_UNAVAILABLE, reason
from store.pages.pages import unsettled_ids
from workflows.messages import (
    CHECK_SIGNAL,
    PAGE_WORKFLOW,
    TASK_QUEUE,
    TASK_TIMEOUT,
    PageWorkflowInput,
    page_workflow_id,
)

MIN_INTERVAL = timedelta(seconds=30)

_RPC_SECONDS = 10.0
_PAUSE_SECONDS = 0.5

_log = get_logger("ingest")


class PageWaker:
    """Signals page workflows in the background; after a failed try the Page's own interval has to do.

    A check costs calls to Meta. So a Page is checked at most once in MIN_INTERVAL, however many of its events
    come; those that come meanwhile have it checked once more when that is over.
    """

    def __init__(
        self,
        client: Client,
        database: Database,
        *,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._client = client
        self._database = database
        self._pause = pause
        self._pausing: dict[str, asyncio.Task[None]] = {}
        self._wanted: set[str] = set()

    async def wake(self, page_id: str) -> None:
        """Have this page checked: now, or when MIN_INTERVAL is over."""
        self._wanted.add(page_id)
        if page_id not in self._pausing:
            self._pausing[page_id] = asyncio.create_task(self._wake_while_wanted(page_id))

    async def _wake_while_wanted(self, page_id: str) -> None:
        try:
            while page_id in self._wanted:
                self._wanted.discard(page_id)
                await self._wake(page_id)
                await self._pause(MIN_INTERVAL.total_seconds())
        finally:
            del self._pausing[page_id]

    async def wake_unsettled(self) -> None:
        """Check every page that is not Running: its workflow may never have been started."""
        for page_id in await self._unsettled():
            await self.wake(page_id)

    async def _unsettled(self) -> list[str]:
        while True:
            try:
                return await self._database.read(unsettled_ids)
            except STORE_UNAVAILABLE as error:
                _log.warning("store_unavailable", error=reason(error))
            await asyncio.sleep(_PAUSE_SECONDS)

    async def _wake(self, page_id: str) -> None:
        try:
            async with asyncio.timeout(_RPC_SECONDS):
                await self._client.start_workflow(
                    PAGE_WORKFLOW,
                    PageWorkflowInput(page_id),
                    id=page_workflow_id(page_id),
                    task_queue=TASK_QUEUE,
                    task_timeout=TASK_TIMEOUT,
                    start_signal=CHECK_SIGNAL,
                )
        except (RPCError, TimeoutError) as error:
            _log.warning("page_not_woken", page_id=page_id, error=without_values(error))
