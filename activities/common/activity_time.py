"""Temporal's time inside a regular activity.

The process clock may be 25 hours off in a time-travelling test, or simply wrong; the window is judged by
Temporal's. A local activity does not have it: never judge a window there.
"""

import asyncio
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from temporalio import activity


def activity_clock() -> Callable[[], datetime]:
    """A clock that starts at this activity's start and runs with the monotonic clock. Call it first."""
    started, entered = activity.info().started_time, time.monotonic()
    return lambda: started + timedelta(seconds=time.monotonic() - entered)


async def sleep_until(at: datetime, now: Callable[[], datetime]) -> None:
    """Sleep until the clock `now` shows an instant."""
    await asyncio.sleep(max(0.0, (at - now()).total_seconds()))
