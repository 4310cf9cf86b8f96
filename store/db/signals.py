"""Signals between processes: something was committed, look at once.

On one machine by a datagram on the loopback interface, to a port that the receiver writes to a file beside
the database; on PostgreSQL by NOTIFY. A signal is sent after the commit and outside of it, for on PostgreSQL
those who commit a NOTIFY wait for each other; by one thread of the process, over one socket or connection, so
that nobody who writes waits for it; and once for all that was committed since the last. It may be lost, and a
second process on one SQLite database takes the place of the first receiver: so receivers poll as well.
"""

import asyncio
import contextlib
import os
import socket
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import make_url
from sqlmodel import Session

from base.log import get_logger

_RECONNECT_SECONDS = 1.0
_NOTED = "signals"

_log = get_logger("store")


@dataclass(frozen=True, slots=True)
class Signal:
    """What may be told: the channel of PostgreSQL, and the file of the receiver's port on one machine.

    `min_interval` lies between two of a process: what is committed meanwhile is told by the next.
    """

    channel: str
    port_file: str | None
    min_interval: timedelta


EVENTS_APPENDED = Signal("pagedesk_events", "events.port", timedelta(milliseconds=20))
INBOX_WRITTEN = Signal("pagedesk_inbox", "relay.port", timedelta(milliseconds=2))
WORK_MARKED = Signal("pagedesk_work", "dispatcher.port", timedelta(milliseconds=2))
RELAYS_CHANGED = Signal("pagedesk_relays", None, timedelta(milliseconds=20))
"""Relays came, left, or gave partitions up: the others look at their shares. On one machine one works."""


def signal_commit(session: Session, signal: Signal) -> None:
    """Have it sent when the work of this session is committed."""
    session.info.setdefault(_NOTED, set()).add(signal)


def signals_of(session: Session) -> Collection[Signal]:
    """What is to be sent when the work of this session is committed."""
    noted: set[Signal] = session.info.get(_NOTED, set())
    return noted


class Signals(ABC):
    """One database's, in one process: a thread that sends, from the first signal on."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._pending: set[Signal] = set()
        self._rests_until: dict[Signal, float] = {}
        self._closed = False
        self._thread: threading.Thread | None = None

    def send(self, signals: Collection[Signal]) -> None:
        """Tell who listens; from any thread. Neither waits nor raises."""
        if not signals:
            return
        with self._changed:
            if self._closed or (self._thread is not None and self._pending.issuperset(signals)):
                return
            self._pending.update(signals)
            if self._thread is None:
                thread = threading.Thread(target=self._run, name="store-signals", daemon=True)
                with contextlib.suppress(RuntimeError):  # no thread is to be had: the poll is left
                    thread.start()
                    self._thread = thread
            self._changed.notify()

    def close(self) -> None:
        """Send what is still to be sent, and no more."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()

    @abstractmethod
    def listening(
        self, handlers: Mapping[Signal, Callable[[], None]]
    ) -> contextlib.AbstractAsyncContextManager[Callable[[], None]]:
        """Call a signal's handler, in this event loop, when it was sent, or may have been.

        Gives a function by which the receiver says that it has begun to work: before, on one machine, another
        process may still be told.
        """

    @abstractmethod
    def _deliver(self, signal: Signal) -> bool:
        """Send one now; False if it has to be tried again."""

    @abstractmethod
    def _disconnect(self) -> None:
        """Close what it sends by."""

    def _run(self) -> None:
        try:
            while (signal := self._next()) is not None:
                if not self._deliver(signal) and not self._closed:
                    self._retry_later(signal)
        finally:
            self._disconnect()

    def _next(self) -> Signal | None:
        """The next that is to be sent, when it is; None at the end."""
        with self._changed:
            while True:
                now = time.monotonic()
                due = {signal: self._rests_until.get(signal, now) for signal in self._pending}
                first = min(due, key=lambda signal: due[signal], default=None)
                if first is None and self._closed:
                    return None
                if first is not None and (self._closed or due[first] <= now):
                    self._pending.remove(first)
                    self._rests_until[first] = now + first.min_interval.total_seconds()
                    return first
                self._changed.wait(None if first is None else due[first] - now)

    def _retry_later(self, signal: Signal) -> None:
        with self._changed:
            self._pending.add(signal)
            self._rests_until[signal] = time.monotonic() + _RECONNECT_SECONDS


