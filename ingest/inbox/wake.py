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
from store.inbox.relay_shares import CHANNEL, SHARES_CHANGED

PORT_FILE = "relay.port"
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


class NullNotifier:
    """For stores that wake their relays by themselves."""

    def send(self) -> None:
        """Nothing to do."""

    def close(self) -> None:
        """Nothing to give back."""


class WakeUpEvent:
    """What the relay sleeps on."""

    def __init__(self) -> None:
        self._rang = asyncio.Event()
        self._shares_changed = False

    def ring(self, *, shares_changed: bool = False) -> None:
        """There may be something to read, or another share to hold."""
        self._shares_changed |= shares_changed
        self._rang.set()

    def shares_changed(self) -> bool:
        """Whether it rang because relays came or left, since this was asked last."""
        changed, self._shares_changed = self._shares_changed, False
        return changed

    def announce(self) -> None:
        """This relay has begun to work: let it be found by whoever rings."""

    async def wait(self, at_most: float) -> None:
        """Wait until it rings, or for the slow poll."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(at_most):
                await self._rang.wait()
        self._rang.clear()


class _WakeProtocol(asyncio.DatagramProtocol):
    """Rings at each datagram; its content says nothing."""

    def __init__(self, alarm: WakeUpEvent) -> None:
        self._alarm = alarm

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:  # noqa: ARG002 - asyncio's signature
        self._alarm.ring()


class _DatagramAlarm(WakeUpEvent):
    """Rings when something comes to a port, which is written down when the relay begins to work."""

    def __init__(self, data_dir: Path) -> None:
        super().__init__()
        self._file = data_dir / PORT_FILE
        self.port = 0

    def announce(self) -> None:
        draft = self._file.with_suffix(f".port.{os.getpid()}")
        draft.write_text(str(self.port))
        draft.replace(self._file)


@contextlib.asynccontextmanager
async def datagram_alarm(data_dir: Path) -> AsyncIterator[WakeUpEvent]:
    """An alarm with a port of its own."""
    alarm = _DatagramAlarm(data_dir)
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(
        lambda: _WakeProtocol(alarm), local_addr=("127.0.0.1", 0)
    )
    alarm.port = transport.get_extra_info("sockname")[1]
    try:
        yield alarm
    finally:
        transport.close()


@contextlib.asynccontextmanager
async def notify_alarm(conninfo: str) -> AsyncIterator[WakeUpEvent]:
    """An alarm that PostgreSQL rings. While the database is away only the slow poll is left."""
    alarm = WakeUpEvent()
    listening = asyncio.create_task(_listen(conninfo, alarm), name="inbox-notify")
    try:
        yield alarm
    finally:
        listening.cancel()
        await asyncio.wait({listening})


async def _listen(conninfo: str, alarm: WakeUpEvent) -> None:
    while True:
        try:
            async with await psycopg.AsyncConnection.connect(conninfo, autocommit=True) as connection:
                await connection.execute(f"LISTEN {CHANNEL}")
                async for heard in connection.notifies():
                    alarm.ring(shares_changed=heard.payload == SHARES_CHANGED)
        except psycopg.Error as error:
            _log.warning("inbox_notify_away", error=type(error).__name__)
            await asyncio.sleep(_RECONNECT_SECONDS)
