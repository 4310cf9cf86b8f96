"""The rules about a page: its token's dates, its silence, its standby, and what still counts."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.pages.access_token import Token, refresh_due_at, refresh_problem, token_problems
from domain.pages.findings import Finding, problem_of, stands
from domain.pages.page_problems import KINDS, PageProblem, Severity, sorted_by_weight
from domain.pages.traffic import Traffic, silence_problem, standby_problem, usual_silence

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
SCOPES = frozenset({"pages_messaging", "pages_manage_metadata", "pages_read_engagement"})
instants = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - Hypothesis adds the zone
lengths = st.timedeltas(timedelta(0), 20 * DAY)


def token(**more: datetime) -> Token:
    return Token(is_valid=True, app_id="1", scopes=SCOPES, **more)


def test_every_problem_explains_itself_and_says_what_to_do() -> None:
    for code, kind in KINDS.items():
        shown = PageProblem(code).shown()
        assert shown == {
            "code": code,
            "severity": kind.severity.value,
            "detail": kind.explanation,
            "remedy": kind.remedy,
        }
        assert kind.explanation.endswith(".")
        assert kind.remedy.endswith(".")


def test_a_token_is_judged_by_validity_app_and_permissions() -> None:
    def codes(told: Token) -> list[str]:
        return [problem.code for problem in token_problems(told, "1")]

    assert codes(token()) == []
    assert codes(Token(is_valid=False, app_id="2", scopes=frozenset())) == ["token_invalid"]
    assert codes(Token(is_valid=True, app_id="2", scopes=SCOPES)) == ["token_of_another_app"]
    assert codes(Token(is_valid=True, app_id=None, scopes=SCOPES - {"pages_messaging"})) == [
        "permission_missing"
    ]


def test_a_refresh_is_due_at_the_first_end_that_meta_names_or_after_60_days() -> None:
    issued, end, access = NOW, NOW + 50 * DAY, NOW + 90 * DAY
    dates = {"issued_at": issued, "expires_at": end, "data_access_expires_at": access}
    assert refresh_due_at(token(**dates), NOW) == end
    assert refresh_due_at(token(**(dates | {"expires_at": NOW + 99 * DAY})), NOW) == access
    assert refresh_due_at(token(issued_at=issued, data_access_expires_at=access), NOW) == access
    assert refresh_due_at(token(issued_at=issued), NOW + DAY) == issued + 60 * DAY
    assert refresh_due_at(token(), NOW) == NOW + 60 * DAY


@pytest.mark.parametrize(
    ("left", "stage"),
    [
        (15 * DAY, None),
        (14 * DAY + timedelta(seconds=1), None),
        (14 * DAY, 14),
        (3 * DAY + timedelta(seconds=1), 14),
        (3 * DAY, 3),
        (timedelta(seconds=1), 3),
        (timedelta(0), 0),
        (-DAY, 0),
    ],
)
def test_the_refresh_is_told_at_14_days_at_3_and_on_the_day(left: timedelta, stage: int | None) -> None:
    problem = refresh_problem(NOW + left, NOW)
    assert (problem.stage if problem else None) == stage


@given(instants, st.lists(instants, min_size=2))
def test_the_refresh_only_becomes_more_urgent(due_at: datetime, moments: list[datetime]) -> None:
    found = [refresh_problem(due_at, now) for now in sorted(moments)]
    stages = [99 if problem is None or problem.stage is None else problem.stage for problem in found]
    assert stages == sorted(stages, reverse=True)


@pytest.mark.parametrize(
    ("standby", "messaging", "found"),
    [
        (None, None, False),
        (None, NOW, False),
        (NOW, None, True),
        (NOW, NOW - HOUR, False),
        (NOW, NOW + HOUR, False),
        (NOW, NOW - DAY, True),
        (NOW - 9 * DAY, NOW - 9 * DAY - HOUR, False),
    ],
)
def test_standby_alone_for_a_day_tells_of_another_receiver(
    standby: datetime | None, messaging: datetime | None, found: bool
) -> None:
    traffic = Traffic(last_standby_at=standby, last_messaging_at=messaging)
    assert (standby_problem(traffic) is not None) is found


def heard(last: datetime, *gaps: tuple[int, timedelta]) -> Traffic:
    """Longest silences per day, so many days ago."""
    return Traffic(last_event_at=last, gaps=[(NOW - days * DAY, gap) for days, gap in gaps])


def test_silence_is_three_times_the_longest_of_two_weeks() -> None:
    traffic = heard(NOW, (1, 2 * HOUR), (3, 4 * HOUR), (15, 40 * HOUR))
    assert usual_silence(traffic, NOW) == 4 * HOUR
    assert silence_problem(traffic, NOW + 12 * HOUR) is None
    assert silence_problem(traffic, NOW + 12 * HOUR + timedelta(seconds=1)) is not None


def test_a_page_that_is_not_known_yet_is_not_called_silent() -> None:
    assert silence_problem(heard(NOW, (1, HOUR)), NOW + 9 * DAY) is None
    assert silence_problem(Traffic(gaps=[(NOW, HOUR), (NOW - DAY, HOUR)]), NOW + DAY) is None


def test_a_busy_page_is_not_called_silent_within_an_hour() -> None:
    traffic = heard(NOW, (1, timedelta(minutes=1)), (2, timedelta(minutes=2)))
    assert silence_problem(traffic, NOW + HOUR) is None
    assert silence_problem(traffic, NOW + HOUR + timedelta(seconds=1)) is not None


@given(st.lists(st.tuples(st.integers(0, 20), lengths), max_size=30), lengths)
def test_more_silence_in_the_past_never_makes_an_alarm(
    gaps: list[tuple[int, timedelta]], since: timedelta
) -> None:
    traffic = heard(NOW - since, *gaps)
    quieter = heard(NOW - since, *((days, 2 * gap) for days, gap in gaps))
    if silence_problem(traffic, NOW) is None:
        assert silence_problem(quieter, NOW) is None


FINDINGS: Sequence[tuple[str, timedelta]] = (
    ("token_invalid", timedelta(minutes=10)),
    ("policy_block", HOUR),
    ("sends_not_permitted", DAY),
    ("development_mode", 7 * DAY),
    ("human_agent_not_granted", 7 * DAY),
    ("policy_warning", 7 * DAY),
    ("gap_not_filled", DAY),
    ("gap_incomplete", 7 * DAY),
)


@pytest.mark.parametrize(("code", "lasts"), FINDINGS)
def test_a_finding_stands_for_a_time(code: str, lasts: timedelta) -> None:
    finding = Finding(code, NOW, {"meta_code": 10})
    assert stands(finding, NOW + lasts - timedelta(seconds=1), human_agent_tag=True)
    assert not stands(finding, NOW + lasts, human_agent_tag=True)
    assert problem_of(finding).shown()["meta_code"] == 10


def test_a_block_that_meta_told_of_stands_and_a_tag_that_is_off_is_not_missed() -> None:
    assert stands(Finding("policy_block", NOW, {}, by_webhook=True), NOW + 99 * DAY, human_agent_tag=False)
    assert not stands(Finding("human_agent_not_granted", NOW, {}), NOW, human_agent_tag=False)


@given(st.lists(st.sampled_from(sorted(KINDS))))
def test_problems_are_shown_worst_first_and_each_once(codes: list[str]) -> None:
    shown = sorted_by_weight([PageProblem(code) for code in codes])
    assert sorted({problem.code for problem in shown}) == sorted(set(codes))
    assert len(shown) == len(set(codes))
    order = list(Severity)
    weights = [order.index(problem.severity) for problem in shown]
    assert weights == sorted(weights)


def test_of_two_with_one_code_the_first_is_shown() -> None:
    first, second = PageProblem("token_invalid", "first"), PageProblem("token_invalid", "second")
    assert sorted_by_weight([first, second]) == [first]
