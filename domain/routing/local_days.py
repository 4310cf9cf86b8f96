"""Local times of a time zone as instants, on the days of a change of clocks too."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_DAY = timedelta(days=1)


def instant_of(zone: ZoneInfo, day: date, local: time) -> datetime:
    """A local time as an instant in UTC: the first that shows it, or the change of clocks that skips it."""
    wall = datetime.combine(day, local, zone)
    first = wall.astimezone(UTC)
    if first.astimezone(zone).replace(tzinfo=None) == wall.replace(tzinfo=None):
        return first
    # Skipped: read with the offset from after the change it lies before the change, and the reverse.
    before, after = wall.replace(fold=1).astimezone(UTC).replace(microsecond=0), first.replace(microsecond=0)
    offset_before = before.astimezone(zone).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = (before + (after - before) / 2).replace(microsecond=0)
        if middle.astimezone(zone).utcoffset() == offset_before:
            before = middle
        else:
            after = middle
    return after


def day_around(timezone: str, at: datetime) -> tuple[datetime, datetime]:
    """The local day that `at` belongs to, as `[start, end)` in UTC. It has 23 to 25 hours."""
    zone = ZoneInfo(timezone)
    day = at.astimezone(zone).date()
    return instant_of(zone, day, time(0)), instant_of(zone, day + _DAY, time(0))
