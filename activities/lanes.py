"""One lane per page: how many of its calls may be under way, and how many may wait for their turn.

A page whose calls hang keeps what is in its lane, and no more: the worker's other slots and connections are
for the other pages. It gets narrower with each call that is lost, and wider with each that is answered, so
that a page which stays away is asked by one call at a time.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta

from domain.pacing import USUAL_SENDS

WIDTH = 16
"""40 messages a second leave as long as Meta answers within 0.4 s."""
READ_WIDTH = 2

_LINE = 2
"""So many times the width may wait."""
_PATIENCE = timedelta(seconds=3)
_LONGEST_ABSENCE = timedelta(seconds=30)


class LaneFullError(Exception):
    """The page is busy, and so is its line: come back after `wait`."""

    def __init__(self, wait: timedelta) -> None:
        super().__init__(f"busy for {wait.total_seconds():.1f} s")
        self.wait = wait


@dataclass(slots=True)
class Lane:
    """One page's. `width` is how many calls may be under way now; `lost` how many in a row had no answer."""

    widest: int
    width: int = 0
    under_way: int = 0
    lost: int = 0
    line: deque[asyncio.Future[None]] = field(default_factory=deque)
    next_return: float = 0.0

    def __post_init__(self) -> None:
        self.width = self.width or self.widest

    def answered(self) -> None:
        """Meta answered a call, whatever it said."""
        self.lost = 0
        self.width = min(self.widest, self.width * 2)

    def went_unanswered(self) -> None:
        """A call was lost on its way, or took too long."""
        self.lost += 1
        self.width = max(1, self.width // 2)

    @property
    def is_at_rest(self) -> bool:
        """Whether nothing is to be remembered of it."""
        return not self.under_way and not self.line and not self.lost and self.width == self.widest


class Lanes:
    """The lanes of all pages in this process."""

    def __init__(self, widest: int = WIDTH, *, per_second: int = USUAL_SENDS) -> None:
        self._widest = widest
        self._apart = 1 / per_second
        self._lanes: dict[str, Lane] = {}

    @contextlib.asynccontextmanager
    async def turn(self, page_id: str) -> AsyncIterator[Lane]:
        """Wait in the page's line, then be under way for the length of the block. First come, first served.

        Raises LaneFullError if the line is full or does not move.
        """
        lane = self._lanes.setdefault(page_id, Lane(self._widest))
        if lane.under_way >= lane.width or lane.line:
            await _wait(lane, self._apart)
        else:
            lane.under_way += 1
        try:
            yield lane
        finally:
            _leave(lane)
            if lane.is_at_rest and lane.next_return <= asyncio.get_running_loop().time():
                self._lanes.pop(page_id, None)


async def _wait(lane: Lane, apart: float) -> None:
    if len(lane.line) >= _LINE * lane.width:
        raise LaneFullError(_absence(lane, apart))
    turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    lane.line.append(turn)
    try:
        await asyncio.wait([turn], timeout=_PATIENCE.total_seconds())
    except asyncio.CancelledError:
        if turn.done():
            _leave(lane)
        else:
            lane.line.remove(turn)
        raise
    if not turn.done():
        lane.line.remove(turn)
        raise LaneFullError(_absence(lane, apart))


def _leave(lane: Lane) -> None:
    lane.under_way -= 1
    while lane.line and lane.under_way < lane.width:
        lane.under_way += 1
        lane.line.popleft().set_result(None)


def _absence(lane: Lane, apart: float) -> timedelta:
    """Who is sent away comes back one after the other; the longer the page has been silent, the later."""
    now = asyncio.get_running_loop().time()
    least = min(_LONGEST_ABSENCE, _PATIENCE * 2 ** min(lane.lost, 8))
    lane.next_return = max(lane.next_return, now + least.total_seconds()) + apart
    return timedelta(seconds=lane.next_return - now)
