"""The words by which a text is found."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.search.terms import MAX_WORD_LENGTH, MAX_WORDS, Term, terms_of, words_of


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Hello, hello  WORLD!", ["hello", "world"]),
        ("Émilie's Größe, ÆRØ & Łódź", ["emilie", "s", "grosse", "aero", "lodz"]),
        ("\u0130stanbul \u0131s\u0131", ["istanbul", "isi"]),
        ("order_42: 100%", ["order", "42", "100"]),
        ("ﬁne ™", ["fine", "tm"]),
        ("한국어 검색", ["한국어", "검색"]),
        ("日本語 ok", ["日本", "本語", "語", "ok"]),
        ("\u0645\u06cc\u200c\u062e\u0648", ["\u0645\u06cc\u062e\u0648"]),
        ("❤️ 👍 … !", []),
        ("", []),
    ],
)
def test_words_lose_case_and_accents(text: str, words: list[str]) -> None:
    assert words_of(text) == words


@pytest.mark.parametrize(
    ("wanted", "terms"),
    [
        ("Anna Schm", [Term("anna"), Term("schm", is_prefix=True)]),
        ("a", [Term("a")]),
        ("日本語", [Term("日本"), Term("本語")]),
        ("日", [Term("日", is_prefix=True)]),
        ("!?", []),
    ],
)
def test_the_last_word_may_be_the_beginning_of_one(wanted: str, terms: list[Term]) -> None:
    assert terms_of(wanted) == terms


@given(st.text(max_size=300))
def test_every_text_is_found_by_itself(text: str) -> None:
    words = words_of(text)
    assert all(_is_in(term, words) for term in terms_of(text))
    assert all(word and " " not in word and '"' not in word and "'" not in word for word in words)


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=300))
def test_case_makes_no_difference_to_ascii(text: str) -> None:
    plain = text.encode("ascii", "ignore").decode()
    assert words_of(plain.upper()) == words_of(plain.lower())


def test_words_without_end_are_cut_and_found_all_the_same() -> None:
    assert words_of("x" * 20_000) == ["x" * MAX_WORD_LENGTH]
    assert terms_of("x" * 20_000) == [Term("x" * MAX_WORD_LENGTH, is_prefix=True)]
    assert len(words_of(" ".join(map(str, range(5000))))) == MAX_WORDS


def _is_in(term: Term, words: list[str]) -> bool:
    return any(word == term.word or (term.is_prefix and word.startswith(term.word)) for word in words)
