"""The dispatcher looks at a queue when it opens."""

from datetime import UTC, datetime, time

import pytest

from dispatch.timetable import Timetable
from domain.routing.assignment import Assignment
from domain.routing.operating_hours import ALWAYS_OPEN, OperatingHours, WeeklyInterval
from store.routing.dispatch_settings import DispatchedQueue, DispatchSettings

WEEKDAYS = OperatingHours("UTC", tuple(WeeklyInterval(day, time(9), time(17)) for day in range(5)))


def _timetable(now: datetime, **hours: OperatingHours) -> Timetable:
    queues = {name: DispatchedQueue(name, 100, Assignment(), each) for name, each in hours.items()}
    return Timetable(DispatchSettings(1, queues, {}, {}, {}, {}), now)


def _at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


FRIDAY, MONDAY, TUESDAY = 20, 23, 24


def test_each_opening_is_told_once_and_no_closing() -> None:
    table = _timetable(_at(FRIDAY, 12), office=WEEKDAYS, always=ALWAYS_OPEN)
    told = [
        table.opened(at)
        for at in (_at(FRIDAY, 17), _at(MONDAY, 8, 59), _at(MONDAY, 9), _at(MONDAY, 10), _at(TUESDAY, 9, 1))
    ]
    assert told == [[], [], ["office"], [], ["office"]]


@pytest.mark.parametrize("hours", [ALWAYS_OPEN, OperatingHours("UTC")], ids=["always", "never"])
def test_a_queue_that_never_opens_or_closes_needs_no_timetable(hours: OperatingHours) -> None:
    assert _timetable(_at(FRIDAY, 12), office=hours).is_empty


def test_who_looks_late_misses_no_opening() -> None:
    table = _timetable(_at(FRIDAY, 12), office=WEEKDAYS)
    assert table.opened(_at(MONDAY, 12)) == ["office"]
    assert table.opened(_at(TUESDAY, 12)) == ["office"]
