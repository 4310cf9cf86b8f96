"""A network that can be taken away: a TCP proxy in front of one port of this machine."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

_LOOPBACK = "127.0.0.1"


class Proxy:
    """Passes bytes between its own port and another, unless it is down."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._up = asyncio.Event()
        self._up.set()
        self._links: set[asyncio.StreamWriter] = set()
        self.address = ""

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncIterator["Proxy"]:
        """Serve on a free port for as long as the block lasts."""
        server = await asyncio.start_server(self._link, _LOOPBACK, 0)
        self.address = f"{_LOOPBACK}:{server.sockets[0].getsockname()[1]}"
        try:
            yield self
        finally:
            server.close()
            self.heal()
            self._cut_links()

    def swallow(self) -> None:
        """Let nothing through, and tell nobody: connections stay open and are silent."""
        self._up.clear()

    def cut(self) -> None:
        """Let nothing through; connections that were open end."""
        self._up.clear()
        self._cut_links()

    def heal(self) -> None:
        """Let everything through again, also what was held back."""
        self._up.set()

    def _cut_links(self) -> None:
        for writer in self._links:
            writer.transport.abort()

    async def _link(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._up.wait()
        with contextlib.suppress(OSError):
            far_reader, far_writer = await asyncio.open_connection(_LOOPBACK, self._target)
            self._links |= {writer, far_writer}
            try:
                await asyncio.gather(self._pass(reader, far_writer), self._pass(far_reader, writer))
            finally:
                self._links -= {writer, far_writer}
                far_writer.close()
        writer.close()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65_536):
                await self._up.wait()
                writer.write(data)
                await writer.drain()
        writer.close()
