"""HTTP/1.1 as uvicorn speaks it, with limits in size and time on everything that comes in and goes out.

uvicorn limits neither the head of a request nor the time that a client takes
(https://github.com/Kludex/uvicorn/issues/157), and its parser offers no limit
(https://github.com/MagicStack/httptools/issues/87). So this protocol counts and looks at the clock.
The limits in time are those of Apache's mod_reqtimeout: a while for the head, then a least rate.
"""

import asyncio
import http
import time
from typing import Any

import httptools
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from base.http.connections import SWEEP_SECONDS, Connections
from base.http.proxies import source_of_address

MAX_HEAD_BYTES = 64 * 1024
MAX_HEADERS = 100
MAX_PIPELINED = 8
HEAD_SECONDS = 10.0
"""From the first byte of a request, or from the connection, to the end of its head."""
BODY_SECONDS = 15.0
"""A body may take so long, and longer only where it comes at `MIN_BODY_RATE`."""
MIN_BODY_RATE = 4096
"""Bytes a second."""
UNREAD_BODY_SECONDS = 5.0
"""What is left of a body whose request has been answered."""
STALL_SECONDS = 15.0
"""A client must take `MIN_TAKEN_BYTES` of its answer in each such time."""
MIN_TAKEN_BYTES = 4096
LINGER_SECONDS = 10.0
"""After a refusal the rest of the request is read and thrown away, or the client would not see the answer."""
LINGER_BYTES = 16 * 1024 * 1024
LINGER_PAUSE_SECONDS = 2.0
"""Where nothing more of it comes for so long, that is the end."""

_TEXTS = {
    400: "The request is not HTTP/1.1 as it should be.",
    408: "The request came too slowly.",
    431: f"The head of the request is larger than {MAX_HEAD_BYTES} bytes or has over {MAX_HEADERS} headers.",
    503: "There are too many connections. Come again in a moment.",
}
_HEAD, _BODY = "head", "body"


class _RefusedError(Exception):
    """Raised inside the parser, which then stops."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class _Transport:
    """uvicorn's transport, whose `close` lets the client read the last answer, and never lasts for ever."""

    def __init__(self, inner: asyncio.Transport, protocol: "LimitedHttpProtocol") -> None:
        self._inner = inner
        self._protocol = protocol
        self.written = 0
        self.ending = False
        self.abort = inner.abort
        self.get_extra_info = inner.get_extra_info
        self.get_write_buffer_size = inner.get_write_buffer_size
        self.pause_reading = inner.pause_reading
        self.resume_reading = inner.resume_reading

    @property
    def taken(self) -> int:
        """How many bytes the operating system has taken for the client."""
        return self.written - self._inner.get_write_buffer_size()

    def write(self, data: bytes) -> None:
        """Write, unless the connection is ending or gone: uvloop raises there, where asyncio drops it."""
        if not self.is_closing():
            self.written += len(data)
            self._inner.write(data)

    def is_closing(self) -> bool:
        """Whether nothing more will be served."""
        return self.ending or self._inner.is_closing()

    def close(self) -> None:
        """End, once what was written has gone."""
        if not self.ending:
            self.ending = True
            self._protocol.begin_end()

    def finish(self, *, linger: bool) -> None:
        """Send the end after what was written; with `linger` the client's side stays open for now."""
        if linger and self._inner.can_write_eof():
            self._inner.write_eof()
            self._inner.resume_reading()
        else:
            self._inner.close()


