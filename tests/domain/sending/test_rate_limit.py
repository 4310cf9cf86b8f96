"""The pace of a page: never faster than it may, in order, and at once where nothing was sent."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.sending.rate_limit import (
    CONVERSATIONS_PACE,
    MAX_MEDIA_SENDS_PER_SECOND,
    MAX_SENDS_PER_SECOND,
    USUAL_SENDS,
    Pace,
    is_media,
    restraint,
    slot,
)

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)

paces = st.integers(1, MAX_SENDS_PER_SECOND).map(Pace)
pauses = st.lists(
    st.integers(0, 100_000).map(lambda each: timedelta(microseconds=each)) | st.just(timedelta(0)),
    min_size=1,
    max_size=120,
)


def taken(pace: Pace, gaps: list[timedelta], most_ahead: timedelta = timedelta(seconds=2)) -> list[datetime]:
    """The slots of calls that come one after the other; who would wait for longer takes none."""
    now, next_at, slots = NOW, None, []
    for gap in gaps:
        now += gap
        found = slot(pace, next_at, now)
        assert found.at >= now
        if found.at <= now + most_ahead:
            slots.append(found.at)
            next_at = found.next_at
    return slots


@given(paces, pauses)
def test_no_second_has_more_calls_than_the_pace_allows(pace: Pace, gaps: list[timedelta]) -> None:
    slots = taken(pace, gaps)
    for first in slots:
        assert sum(first <= each < first + SECOND for each in slots) <= pace.per_second


@given(paces, pauses, st.integers(1, 5_000))
def test_no_interval_has_more_than_its_share_and_a_burst(
    pace: Pace, gaps: list[timedelta], length_ms: int
) -> None:
    slots, length = taken(pace, gaps), timedelta(milliseconds=length_ms)
    for first in slots:
        inside = sum(first <= each < first + length for each in slots)
        assert inside <= length / pace.step + pace.burst


@given(paces, pauses)
def test_slots_are_given_in_the_order_in_which_they_are_asked_for(pace: Pace, gaps: list[timedelta]) -> None:
    slots = taken(pace, gaps)
    assert slots == sorted(slots)


@given(paces, st.integers(1, 600))
def test_after_a_pause_a_burst_leaves_at_once(pace: Pace, seconds: int) -> None:
    (earlier,) = taken(pace, [timedelta(0)])
    next_at, now = slot(pace, None, earlier).next_at, NOW + timedelta(seconds=1 + seconds)
    for _ in range(pace.burst):
        found = slot(pace, next_at, now)
        assert found.at == now
        next_at = found.next_at
    assert slot(pace, next_at, now).at > now


@given(paces, st.integers(1, 3_600))
def test_a_full_line_moves_at_the_pace(pace: Pace, waiting: int) -> None:
    slots = taken(pace, [timedelta(0)] * waiting, most_ahead=timedelta(seconds=10))
    assert slots[-1] - slots[0] <= pace.step * len(slots)


def test_a_slot_from_a_clock_that_was_wrong_does_not_stop_the_page() -> None:
    assert slot(Pace(USUAL_SENDS), NOW + timedelta(hours=25), NOW).at == NOW


def test_a_page_that_is_slowed_still_moves() -> None:
    assert Pace(USUAL_SENDS).slowed == Pace(4)
    assert Pace(MAX_MEDIA_SENDS_PER_SECOND).slowed == CONVERSATIONS_PACE.slowed == Pace(1)


@pytest.mark.parametrize(
    ("content", "media"),
    [
        ({"text": "hello"}, False),
        ({"text": "hello", "attachment": None}, False),
        ({"attachment": {"type": "template", "payload": {}}}, False),
        ({"attachment": {"type": "video", "payload": {"url": "https://x"}}}, True),
        ({"attachment": {"type": "image"}}, True),
        ({"attachment": "odd"}, False),
    ],
)
def test_what_meta_must_fetch_is_media(content: dict[str, object], media: bool) -> None:
    assert is_media(content) is media


@pytest.mark.parametrize(
    ("percent", "regain", "slowed", "paused"),
    [(90, 0, 5, None), (99, 0, 5, None), (100, 0, 6, 1), (100, 30, 35, 30), (10, 7, 12, 7)],
)
def test_a_page_is_slowed_before_its_limit_and_paused_at_it(
    percent: int, regain: int, slowed: int, paused: int | None
) -> None:
    found = restraint(percent, timedelta(minutes=regain), NOW)
    assert found is not None
    assert found.slowed_until == NOW + timedelta(minutes=slowed)
    assert found.paused_until == (None if paused is None else NOW + timedelta(minutes=paused))


def test_a_page_far_from_its_limit_is_left_alone() -> None:
    assert restraint(89, timedelta(0), NOW) is None
