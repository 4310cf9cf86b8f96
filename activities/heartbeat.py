"""Telling the engine that a regular activity is still at work.

A worker that dies with an activity in hand is noticed when its heartbeats stay away, seconds later; without
them only when the activity's whole time is over.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from temporalio import activity

_EVERY_SECONDS = 1.0


@contextlib.asynccontextmanager
async def beating() -> AsyncIterator[None]:
    """Beat once a second for as long as the block lasts; one that is done within a second costs nothing."""
    task = asyncio.create_task(_beat())
    try:
        yield
    finally:
        task.cancel()


async def _beat() -> None:
    while True:
        await asyncio.sleep(_EVERY_SECONDS)
        activity.heartbeat()