class LimitedHttpProtocol(HttpToolsProtocol):
    """One connection."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        registry: Connections,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.address = self.source = ""
        self.waiting_since = 0.0
        self._registry = registry
        self._wire: _Transport | None = None
        self._receiving: str | None = None  # the part of a request that is not whole yet
        self._serving = 0
        self._since = 0.0  # when the current state of receiving began
        self._head_bytes = self._body_bytes = self._framing_bytes = 0
        self._parsed = 0  # bytes that the parser has given back, ever
        self._body_seconds = 0.0
        self._came_at = 0.0
        self._thrown_away = 0
        self._taken = 0
        self._taken_at = 0.0
        self._paused = False

    # The connection

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn
        """Take the connection, if there is room."""
        self._wire = _Transport(transport, self)
        super().connection_made(self._wire)  # type: ignore[arg-type] # it has what uvicorn uses of one
        self.address = self.client[0] if self.client else ""
        self.source = source_of_address(self.address)
        self._since = self._taken_at = self.waiting_since = time.monotonic()
        if not self._registry.admit(self):
            self._answer(503)

    def connection_lost(self, exc: Exception | None) -> None:
        """It has ended."""
        self._registry.gone(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse what has come. Limits in size are held while parsing."""
        if self._wire is None or self._wire.ending:
            self._throw_away(len(data))
            return
        self._unset_keepalive_if_required()
        if self._receiving is None:
            self._receiving, self._since = _HEAD, time.monotonic()
        before = self._parsed
        try:
            self.parser.feed_data(data)
            if self._receiving is not None:
                self._count_framing(len(data) - (self._parsed - before))
        except httptools.HttpParserUpgrade:
            pass  # RFC 9110, 7.8: a server may ignore an upgrade; there are no WebSockets here
        except (httptools.HttpParserError, _RefusedError) as error:
            cause = error if isinstance(error, _RefusedError) else error.__context__
            self._refuse(cause.status if isinstance(cause, _RefusedError) else 400)

    def _throw_away(self, size: int) -> None:
        """The rest of a request that was refused."""
        self._came_at = time.monotonic()
        self._thrown_away += size
        if self._thrown_away > LINGER_BYTES:
            self._abort()

    def _count_framing(self, size: int) -> None:
        """What the parser has kept or thrown away: unfinished headers, chunk sizes, extensions, trailers."""
        self._framing_bytes += size
        if self._framing_bytes > MAX_HEAD_BYTES + self._body_bytes:
            raise _RefusedError(431)

    # The parser's callbacks

    def on_message_begin(self) -> None:
        """A request begins."""
        if len(self.pipeline) >= MAX_PIPELINED:
            raise _RefusedError(400)
        super().on_message_begin()
        if self._receiving is None:  # another request in the same piece
            self._receiving, self._since = _HEAD, time.monotonic()
        self._head_bytes = self._body_bytes = self._framing_bytes = 0

    def on_url(self, url: bytes) -> None:
        """A piece of the request line."""
        self._head_bytes += len(url)
        if self._head_bytes > MAX_HEAD_BYTES:
            raise _RefusedError(431)
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header of the head; trailers are ignored, for the application has seen its headers already."""
        if self._receiving is _HEAD:
            self._head_bytes += len(name) + len(value) + 4
            if self._head_bytes > MAX_HEAD_BYTES or len(self.headers) >= MAX_HEADERS:
                raise _RefusedError(431)
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The head is whole; the application begins."""
        super().on_headers_complete()
        self._receiving = _BODY
        self._parsed += self._head_bytes
        self._framing_bytes, self._body_seconds = 0, 0.0
        self._serving += 1

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        self._body_bytes += len(body)
        self._parsed += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is whole: from now on its client waits for us."""
        super().on_message_complete()
        self._receiving = None
        if self._serving and not self._paused:
            self._registry.works(self)

    def on_response_complete(self) -> None:
        """We wait for the client again."""
        self._serving -= 1
        super().on_response_complete()
        if not self._serving:
            self._since = self.waiting_since = time.monotonic()
            self._registry.waits(self)

    def pause_writing(self) -> None:
        """The client does not take its answer."""
        super().pause_writing()
        self._paused, self.waiting_since = True, time.monotonic()
        self._registry.waits(self)

    def resume_writing(self) -> None:
        """It does."""
        super().resume_writing()
        self._paused = False
        if self._serving and self._receiving is None:
            self._registry.works(self)

    # The clock

    def check(self, now: float) -> None:
        """End what is too slow."""
        wire = self._wire
        if wire is None:
            return
        if self._is_stalled(wire, now):
            self._registry.count("slow_reader")
            self._abort()
        elif wire.ending:
            quiet = now - max(self._since, self._came_at) > LINGER_PAUSE_SECONDS
            if (quiet or now - self._since > LINGER_SECONDS) and not wire.get_write_buffer_size():
                self._abort()
        elif self._receiving is _BODY:
            self._check_body(now)
        elif not self._serving and now - self._since > HEAD_SECONDS:
            if self._receiving is _HEAD:
                self._refuse(408)
            else:
                self._registry.count("idle")
                wire.close()
        elif self._receiving is _HEAD and now - self._since > HEAD_SECONDS:
            self._refuse(408)

    def _check_body(self, now: float) -> None:
        if not self._serving:  # answered before the body was there
            if now - self._since > UNREAD_BODY_SECONDS:
                self._registry.count("unread_body")
                self.transport.close()
        elif not self.flow.read_paused:  # otherwise it is we who do not read
            self._body_seconds += SWEEP_SECONDS
            if self._body_seconds > BODY_SECONDS + self._body_bytes / MIN_BODY_RATE:
                self._refuse(408)

    def _is_stalled(self, wire: _Transport, now: float) -> bool:
        if not wire.get_write_buffer_size() or wire.taken - self._taken >= MIN_TAKEN_BYTES:
            self._taken, self._taken_at = wire.taken, now
        return now - self._taken_at > STALL_SECONDS

    # The end

    def shutdown(self) -> None:
        """The server stops: end, or end after the answer that is under way."""
        self._registry.stop()
        if self._receiving is _HEAD and not self._serving:
            self._abort()
        else:
            super().shutdown()

    def evict(self) -> None:
        """Others need the room."""
        self._abort()

    def begin_end(self) -> None:
        """The transport is being closed: let the client read what was written, but not for ever."""
        self._since = time.monotonic()
        if self._wire is not None:
            self._wire.finish(linger=self._receiving is not None)

    def _refuse(self, status: int) -> None:
        """Answer and end. Where an answer has begun, or others are due before it, only end."""
        self._registry.count(str(status))
        cycle = self.cycle
        if self._serving > 1 or (self._serving and cycle is not None and cycle.response_started):
            self._abort()
            return
        if self._serving and cycle is not None:
            cycle.disconnected = True
            cycle.message_event.set()
        self._answer(status)

    def _answer(self, status: int) -> None:
        text = _TEXTS[status].encode()
        lines = [
            f"HTTP/1.1 {status} {http.HTTPStatus(status).phrase}",
            "content-type: text/plain; charset=utf-8",
            f"content-length: {len(text)}",
            "connection: close",
            "cache-control: no-store",
            "x-content-type-options: nosniff",
            *(["retry-after: 1"] if status == http.HTTPStatus.SERVICE_UNAVAILABLE else []),
        ]
        self.transport.write("\r\n".join([*lines, "", ""]).encode() + text)
        self.transport.close()

    def _abort(self) -> None:
        if self._wire is not None:
            self._wire.ending = True
            self._wire.abort()
