"""Operating hours: edges, both changes of the clocks, holidays, and the laws that hold for any hours."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from base.json_codec import from_json_value, to_json_value
from domain.routing.operating_hours import (
    ALWAYS_OPEN,
    Holiday,
    OperatingHours,
    WeeklyInterval,
    validate_operating_hours,
)

BERLIN = ZoneInfo("Europe/Berlin")
SECOND = timedelta(seconds=1)
SPRING = date(2026, 3, 29)  # a Sunday: 02:00 becomes 03:00
AUTUMN = date(2026, 10, 25)  # a Sunday: 03:00 becomes 02:00
NEVER_OPEN = OperatingHours("Europe/Berlin")
WORKDAYS = OperatingHours("Europe/Berlin", tuple(WeeklyInterval(day, time(8), time(17)) for day in range(5)))


def berlin(day: date, hour: int, minute: int = 0, fold: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=BERLIN, fold=fold).astimezone(UTC)


def holiday(name: str, day: date, days: int = 1) -> Holiday:
    return Holiday(name, day, day + timedelta(days=days - 1))


def on_sundays(opens: time, closes: time) -> OperatingHours:
    return OperatingHours("Europe/Berlin", (WeeklyInterval(6, opens, closes),))


def test_the_instant_of_opening_is_open_and_the_instant_of_closing_is_not() -> None:
    friday = date(2026, 11, 20)
    assert not WORKDAYS.is_open(berlin(friday, 8) - SECOND)
    assert WORKDAYS.is_open(berlin(friday, 8))
    assert WORKDAYS.is_open(berlin(friday, 17) - SECOND)
    assert not WORKDAYS.is_open(berlin(friday, 17))


def test_after_friday_evening_the_next_change_is_monday_morning() -> None:
    friday, monday = date(2026, 11, 20), date(2026, 11, 23)
    assert WORKDAYS.next_change(berlin(friday, 12)) == berlin(friday, 17)
    assert WORKDAYS.next_change(berlin(friday, 17)) == berlin(monday, 8)
    assert WORKDAYS.opens_at(berlin(friday, 17)) == berlin(monday, 8)
    assert WORKDAYS.opens_at(berlin(friday, 12)) == berlin(friday, 12)


def test_a_week_of_five_days_of_nine_hours_is_45_hours() -> None:
    assert WORKDAYS.open_seconds(berlin(date(2026, 11, 16), 0), berlin(date(2026, 11, 23), 0)) == 45 * 3600


@pytest.mark.parametrize(
    ("day", "opens", "closes", "hours"),
    [
        pytest.param(SPRING, time(1), time(4), 2, id="across-the-skipped-hour"),
        pytest.param(SPRING, time(2, 30), time(4), 1, id="opens-in-the-skipped-hour"),
        pytest.param(SPRING, time(1), time(2, 30), 1, id="closes-in-the-skipped-hour"),
        pytest.param(SPRING, time(2), time(3), 0, id="is-the-skipped-hour"),
        pytest.param(AUTUMN, time(1), time(4), 4, id="across-the-repeated-hour"),
        pytest.param(AUTUMN, time(2, 30), time(4), 2.5, id="opens-in-the-repeated-hour"),
        pytest.param(AUTUMN, time(1), time(2, 30), 1.5, id="closes-in-the-repeated-hour"),
        pytest.param(AUTUMN, time(2), time(3), 2, id="is-the-repeated-hour"),
        pytest.param(SPRING, time(0), time(0), 23, id="the-short-day"),
        pytest.param(AUTUMN, time(0), time(0), 25, id="the-long-day"),
    ],
)
def test_a_change_of_the_clocks_makes_an_interval_shorter_or_longer(
    day: date, opens: time, closes: time, hours: float
) -> None:
    sundays = on_sundays(opens, closes)
    begin, end = berlin(day, 0), berlin(day + timedelta(days=1), 0)
    assert sundays.open_seconds(begin, end) == hours * 3600


def test_an_interval_that_opens_in_the_skipped_hour_opens_when_the_clocks_change() -> None:
    sundays = on_sundays(time(2, 30), time(4))
    change = datetime(2026, 3, 29, 1, tzinfo=UTC)
    assert sundays.next_change(berlin(SPRING, 0)) == change
    assert not sundays.is_open(change - SECOND)
    assert sundays.is_open(change)


def test_an_interval_within_the_skipped_hour_opens_a_week_later() -> None:
    assert on_sundays(time(2, 10), time(2, 50)).next_change(berlin(SPRING, 0)) == berlin(
        date(2026, 4, 5), 2, 10
    )


def test_closing_in_the_repeated_hour_is_at_its_first_occurrence() -> None:
    sundays = on_sundays(time(1), time(2, 30))
    assert sundays.next_change(berlin(AUTUMN, 1)) == berlin(AUTUMN, 2, 30, fold=0)
    assert not sundays.is_open(berlin(AUTUMN, 2, 15, fold=1))


@pytest.mark.parametrize(
    ("saturday", "hours"), [(date(2026, 3, 28), 7), (date(2026, 10, 24), 9), (date(2026, 11, 21), 8)]
)
def test_a_night_over_a_change_of_the_clocks_has_seven_or_nine_hours(saturday: date, hours: int) -> None:
    nights = OperatingHours("Europe/Berlin", (WeeklyInterval(5, time(22), time(6)),))
    begin = berlin(saturday, 22)
    assert nights.next_change(begin) == begin + timedelta(hours=hours)
    assert nights.open_seconds(begin, begin + timedelta(days=3)) == hours * 3600


def test_a_night_belongs_to_the_day_on_which_it_begins() -> None:
    nights = OperatingHours("Europe/Berlin", (WeeklyInterval(5, time(22), time(6)),))
    assert nights.is_open(berlin(date(2026, 11, 22), 5, 59))
    assert not nights.is_open(berlin(date(2026, 11, 21), 5, 59))


def test_a_holiday_is_closed_from_midnight_to_midnight_also_for_the_night_before() -> None:
    nights = OperatingHours(
        "Europe/Berlin",
        tuple(WeeklyInterval(day, time(22), time(6)) for day in range(7)),
        (holiday("Christmas Day", date(2026, 12, 25)),),
    )
    assert nights.next_change(berlin(date(2026, 12, 24), 23)) == berlin(date(2026, 12, 25), 0)
    assert nights.next_change(berlin(date(2026, 12, 25), 0)) == berlin(date(2026, 12, 26), 0)
    assert nights.holiday_at(berlin(date(2026, 12, 25), 0)) == holiday("Christmas Day", date(2026, 12, 25))
    assert nights.holiday_at(berlin(date(2026, 12, 25), 0) - SECOND) is None


def test_a_holiday_of_several_days_ends_with_its_last() -> None:
    hours = OperatingHours("Europe/Berlin", ALWAYS_OPEN.intervals, (holiday("Fair", date(2026, 12, 1), 40),))
    assert hours.next_change(berlin(date(2026, 11, 1), 0)) == berlin(date(2026, 12, 1), 0)
    assert hours.next_change(berlin(date(2026, 12, 1), 0)) == berlin(date(2027, 1, 10), 0)
    assert hours.holiday_at(berlin(date(2027, 1, 9), 23, 59)) == hours.holidays[0]


def test_always_open_never_changes_and_counts_every_second() -> None:
    at = datetime(2026, 3, 28, 12, tzinfo=UTC)
    assert ALWAYS_OPEN.is_open(at)
    assert ALWAYS_OPEN.next_change(at) is None
    assert ALWAYS_OPEN.open_seconds(at, at + timedelta(days=2, microseconds=500_000)) == 172_800.5


def test_always_open_but_for_a_holiday_of_next_year_changes_on_that_day() -> None:
    hours = OperatingHours("UTC", ALWAYS_OPEN.intervals, (holiday("Christmas Day", date(2027, 12, 25)),))
    at = datetime(2026, 3, 28, 12, tzinfo=UTC)
    assert hours.next_change(at) == datetime(2027, 12, 25, tzinfo=UTC)
    assert hours.next_change(datetime(2027, 12, 25, tzinfo=UTC)) == datetime(2027, 12, 26, tzinfo=UTC)


def test_a_year_of_holidays_is_looked_through() -> None:
    begin = date(2026, 1, 1)
    holidays = tuple(holiday("closed", begin + timedelta(days=day)) for day in range(365))
    hours = OperatingHours("Europe/Berlin", WORKDAYS.intervals, holidays)
    assert hours.next_change(berlin(begin, 12)) == berlin(date(2027, 1, 1), 8)


def test_never_open_never_changes() -> None:
    at = datetime(2026, 3, 28, 12, tzinfo=UTC)
    assert not NEVER_OPEN.is_open(at)
    assert NEVER_OPEN.next_change(at) is None
    assert NEVER_OPEN.opens_at(at) is None
    assert NEVER_OPEN.open_seconds(at, at + timedelta(days=30)) == 0


def test_a_day_that_begins_with_a_skipped_hour_begins_with_the_change_of_clocks() -> None:
    cairo = OperatingHours("Africa/Cairo", ALWAYS_OPEN.intervals, (holiday("closed", date(2026, 4, 24)),))
    change = datetime(2026, 4, 23, 22, tzinfo=UTC)  # 00:00 becomes 01:00
    assert cairo.next_change(change - SECOND) == change
    assert cairo.next_change(change) == change + timedelta(hours=23)


def test_hours_survive_the_store() -> None:
    hours = OperatingHours("Europe/Berlin", WORKDAYS.intervals, (holiday("Christmas", date(2026, 12, 25)),))
    assert from_json_value(OperatingHours, to_json_value(hours)) == hours


@pytest.mark.parametrize(
    ("hours", "wrong"),
    [
        (WORKDAYS, []),
        (NEVER_OPEN, []),
        (OperatingHours("Europe/Entenhausen"), [("timezone", "unknown_timezone")]),
        (OperatingHours(""), [("timezone", "unknown_timezone")]),
        (OperatingHours("../etc/passwd"), [("timezone", "unknown_timezone")]),
        (OperatingHours("Europe"), [("timezone", "unknown_timezone")]),
        (
            OperatingHours("UTC", (WeeklyInterval(7, time(8), time(9, tzinfo=UTC)),)),
            [("intervals.0.weekday", "out_of_range"), ("intervals.0.closes", "not_local")],
        ),
        (
            OperatingHours("UTC", (), (holiday("a", date(2026, 1, 1)), holiday("a", date(2026, 1, 1)))),
            [("holidays.1", "duplicate")],
        ),
        (
            OperatingHours("UTC", (), (holiday("a", date(2026, 1, 2), 0),)),
            [("holidays.0.last_day", "before_first_day")],
        ),
        (
            OperatingHours("UTC", tuple(WeeklyInterval(0, time(8), time(9)) for _ in range(71))),
            [("intervals", "too_many")],
        ),
    ],
)
def test_wrong_hours_are_named_field_by_field(hours: OperatingHours, wrong: list[tuple[str, str]]) -> None:
    assert [(each.path, each.code) for each in validate_operating_hours(hours)] == wrong


# The laws, for any hours

times = st.builds(time, st.integers(0, 23), st.sampled_from([0, 15, 30]))
intervals = st.builds(WeeklyInterval, st.integers(0, 6), times, times)
around_changes = st.sampled_from([SPRING, AUTUMN, date(2026, 6, 1)]).flatmap(
    lambda day: st.integers(-4 * 24 * 60, 4 * 24 * 60).map(
        lambda minutes: datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(minutes=minutes)
    )
)
any_hours = st.builds(
    OperatingHours,
    st.sampled_from(["Europe/Berlin", "UTC", "Asia/Kolkata", "America/New_York", "Australia/Lord_Howe"]),
    st.lists(intervals, max_size=6).map(tuple),
    st.lists(
        st.integers(-3, 3).map(lambda day: holiday("closed", SPRING + timedelta(days=day))), max_size=2
    ).map(tuple),
)


@given(any_hours, around_changes)
def test_nothing_changes_before_the_next_change_and_something_does_then(
    hours: OperatingHours, at: datetime
) -> None:
    change = hours.next_change(at)
    until = at + timedelta(days=20) if change is None else change
    if change is not None:
        assert change > at
        assert hours.is_open(change) is not hours.is_open(at)
    step = (until - at) / 50
    assert {hours.is_open(at + step * n) for n in range(50)} == {hours.is_open(at)}


@given(any_hours, around_changes, st.integers(0, 6 * 24 * 60), st.floats(0, 1))
def test_open_seconds_of_two_parts_are_those_of_the_whole(
    hours: OperatingHours, begin: datetime, minutes: int, share: float
) -> None:
    end = begin + timedelta(minutes=minutes)
    middle = begin + timedelta(minutes=int(minutes * share))
    whole = hours.open_seconds(begin, end)
    assert hours.open_seconds(begin, middle) + hours.open_seconds(middle, end) == whole
    assert 0 <= whole <= (end - begin).total_seconds()
    assert hours.open_seconds(end, begin) == 0


@settings(max_examples=25)
@given(any_hours, around_changes)
def test_open_seconds_agree_with_looking_at_every_quarter_of_an_hour(
    hours: OperatingHours, at: datetime
) -> None:
    begin = at.replace(minute=0)
    quarters = [begin + timedelta(minutes=15 * n) for n in range(4 * 24)]
    looked = sum(900 for quarter in quarters if hours.is_open(quarter))
    assert hours.open_seconds(begin, begin + timedelta(days=1)) == looked


@given(times, times, times, around_changes)
def test_intervals_that_meet_leave_neither_hole_nor_overlap(
    one: time, two: time, three: time, at: datetime
) -> None:
    one, two, three = sorted([one, two, three])
    if two in {one, three}:
        return
    parts = OperatingHours(
        "Europe/Berlin",
        tuple(WeeklyInterval(day, a, b) for day in range(7) for a, b in ((one, two), (two, three))),
    )
    whole = OperatingHours("Europe/Berlin", tuple(WeeklyInterval(day, one, three) for day in range(7)))
    end = at + timedelta(days=2)
    assert parts.open_seconds(at, end) == whole.open_seconds(at, end)
