"""A CDN that answers with whatever bytes a test wants, on a real socket."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable

OK = b"HTTP/1.1 200 OK\r\nConnection: close\r\n"


class FakeCdn:
    """`wire` is what goes out for each path, in pieces with a pause between them. Counts what it is asked."""

    def __init__(self) -> None:
        self.wire: dict[str, Iterable[bytes]] = {}
        self.pause_s = 0.0
        self.asked: list[str] = []
        self.connections = 0
        self.port = 0
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def origin(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}"

    def file(self, path: str, content: bytes, headers: bytes = b"", *, declared: int | None = None) -> str:
        """Serve a file; its URL."""
        length = b"Content-Length: %d\r\n" % (len(content) if declared is None else declared)
        self.wire[path] = [OK + headers + length + b"\r\n", content]
        return self.origin + path

    def status(self, path: str, status: int, headers: bytes = b"") -> str:
        """Serve a status without a body; the URL."""
        self.wire[path] = [
            b"HTTP/1.1 %d X\r\nContent-Length: 0\r\nConnection: close\r\n%b\r\n" % (status, headers)
        ]
        return self.origin + path

    def stream(self, path: str, chunks: Iterable[bytes], headers: bytes = b"") -> str:
        """Serve chunks until the connection closes; the URL."""
        self.wire[path] = _chained(OK + headers + b"\r\n", chunks)
        return self.origin + path

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, one request."""
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        try:
            await self._answer(reader, writer)
        finally:
            writer.close()

    async def close(self) -> None:
        """Drop whoever still waits for something."""
        for task in list(self._tasks):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            request = await reader.readuntil(b"\r\n\r\n")
            path = request.split(b" ")[1].decode()
            self.asked.append(path)
            for piece in self.wire.get(path, [b"HTTP/1.1 404 X\r\nContent-Length: 0\r\n\r\n"]):
                writer.write(piece)
                await writer.drain()
                if self.pause_s:
                    await asyncio.sleep(self.pause_s)


def _chained(head: bytes, chunks: Iterable[bytes]) -> Iterable[bytes]:
    yield head
    yield from chunks


@contextlib.asynccontextmanager
async def fake_cdn() -> AsyncIterator[FakeCdn]:
    """A CDN for as long as the block lasts."""
    cdn = FakeCdn()
    server = await asyncio.start_server(cdn.answer, "127.0.0.1", 0)
    cdn.port = server.sockets[0].getsockname()[1]
    try:
        yield cdn
    finally:
        server.close()
        await cdn.close()
