"""Local days have 23 to 25 hours, and each instant belongs to one of them."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.routing.local_days import day_around


@pytest.mark.parametrize(
    ("timezone", "at", "start", "hours"),
    [
        ("Europe/Berlin", datetime(2026, 3, 29, 12, tzinfo=UTC), datetime(2026, 3, 28, 23, tzinfo=UTC), 23),
        ("Europe/Berlin", datetime(2026, 10, 25, 12, tzinfo=UTC), datetime(2026, 10, 24, 22, tzinfo=UTC), 25),
        (
            "Asia/Kolkata",
            datetime(2026, 6, 1, 18, 30, tzinfo=UTC),
            datetime(2026, 6, 1, 18, 30, tzinfo=UTC),
            24,
        ),
        # 00:00 becomes 01:00: the day begins with the change of the clocks.
        ("Africa/Cairo", datetime(2026, 4, 23, 22, tzinfo=UTC), datetime(2026, 4, 23, 22, tzinfo=UTC), 23),
    ],
)
def test_a_local_day_ends_where_the_next_begins(
    timezone: str, at: datetime, start: datetime, hours: int
) -> None:
    end = start + timedelta(hours=hours)
    assert day_around(timezone, at) == (start, end)
    assert day_around(timezone, end - timedelta(seconds=1)) == (start, end)
    assert day_around(timezone, end)[0] == end
