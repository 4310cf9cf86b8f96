"""Waiting for what must come, without fixed sleeps."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")

_PAUSE_SECONDS = 0.02
# Who waits is quick where all is well; the limit is for what never comes, on whatever machine.


async def eventually(look: Callable[[], Awaitable[T]], *, within: float = 30.0) -> T:
    """The first truthy result of `look`; fails with the last one seen after `within` seconds."""
    last: T | None = None
    try:
        async with asyncio.timeout(within):
            while not (last := await look()):  # noqa: ASYNC110 - what is looked at has no event to wait for
                await asyncio.sleep(_PAUSE_SECONDS)
    except TimeoutError:
        raise AssertionError(f"Still not after {within} s: {last!r}") from None
    return last
