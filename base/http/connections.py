"""The connections of one HTTP server: how many there may be, and which end when there are too many.

A connection waits for its client while the client owes something: a request, the rest of one, or reading
the answer. Where there are too many, those go that have waited longest; a client that has just sent a whole
request is never among them. So idle and slow connections, however many, keep nobody out.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from typing import Protocol

from base import metrics
from base.http.proxies import TrustedProxies
from base.log import get_logger

MAX_CONNECTIONS = 4096
MAX_WAITING_PER_SOURCE = 128
"""Idle and unfinished connections from one address; proxies that are trusted may have more."""

SWEEP_SECONDS = 1.0
_MIN_WAIT_SECONDS = 1.0
_LOG_SECONDS = 10.0
_FILES_FOR_OTHERS = 256

_log = get_logger("http")


class Connection(Protocol):
    """What the registry must know of one."""

    address: str
    source: str  # what counts as one: an address, or a network
    waiting_since: float  # set before each `waits`

    def check(self, now: float) -> None:
        """End it if its client has been too slow. Instants are of `time.monotonic`."""

    def evict(self) -> None:
        """End it: others need the room."""


def connections_for(open_files: int) -> int:
    """How many connections fit into so many open files, beside what the process needs itself."""
    return max(64, min(MAX_CONNECTIONS, open_files - _FILES_FOR_OTHERS))


class Connections:
    """All connections of a server, by source; those that wait are in the order in which they began to."""

    def __init__(self, most: int, trusted: TrustedProxies) -> None:
        self.most = most
        self.most_per_source = max(32, most // 2)
        self.ended: Counter[str] = Counter()
        self.when_stopping: list[Callable[[], None]] = []
        """Called once when the server stops, while answers that are under way may still be ended well."""
        self._trusted = trusted
        self._all: set[Connection] = set()
        self._by_source: Counter[str] = Counter()
        self._waiting: dict[Connection, None] = {}
        self._waiting_by_source: dict[str, dict[Connection, None]] = {}
        self._untold: Counter[str] = Counter()
        self._told_at = float("-inf")
        self._sweeping = False

    def __len__(self) -> int:
        return len(self._all)

    @property
    def waiting(self) -> int:
        """How many wait for their client."""
        return len(self._waiting)

    def admit(self, connection: Connection) -> bool:
        """Take a new connection, or not. It waits for its client."""
        source = connection.source
        trusted = connection.address in self._trusted
        if len(self._all) >= self.most and not self._evict(self._waiting, "too_many"):
            self.count("refused")
            return False
        if (
            not trusted
            and self._by_source[source] >= self.most_per_source
            and not self._evict(self._waiting_by_source.get(source, {}), "too_many_of_source")
        ):
            self.count("refused_source")
            return False
        self._all.add(connection)
        self._by_source[source] += 1
        self.waits(connection)
        if not trusted:
            self._thin_out(source)
        self._sweep_later()
        return True

    def waits(self, connection: Connection) -> None:
        """From now on it waits for its client."""
        if connection in self._all:
            self._waiting.setdefault(connection)
            self._waiting_by_source.setdefault(connection.source, {}).setdefault(connection)

    def works(self, connection: Connection) -> None:
        """It has a whole request, and its client waits for us."""
        if connection in self._waiting:
            del self._waiting[connection]
            del self._waiting_by_source[connection.source][connection]

    def gone(self, connection: Connection) -> None:
        """The connection is no more."""
        if connection in self._all:
            self.works(connection)
            self._all.discard(connection)
            self._by_source[connection.source] -= 1
            if not self._by_source[connection.source]:
                del self._by_source[connection.source]
                self._waiting_by_source.pop(connection.source, None)

    def stop(self) -> None:
        """The server stops: tell who wants to know of it."""
        told, self.when_stopping = self.when_stopping, []
        for call in told:
            call()

    def count(self, reason: str) -> None:
        """The server has ended a connection, or refused one."""
        self.ended[reason] += 1
        self._untold[reason] += 1
        metrics.CONNECTIONS_ENDED.labels(reason).inc()

    def sweep(self) -> None:
        """Look for clients that are too slow, and tell the log what was ended."""
        now = time.monotonic()
        for connection in tuple(self._all):
            connection.check(now)
        if self._untold and now - self._told_at >= _LOG_SECONDS:
            _log.warning("connections_ended", open=len(self._all), most=self.most, **self._untold)
            self._untold.clear()
            self._told_at = now

    def _thin_out(self, source: str) -> None:
        """Leave so many idle connections of one source as it may have; the youngest may have a request."""
        oldest_allowed = time.monotonic() - _MIN_WAIT_SECONDS
        while len(waiting := self._waiting_by_source.get(source, {})) > MAX_WAITING_PER_SOURCE:
            if next(iter(waiting)).waiting_since > oldest_allowed:
                return
            self._evict(waiting, "too_many_of_source")

    def _evict(self, waiting: dict[Connection, None], reason: str) -> bool:
        """End the one that has waited longest."""
        oldest = next(iter(waiting), None)
        if oldest is None:
            return False
        self.count(reason)
        self.gone(oldest)
        oldest.evict()
        return True

    def _sweep_later(self) -> None:
        if not self._sweeping:
            self._sweeping = True
            asyncio.get_running_loop().call_later(SWEEP_SECONDS, self._sweep_again)

    def _sweep_again(self) -> None:
        self._sweeping = False
        self.sweep()
        if self._all or self._untold:
            self._sweep_later()
