"""Has conversations project their state again whose last projection may be of a discarded task (ADR 0018).

Temporal keeps updates in memory until their workflow task ends: if it dies, or the task's worker, an update
may be lost that the rows show already, and no retry corrects them. So after a worker's death, after Temporal
was down and after this process stood still, the threads that were projected last are signalled to project
their state again.
"""

import asyncio
from datetime import timedelta
from typing import TypeVar

from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from base.log import get_logger
from base.temporal import UNAVAILABLE, temporal_answers
from store.conversations.recent_projections import first_event_of_last, threads_told_of
from store.db.database import Database, Work
from store.db.unavailable import STORE_UNAVAILABLE, reason
from workflows.messages import TASK_TIMEOUT, WRITE_DOWN_SIGNAL, conversation_workflow_id

RECENT = timedelta(seconds=15)
"""Longer than it takes to find out that a worker is dead; a task that began before that has been retried."""

_CHECK_SECONDS = 0.25
_RPC_TIMEOUT_SECONDS = 2.0
_MAX_STALL_SECONDS = TASK_TIMEOUT.total_seconds()
_LATE_PROJECTIONS_SECONDS = 1.0
_SIGNALS_PER_SECOND = 50
_PAUSE_SECONDS = 0.5
_REPEATED = UNAVAILABLE | {RPCStatusCode.RESOURCE_EXHAUSTED, RPCStatusCode.INTERNAL}

_log = get_logger("ingest")

T = TypeVar("T")


class ProjectionRepairs:
    """One per worker process. A state that two of them have projected is written twice, and is the same."""

    def __init__(self, database: Database, client: Client) -> None:
        self._database = database
        self._client = client
        self._waiting: dict[tuple[str, str], None] = {}
        self._requested = asyncio.Event()
        self._reason = "started"

    def request(self, reason: str) -> None:
        """Have the threads signalled that were projected last; soon, and once for several requests."""
        self._reason = reason
        self._requested.set()

    async def run(self) -> None:
        """Work until cancelled. It begins with what the process before this one may have left wrong."""
        self.request("started")
        async with asyncio.TaskGroup() as group:
            group.create_task(self._watch_temporal())
            group.create_task(self._watch_itself())
            group.create_task(self._signal_all())

    async def _watch_temporal(self) -> None:
        """When Temporal answers again, repair what was projected before it went down."""
        since: int | None = None
        while True:
            if await temporal_answers(self._client):
                if since is not None:
                    await self._collect(since)
                    self.request("temporal_available")
                since = None
            elif since is None:
                since = await self._first_recent_event()
            await asyncio.sleep(_CHECK_SECONDS)

    async def _watch_itself(self) -> None:
        """A process that stood still may complete tasks that had timed out meanwhile."""
        loop = asyncio.get_running_loop()
        while True:
            before = loop.time()
            await asyncio.sleep(_CHECK_SECONDS)
            if loop.time() - before > _MAX_STALL_SECONDS:
                await asyncio.sleep(_LATE_PROJECTIONS_SECONDS)
                self.request("process_stalled")

    async def _signal_all(self) -> None:
        while True:
            await self._requested.wait()
            self._requested.clear()
            await self._collect(await self._first_recent_event())
            if self._waiting:
                _log.info("projections_requested", threads=len(self._waiting), reason=self._reason)
            while self._waiting:
                thread = next(iter(self._waiting))
                if await self._is_signalled(*thread):
                    self._waiting.pop(thread, None)
                    await asyncio.sleep(1 / _SIGNALS_PER_SECOND)
                else:
                    await asyncio.sleep(_PAUSE_SECONDS)

    async def _is_signalled(self, page_id: str, customer_id: str) -> bool:
        """Whether the thread's run has the signal, or there is no run: then the rows are as it left them."""
        handle = self._client.get_workflow_handle(conversation_workflow_id(page_id, customer_id))
        try:
            async with asyncio.timeout(_RPC_TIMEOUT_SECONDS):
                await handle.signal(WRITE_DOWN_SIGNAL)
        except TimeoutError:
            return False
        except RPCError as error:
            if error.status in _REPEATED:
                return False
            if error.status is not RPCStatusCode.NOT_FOUND:
                _log.error("thread_not_told", customer_id=customer_id, error=error.status.name)
        return True

    async def _collect(self, first_event_id: int) -> None:
        found = await self._read(lambda session: threads_told_of(session, first_event_id))
        self._waiting |= dict.fromkeys(found)

    async def _first_recent_event(self) -> int:
        return await self._read(lambda session: first_event_of_last(session, RECENT))

    async def _read(self, work: Work[T]) -> T:
        """Read, however long the store is away."""
        while True:
            try:
                return await self._database.read(work)
            except STORE_UNAVAILABLE as error:
                _log.warning("store_unavailable", error=reason(error))
                await asyncio.sleep(_PAUSE_SECONDS)
