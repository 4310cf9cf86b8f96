"""The words of automated messages: languages with fallback, placeholders, and Meta's limit."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.workstreams.automated_texts import (
    DEFAULT_TEXTS,
    MAX_UTF16_UNITS,
    NAMES,
    WHY_OUTSIDE_WINDOW,
    default_text,
    fill_in,
    in_language,
    says_nothing,
    unknown_placeholders,
)
from domain.workstreams.conversation_settings import AutomatedTrigger


def units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


@pytest.mark.parametrize("trigger", AutomatedTrigger)
@pytest.mark.parametrize("language", ["en", "de", "es"])
def test_every_trigger_has_a_text_of_ours_in_three_languages(
    trigger: AutomatedTrigger, language: str
) -> None:
    text = DEFAULT_TEXTS[trigger][language]
    assert text
    assert units(text) <= MAX_UTF16_UNITS
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
def test_a_language_falls_back_to_its_primary_and_then_to_the_next(language: str, expected: str) -> None:
    texts = {"de": "German", "de-AT": "Austrian", "en": "English"}
    assert in_language(texts, (language, "en")) == expected


def test_without_any_text_that_fits_there_is_none() -> None:
    assert in_language({"de": "German"}, ("fr", None, "")) is None
    assert in_language({"de": "German"}, ("fr", None, "de-AT")) == "German"
    assert in_language({}, ("en",)) is None


def test_an_unknown_language_gets_the_stock_text_in_english() -> None:
    greeting = AutomatedTrigger.GREETING
    assert default_text(greeting, "tlh") == DEFAULT_TEXTS[greeting]["en"]


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("{AgentName} here", "Mia Ek here"),
        ("{AgentName}, {PageName}", "Mia Ek, Bakery"),
        ("from {QueueName}!", "from!"),
        ("order {$Order$}", "order 12"),
        ("order {$order$}", "order"),  # names are case-sensitive
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


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("Hello {CustomerName|there}!", "Hello there!"),
        ("Hello {AgentName|there}!", "Hello Mia Ek!"),
        ("order {$Order$|unknown}, {$Nothing$|not known yet}", "order 12, not known yet"),
        ("{CustomerName|}", ""),
        ("{Unknown|there} {CustomerName|a{b}", "{Unknown|there} {CustomerName|a{b}"),
    ],
)
def test_a_fallback_is_said_where_there_is_no_value(text: str, filled: str) -> None:
    assert fill_in(text, {"AgentName": "Mia Ek", "CustomerName": "  "}, {"Order": "12"}) == filled


@pytest.mark.parametrize(
    ("text", "closed"),
    [
        ("Hallo {CustomerName}!", "Hallo!"),
        ("Hallo {CustomerName}, womit können wir helfen?", "Hallo, womit können wir helfen?"),
        ("Hello, {CustomerName}! We are here.", "Hello! We are here."),
        ("¡Hola, {CustomerName}!", "¡Hola!"),
        ("Bonjour {CustomerName} !", "Bonjour !"),
        ("Bonjour {CustomerName}\u00a0!", "Bonjour\u00a0!"),
        ("{CustomerName}, we are here.", "We are here."),
        ("Dear {CustomerName},\nwe are here.", "Dear,\nwe are here."),
        ("Dear {CustomerName}\n{AgentName}: hello", "Dear\nHello"),
        ("We ({AgentName}) answer", "We answer"),
        ('Your order "{$Order$}" is here.', "Your order is here."),
        ("from {QueueName} to you", "from to you"),
        ("{CustomerName}{AgentName}", ""),
        ("Hello {CustomerName} {AgentName}!", "Hello!"),
        ("Hello {CustomerName}, {AgentName}!", "Hello!"),
        ("a {CustomerName|b} c  d", "a b c  d"),
    ],
)
def test_an_empty_placeholder_leaves_no_gap(text: str, closed: str) -> None:
    assert fill_in(text, {}, {}) == closed


def test_an_address_is_not_prose() -> None:
    target = "https://shop.test/a:{$Order$}?n={CustomerName}&x=1"
    assert fill_in(target, {}, {}, is_prose=False) == "https://shop.test/a:?n=&x=1"


@pytest.mark.parametrize("text", ["", "!", " ¡Hola!"[-1:], "\n ,", "…"])
def test_blanks_and_marks_alone_say_nothing(text: str) -> None:
    assert says_nothing(text)
    assert not says_nothing(text + "👋")


@pytest.mark.parametrize(
    ("text", "unknown"),
    [
        ("Hi {CustomerName}, {AgentName|we}, {$Order No$}", ["{$Order No$}"]),
        ("{customername} {Customer Name} {$Order} {}", ["{customername}", "{Customer Name}", "{$Order}"]),
        ("{$Order$} {$Order$|none} {QueueName} {PageName}", []),
        ("a { b and } c, :-}", []),
    ],
)
def test_what_is_no_placeholder_is_found(text: str, unknown: list[str]) -> None:
    assert unknown_placeholders(text) == unknown


@pytest.mark.parametrize("cause", WHY_OUTSIDE_WINDOW)
def test_a_notice_of_the_window_says_what_is_so_in_three_languages(cause: str) -> None:
    texts = WHY_OUTSIDE_WINDOW[cause]
    assert len({texts[language] for language in ("en", "de", "es")}) == 3
    assert default_text(AutomatedTrigger.OUTSIDE_WINDOW, "fr", "de-AT", cause=cause) == texts["de"]


def test_what_is_filled_in_is_not_filled_in_again() -> None:
    names = {"CustomerName": "{$Secret$}{AgentName}", "AgentName": "Mia"}
    assert fill_in("{CustomerName}", names, {"Secret": "s"}) == "{$Secret$}{AgentName}"


def test_only_known_names_are_names() -> None:
    assert fill_in("{Password}", {"Password": "x"}, {}) == "{Password}"
    assert set(NAMES) == {"AgentName", "QueueName", "PageName", "CustomerName"}


def test_a_text_at_the_limit_stays_and_a_longer_one_is_cut() -> None:
    at_limit = "ä" * MAX_UTF16_UNITS
    assert fill_in(at_limit, {}, {}) == at_limit
    assert fill_in(at_limit + "x", {}, {}) == at_limit


def test_a_pair_is_never_cut_in_two() -> None:
    """An emoji is two UTF-16 units, and there is room for one."""
    text = "a" * (MAX_UTF16_UNITS - 1) + "😀"
    assert fill_in(text, {}, {}) == "a" * (MAX_UTF16_UNITS - 1)
    assert fill_in("a" * (MAX_UTF16_UNITS - 2) + "😀", {}, {}) == "a" * (MAX_UTF16_UNITS - 2) + "😀"


def test_half_a_pair_from_outside_is_left_out() -> None:
    assert fill_in("{CustomerName}!", {"CustomerName": "A\ud83d"}, {}) == "A!"


@settings(deadline=None)
@given(st.text(alphabet=st.characters(exclude_categories=()), max_size=50), st.integers(0, 2100))
def test_whatever_is_filled_in_can_be_sent(text: str, length: int) -> None:
    filled = fill_in("x" * length + "{CustomerName}", {"CustomerName": text}, {})
    assert units(filled) <= MAX_UTF16_UNITS
    assert filled.encode("utf-8").decode() == filled
    if not any(0xD800 <= ord(char) <= 0xDFFF for char in text):
        assert ("x" * length + text).startswith(filled)
