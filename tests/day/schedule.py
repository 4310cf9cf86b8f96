"""Who does what when: acts begin at their time, side by side, and are done again where they fail."""

import asyncio
import heapq
import itertools
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial

from base import clock
from day.story import Story

_AGAIN_AFTER_SECONDS = 1.0
"""Of the clock."""

Act = Callable[[], Awaitable[bool]]
"""Does something; False where it has to be done again."""


class Schedule:
    """What is to be done, and what is under way."""

    def __init__(self, story: Story) -> None:
        self._story = story
        self._heap: list[tuple[timedelta, int, Act]] = []
        self._serial = itertools.count()
        self._acting: set[asyncio.Task[None]] = set()

    def now(self) -> timedelta:
        """The time of the day."""
        return self._story.at(clock.now())

    def at(self, when: timedelta, act: Act) -> None:
        """Have it be done at this time of the day."""
        heapq.heappush(self._heap, (when, next(self._serial), act))

    def begin(self, act: Act) -> None:
        """Have it be done now."""
        name = act.func.__name__ if isinstance(act, partial) else act.__name__
        self._acting.add(asyncio.create_task(self._do(act), name=name))

    def begin_what_is_due(self) -> None:
        """Everything whose time has come."""
        now = self.now()
        while self._heap and self._heap[0][0] <= now:
            self.begin(heapq.heappop(self._heap)[2])

    def under_way(self) -> list[str]:
        """The names of what has begun and has not ended. Raises what one that ended has raised."""
        for task in [task for task in self._acting if task.done()]:
            self._acting.remove(task)
            task.result()
        return [task.get_name() for task in self._acting]

    async def stand_still(self) -> None:
        """Wait for everything that is under way; nothing else begins meanwhile."""
        await asyncio.gather(*self._acting)
        self._acting.clear()

    async def give_up(self) -> None:
        """End what is under way."""
        for task in self._acting:
            task.cancel()
        await asyncio.gather(*self._acting, return_exceptions=True)

    async def _do(self, act: Act) -> None:
        if not await act():
            self.at(self.now() + self._story.speed * timedelta(seconds=_AGAIN_AFTER_SECONDS), act)
