"""A load balancer in front of several ports of this machine, as people put one in front of their APIs.

It serves in a thread of its own, as long as the tests' process lives.
"""

import asyncio
import contextlib
import itertools
import threading
from collections.abc import Sequence

_LOOPBACK = "127.0.0.1"


class Balancer:
    """Gives each new connection to the next port that takes it."""

    def __init__(self, port: int, targets: Sequence[int]) -> None:
        self._port = port
        self._targets = targets
        self._next = itertools.count()
        self._serves = threading.Event()

    def start(self) -> None:
        """Return when it listens."""
        threading.Thread(target=lambda: asyncio.run(self._serve()), name="balancer", daemon=True).start()
        self._serves.wait()

    async def _serve(self) -> None:
        server = await asyncio.start_server(self._link, _LOOPBACK, self._port)
        self._serves.set()
        await server.serve_forever()

    async def _link(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first = next(self._next)
        for turn in range(len(self._targets)):
            target = self._targets[(first + turn) % len(self._targets)]
            try:
                far_reader, far_writer = await asyncio.open_connection(_LOOPBACK, target)
            except OSError:
                continue
            await asyncio.gather(_pass(reader, far_writer), _pass(far_reader, writer))
            return
        writer.close()


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    writer.close()
