"""One reader of the event table per process, and the last events in memory for all streams.

It looks when it is told of a commit (`store.db.signals`), and polls, for that may be lost.
With the events it reads, at the same instant, who may still listen: what happens after a key was revoked is
never told to its holder. Each event is rendered once. Each stream keeps its own position and takes what
follows it; one that has fallen behind what is in memory reads the table. So a slow reader costs nothing but
its own socket.
"""

import asyncio
import contextlib
from bisect import bisect_right
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from operator import attrgetter
from typing import Annotated, Protocol

from sqlmodel import Session

from api.events.access import is_among
from api.events.directory_changes import DirectoryChanges
from api.events.rows import NO_ROWS, EventRows
from api.http.dependencies import from_app
from api.http.problems import Problem
from api.security.auth import Principal, Rights
from base import clock
from base.log import get_logger
from store.access.conversation_viewers import ThreadViewers, Viewers, viewers_of_threads
from store.db.database import Database
from store.db.signals import EVENTS_APPENDED
from store.events import timeline
from store.events.timeline import EventFilter
from store.installation.installation import claim_event_log_id, read_event_log_id
from store.tables import Event

POLL_SECONDS = 1.0
MIN_LOOK_SECONDS = 0.03
"""Between two looks at the table: what is committed meanwhile is read together."""
STREAMS_PER_AGENT = 10
_BATCH = 500
_IN_MEMORY = 2000

_log = get_logger("api")

ReadRights = Callable[[Session, Collection[str]], Mapping[str, Rights]]
"""The rights of those among some tokens, by their digests, that are live."""


class Render(Protocol):
    """An event of the log with this id as streams send it, with its rows where these are asked for."""

    def __call__(self, event: Event, log_id: str, rows: str = "", /) -> bytes:
        """The block."""


@dataclass(frozen=True, slots=True)
class Listener:
    """Whose stream it is, by the digest of a token, and what it asks for and may see.

    `wants_rows`: each event is to come with the rows of its conversation and its message. `wants_directory`:
    what changes in the directory is to be told, too.
    """

    principal: Principal
    rights: Rights
    wanted: EventFilter
    may_see: Callable[[Event, Viewers | None], bool]
    wants_rows: bool = False
    wants_directory: bool = False

    @property
    def digest(self) -> str:
        """Of the token."""
        return self.principal.digest

    def sees_rows(self, viewers: Viewers | None) -> bool:
        """Whether the stream's reader sees what happened in a thread that has these viewers.

        Of an offer that is over somebody hears who does not see the conversation any more.
        """
        return is_among(viewers, self.principal.agent_id, self.rights)

    @property
    def reads(self) -> EventFilter:
        """What has to be read for the stream: the directory is changed by events that it does not tell."""
        return timeline.EVERYTHING if self.wants_directory else self.wanted

    def takes(self, event: Event, viewers: Viewers | None) -> bool:
        """Whether the stream tells of an event, whose thread has these viewers."""
        return self.wanted.lets_through(event) and self.may_see(event, viewers)


@dataclass(frozen=True, slots=True)
class LogBounds:
    """What there is of a log: the numbers of its oldest and its newest event, 0 where it has none."""

    log_id: str
    oldest: int
    newest: int


@dataclass(frozen=True, slots=True)
class _Told:
    """An event, who hears of it, who sees what happened, its block, and its rows if any stream has them.

    `directory`: what it, and the events read with it, have changed there.
    """

    number: int
    event: Event
    hearers: Viewers | None
    viewers: Viewers | None
    block: bytes
    rows: EventRows | None
    directory: DirectoryChanges
    blocks_with_rows: dict[str, bytes] = field(default_factory=dict)

    def is_complete_for(self, listener: Listener) -> bool:
        """Whether it can be told without another look."""
        return self.rows is not None or not listener.wants_rows


_number = attrgetter("number")


