"""Has the workflows of pages tell their conversations of changed settings. A change is durable as a row."""

import asyncio
import time

from sqlalchemy.exc import SQLAlchemyError
from temporalio.client import Client
from temporalio.service import RPCError

from base.log import get_logger
from base.tracebacks import without_values
from store.db.database import Database
from store.db.unavailable import reason
from store.workstreams.settings_versions import untold_settings
from workflows.messages import (
    PAGE_WORKFLOW,
    SETTINGS_SIGNAL,
    TASK_QUEUE,
    TASK_TIMEOUT,
    PageWorkflowInput,
    page_workflow_id,
)

_LOOK_SECONDS = 1.0
_RPC_SECONDS = 10.0
REPEAT_AFTER_SECONDS = 60.0
"""A page's workflow may have lost the signal with its engine's data, or tells for so long."""

_log = get_logger("background")


class SettingsWatcher:
    """Compares the version of each page's settings with the one told, for as long as the worker works."""

    def __init__(self, database: Database, client: Client, *, task_queue: str = TASK_QUEUE) -> None:
        self._database = database
        self._client = client
        self._task_queue = task_queue
        self._signalled: dict[tuple[str, int], float] = {}

    async def run(self) -> None:
        """Watch until cancelled."""
        while True:
            try:
                await self.look()
            except SQLAlchemyError as error:
                _log.warning("settings_not_watched", error=reason(error))
            await asyncio.sleep(_LOOK_SECONDS)

    async def look(self) -> None:
        """Signal the workflow of every page with untold settings, each version once in a while."""
        now = time.monotonic()
        untold = await self._database.read(untold_settings)
        self._signalled = {each: at for each, at in self._signalled.items() if each in untold}
        for page_id, version in untold:
            signalled_at = self._signalled.get((page_id, version))
            if signalled_at is not None and now - signalled_at < REPEAT_AFTER_SECONDS:
                continue
            if await self._signal(page_id, version):
                self._signalled[page_id, version] = now

    async def _signal(self, page_id: str, version: int) -> bool:
        try:
            async with asyncio.timeout(_RPC_SECONDS):
                await self._client.start_workflow(
                    PAGE_WORKFLOW,
                    PageWorkflowInput(page_id),
                    id=page_workflow_id(page_id),
                    task_queue=self._task_queue,
                    task_timeout=TASK_TIMEOUT,
                    start_signal=SETTINGS_SIGNAL,
                    start_signal_args=[version],
                )
        except (RPCError, TimeoutError, RuntimeError) as error:
            _log.warning("settings_not_told", page_id=page_id, error=without_values(error))
            return False
        return True
