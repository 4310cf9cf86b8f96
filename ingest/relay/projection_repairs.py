"""Has conversations write themselves down again whose last projection may be of a discarded task (ADR 0018).

The engine keeps commands in memory until their task ends: if it dies, or the task's worker, a command may be
gone for ever that the rows tell of already, and no retry puts them right. So after a worker's death, after
the engine's return and after this process stood still, the threads that were projected last are told to.
"""

import asyncio
from datetime import timedelta
from typing import TypeVar

from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from base.log import get_logger
from store.conversations.recent_projections import first_event_of_last, threads_told_of
from store.db.database import Database, Work
from store.db.unavailable import STORE_UNAVAILABLE, reason
from workflows.messages import TASK_TIMEOUT, WRITE_DOWN_SIGNAL, conversation_workflow_id

LATELY = timedelta(seconds=15)
"""Longer than it takes to find out that a worker is dead; a task that began before that has been retried."""

_LOOK_SECONDS = 0.25
_PROBE_SECONDS = 2.0
_STOOD_STILL_SECONDS = TASK_TIMEOUT.total_seconds()
_LATE_PROJECTIONS_SECONDS = 1.0
_PER_SECOND = 50
_PAUSE_SECONDS = 0.5
_AWAY = frozenset(
    {
        RPCStatusCode.UNAVAILABLE,
        RPCStatusCode.DEADLINE_EXCEEDED,
        RPCStatusCode.CANCELLED,
        RPCStatusCode.UNKNOWN,
        RPCStatusCode.RESOURCE_EXHAUSTED,
        RPCStatusCode.INTERNAL,
    }
)

_log = get_logger("ingest")

T = TypeVar("T")


class ProjectionRepairs:
    """One per worker process. What two of them ask for is written twice, and is there once."""

    def __init__(self, database: Database, client: Client) -> None:
        self._database = database
        self._client = client
        self._waiting: dict[tuple[str, str], None] = {}
        self._asked = asyncio.Event()
        self._reason = "started"

    def ask(self, reason: str) -> None:
        """Have the threads told that were projected last; soon, and once for several reasons."""
        self._reason = reason
        self._asked.set()

    async def run(self) -> None:
        """Work until cancelled. It begins with what the process before this one may have left."""
        self.ask("started")
        async with asyncio.TaskGroup() as group:
            group.create_task(self._watch_engine())
            group.create_task(self._watch_itself())
            group.create_task(self._tell_all())

    async def _watch_engine(self) -> None:
        """What was projected before the engine went away is asked for when it is back."""
        since: int | None = None
        while True:
            if await self._engine_answers():
                if since is not None:
                    await self._collect(since)
                    self.ask("engine_back")
                since = None
            elif since is None:
                since = await self._first_of_late()
            await asyncio.sleep(_LOOK_SECONDS)

    async def _watch_itself(self) -> None:
        """A process that stood still may end tasks that were given up for lost meanwhile."""
        loop = asyncio.get_running_loop()
        while True:
            before = loop.time()
            await asyncio.sleep(_LOOK_SECONDS)
            if loop.time() - before > _STOOD_STILL_SECONDS:
                await asyncio.sleep(_LATE_PROJECTIONS_SECONDS)
                self.ask("stood_still")

    async def _tell_all(self) -> None:
        while True:
            await self._asked.wait()
            self._asked.clear()
            await self._collect(await self._first_of_late())
            if self._waiting:
                _log.info("threads_write_down", threads=len(self._waiting), reason=self._reason)
            while self._waiting:
                thread = next(iter(self._waiting))
                if await self._is_told(*thread):
                    self._waiting.pop(thread, None)
                    await asyncio.sleep(1 / _PER_SECOND)
                else:
                    await asyncio.sleep(_PAUSE_SECONDS)

    async def _is_told(self, page_id: str, customer_id: str) -> bool:
        """Whether the thread's run has the signal, or there is none: then the rows are as it left them."""
        handle = self._client.get_workflow_handle(conversation_workflow_id(page_id, customer_id))
        try:
            async with asyncio.timeout(_PROBE_SECONDS):
                await handle.signal(WRITE_DOWN_SIGNAL)
        except TimeoutError:
            return False
        except RPCError as error:
            if error.status in _AWAY:
                return False
            if error.status is not RPCStatusCode.NOT_FOUND:
                _log.error("thread_not_told", customer_id=customer_id, error=error.status.name)
        return True

    async def _engine_answers(self) -> bool:
        try:
            async with asyncio.timeout(_PROBE_SECONDS):
                return await self._client.service_client.check_health(retry=False)
        except TimeoutError:
            return False
        except RPCError as error:
            return error.status not in _AWAY

    async def _collect(self, first_event_id: int) -> None:
        found = await self._read(lambda session: threads_told_of(session, first_event_id))
        self._waiting |= dict.fromkeys(found)

    async def _first_of_late(self) -> int:
        return await self._read(lambda session: first_event_of_last(session, LATELY))

    async def _read(self, work: Work[T]) -> T:
        """Read, however long the store is away."""
        while True:
            try:
                return await self._database.read(work)
            except STORE_UNAVAILABLE as error:
                _log.warning("store_unavailable", error=reason(error))
                await asyncio.sleep(_PAUSE_SECONDS)
