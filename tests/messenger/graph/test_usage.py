"""The usage headers: what they say of a page and of an app, and that odd ones say nothing."""

import json
from datetime import timedelta
from typing import Any

import pytest

from messenger.graph.usage import Usage, app_usage, page_usage, regain_time

PAGE = "x-business-use-case-usage"


def of_page(*entries: Any) -> dict[str, str]:
    return {PAGE: json.dumps({"108823774519302": list(entries)})}


def test_the_largest_share_of_the_messages_counts() -> None:
    entry = {"type": "messenger", "call_count": 33, "total_cputime": 91, "total_time": 25}
    assert page_usage(of_page(entry | {"estimated_time_to_regain_access": 0})) == Usage(91)


def test_regain_is_told_in_minutes() -> None:
    entry = {"type": "messenger", "call_count": 100, "estimated_time_to_regain_access": 19}
    assert page_usage(of_page(entry)) == Usage(100, timedelta(minutes=19))


def test_what_other_calls_of_the_page_use_is_not_the_messages() -> None:
    headers = of_page({"type": "pages", "call_count": 100, "estimated_time_to_regain_access": 7})
    assert page_usage(headers) is None
    assert regain_time(headers) == timedelta(minutes=7)


def test_the_app_and_the_old_header_of_pages_tell_shares_alone() -> None:
    shares = json.dumps({"call_count": 28, "total_time": 95, "total_cputime": 25})
    assert app_usage({"x-app-usage": shares}) == Usage(95)
    assert page_usage({"x-page-usage": shares}) == Usage(95)
    assert page_usage({"x-app-usage": shares}) is None


@pytest.mark.parametrize(
    "value",
    ["", "[]", "null", "{", "7", '{"a":1}', '{"a":[1]}', '{"a":null}', "[" * 5000, '{"a":[]}'],
)
def test_a_header_of_another_form_says_nothing(value: str) -> None:
    assert page_usage({PAGE: value}) is None
    assert page_usage({"x-page-usage": value}) in (None, Usage(0))
    assert app_usage({"x-app-usage": value}) in (None, Usage(0))
    assert regain_time({PAGE: value}) == timedelta(0)


@pytest.mark.parametrize("number", ['"90"', "null", "-5", "true", "{}", "NaN"])
def test_an_odd_number_is_none(number: str) -> None:
    value = f'{{"a": [{{"call_count": {number}, "estimated_time_to_regain_access": {number}}}]}}'
    told = page_usage({PAGE: value})
    assert told is not None
    assert told.percent <= 1


@pytest.mark.parametrize("number", ["1e400", "1e300", "9" * 400])
def test_a_huge_number_is_at_most_a_day(number: str) -> None:
    value = f'{{"a": [{{"call_count": {number}, "estimated_time_to_regain_access": {number}}}]}}'
    told = page_usage({PAGE: value})
    assert told is not None
    assert told.percent <= 1_000_000
    assert told.regain <= timedelta(days=1)
