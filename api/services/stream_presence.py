"""The streams of this process that make their agents connected.

A stream is registered before it begins, and forgotten some seconds after it has closed. The process renews
one row for all of them; when it dies, whoever notices sweeps its streams (`background.presence_keeper`).
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Annotated

from api.http.dependencies import from_app
from base import clock
from base.backoff import Backoff
from base.ids import new_id
from base.log import get_logger
from base.process.process_lock import ProcessLock
from domain.routing.absence import STREAM_GRACE
from store.db.database import Database
from store.db.unavailable import STORE_UNAVAILABLE
from store.routing.presence import (
    PROCESS_LEASE,
    PresenceStream,
    connect_stream,
    end_process,
    register_process,
    release_stream,
    renew_process,
)
from store.routing.transactions import with_routing_writes

_RENEW_SECONDS = PROCESS_LEASE.total_seconds() / 3
_FIRST_PAUSE_SECONDS, _MAX_PAUSE_SECONDS = 0.2, 5.0

_log = get_logger("api")


class StreamPresence:
    """`lock_directory`: where on one machine a file says that this process lives."""

    def __init__(
        self, database: Database, lock_directory: Path | None, *, grace: timedelta = STREAM_GRACE
    ) -> None:
        self.process_id = new_id()
        self._database = database
        self._grace = grace
        self._lock = ProcessLock(lock_directory, self.process_id) if lock_directory else None
        self._streams: dict[str, PresenceStream] = {}
        self._leaving: set[asyncio.Task[None]] = set()
        self._is_closed = False

    @contextlib.asynccontextmanager
    async def connected(self, agent_id: str) -> AsyncIterator[None]:
        """Have an agent be there for the length of the block and for some seconds after it.

        Somebody to whom no work is offered may open the block, and is not there for it.
        """
        stream = PresenceStream(new_id(), agent_id, self.process_id)
        if self._lock is not None:
            self._lock.hold()
        self._streams[stream.id] = stream
        connecting = asyncio.ensure_future(self._connect(stream))
        try:
            # A reader that leaves meanwhile does not stop a transaction that has begun.
            if not await asyncio.shield(connecting):
                self._streams.pop(stream.id)
            yield
        finally:
            if stream.id in self._streams and not self._is_closed:
                task = asyncio.create_task(self._leave(stream, connecting))
                self._leaving.add(task)
                task.add_done_callback(self._leaving.discard)

    async def run(self) -> None:
        """Say that this process lives, until cancelled."""
        while True:
            await asyncio.sleep(_RENEW_SECONDS)
            try:
                await self.renew()
            except STORE_UNAVAILABLE as error:
                _log.warning("presence_not_renewed", error=type(error).__name__)

    async def renew(self) -> None:
        """Renew the lease; where it was over meanwhile, register every stream again."""
        if not self._streams:
            return
        if await self._database.write(lambda session: renew_process(session, self.process_id)):
            return
        await self._database.write(lambda session: register_process(session, self.process_id))
        for stream in list(self._streams.values()):
            await self._connect(stream)

    async def close(self) -> None:
        """The process ends: its agents have the usual time to come back to another."""
        self._is_closed = True
        for task in self._leaving:
            task.cancel()
        if self._leaving:
            await asyncio.wait(self._leaving)
        try:
            if self._streams:
                await self._database.write(lambda session: end_process(session, self.process_id))
        except STORE_UNAVAILABLE as error:
            _log.warning("presence_not_ended", error=type(error).__name__)
        if self._lock is not None:
            self._lock.release()

    async def _connect(self, stream: PresenceStream) -> bool:
        now = clock.now()
        return await self._database.write(
            with_routing_writes(lambda session, writes: connect_stream(session, stream, writes, now))
        )

    async def _leave(self, stream: PresenceStream, connecting: "asyncio.Future[bool]") -> None:
        await asyncio.wait({connecting})
        await asyncio.sleep(self._grace.total_seconds())
        self._streams.pop(stream.id, None)
        pauses = Backoff(_FIRST_PAUSE_SECONDS, _MAX_PAUSE_SECONDS)
        while True:
            now = clock.now()
            try:
                await self._database.write(
                    with_routing_writes(lambda session, writes: release_stream(session, stream, writes, now))  # noqa: B023 - run before the next turn
                )
            except STORE_UNAVAILABLE as error:
                _log.warning("stream_not_released", error=type(error).__name__)
                await pauses.wait()
            else:
                return


StreamPresenceDep = Annotated[StreamPresence, from_app("stream_presence")]
