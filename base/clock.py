"""The one home of process time.

Workflows take their time from Temporal (`workflow.now()`), send activities from the activity's start;
everything else asks here. The time is the process clock's, unless somebody lends another clock.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def _process_clock() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - this is the one place that may


_clocks: list[Clock] = [_process_clock]


def now() -> datetime:
    """The current instant, timezone-aware in UTC."""
    return _clocks[-1]()


def process_now() -> datetime:
    """The machine's instant, whoever has lent another clock: for what no journey through time may change."""
    return _process_clock()


@contextmanager
def taken_from(clock: Clock) -> Iterator[None]:
    """Let `now` ask this clock, in every thread, for the length of the block."""
    _clocks.append(clock)
    try:
        yield
    finally:
        _clocks.remove(clock)


def from_milliseconds(value: int) -> datetime:
    """An instant from Meta's wire form: milliseconds since the epoch."""
    seconds, millis = divmod(value, 1000)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=millis * 1000)


def from_iso(value: str) -> datetime:
    """An instant from its ISO 8601 form."""
    return datetime.fromisoformat(value)
