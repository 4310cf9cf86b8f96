"""The bodies of deliveries, capped in size, in time, and in how much of them is in memory at once.

Nearly every delivery is small and comes in one piece, which the server holds anyway. Larger ones go through
a lane for a few at a time and wait outside of it unread. So many large deliveries at once need little memory,
and they keep no small one waiting.
"""

import asyncio

from starlette.types import Receive, Scope

MAX_BODY_BYTES = 8 * 1024 * 1024
MAX_SMALL_BODY_BYTES = 128 * 1024
BODY_TIMEOUT_SECONDS = 10.0
LARGE_AT_ONCE = 2
LANE_SECONDS = 10.0
"""Meta has given up by then, and repeats the delivery."""


class DeliveryTooLargeError(Exception):
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

    def read(self, scope: Scope, receive: Receive) -> "_Body":
        """The whole body, for the length of an `async with`. Entering it raises the errors above."""
        for name, value in scope["headers"]:
            if name == b"content-length" and value.isdigit() and int(value) > MAX_BODY_BYTES:
                raise DeliveryTooLargeError
        return _Body(self._lane, receive)


class _Body:
    """One body. Written out as a class: a delivery's signature costs less than contextlib's two managers."""

    __slots__ = ("_in_lane", "_lane", "_receive")

    def __init__(self, lane: asyncio.Semaphore, receive: Receive) -> None:
        self._lane = lane
        self._receive = receive
        self._in_lane = False

    async def __aenter__(self) -> bytes:
        # For the first piece the server's own limit is enough; a timer for each delivery would cost much.
        part, more = await _receive(self._receive)
        return await self._read_on(part) if more else part

    async def __aexit__(self, *_: object) -> None:
        self._leave()

    async def _read_on(self, first: bytes) -> bytes:
        try:
            async with asyncio.timeout(BODY_TIMEOUT_SECONDS):
                parts, more = await _read_up_to(self._receive, MAX_SMALL_BODY_BYTES - len(first))
            if more:
                parts += await self._read_in_lane(MAX_BODY_BYTES - len(first) - sum(map(len, parts)))
        except TimeoutError as error:
            raise BodyTooSlowError from error
        return b"".join((first, *parts))

    async def _read_in_lane(self, most: int) -> list[bytes]:
        try:
            async with asyncio.timeout(LANE_SECONDS):
                await self._lane.acquire()
        except TimeoutError as error:
            raise TooManyLargeBodiesError from error
        self._in_lane = True
        try:
            async with asyncio.timeout(BODY_TIMEOUT_SECONDS):
                return await _read_rest(self._receive, most)
        except BaseException:
            self._leave()  # a block that was not entered is not left
            raise

    def _leave(self) -> None:
        if self._in_lane:
            self._in_lane = False
            self._lane.release()


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
            raise DeliveryTooLargeError
        parts.append(part)
    return parts


async def _receive(receive: Receive) -> tuple[bytes, bool]:
    message = await receive()
    if message["type"] == "http.disconnect":
        raise BodyBrokenOffError
    return message.get("body", b""), message.get("more_body", False)
