"""Work that goes on beside everything else, for as long as a process lives."""

import asyncio
from collections.abc import Awaitable, Callable

from base.backoff import Backoff
from base.log import get_logger

FIRST_PAUSE_SECONDS = 0.5
MAX_PAUSE_SECONDS = 30.0

_log = get_logger("base")


async def keep_running(name: str, start: Callable[[], Awaitable[None]]) -> None:
    """Run `start` until it returns; when it raises, run it again after a pause that grows with each time.

    Nobody may be there to start a process again that ends for one bug, and its other work would end with it.
    `start` must begin anew, with nothing of its former run.
    """
    pauses = Backoff(FIRST_PAUSE_SECONDS, MAX_PAUSE_SECONDS)
    clock = asyncio.get_running_loop().time
    while True:
        began = clock()
        try:
            await start()
        except Exception as error:  # noqa: BLE001 - whatever it was, the work must go on
            if clock() - began > MAX_PAUSE_SECONDS:
                pauses.reset()
            _log.error(f"{name}_died", error=type(error).__name__, retry_after_seconds=pauses.next_seconds)
        else:
            return
        await pauses.wait()