def signals_between_processes(url: str) -> Signals:
    """The signals of the database with this SQLAlchemy URL."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "postgresql":
        return _Notifications(parsed.set(drivername="postgresql").render_as_string(hide_password=False))
    return _Datagrams(Path(parsed.database or "").parent)


class _Datagrams(Signals):
    """Does nothing while no receiver has written its port."""

    def __init__(self, directory: Path) -> None:
        super().__init__()
        self._directory = directory
        self._socket: socket.socket | None = None

    def _deliver(self, signal: Signal) -> bool:
        if signal.port_file is None:
            return True
        with contextlib.suppress(OSError, ValueError):
            port = int((self._directory / signal.port_file).read_text())
            if self._socket is None:
                self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                self._socket.settimeout(0)
            self._socket.sendto(b"!", ("127.0.0.1", port))
        return True

    def _disconnect(self) -> None:
        if self._socket is not None:
            self._socket.close()

    @contextlib.asynccontextmanager
    async def listening(
        self, handlers: Mapping[Signal, Callable[[], None]]
    ) -> AsyncIterator[Callable[[], None]]:
        ports: dict[Path, str] = {}
        async with contextlib.AsyncExitStack() as stack:
            for signal, handler in handlers.items():
                if signal.port_file is not None:
                    port = await _open_port(handler, stack)
                    ports[self._directory / signal.port_file] = port

            def announce() -> None:
                for file, port in ports.items():
                    with _or_only_poll():
                        draft = file.with_suffix(f".{os.getpid()}")
                        draft.write_text(port)
                        draft.replace(file)

            try:
                yield announce
            finally:
                for file, port in ports.items():
                    with contextlib.suppress(OSError):
                        if file.read_text() == port:
                            file.unlink()


async def _open_port(handler: Callable[[], None], stack: contextlib.AsyncExitStack) -> str:
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: _CallAtDatagram(handler), local_addr=("127.0.0.1", 0)
    )
    stack.callback(transport.close)
    return str(transport.get_extra_info("sockname")[1])


@contextlib.contextmanager
def _or_only_poll() -> Any:
    try:
        yield
    except OSError as error:
        _log.warning("signals_not_received", error=type(error).__name__)


class _CallAtDatagram(asyncio.DatagramProtocol):
    """Calls the handler at each datagram, whatever it holds."""

    def __init__(self, handler: Callable[[], None]) -> None:
        self._handler = handler

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:  # noqa: ARG002 - asyncio's signature
        self._handler()


class _Notifications(Signals):
    """PostgreSQL's NOTIFY. While the database is away only the poll is left."""

    def __init__(self, conninfo: str) -> None:
        super().__init__()
        self._conninfo = conninfo
        self._connection: psycopg.Connection | None = None

    def _deliver(self, signal: Signal) -> bool:
        try:
            self._connected().execute(f"NOTIFY {signal.channel}")
        except psycopg.Error as error:
            _log.warning("commits_not_signalled", error=type(error).__name__)
            self._disconnect()
            return False
        return True

    def _connected(self) -> psycopg.Connection:
        if self._connection is None:
            # What a crash of the server loses of a NOTIFY is nothing: no commit waits for a disk.
            settings: dict[str, Any] = {"options": "-c synchronous_commit=off", "connect_timeout": 5}
            self._connection = psycopg.connect(self._conninfo, autocommit=True, **settings)
        return self._connection

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    @contextlib.asynccontextmanager
    async def listening(
        self, handlers: Mapping[Signal, Callable[[], None]]
    ) -> AsyncIterator[Callable[[], None]]:
        by_channel = {signal.channel: handler for signal, handler in handlers.items()}
        listening = asyncio.create_task(self._listen(by_channel), name="store-listen")
        try:
            yield lambda: None
        finally:
            listening.cancel()
            await asyncio.wait({listening})

    async def _listen(self, handlers: Mapping[str, Callable[[], None]]) -> None:
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(
                    self._conninfo, autocommit=True
                ) as connection:
                    for channel in handlers:
                        await connection.execute(f"LISTEN {channel}")
                    for handler in handlers.values():
                        handler()  # who knows what was told meanwhile
                    async for heard in connection.notifies():
                        handlers[heard.channel]()
            except psycopg.Error as error:
                _log.warning("signals_not_received", error=type(error).__name__)
                await asyncio.sleep(_RECONNECT_SECONDS)
