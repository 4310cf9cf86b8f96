"""One poller of the event table per process, and the last events in memory for all streams.

Each stream keeps its own position; one that has fallen behind what is in memory reads the table. So a slow
reader costs nothing but its own socket.
"""

import asyncio
import contextlib
from collections import Counter, deque
from collections.abc import AsyncIterator

from sqlalchemy.exc import SQLAlchemyError

from api.problems import Problem
from base.log import get_logger
from store import timeline
from store.database import Database
from store.tables import Event
from store.timeline import EventFilter

POLL_SECONDS = 0.2
STREAMS_PER_AGENT = 10
_BATCH = 500
_IN_MEMORY = 2000

_log = get_logger("api")


class EventHub:
    """The poller runs only while somebody listens."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._recent: deque[Event] = deque()
        self._floor = 0  # Every event after this one, up to the position, is in memory.
        self._position = 0
        self._grown = asyncio.Event()
        self._streams: Counter[str] = Counter()
        self._starting = asyncio.Lock()
        self._poller: asyncio.Task[None] | None = None

    def admit(self, agent_id: str) -> None:
        """Refuse an agent who has too many streams open."""
        if self._streams[agent_id] >= STREAMS_PER_AGENT:
            raise Problem("too_many_streams", headers={"Retry-After": "5"})

    @contextlib.asynccontextmanager
    async def listening(self, agent_id: str) -> AsyncIterator[int]:
        """Keep the poller running meanwhile; gives the id of the newest event."""
        self._streams[agent_id] += 1
        try:
            async with self._starting:
                if self._poller is None:
                    await self._start()
            yield self._position
        finally:
            self._streams -= Counter({agent_id: 1})
            if not self._streams:
                await self.close()

    async def beyond(self, position: int) -> None:
        """Return when there is an event after `position`."""
        while self._position <= position:
            await self._grown.wait()

    async def read(self, wanted: EventFilter, after: int) -> tuple[list[Event], int]:
        """Some of the wanted events after a position, and the position that they reach."""
        if after >= self._floor:
            found = [event for event in self._recent if _id(event) > after and wanted.lets_through(event)]
            return found, self._position
        known = self._position
        found = await self._database.read(
            lambda s: timeline.read_events(s, wanted, after=after, limit=_BATCH)
        )
        if len(found) == _BATCH:
            return found, _id(found[-1])
        return found, max([known, *map(_id, found[-1:])])

    async def close(self) -> None:
        """Stop the poller."""
        poller, self._poller = self._poller, None
        if poller is not None:
            poller.cancel()
            await asyncio.gather(poller, return_exceptions=True)

    async def _start(self) -> None:
        self._position = self._floor = await self._database.read(timeline.newest_event_id)
        self._recent.clear()
        self._poller = asyncio.create_task(self._poll())

    async def _poll(self) -> None:
        while True:
            more = False
            try:
                more = await self._poll_once()
            except SQLAlchemyError as error:
                _log.warning("events_unreadable", error=type(error).__name__)
            if not more:
                await asyncio.sleep(POLL_SECONDS)

    async def _poll_once(self) -> bool:
        after = self._position
        found = await self._database.read(
            lambda s: timeline.read_events(s, timeline.EVERYTHING, after=after, limit=_BATCH)
        )
        if not found:
            return False
        self._recent.extend(found)
        while len(self._recent) > _IN_MEMORY:
            self._floor = _id(self._recent.popleft())
        self._position = _id(found[-1])
        self._grown.set()
        self._grown = asyncio.Event()
        return len(found) == _BATCH


def _id(event: Event) -> int:
    return event.id or 0
