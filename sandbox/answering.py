"""How an answer goes on the wire: whole, late, slowly, in part, or not at all.

Cutting a connection is outside ASGI. It is done on uvicorn's own transport, which its `receive` belongs to.
"""

import asyncio
import contextlib
import os
import socket
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
from starlette.types import Receive, Send

Headers = list[tuple[bytes, bytes]]
NO_BYTE = -1
FLUSH_SECONDS = 5


class CutError(httpx.RemoteProtocolError):
    """What a client without a socket (`httpx.ASGITransport`) sees of a connection that was cut."""


@dataclass(frozen=True, slots=True)
class Manner:
    """Everything about an answer that is not its status, headers and bytes. Seconds of the machine.

    `cut_at`: the connection ends after so many bytes of the body, `NO_BYTE`: before the status line; `reset`:
    by a TCP reset. `length`: what Content-Length says, where it is not the truth. `lifted` ends all waits.
    """

    wait_s: float = 0
    chunk: int = 0
    pause_s: float = 0
    cut_at: int | None = None
    reset: bool = False
    length: int | None = None
    chunked: bool = False
    lifted: asyncio.Event = field(default_factory=asyncio.Event)


PLAIN = Manner()


async def put(
    receive: Receive,
    send: Send,
    *,
    status: int,
    headers: Headers,
    body: bytes | Iterable[bytes],
    manner: Manner = PLAIN,
) -> None:
    """Put an answer on the wire; stops when the client has gone."""
    if manner is PLAIN and isinstance(body, bytes):
        await _start(send, status, [*headers, (b"content-length", str(len(body)).encode())])
        await send({"type": "http.response.body", "body": body})
        return
    if manner.wait_s and await client_left(receive, manner.wait_s, manner.lifted):
        return
    if manner.cut_at == NO_BYTE:
        await _cut(receive, reset=manner.reset)
        return
    if isinstance(body, bytes):
        length = len(body) if manner.length is None else manner.length
        body = _parts(body[: manner.cut_at], manner.chunk)
    else:
        length = manner.length or 0
    if not manner.chunked:
        headers = [*headers, (b"content-length", str(length).encode())]
    await _start(send, status, headers)
    sent = 0
    for part in body:
        if manner.chunk and await client_left(receive, manner.pause_s, manner.lifted):
            return
        await send({"type": "http.response.body", "body": part, "more_body": True})
        sent += len(part)
    if manner.cut_at is not None or not (manner.chunked or sent == length):
        await _cut(receive, reset=manner.reset)
    else:
        await send({"type": "http.response.body", "body": b""})


async def _start(send: Send, status: int, headers: Headers) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})


async def client_left(receive: Receive, seconds: float, lifted: asyncio.Event) -> bool:
    """Wait so long, or until the fault is lifted; True as soon as the client has gone."""
    gone = asyncio.ensure_future(_disconnect(receive))
    over = asyncio.ensure_future(lifted.wait())
    done, _ = await asyncio.wait({gone, over}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    for task in (gone, over):
        task.cancel()
    await asyncio.wait({gone, over})
    return gone in done


def _parts(body: bytes, size: int) -> Iterator[bytes]:
    size = size or max(1, len(body))
    return (body[start : start + size] for start in range(0, len(body), size))


async def _disconnect(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _cut(receive: Receive, *, reset: bool) -> None:
    """End the connection, after what was written has gone; with `reset` by RST, else by FIN."""
    transport: Any = getattr(getattr(receive, "__self__", None), "transport", None)
    if transport is None:
        raise CutError("the sandbox cut the connection")
    if reset:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(FLUSH_SECONDS):
                while transport.get_write_buffer_size():  # noqa: ASYNC110 - there is no event for it
                    await asyncio.sleep(0.001)
        # On a duplicate of the descriptor, for event loops hand out no real socket.
        with socket.socket(fileno=os.dup(transport.get_extra_info("socket").fileno())) as same:
            same.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
    else:
        transport.close()
    await _disconnect(receive)
