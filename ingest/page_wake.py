"""Tells a page's workflow to look, without ever making the relay wait for the engine."""

import asyncio

from sqlmodel import Session, col, select
from temporalio.client import Client
from temporalio.service import RPCError

from base.log import get_logger
from store.database import Database
from store.pages import REMOVED
from store.tables import Page
from workflows.messages import (
    CHECK_SIGNAL,
    PAGE_WORKFLOW,
    TASK_QUEUE,
    TASK_TIMEOUT,
    PageInput,
    page_workflow_id,
)

_RPC_SECONDS = 10.0

_log = get_logger("ingest")


class PageWaker:
    """Signals page workflows in the background; a failed try is made up by the page's own interval."""

    def __init__(self, client: Client, database: Database) -> None:
        self._client = client
        self._database = database
        self._tasks: set[asyncio.Task[None]] = set()

    async def wake(self, page_id: str) -> None:
        """Have this page checked now."""
        task = asyncio.create_task(self._wake(page_id))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def wake_unsettled(self) -> None:
        """Check every page that is not Running: its workflow may never have been started."""
        for page_id in await self._database.read(_unsettled_pages):
            await self.wake(page_id)

    async def _wake(self, page_id: str) -> None:
        try:
            async with asyncio.timeout(_RPC_SECONDS):
                await self._client.start_workflow(
                    PAGE_WORKFLOW,
                    PageInput(page_id),
                    id=page_workflow_id(page_id),
                    task_queue=TASK_QUEUE,
                    task_timeout=TASK_TIMEOUT,
                    start_signal=CHECK_SIGNAL,
                )
        except (RPCError, TimeoutError) as error:
            _log.warning("page_not_woken", page_id=page_id, error=repr(error))


def _unsettled_pages(session: Session) -> list[str]:
    settled = col(Page.provisioning_state).in_(("Running", REMOVED))
    return list(session.exec(select(Page.page_id).where(~settled)).all())
