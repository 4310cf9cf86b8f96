"""The relay's alarm clock on one machine: a loopback datagram to a port that the relay writes down.

On PostgreSQL NOTIFY does the same for relays anywhere.
"""

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import psycopg

from base.log import get_logger

PORT_FILE = "relay.port"
CHANNEL = "pagedesk_inbox"
_RECONNECT_SECONDS = 1.0

_log = get_logger("ingest")


class DatagramWake:
    """Sends the datagram; silent while no relay has written its port."""

    def __init__(self, data_dir: Path) -> None:
        self._file = data_dir / PORT_FILE
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.settimeout(0)

    def send(self) -> None:
        """Wake the relay, if there is one."""
        with contextlib.suppress(OSError, ValueError):
            self._socket.sendto(b"!", ("127.0.0.1", int(self._file.read_text())))

    def close(self) -> None:
        """Give the socket back."""
        self._socket.close()


class NoWake:
    """For stores that wake their relays by themselves."""

    def send(self) -> None:
        """Nothing to do."""

    def close(self) -> None:
        """Nothing to give back."""


class Alarm:
    """What the relay sleeps on."""

    def __init__(self) -> None:
        self._rang = asyncio.Event()

    def ring(self) -> None:
        """There may be something to read."""
        self._rang.set()

    async def wait(self, at_most: float) -> None:
        """Wait until it rings, or for the slow poll."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(at_most):
                await self._rang.wait()
        self._rang.clear()


class _Bell(asyncio.DatagramProtocol):
    """Rings at each datagram; its content says nothing."""

    def __init__(self, alarm: Alarm) -> None:
        self._alarm = alarm

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:  # noqa: ARG002 - asyncio's signature
        self._alarm.ring()


@contextlib.asynccontextmanager
async def datagram_alarm(data_dir: Path) -> AsyncIterator[Alarm]:
    """An alarm with a port of its own, written down where the API finds it."""
    alarm = Alarm()
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: _Bell(alarm), local_addr=("127.0.0.1", 0))
    port: int = transport.get_extra_info("sockname")[1]
    draft = data_dir / f"{PORT_FILE}.{os.getpid()}"
    draft.write_text(str(port))
    draft.replace(data_dir / PORT_FILE)
    try:
        yield alarm
    finally:
        transport.close()


@contextlib.asynccontextmanager
async def notify_alarm(conninfo: str) -> AsyncIterator[Alarm]:
    """An alarm that PostgreSQL rings. While the database is away only the slow poll is left."""
    alarm = Alarm()
    listening = asyncio.create_task(_listen(conninfo, alarm), name="inbox-notify")
    try:
        yield alarm
    finally:
        listening.cancel()
        await asyncio.wait({listening})


async def _listen(conninfo: str, alarm: Alarm) -> None:
    while True:
        try:
            async with await psycopg.AsyncConnection.connect(conninfo, autocommit=True) as connection:
                await connection.execute(f"LISTEN {CHANNEL}")
                async for _ in connection.notifies():
                    alarm.ring()
        except psycopg.OperationalError as error:
            _log.warning("inbox_notify_away", error=type(error).__name__)
            await asyncio.sleep(_RECONNECT_SECONDS)
