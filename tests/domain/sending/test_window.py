"""The messaging window: its edges to the millisecond, and the laws of the fold over openings."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.sending.window import (
    AD_STANDARD_LIMIT,
    DEFAULT_LENGTHS,
    HUMAN_AGENT_LENGTH,
    NEVER_OPENED,
    STANDARD_LENGTH,
    Opening,
    OpeningKind,
    Stage,
    Window,
    WindowLengths,
    opening,
    window_of,
)

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
MS = timedelta(milliseconds=1)
DAY = timedelta(days=1)
ANSWERED_BY_PEOPLE = {
    OpeningKind.MESSAGE,
    OpeningKind.QUICK_REPLY,
    OpeningKind.POSTBACK,
    OpeningKind.AD_MESSAGE,
}
AD_WEEK = WindowLengths(standard={OpeningKind.AD_MESSAGE: timedelta(days=7)})

kinds = st.sampled_from(OpeningKind)
instants = st.integers(min_value=1_420_070_400_000, max_value=4_102_444_800_000).map(
    lambda ms: datetime.fromtimestamp(ms / 1000, UTC)
)
near = st.integers(min_value=-20 * 86_400_000, max_value=20 * 86_400_000).map(
    lambda ms: NOON + timedelta(milliseconds=ms)
)
lengths = st.builds(
    lambda hours: WindowLengths(standard={OpeningKind.AD_MESSAGE: timedelta(hours=hours)}),
    st.integers(min_value=1, max_value=168),
)
openings = st.builds(
    lambda kind, occurred, received, how_long: opening(
        kind, occurred_at=occurred, received_at=received, lengths=how_long
    ),
    kinds,
    st.none() | near,
    near,
    lengths,
)


def opened(
    kind: OpeningKind = OpeningKind.MESSAGE,
    at: datetime = NOON,
    lengths: WindowLengths = DEFAULT_LENGTHS,
) -> Opening:
    return opening(kind, occurred_at=at, received_at=at, lengths=lengths)


# One opening, at its edges


@given(kinds, instants)
def test_standard_lasts_24_hours_to_the_millisecond(kind: OpeningKind, at: datetime) -> None:
    window = window_of([opened(kind, at)])
    assert window.stage_at(at) is Stage.STANDARD
    assert window.stage_at(at + STANDARD_LENGTH - MS) is Stage.STANDARD
    assert window.stage_at(at + STANDARD_LENGTH) is not Stage.STANDARD
    assert window.standard_until == at + timedelta(hours=24)


@given(kinds, instants)
def test_people_may_answer_for_7_days_after_messages_and_taps_only(kind: OpeningKind, at: datetime) -> None:
    window = window_of([opened(kind, at)])
    after_a_day = window.stage_at(at + STANDARD_LENGTH)
    last_moment = window.stage_at(at + HUMAN_AGENT_LENGTH - MS)
    if kind in ANSWERED_BY_PEOPLE:
        assert (after_a_day, last_moment) == (Stage.HUMAN_AGENT, Stage.HUMAN_AGENT)
        assert window.human_agent_until == at + timedelta(days=7)
    else:
        assert (after_a_day, last_moment) == (Stage.CLOSED, Stage.CLOSED)
        assert window.human_agent_until is None
    assert window.stage_at(at + HUMAN_AGENT_LENGTH) is Stage.CLOSED


def test_a_thread_that_was_never_opened_is_closed() -> None:
    assert NEVER_OPENED.stage_at(NOON) is Stage.CLOSED
    assert NEVER_OPENED.next_change_after(NOON) is None
    assert window_of([]) == NEVER_OPENED


def test_changes_are_announced_in_order() -> None:
    window = window_of([opened()])
    assert window.next_change_after(NOON) == NOON + DAY
    assert window.next_change_after(NOON + DAY - MS) == NOON + DAY
    assert window.next_change_after(NOON + DAY) == NOON + 7 * DAY
    assert window.next_change_after(NOON + 7 * DAY) is None


@given(st.lists(openings, max_size=6), near)
def test_the_stage_changes_exactly_at_the_announced_instant(
    given_openings: list[Opening], now: datetime
) -> None:
    window = window_of(given_openings)
    change = window.next_change_after(now)
    if change is None:
        assert window.stage_at(now) is Stage.CLOSED
    else:
        assert change > now
        assert window.stage_at(change - timedelta(microseconds=1)) is window.stage_at(now)
        assert window.stage_at(change) is not window.stage_at(now)


# Which instant counts


@given(kinds, instants, instants)
def test_the_earlier_of_metas_time_and_receipt_counts(
    kind: OpeningKind, occurred: datetime, received: datetime
) -> None:
    assert opening(kind, occurred_at=occurred, received_at=received).at == min(occurred, received)


def test_a_timestamp_in_the_future_opens_no_more_than_receipt_does() -> None:
    dated_2100 = opening(OpeningKind.MESSAGE, occurred_at=datetime(2100, 1, 1, tzinfo=UTC), received_at=NOON)
    assert dated_2100 == opened(at=NOON)


def test_an_undated_opening_counts_from_receipt() -> None:
    assert opening(OpeningKind.MESSAGE, occurred_at=None, received_at=NOON) == opened(at=NOON)


def test_a_late_delivery_counts_from_when_the_customer_wrote() -> None:
    late = opening(OpeningKind.MESSAGE, occurred_at=NOON, received_at=NOON + 30 * DAY)
    assert window_of([late]).stage_at(NOON + 30 * DAY) is Stage.CLOSED


def test_an_instant_without_a_time_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        opening(OpeningKind.MESSAGE, occurred_at=None, received_at=NOON.replace(tzinfo=None))


@pytest.mark.parametrize(
    "at",
    [
        datetime(2027, 2, 28, 23, 59, 59, tzinfo=UTC),
        datetime(2028, 2, 28, 12, tzinfo=UTC),
        datetime(2026, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC),
    ],
    ids=["end of February", "leap year", "end of the year"],
)
def test_months_and_years_end_without_a_trace(at: datetime) -> None:
    window = window_of([opened(at=at)])
    assert window.standard_until is not None
    assert window.human_agent_until is not None
    assert (window.standard_until - at).total_seconds() == 86_400
    assert (window.human_agent_until - at).total_seconds() == 604_800


@pytest.mark.parametrize("eve", [(3, 28), (10, 24)])
def test_summer_time_neither_lengthens_nor_shortens(eve: tuple[int, int]) -> None:
    at = datetime(2026, *eve, 20, tzinfo=ZoneInfo("Europe/Berlin"))
    window = window_of([opened(at=at)])
    assert window == window_of([opened(at=at.astimezone(UTC))])
    assert window.stage_at(at.astimezone(UTC) + STANDARD_LENGTH - MS) is Stage.STANDARD
    assert window.stage_at(at.astimezone(UTC) + STANDARD_LENGTH) is Stage.HUMAN_AGENT


# Several openings


@given(st.lists(openings, max_size=8), st.randoms())
def test_order_does_not_matter(given_openings: list[Opening], random: object) -> None:
    shuffled = list(given_openings)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # Hypothesis types its Random as object
    assert window_of(shuffled) == window_of(given_openings)


@given(st.lists(openings, max_size=8))
def test_repetition_changes_nothing(given_openings: list[Opening]) -> None:
    assert window_of(given_openings + given_openings) == window_of(given_openings)


@given(st.lists(openings, max_size=4), st.lists(openings, max_size=4))
def test_a_fold_may_be_taken_up_where_it_was_left(first: list[Opening], rest: list[Opening]) -> None:
    window = window_of(first)
    for each in rest:
        window = window.extended_by(each)
    assert window == window_of(first + rest)


@given(st.lists(openings, max_size=6), openings, near)
def test_a_further_opening_never_takes_away(
    given_openings: list[Opening], further: Opening, now: datetime
) -> None:
    freedom = [Stage.CLOSED, Stage.HUMAN_AGENT, Stage.STANDARD]
    before = window_of(given_openings)
    after = before.extended_by(further)
    assert freedom.index(after.stage_at(now)) >= freedom.index(before.stage_at(now))


@given(st.lists(openings, min_size=1, max_size=8), near)
def test_the_stage_is_that_of_the_most_generous_opening(given_openings: list[Opening], now: datetime) -> None:
    allowed = {window_of([each]).stage_at(now) for each in given_openings}
    generous = next(stage for stage in (Stage.STANDARD, Stage.HUMAN_AGENT, Stage.CLOSED) if stage in allowed)
    assert window_of(given_openings).stage_at(now) is generous


@given(st.lists(openings, min_size=1, max_size=8))
def test_the_window_names_the_opening_that_reaches_furthest(given_openings: list[Opening]) -> None:
    window = window_of(given_openings)
    furthest = max(each.standard_until for each in given_openings)
    assert window.standard_until == furthest
    assert any(
        (each.kind, each.at, each.standard_until) == (window.opened_by, window.opened_at, furthest)
        for each in given_openings
    )
    people = [each.human_agent_until for each in given_openings if each.human_agent_until]
    assert window.human_agent_until == (max(people) if people else None)


def test_a_message_is_named_before_a_reaction_of_the_same_instant() -> None:
    pair = [opened(OpeningKind.REACTION), opened(OpeningKind.MESSAGE)]
    assert window_of(pair).opened_by is OpeningKind.MESSAGE
    assert window_of(reversed(pair)).opened_by is OpeningKind.MESSAGE


def test_two_that_overlap_make_one_long_window() -> None:
    window = window_of([opened(at=NOON), opened(OpeningKind.REACTION, at=NOON + DAY - MS)])
    assert window.stage_at(NOON + DAY) is Stage.STANDARD
    assert window.stage_at(NOON + 2 * DAY - 2 * MS) is Stage.STANDARD
    assert window.stage_at(NOON + 2 * DAY - MS) is Stage.HUMAN_AGENT
    assert window.stage_at(NOON + 7 * DAY) is Stage.CLOSED


def test_a_reaction_late_in_the_week_outlasts_the_people_who_may_answer() -> None:
    window = window_of([opened(at=NOON), opened(OpeningKind.REACTION, at=NOON + 7 * DAY - MS)])
    assert window.stage_at(NOON + 7 * DAY) is Stage.STANDARD
    assert window.next_change_after(NOON + 7 * DAY) == NOON + 8 * DAY - MS
    assert window.stage_at(NOON + 8 * DAY - MS) is Stage.CLOSED


def test_a_lagging_clock_does_not_close_what_has_been_opened() -> None:
    assert window_of([opened()]).stage_at(NOON - MS) is Stage.STANDARD


# Lengths


def test_an_ad_may_open_7_days_of_standard_window() -> None:
    window = window_of([opened(OpeningKind.AD_MESSAGE, lengths=AD_WEEK)])
    assert window.stage_at(NOON + 7 * DAY - MS) is Stage.STANDARD
    assert window.stage_at(NOON + 7 * DAY) is Stage.CLOSED
    assert window.next_change_after(NOON) == NOON + 7 * DAY


def test_an_ordinary_message_does_not_shorten_an_ads_week_but_prolongs_the_time_for_people() -> None:
    window = window_of([opened(OpeningKind.AD_MESSAGE, lengths=AD_WEEK), opened(at=NOON + DAY)])
    assert window.opened_by is OpeningKind.AD_MESSAGE
    assert window.stage_at(NOON + 7 * DAY - MS) is Stage.STANDARD
    assert window.stage_at(NOON + 8 * DAY - MS) is Stage.HUMAN_AGENT
    assert window.stage_at(NOON + 8 * DAY) is Stage.CLOSED


def test_everything_lasts_24_hours_unless_configured() -> None:
    assert set(DEFAULT_LENGTHS.standard) == set(OpeningKind)
    assert set(DEFAULT_LENGTHS.standard.values()) == {STANDARD_LENGTH}


@pytest.mark.parametrize("length", [timedelta(0), -DAY, AD_STANDARD_LIMIT + MS])
def test_an_ads_window_is_more_than_nothing_and_at_most_7_days(length: timedelta) -> None:
    with pytest.raises(ValueError, match="ad_message"):
        WindowLengths(standard={OpeningKind.AD_MESSAGE: length})


@pytest.mark.parametrize("kind", [kind for kind in OpeningKind if kind is not OpeningKind.AD_MESSAGE])
def test_no_other_standard_window_is_longer_than_24_hours(kind: OpeningKind) -> None:
    with pytest.raises(ValueError, match=kind):
        WindowLengths(standard={kind: STANDARD_LENGTH + MS})


@pytest.mark.parametrize("length", [timedelta(0), HUMAN_AGENT_LENGTH + MS])
def test_people_never_have_more_than_7_days(length: timedelta) -> None:
    with pytest.raises(ValueError, match="human agent"):
        WindowLengths(human_agent=length)


def test_windows_are_values() -> None:
    assert isinstance(hash(window_of([opened()])), int)
    assert window_of([opened()]) == Window(OpeningKind.MESSAGE, NOON, NOON + DAY, NOON + 7 * DAY)
