"""What surveys say keeps Meta's limits in every language, and every language says the same things."""

import re
from dataclasses import fields

import pytest

from domain.surveys.texts import SCORES, TEXTS, SurveyTexts, own_text, spoken
from domain.workstreams.conversation_settings import Question


@pytest.mark.parametrize("language", sorted(TEXTS))
def test_the_texts_keep_metas_limits(language: str) -> None:
    texts = TEXTS[language]
    for question in Question:
        assert 5 <= len(texts.questions[question]) <= 80
        for score in SCORES[question]:
            assert 1 <= len(texts.score(question, score)) <= 20
    assert len(texts.template_title) <= 65
    assert len(texts.template_button) <= 20
    assert len(texts.template_comment) <= 65


@pytest.mark.parametrize("language", sorted(TEXTS))
def test_every_language_has_every_text_and_its_places(language: str) -> None:
    texts, english = TEXTS[language], TEXTS["en"]
    assert texts.questions.keys() == english.questions.keys() == set(Question)
    assert texts.ends.keys() == english.ends.keys()
    assert len(texts.satisfaction) == len(SCORES[Question.CSAT])
    for name in (each.name for each in fields(SurveyTexts)):
        mine, theirs = getattr(texts, name), getattr(english, name)
        if isinstance(mine, str):
            assert mine.strip()
            assert re.findall(r"\{\w*\}", mine) == re.findall(r"\{\w*\}", theirs), name


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (("de-AT", "en"), "de"),
        (("es_MX", "en"), "es"),
        (("fr", "de"), "de"),
        (("fr", "it"), "en"),
        ((None, "es"), "es"),
        ((), "en"),
    ],
)
def test_the_first_language_that_is_spoken_counts(wanted: tuple[str | None, ...], expected: str) -> None:
    assert spoken(*wanted) == expected


@pytest.mark.parametrize(
    ("texts", "wanted", "expected"),
    [
        ({"de": "Hallo", "en": "Hello"}, ("de-AT", "en"), "Hallo"),
        ({"en": "Hello"}, ("de", "en"), None),
        ({"fr": "Bonjour"}, ("fr_CA", "en"), "Bonjour"),
        ({"de": "Hallo"}, ("it", "de"), "Hallo"),
        ({"en": "Hello"}, ("it", "pl"), "Hello"),
        ({}, ("it",), None),
    ],
)
def test_an_own_text_gives_way_to_the_customers_language(
    texts: dict[str, str], wanted: tuple[str, ...], expected: str | None
) -> None:
    assert own_text(texts, *wanted) == expected
