"""Telling Temporal that a regular activity is still at work.

A worker that dies with an activity in hand is noticed when its heartbeats stay away, seconds later; without
them only when the activity's whole time is over.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from datetime import timedelta

from temporalio import activity

_EVERY_SECONDS = 1.0


class Heartbeater:
    """Whether Temporal may still believe in an attempt: it gives one up that has been silent for long."""

    def __init__(self) -> None:
        self._last = time.monotonic()
        self._longest = 0.0

    def beat(self) -> None:
        """Note a beat."""
        self._longest = self.longest_silence.total_seconds()
        self._last = time.monotonic()

    @property
    def longest_silence(self) -> timedelta:
        """The longest time between two beats, or since the last one."""
        return timedelta(seconds=max(self._longest, time.monotonic() - self._last))


@contextlib.asynccontextmanager
async def heartbeating() -> AsyncIterator[Heartbeater]:
    """Beat once a second for as long as the block lasts; one that is done within a second costs nothing."""
    pulse = Heartbeater()
    task = asyncio.create_task(_beat(pulse))
    try:
        yield pulse
    finally:
        task.cancel()


async def _beat(pulse: Heartbeater) -> None:
    while True:
        await asyncio.sleep(_EVERY_SECONDS)
        activity.heartbeat()
        pulse.beat()