class EventHub:
    """The reader of the table runs only while somebody listens. Streams are counted per process."""

    def __init__(self, database: Database, rights: ReadRights, render: Render) -> None:
        self.is_ending = False
        self._database = database
        self._read_rights = rights
        self._render = render
        self._log_id = ""
        self._listeners: Counter[str] = Counter()
        self._row_readers: Counter[str] = Counter()
        self._rights: Mapping[str, Rights] = {}
        self._recent: list[_Told] = []
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
    async def listening(self, listener: Listener) -> AsyncIterator[tuple[str, int]]:
        """Keep the table read meanwhile; gives the id of the log and the number of the newest event."""
        digest, agent_id = listener.digest, listener.principal.agent_id
        if digest not in self._listeners:
            # As was just asked; with the next events it is asked anew.
            self._rights = {**self._rights, digest: listener.rights}
        self._listeners[digest] += 1
        self._row_readers[agent_id] += listener.wants_rows
        try:
            async with self._starting:
                if self._poller is None:
                    await self._start()
            yield self._log_id, self._position
        finally:
            self._listeners -= Counter({digest: 1})
            self._row_readers -= Counter({agent_id: int(listener.wants_rows)})
            if not self._listeners:
                await self.close()

    def may_listen(self, listener: Listener) -> bool:
        """Whether a token is live, with the rights that it had, as of the newest event in memory."""
        return self._rights.get(listener.digest) == listener.rights

    def is_live(self, listener: Listener) -> bool:
        """Whether a token is live, whatever its rights are by now."""
        return listener.digest in self._rights

    async def bounds(self, log_id: str) -> LogBounds:
        """What there is of the log now, which may be more than is in memory yet."""
        oldest, newest = await self._database.read(timeline.oldest_and_newest_ids)
        return LogBounds(log_id, oldest, newest)

    async def beyond(self, number: int, listener: Listener) -> None:
        """Return when there is an event after this one, or the stream has to end."""
        while self._position <= number and self.may_listen(listener) and not self.is_ending:
            await self._grown.wait()

    async def read(self, listener: Listener, after: int) -> tuple[list[bytes], int]:
        """The blocks of some of a listener's events after a number, and the number that they reach."""
        if after >= self._floor:
            first = bisect_right(self._recent, after, key=_number)
            part = self._recent[first : first + _BATCH]
            if all(told.is_complete_for(listener) for told in part):
                reached = part[-1].number if part else after
                return self._blocks(listener, part), reached
        known, log_id = self._position, self._log_id

        def look(session: Session) -> tuple[list[bytes], int]:
            # Not beyond what is in memory: only so far is it known who may listen.
            found = timeline.read_events(session, listener.reads, after=after, limit=_BATCH, through=known)
            readers = {listener.principal.agent_id} if listener.wants_rows else set()
            told = self._told(session, found, log_id, readers)
            return self._blocks(listener, told), _id(found[-1]) if len(found) == _BATCH else known

        return await self._database.read(look)

    def _told(
        self, session: Session, events: list[Event], log_id: str, readers: Collection[str]
    ) -> list[_Told]:
        """These events as they are told; with rows, for these agents, where there are any."""
        now = clock.now()
        threads = viewers_of_threads(
            session, {event.customer_id for event in events if event.customer_id is not None}, now
        )
        rows = EventRows(session, events, readers, now) if readers and events else None
        directory = DirectoryChanges(session, events)
        told = []
        for event in events:
            viewers = _viewers_of(event, threads)
            hearers, block = _hearers_of(event, viewers), self._render(event, log_id)
            told.append(_Told(_id(event), event, hearers, viewers, block, rows, directory))
        return told

    def _blocks(self, listener: Listener, part: Iterable[_Told]) -> list[bytes]:
        blocks = list[bytes]()
        for told in part:
            if listener.wants_directory:
                blocks.append(told.directory.block(told.event, listener.principal.agent_id, listener.rights))
            if listener.takes(told.event, told.hearers):
                blocks.append(self._block(listener, told))
        return [block for block in blocks if block]

    def _block(self, listener: Listener, told: _Told) -> bytes:
        if told.rows is None or not listener.wants_rows:
            return told.block
        sees = listener.sees_rows(told.viewers)
        rows = told.rows.render(told.event, listener.principal) if sees else NO_ROWS
        block = told.blocks_with_rows.get(rows)
        if block is None:
            block = told.blocks_with_rows[rows] = self._render(told.event, self._log_id, rows)
        return block

    def end(self) -> None:
        """The server stops: let each stream say so and end."""
        self.is_ending = True
        self._tell_streams()

    async def close(self) -> None:
        """Stop reading the table."""
        poller, self._poller = self._poller, None
        if poller is not None:
            poller.cancel()
            await asyncio.gather(poller, return_exceptions=True)

    async def _start(self) -> None:
        known = await self._database.read(read_event_log_id)
        self._log_id = known if known is not None else await self._database.write(claim_event_log_id)
        settled = await timeline.settled_through(self._database)
        self._position = self._floor = await self._database.read(
            partial(timeline.newest_event_id, through=settled)
        )
        self._recent.clear()
        self._poller = asyncio.create_task(self._poll(), name="events")

    async def _poll(self) -> None:
        committed = asyncio.Event()
        async with self._database.signals.listening({EVENTS_APPENDED: committed.set}) as announce:
            announce()
            while True:
                committed.clear()
                more = False
                try:
                    more = await self._poll_once()
                except Exception as error:  # noqa: BLE001 - every stream waits for this task: it goes on
                    _log.warning("events_unreadable", error=type(error).__name__)
                if not more:
                    await asyncio.sleep(MIN_LOOK_SECONDS)
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(POLL_SECONDS):
                            await committed.wait()

    async def _poll_once(self) -> bool:
        after, listeners, readers = self._position, tuple(self._listeners), set(+self._row_readers)
        settled = await timeline.settled_through(self._database)

        def look(session: Session) -> tuple[list[_Told], Mapping[str, Rights]]:
            found = timeline.read_events(
                session, timeline.EVERYTHING, after=after, limit=_BATCH, through=settled
            )
            told = self._told(session, found, self._log_id, readers)
            return told, self._read_rights(session, listeners)

        found, rights = await self._database.read(look)
        changed = any(self._rights.get(digest) != rights.get(digest) for digest in listeners)
        newcomers = [digest for digest in self._listeners if digest not in listeners]
        self._rights = {**rights, **{digest: self._rights[digest] for digest in newcomers}}
        if not found and not changed:
            return False
        self._recent.extend(found)
        if (surplus := len(self._recent) - _IN_MEMORY) > 0:
            self._floor = self._recent[surplus - 1].number
            del self._recent[:surplus]
        self._position = found[-1].number if found else self._position
        self._tell_streams()
        return len(found) == _BATCH

    def _tell_streams(self) -> None:
        self._grown.set()
        self._grown = asyncio.Event()


_ABOUT_AN_AGENT = frozenset({"consult", "offer", "participant"})


def _viewers_of(event: Event, threads: Mapping[str, ThreadViewers]) -> Viewers | None:
    """Who sees what happened; None where it happened in no thread."""
    return None if event.customer_id is None else threads[event.customer_id].of(event.conversation_id)


def _hearers_of(event: Event, viewers: Viewers | None) -> Viewers | None:
    """Who hears of an event: who sees what happened, and of its end whose offer, or part, it is about."""
    agent_id = event.data.get("agent_id")
    if viewers is None or agent_id is None or event.kind.partition(".")[0] not in _ABOUT_AN_AGENT:
        return viewers
    return viewers | Viewers(frozenset(), frozenset({agent_id}))


def _id(event: Event) -> int:
    return event.id or 0


EventHubDep = Annotated[EventHub, from_app("event_hub")]
