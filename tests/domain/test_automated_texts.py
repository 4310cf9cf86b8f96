"""The words of automated messages: languages with fallback, placeholders, and Meta's limit."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.automated_texts import (
    DEFAULT_TEXTS,
    MOST_UNITS,
    NAMES,
    default_text,
    fill_in,
    in_language,
)
from domain.settings import AutomatedTrigger


def units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


@pytest.mark.parametrize("trigger", AutomatedTrigger)
@pytest.mark.parametrize("language", ["en", "de", "es"])
def test_every_trigger_has_a_text_of_ours_in_three_languages(
    trigger: AutomatedTrigger, language: str
) -> None:
    text = DEFAULT_TEXTS[trigger][language]
    assert text
    assert units(text) <= MOST_UNITS
    assert default_text(trigger, language) == text


def test_the_texts_of_two_languages_differ() -> None:
    for texts in DEFAULT_TEXTS.values():
        assert len(set(texts.values())) == len(texts)


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("de", "German"),
        ("DE", "German"),
        ("de-AT", "Austrian"),
        ("de_AT", "Austrian"),
        ("de-CH", "German"),
        ("de_DE", "German"),
        ("en-GB", "English"),
        ("fr", "English"),
        ("", "English"),
    ],
)
def test_a_language_falls_back_to_its_primary_and_then_to_english(language: str, expected: str) -> None:
    texts = {"de": "German", "de-AT": "Austrian", "en": "English"}
    assert in_language(texts, language) == expected


def test_without_any_text_that_fits_there_is_none() -> None:
    assert in_language({"de": "German"}, "fr") is None
    assert in_language({"de": "German"}, "fr", fallback="de") == "German"
    assert in_language({}, "en") is None


def test_an_unknown_language_gets_the_stock_text_in_english() -> None:
    greeting = AutomatedTrigger.GREETING
    assert default_text(greeting, "tlh") == DEFAULT_TEXTS[greeting]["en"]


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("{AgentName} here", "Mia Ek here"),
        ("{AgentName}, {PageName}", "Mia Ek, Bakery"),
        ("from {QueueName}!", "from !"),
        ("order {$Order$}", "order 12"),
        ("order {$order$}", "order "),  # names are case-sensitive
        ("{agentname} {Unknown} {} {x y}", "{agentname} {Unknown} {} {x y}"),
        ("{$AgentName$}", ""),  # a variable, and there is none of that name
        ("{$Order} {Order$}", "{$Order} {Order$}"),
        ("{$a-b$}", "{$a-b$}"),
        ("", ""),
    ],
)
def test_placeholders(text: str, filled: str) -> None:
    names = {"AgentName": "Mia Ek", "PageName": "Bakery"}
    assert fill_in(text, names, {"Order": "12"}) == filled


def test_what_is_filled_in_is_not_filled_in_again() -> None:
    names = {"CustomerName": "{$Secret$}{AgentName}", "AgentName": "Mia"}
    assert fill_in("{CustomerName}", names, {"Secret": "s"}) == "{$Secret$}{AgentName}"


def test_only_known_names_are_names() -> None:
    assert fill_in("{Password}", {"Password": "x"}, {}) == "{Password}"
    assert set(NAMES) == {"AgentName", "QueueName", "PageName", "CustomerName"}


def test_a_text_at_the_limit_stays_and_a_longer_one_is_cut() -> None:
    at_limit = "ä" * MOST_UNITS
    assert fill_in(at_limit, {}, {}) == at_limit
    assert fill_in(at_limit + "x", {}, {}) == at_limit


def test_a_pair_is_never_cut_in_two() -> None:
    """An emoji is two UTF-16 units, and there is room for one."""
    text = "a" * (MOST_UNITS - 1) + "😀"
    assert fill_in(text, {}, {}) == "a" * (MOST_UNITS - 1)
    assert fill_in("a" * (MOST_UNITS - 2) + "😀", {}, {}) == "a" * (MOST_UNITS - 2) + "😀"


def test_half_a_pair_from_outside_is_left_out() -> None:
    assert fill_in("{CustomerName}!", {"CustomerName": "A\ud83d"}, {}) == "A!"


@settings(deadline=None)
@given(st.text(alphabet=st.characters(exclude_categories=()), max_size=50), st.integers(0, 2100))
def test_whatever_is_filled_in_can_be_sent(text: str, length: int) -> None:
    filled = fill_in("x" * length + "{CustomerName}", {"CustomerName": text}, {})
    assert units(filled) <= MOST_UNITS
    assert filled.encode("utf-8").decode() == filled
    if not any(0xD800 <= ord(char) <= 0xDFFF for char in text):
        assert ("x" * length + text).startswith(filled)
