"""Tells readers of the log of events, in any process, that some were committed: they look at once.

On one machine by a datagram on the loopback interface, to a port that the reader writes to a file beside the
database; on PostgreSQL by NOTIFY. It is sent after the commit and outside of it: on PostgreSQL those who
commit a NOTIFY wait for each other. It may be lost, and a second API process on one SQLite database takes the
place of the first: so readers poll as well.
"""

import asyncio
import contextlib
import os
import socket
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Protocol

import psycopg
from sqlalchemy import make_url
from sqlmodel import Session

from base.log import get_logger

PORT_FILE = "events.port"
CHANNEL = "pagedesk_events"
MIN_NOTIFY_SECONDS = 0.02
"""Between two of a process: what is committed meanwhile is told by the next."""
_RECONNECT_SECONDS = 1.0
_NOTED = "signal_commit"

_log = get_logger("store")


def signal_commit(session: Session) -> None:
    """Have it told when the work of this session is committed."""
    session.info[_NOTED] = True


def is_signalled(session: Session) -> bool:
    """Whether the commit of this session's work is to be told."""
    return _NOTED in session.info


class CommitSignal(Protocol):
    """One database's."""

    def send(self) -> None:
        """Tell who listens; from any thread. Neither waits nor raises."""

    def close(self) -> None:
        """Send no more."""

    def received(self) -> contextlib.AbstractAsyncContextManager[asyncio.Event]:
        """An event that is set when something was committed; whoever waits for it clears it."""


def commit_signal(url: str) -> CommitSignal:
    """The signal of the database with this SQLAlchemy URL."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "postgresql":
        return _NotifySignal(parsed.set(drivername="postgresql").render_as_string(hide_password=False))
    return _DatagramSignal(Path(parsed.database or "").parent / PORT_FILE)


class _DatagramSignal:
    """Does nothing while no reader has written its port."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def send(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            port = int(self._file.read_text())
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sending:
                sending.settimeout(0)
                sending.sendto(b"!", ("127.0.0.1", port))

    def close(self) -> None:
        pass

    @contextlib.asynccontextmanager
    async def received(self) -> AsyncIterator[asyncio.Event]:
        event, transport, port = asyncio.Event(), None, ""
        try:
            transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
                lambda: _SetAtDatagram(event), local_addr=("127.0.0.1", 0)
            )
            port = str(transport.get_extra_info("sockname")[1])
            draft = self._file.with_suffix(f".{os.getpid()}")
            draft.write_text(port)
            draft.replace(self._file)
        except OSError as error:
            _log.warning("commits_not_signalled", error=type(error).__name__)
        try:
            yield event
        finally:
            if transport is not None:
                transport.close()
            with contextlib.suppress(OSError):
                if self._file.read_text() == port:
                    self._file.unlink()


class _SetAtDatagram(asyncio.DatagramProtocol):
    """Sets the event at each datagram, whatever it holds."""

    def __init__(self, event: asyncio.Event) -> None:
        self._event = event

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:  # noqa: ARG002 - asyncio's signature
        self._event.set()


class _NotifySignal:
    """A thread with a connection of its own, from the first signal on."""

    def __init__(self, conninfo: str) -> None:
        self._conninfo = conninfo
        self._due = threading.Event()
        self._closed = threading.Event()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def send(self) -> None:
        self._due.set()
        with self._starting:
            if self._thread is None and not self._closed.is_set():
                self._thread = threading.Thread(target=self._run, name="store-notify", daemon=True)
                self._thread.start()

    def close(self) -> None:
        with self._starting:
            self._closed.set()
        self._due.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._closed.is_set():
            try:
                self._notify_until_closed()
            except psycopg.Error as error:
                _log.warning("commits_not_signalled", error=type(error).__name__)
                self._closed.wait(_RECONNECT_SECONDS)

    def _notify_until_closed(self) -> None:
        # What a crash of the server loses of a NOTIFY is nothing: no commit waits for a disk.
        settings: dict[str, Any] = {"options": "-c synchronous_commit=off", "connect_timeout": 5}
        with psycopg.connect(self._conninfo, autocommit=True, **settings) as connection:
            while True:
                self._due.wait()
                if self._closed.is_set():
                    return
                self._due.clear()
                connection.execute(f"NOTIFY {CHANNEL}")
                self._closed.wait(MIN_NOTIFY_SECONDS)

    @contextlib.asynccontextmanager
    async def received(self) -> AsyncIterator[asyncio.Event]:
        event = asyncio.Event()
        listening = asyncio.create_task(self._listen(event), name="events-listen")
        try:
            yield event
        finally:
            listening.cancel()
            await asyncio.wait({listening})

    async def _listen(self, event: asyncio.Event) -> None:
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(
                    self._conninfo, autocommit=True
                ) as connection:
                    await connection.execute(f"LISTEN {CHANNEL}")
                    event.set()
                    async for _ in connection.notifies():
                        event.set()
            except psycopg.Error as error:
                _log.warning("commits_not_received", error=type(error).__name__)
                await asyncio.sleep(_RECONNECT_SECONDS)
