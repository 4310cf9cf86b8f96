"""When a queue is open: weekly intervals of local time, without holidays, in a time zone.

Source: docs/reference/work-distribution.md, "Operating hours".

Intervals are half-open: at the instant of closing it is closed. A local time is taken as an instant so that
the order of times stays: one that the clocks skip (spring) is the instant of the change, one that they show
twice (autumn) is its first occurrence. So `[22:00, 06:00)` lasts seven, eight or nine hours, and two
intervals that meet leave neither a hole nor an overlap.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from domain.routing.field_errors import FieldError, duplicates, too_many
from domain.routing.local_days import instant_of

MAX_INTERVALS = 70
MAX_HOLIDAYS = 1000

_MIDNIGHT = time(0)
_DAY = timedelta(days=1)
_LONGEST_PAUSE = timedelta(days=16)
"""What changes at all changes within 15 days: one week's opening may fall into a skipped hour."""


@dataclass(frozen=True, slots=True)
class WeeklyInterval:
    """Open each week from `opens` on `weekday` (Monday is 0) to `closes`, in local time.

    Where `closes` is not later than `opens`, it is of the following day; equal times are 24 hours.
    """

    weekday: int
    opens: time
    closes: time


@dataclass(frozen=True, slots=True)
class Holiday:
    """Local days on which it is closed, from midnight to midnight; `last_day` is one of them."""

    name: str
    first_day: date
    last_day: date

    def includes(self, day: date) -> bool:
        """Whether a local date belongs to it."""
        return self.first_day <= day <= self.last_day


@dataclass(frozen=True, slots=True)
class OperatingHours:
    """The hours of a queue. `timezone` is a name of the IANA database, such as `Europe/Berlin`.

    Without intervals it is never open. A queue without operating hours has ALWAYS_OPEN.
    """

    timezone: str
    intervals: tuple[WeeklyInterval, ...] = ()
    holidays: tuple[Holiday, ...] = ()

    def is_open(self, at: datetime) -> bool:
        """Whether it is open at an instant."""
        return any(begin <= at < end for begin, end in self._periods_from(at, days=3))

    def holiday_at(self, at: datetime) -> Holiday | None:
        """The holiday that it is at an instant."""
        today = at.astimezone(ZoneInfo(self.timezone)).date()
        return next((each for each in self.holidays if each.includes(today)), None)

    def next_change(self, at: datetime) -> datetime | None:
        """The next instant after `at` at which it opens or closes, in UTC; None if it never does."""
        open_now = self.is_open(at)
        for instant in self._boundaries_after(at):
            if self.is_open(instant) is not open_now:
                return instant
        return None

    def opens_at(self, at: datetime) -> datetime | None:
        """`at` if it is open then, else the instant of the next opening; None if it never opens."""
        return at if self.is_open(at) else self.next_change(at)

    def open_seconds(self, begin: datetime, end: datetime) -> float:
        """How many seconds it is open within `[begin, end)`; none where `end` is not after `begin`."""
        days = (end - begin).days + 4
        seconds = timedelta()
        for opened, closed in self._periods_from(begin, days):
            seconds += max(min(closed, end) - max(opened, begin), timedelta())
        return seconds.total_seconds()

    def _periods_from(self, at: datetime, days: int) -> Iterator[tuple[datetime, datetime]]:
        """The open periods of the day before `at` and those after it, ordered and disjoint, by day."""
        zone = ZoneInfo(self.timezone)
        first = at.astimezone(zone).date() - _DAY
        for day in range(days):
            yield from self._open_on(first + day * _DAY, zone)

    def _open_on(self, day: date, zone: ZoneInfo) -> Iterator[tuple[datetime, datetime]]:
        """The open periods within one local date, ordered and disjoint."""
        if any(each.includes(day) for each in self.holidays):
            return
        midnight, next_midnight = instant_of(zone, day, _MIDNIGHT), instant_of(zone, day + _DAY, _MIDNIGHT)
        open_until = midnight
        for begin, end in sorted(self._intervals_touching(day, zone)):
            opened, closed = max(begin, open_until), min(end, next_midnight)
            if opened < closed:
                yield opened, closed
                open_until = closed

    def _intervals_touching(self, day: date, zone: ZoneInfo) -> Iterator[tuple[datetime, datetime]]:
        for began in (day - _DAY, day):
            for each in self.intervals:
                if each.weekday == began.weekday():
                    ended = began if each.closes > each.opens else began + _DAY
                    yield instant_of(zone, began, each.opens), instant_of(zone, ended, each.closes)

    def _boundaries_after(self, at: datetime) -> Iterator[datetime]:
        """The instants after `at`, in order, at which it may change."""
        zone = ZoneInfo(self.timezone)
        for day in self._days_of_change(at.astimezone(zone).date()):
            periods = self._open_on(day, zone)
            yield from (instant for period in periods for instant in period if instant > at)

    def _days_of_change(self, today: date) -> Iterator[date]:
        """The days to look at for the next change. After some quiet time only a holiday can bring one."""
        day = today - _DAY
        edges = {edge for each in self.holidays for edge in (each.first_day, each.last_day)}
        for start in [today, *sorted(edge for edge in edges if edge >= today)]:
            day = max(day, start - _DAY)
            while day <= start + _LONGEST_PAUSE:
                yield day
                day += _DAY


ALWAYS_OPEN = OperatingHours("UTC", tuple(WeeklyInterval(day, _MIDNIGHT, _MIDNIGHT) for day in range(7)))
"""What a queue without operating hours has."""


def validate_operating_hours(hours: OperatingHours) -> list[FieldError]:
    """What is wrong with operating hours that are to be saved."""
    errors = [
        *too_many("intervals", len(hours.intervals), MAX_INTERVALS),
        *too_many("holidays", len(hours.holidays), MAX_HOLIDAYS),
        *duplicates("holidays", hours.holidays),
    ]
    if not _is_timezone(hours.timezone):
        message = "There is no such time zone. Use a name such as Europe/Berlin."
        errors.append(FieldError("timezone", "unknown_timezone", message))
    for place, holiday in enumerate(hours.holidays):
        if holiday.last_day < holiday.first_day:
            message = "Has to be the first day or later."
            errors.append(FieldError(f"holidays.{place}.last_day", "before_first_day", message))
    for place, each in enumerate(hours.intervals):
        if each.weekday not in range(7):
            message = "Has to be from 0 (Monday) to 6 (Sunday)."
            errors.append(FieldError(f"intervals.{place}.weekday", "out_of_range", message))
        for name, value in (("opens", each.opens), ("closes", each.closes)):
            if value.tzinfo is not None:
                message = "Is a local time: it has no offset of its own."
                errors.append(FieldError(f"intervals.{place}.{name}", "not_local", message))
    return errors


def _is_timezone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (KeyError, OSError, ValueError):  # not found, a directory, no name of a file
        return False
    return True
