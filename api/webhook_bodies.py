"""The bodies of deliveries, capped in size, in time, and in how much of them is in memory at once.

Nearly every delivery is small and comes in one piece, which the server holds anyway. Larger ones go through
a lane for a few at a time and wait outside of it unread. So many large deliveries at once need little memory,
and they keep no small one waiting.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from starlette.types import Receive, Scope

MAX_BODY_BYTES = 8 * 1024 * 1024
MAX_SMALL_BODY_BYTES = 128 * 1024
BODY_TIMEOUT_SECONDS = 10.0
LARGE_AT_ONCE = 2
LANE_SECONDS = 10.0
"""Meta has given up by then, and repeats the delivery."""


class BodyTooLargeError(Exception):
    """Over `MAX_BODY_BYTES`."""


class BodyTooSlowError(Exception):
    """Not there after `BODY_TIMEOUT_SECONDS`."""


class BodyBrokenOffError(Exception):
    """The connection ended inside of it."""


class TooManyLargeBodiesError(Exception):
    """The lane was not free for `LANE_SECONDS`."""


class Bodies:
    """Reads the bodies of one process."""

    def __init__(self) -> None:
        self._lane = asyncio.Semaphore(LARGE_AT_ONCE)

    @contextlib.asynccontextmanager
    async def read(self, scope: Scope, receive: Receive) -> AsyncIterator[bytes]:
        """The whole body, for the length of the block. Raises the errors above."""
        for name, value in scope["headers"]:
            if name == b"content-length" and value.isdigit() and int(value) > MAX_BODY_BYTES:
                raise BodyTooLargeError
        async with contextlib.AsyncExitStack() as stack:
            try:
                async with asyncio.timeout(BODY_TIMEOUT_SECONDS):
                    parts, more = await _read_up_to(receive, MAX_SMALL_BODY_BYTES)
                if more:
                    await self._enter_lane(stack)
                    async with asyncio.timeout(BODY_TIMEOUT_SECONDS):
                        parts += await _read_rest(receive, MAX_BODY_BYTES - sum(map(len, parts)))
            except TimeoutError as error:
                raise BodyTooSlowError from error
            body = parts[0] if len(parts) == 1 else b"".join(parts)
            del parts  # or a large one would be in memory twice
            yield body

    async def _enter_lane(self, stack: contextlib.AsyncExitStack) -> None:
        try:
            async with asyncio.timeout(LANE_SECONDS):
                await stack.enter_async_context(self._lane)
        except TimeoutError as error:
            raise TooManyLargeBodiesError from error


async def _read_up_to(receive: Receive, size: int) -> tuple[list[bytes], bool]:
    """The first pieces, up to the one that goes beyond `size`; and whether more is to come."""
    parts, more = [], True
    while more and size >= 0:
        part, more = await _receive(receive)
        size -= len(part)
        parts.append(part)
    return parts, more


async def _read_rest(receive: Receive, most: int) -> list[bytes]:
    parts, more = [], True
    while more:
        part, more = await _receive(receive)
        most -= len(part)
        if most < 0:
            raise BodyTooLargeError
        parts.append(part)
    return parts


async def _receive(receive: Receive) -> tuple[bytes, bool]:
    message = await receive()
    if message["type"] == "http.disconnect":
        raise BodyBrokenOffError
    return message.get("body", b""), message.get("more_body", False)
