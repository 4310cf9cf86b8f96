"""One poller of the event table per process, and the last events in memory for all streams.

With the events it reads, at the same instant, who may still listen: what happens after a key was revoked is
never told to its holder. Each stream keeps its own position; one that has fallen behind what is in memory
reads the table. So a slow reader costs nothing but its own socket.
"""

import asyncio
import contextlib
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping

from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from api.http.problems import Problem
from base.log import get_logger
from domain.access.roles import Role
from store.db.database import Database
from store.events import timeline
from store.events.timeline import EventFilter
from store.tables import Event

POLL_SECONDS = 0.2
STREAMS_PER_AGENT = 10
_BATCH = 500
_IN_MEMORY = 2000

_log = get_logger("api")

Rights = Callable[[Session, Collection[str]], Mapping[str, Role]]
"""The roles of those among some tokens, by their digests, that are live."""


class EventHub:
    """The poller runs only while somebody listens. Streams are counted per process."""

    def __init__(self, database: Database, rights: Rights) -> None:
        self._database = database
        self._rights = rights
        self._listeners: Counter[str] = Counter()
        self._roles: Mapping[str, Role] = {}
        self._recent: deque[Event] = deque()
        self._floor = 0  # Every event after this one, up to the position, is in memory.
        self._position = 0
        self._grown = asyncio.Event()
        self._streams: Counter[str] = Counter()
        self._starting = asyncio.Lock()
        self._poller: asyncio.Task[None] | None = None

    @contextlib.contextmanager
    def admitted(self, agent_id: str) -> Iterator[None]:
        """Count a stream of an agent's. Raises the problem at once where there are too many."""
        if self._streams[agent_id] >= STREAMS_PER_AGENT:
            raise Problem("too_many_streams", headers={"Retry-After": "5"})
        self._streams[agent_id] += 1
        try:
            yield
        finally:
            self._streams -= Counter({agent_id: 1})

    @contextlib.asynccontextmanager
    async def listening(self, digest: str, role: Role) -> AsyncIterator[int]:
        """Keep the poller running meanwhile; gives the id of the newest event."""
        if digest not in self._listeners:
            self._roles = {**self._roles, digest: role}  # as was just asked; with the next events asked anew
        self._listeners[digest] += 1
        try:
            async with self._starting:
                if self._poller is None:
                    await self._start()
            yield self._position
        finally:
            self._listeners -= Counter({digest: 1})
            if not self._listeners:
                await self.close()

    def may_listen(self, digest: str, role: Role) -> bool:
        """Whether a token is live, and its holder what it was, as of the newest event in memory."""
        return self._roles.get(digest) is role

    async def beyond(self, position: int, digest: str, role: Role) -> None:
        """Return when there is an event after `position`, or the right to listen has ended."""
        while self._position <= position and self.may_listen(digest, role):
            await self._grown.wait()

    async def read(self, wanted: EventFilter, after: int) -> tuple[list[Event], int]:
        """Some of the wanted events after a position, and the position that they reach."""
        if after >= self._floor:
            found = [event for event in self._recent if _id(event) > after and wanted.lets_through(event)]
            return found, self._position
        known = self._position
        found = await self._database.read(
            # Not beyond what the poller has seen: only so far is it known who may listen.
            lambda s: timeline.read_events(s, wanted, after=after, limit=_BATCH, through=known)
        )
        return found, _id(found[-1]) if len(found) == _BATCH else known

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
        after, listeners = self._position, tuple(self._listeners)

        def look(session: Session) -> tuple[list[Event], Mapping[str, Role]]:
            found = timeline.read_events(session, timeline.EVERYTHING, after=after, limit=_BATCH)
            return found, self._rights(session, listeners)

        found, roles = await self._database.read(look)
        changed = any(self._roles.get(digest) is not roles.get(digest) for digest in listeners)
        newcomers = [digest for digest in self._listeners if digest not in listeners]
        self._roles = {**roles, **{digest: self._roles[digest] for digest in newcomers}}
        if not found and not changed:
            return False
        self._recent.extend(found)
        while len(self._recent) > _IN_MEMORY:
            self._floor = _id(self._recent.popleft())
        self._position = _id(found[-1]) if found else self._position
        self._grown.set()
        self._grown = asyncio.Event()
        return len(found) == _BATCH


def _id(event: Event) -> int:
    return event.id or 0
