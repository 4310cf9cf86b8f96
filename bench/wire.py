"""The lightest HTTP client that will do: it shares the processors with what it measures."""

import asyncio
import re
import time
from typing import Any, cast

import orjson

from bench.rows import BrokenError

_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_END_OF_HEAD = b"\r\n\r\n"
_TIMEOUT_SECONDS = 30.0
_YOUNG_SECONDS = 3.0


class Connection(asyncio.Protocol):
    """One keep-alive connection to a server on loopback: a request, its answer, the next request."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._received = b""
        self._answer: asyncio.Future[tuple[int, bytes]] | None = None

    @classmethod
    async def open(cls, port: int) -> "Connection":
        """Connect to 127.0.0.1."""
        _, connection = await asyncio.get_running_loop().create_connection(cls, "127.0.0.1", port)
        return connection

    async def exchange(self, request: bytes) -> tuple[int, bytes]:
        """Send one rendered request; the answer's status and body. One at a time."""
        assert self._transport is not None
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._answer

    @property
    def is_closed(self) -> bool:
        """Whether the server has closed it."""
        return self._transport is None or self._transport.is_closing()

    def close(self) -> None:
        """Close the connection."""
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by asyncio."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is of no such class

    def data_received(self, data: bytes) -> None:
        """Called by asyncio; an answer may come in pieces."""
        self._received += data
        end = self._received.find(_END_OF_HEAD)
        if end < 0:
            return
        length = _LENGTH.search(self._received, 0, end)
        body = end + len(_END_OF_HEAD)
        size = body + (int(length[1]) if length else 0)
        if len(self._received) < size or self._answer is None:
            return
        answer, self._answer = self._answer, None
        status, content = int(self._received[9:12]), self._received[body:size]
        self._received = b""
        if not answer.done():
            answer.set_result((status, content))

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by asyncio."""
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(exc or ConnectionError("the server closed the connection"))


class Server:
    """A server on loopback, with as many connections as there are requests at a time."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._idle: list[tuple[Connection, float]] = []

    async def exchange(self, request: bytes) -> tuple[int, bytes]:
        """Send one rendered request; the answer's status and body."""
        connection = await self._connection()
        async with asyncio.timeout(_TIMEOUT_SECONDS):
            answer = await connection.exchange(request)
        self._idle.append((connection, time.monotonic()))
        return answer

    async def call(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> Any:
        """One JSON request and its JSON answer. Raises BrokenError if it is not answered with success."""
        content = b"" if body is None else orjson.dumps(body)
        request = render(method, path, content, {"Content-Type": "application/json"} | (headers or {}))
        status, answer = await self.exchange(request)
        if not 200 <= status < 300:
            raise BrokenError(f"{method} {path} answered {status}: {answer[:300].decode()}")
        return orjson.loads(answer)

    async def _connection(self) -> Connection:
        """An idle connection, if it is young enough: uvicorn closes those that idle for five seconds."""
        while self._idle:
            connection, idle_since = self._idle.pop()
            if not connection.is_closed and time.monotonic() - idle_since < _YOUNG_SECONDS:
                return connection
            connection.close()
        return await Connection.open(self._port)


def render(method: str, path: str, body: bytes, headers: dict[str, str]) -> bytes:
    """The bytes of a request to loopback."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + _END_OF_HEAD + body
