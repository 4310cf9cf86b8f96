"""One lane per page: how many of its calls may be under way, and how many may wait for their turn.

A page whose calls hang keeps what is in its lane, and no more: the worker's other slots and connections are
for the other pages. It gets narrower with each call that is lost, and wider with each that is answered, so
that a page which stays away is asked by one call at a time.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from domain.sending.rate_limit import USUAL_SENDS

WIDTH = 16
"""40 messages a second leave as long as Meta answers within 0.4 s."""
READ_WIDTH = 2

_LINE = 2
"""So many times the width may wait, as long as the page answers."""
_TIMEOUT = timedelta(seconds=3)
_SILENT_AFTER = 2.0
_APART_IF_SILENT = timedelta(milliseconds=500)
_APART_IF_PAUSED = timedelta(milliseconds=250)
"""Coming back is work for engine and worker, which the other pages share."""
_NOBODY_AWAY = datetime.min.replace(tzinfo=UTC)
_MAX_ABSENCE = timedelta(seconds=30)


class LaneFullError(Exception):
    """The page is busy, and so is its line: come back at the instant `until`."""

    def __init__(self, until: datetime) -> None:
        super().__init__(f"busy until {until.isoformat()}")
        self.until = until


@dataclass(slots=True)
class Lane:
    """One page's. `width` is how many calls may be under way now; `lost` how many in a row had no answer."""

    widest: int
    apart: timedelta
    width: int = 0
    under_way: int = 0
    lost: int = 0
    line: deque[asyncio.Future[None]] = field(default_factory=deque)
    heard_at: float = 0.0
    next_return: datetime = _NOBODY_AWAY

    def __post_init__(self) -> None:
        self.width = self.width or self.widest

    @property
    def is_silent(self) -> bool:
        """Whether calls are under way and Meta has answered none for a while, or lost some."""
        waited = asyncio.get_running_loop().time() - self.heard_at
        return self.lost > 0 or (self.under_way > 0 and waited > _SILENT_AFTER)

    def begin(self) -> None:
        """One more call is under way."""
        if not self.under_way:
            self.heard_at = asyncio.get_running_loop().time()
        self.under_way += 1

    def answered(self) -> None:
        """Meta answered a call, whatever it said."""
        self.heard_at = asyncio.get_running_loop().time()
        self.lost = 0
        self.width = min(self.widest, self.width * 2)

    def went_unanswered(self) -> None:
        """A call was lost on its way, or took too long."""
        self.lost += 1
        self.width = max(1, self.width // 2)

    def place(self, now: datetime, not_before: datetime | None = None) -> datetime:
        """When to come back: who is sent away comes back one after the other.

        Later, the longer the page has been silent; and further apart while it is silent or paused, so that
        all who wait for it are no burden to the others.
        """
        earliest = now + min(_MAX_ABSENCE, _TIMEOUT * 2 ** min(self.lost, 8))
        paused = _APART_IF_PAUSED if not_before is not None else self.apart
        apart = _APART_IF_SILENT if self.is_silent else paused
        self.next_return = max(self.next_return + apart, earliest, not_before or earliest)
        return self.next_return

    @property
    def is_at_rest(self) -> bool:
        """Whether nothing is to be remembered of it."""
        return not self.under_way and not self.line and not self.lost and self.width == self.widest


class Lanes:
    """The lanes of all pages in this process."""

    def __init__(self, widest: int = WIDTH, *, per_second: int = USUAL_SENDS) -> None:
        self._widest = widest
        self._apart = timedelta(seconds=1) / per_second
        self._lanes: dict[str, Lane] = {}

    @contextlib.asynccontextmanager
    async def turn(self, page_id: str, now: Callable[[], datetime]) -> AsyncIterator[Lane]:
        """Wait in the page's line, then be under way for the length of the block. First come, first served.

        `now`: Temporal's clock. Raises LaneFullError if the line is full or does not move.
        """
        lane = self._lanes.setdefault(page_id, Lane(self._widest, self._apart))
        if lane.under_way >= lane.width or lane.line:
            await _wait(lane, now)
        else:
            lane.begin()
        try:
            yield lane
        finally:
            _leave(lane)
            if lane.is_at_rest and lane.next_return <= now():
                self._lanes.pop(page_id, None)


async def _wait(lane: Lane, now: Callable[[], datetime]) -> None:
    if lane.is_silent or len(lane.line) >= _LINE * lane.width:
        raise LaneFullError(lane.place(now()))
    turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    lane.line.append(turn)
    try:
        await asyncio.wait([turn], timeout=_TIMEOUT.total_seconds())
    except asyncio.CancelledError:
        if turn.done():
            _leave(lane)
        else:
            lane.line.remove(turn)
        raise
    if not turn.done():
        lane.line.remove(turn)
        raise LaneFullError(lane.place(now()))


def _leave(lane: Lane) -> None:
    lane.under_way -= 1
    while lane.line and lane.under_way < lane.width:
        lane.begin()
        lane.line.popleft().set_result(None)
