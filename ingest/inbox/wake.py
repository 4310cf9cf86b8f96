"""How a relay is woken when the inbox has something to read.

On one machine by a datagram on the loopback interface, to a port that the relay writes to a file; on
PostgreSQL by NOTIFY, which reaches relays anywhere.
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


class DatagramNotifier:
    """Sends the datagram; does nothing while no relay has written its port."""

    def __init__(self, data_dir: Path) -> None:
        self._file = data_dir / PORT_FILE
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.settimeout(0)

    def notify(self) -> None:
        """Wake the relay, if there is one."""
        with contextlib.suppress(OSError, ValueError):
            self._socket.sendto(b"!", ("127.0.0.1", int(self._file.read_text())))

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()


class NullNotifier:
    """For PostgreSQL: the transaction that writes the events has its own NOTIFY."""

    def notify(self) -> None:
        """Nothing to do."""

    def close(self) -> None:
        """Nothing to close."""


class WakeUpEvent:
    """What the relay waits for when it has nothing to do."""

    def __init__(self) -> None:
        self._event = asyncio.Event()
        self._shares_changed = False

    def wake(self, *, shares_changed: bool = False) -> None:
        """Wake the relay: there may be something to read, or its share of the partitions may have changed."""
        self._shares_changed |= shares_changed
        self._event.set()

    def shares_changed(self) -> bool:
        """Whether relays came or left since this was asked last."""
        changed, self._shares_changed = self._shares_changed, False
        return changed

    def announce(self) -> None:
        """Let notifiers find this relay: it has begun to work."""

    async def wait(self, at_most: float) -> None:
        """Wait until it is woken, at most so many seconds: the relay polls as well."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(at_most):
                await self._event.wait()
        self._event.clear()


class _WakeProtocol(asyncio.DatagramProtocol):
    """Wakes the relay at each datagram, whatever it holds."""

    def __init__(self, wake_up: WakeUpEvent) -> None:
        self._wake_up = wake_up

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:  # noqa: ARG002 - asyncio's signature
        self._wake_up.wake()


class _DatagramWakeUp(WakeUpEvent):
    """Woken by datagrams to a port, which is written to the file when the relay begins to work."""

    def __init__(self, data_dir: Path) -> None:
        super().__init__()
        self._file = data_dir / PORT_FILE
        self.port = 0

    def announce(self) -> None:
        draft = self._file.with_suffix(f".port.{os.getpid()}")
        draft.write_text(str(self.port))
        draft.replace(self._file)


@contextlib.asynccontextmanager
async def datagram_wake_up(data_dir: Path) -> AsyncIterator[WakeUpEvent]:
    """A wake-up event with a port of its own."""
    wake_up = _DatagramWakeUp(data_dir)
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(
        lambda: _WakeProtocol(wake_up), local_addr=("127.0.0.1", 0)
    )
    wake_up.port = transport.get_extra_info("sockname")[1]
    try:
        yield wake_up
    finally:
        transport.close()


@contextlib.asynccontextmanager
async def postgres_wake_up(conninfo: str) -> AsyncIterator[WakeUpEvent]:
    """A wake-up event by PostgreSQL's NOTIFY. While the database is away only the poll is left."""
    wake_up = WakeUpEvent()
    listening = asyncio.create_task(_listen(conninfo, wake_up), name="inbox-notify")
    try:
        yield wake_up
    finally:
        listening.cancel()
        await asyncio.wait({listening})


async def _listen(conninfo: str, wake_up: WakeUpEvent) -> None:
    while True:
        try:
            async with await psycopg.AsyncConnection.connect(conninfo, autocommit=True) as connection:
                await connection.execute(f"LISTEN {CHANNEL}")
                async for heard in connection.notifies():
                    wake_up.wake(shares_changed=heard.payload == SHARES_CHANGED)
        except psycopg.Error as error:
            _log.warning("inbox_notify_away", error=type(error).__name__)
            await asyncio.sleep(_RECONNECT_SECONDS)
