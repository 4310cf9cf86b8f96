"""The relay's alarm clock on one machine: a loopback datagram to a port that the relay writes down.

On PostgreSQL NOTIFY does the same for relays anywhere.
"""

import asyncio
import contextlib
import os
import socket
from pathlib import Path

PORT_FILE = "relay.port"


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


class Alarm(asyncio.DatagramProtocol):
    """The relay's end: an event that is set by each datagram."""

    def __init__(self) -> None:
        self.rang = asyncio.Event()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:  # noqa: ARG002 - asyncio's signature
        """Any datagram wakes; its content says nothing."""
        self.rang.set()

    async def wait(self, at_most: float) -> None:
        """Wait for a datagram, or for the slow poll."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(at_most):
                await self.rang.wait()
        self.rang.clear()


async def listen(data_dir: Path) -> tuple[asyncio.DatagramTransport, Alarm]:
    """Open the relay's port and write it down where the API finds it."""
    loop = asyncio.get_running_loop()
    transport, alarm = await loop.create_datagram_endpoint(Alarm, local_addr=("127.0.0.1", 0))
    port: int = transport.get_extra_info("sockname")[1]
    draft = data_dir / f"{PORT_FILE}.{os.getpid()}"
    draft.write_text(str(port))
    draft.replace(data_dir / PORT_FILE)
    return transport, alarm
