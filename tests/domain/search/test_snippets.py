"""What is shown of a text that was found, and where the words are in it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.search.snippets import MAX_SNIPPET_LENGTH, Snippet, clusters_of, snippet_of
from domain.search.terms import folded, terms_of, words_of

LONG = "word " * 100


def marked(text: str, wanted: str) -> list[str]:
    """The parts of the snippet that are marked, cut out as a browser does it: by UTF-16 code units."""
    snippet = snippet_of(text, terms_of(wanted))
    units = snippet.text.encode("utf-16-le")
    return [units[2 * start : 2 * end].decode("utf-16-le") for start, end in snippet.matches]


@pytest.mark.parametrize(
    ("text", "wanted", "parts"),
    [
        ("Where is my blue shoe?", "blue sh", ["blue", "sh"]),
        ("Blue, BLUE and bluebell", "blue", ["Blue", "BLUE", "blue"]),
        ("Blue, bluebell", "blue shoe", ["Blue"]),
        ("Émilie's Größe", "emilie grosse", ["Émilie", "Größe"]),
        ("E\u0301milie", "emi", ["E\u0301mi"]),
        ("👍🏽 das große 😀 Maß", "mass", ["Maß"]),
        ("ﬁne", "fi", ["ﬁ"]),
        ("日本語を話す", "日本語", ["日本語"]),
        ("日本語を話す", "語", ["語"]),
        ("한국어 검색", "한국", ["한국"]),
        ("soft\u00adware", "software", ["soft\u00adware"]),
        ("<b>blue</b> & more", "b", ["b", "b"]),
        ("x" * 60, "x" * 60, ["x" * 60]),
        ("nothing of it", "blue", []),
        ("", "blue", []),
    ],
)
def test_what_was_found_is_marked_as_it_was_written(text: str, wanted: str, parts: list[str]) -> None:
    assert marked(text, wanted) == parts


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("short\nand\tplain", "short and plain"),
        (LONG + "blue " + LONG, "…" + "word " * 7 + "blue " + "word " * 23 + "word…"),
        ("blue " + LONG, "blue " + "word " * 30 + "word…"),
        (LONG + "blue", "…" + "word " * 30 + "word blue"),
        ("x" * 200 + " blue", "…" + "x" * 155 + " blue"),
    ],
)
def test_a_long_text_is_cut_between_words_about_the_first_that_was_found(text: str, shown: str) -> None:
    snippet = snippet_of(text, terms_of("blue"))
    assert snippet.text == shown
    assert len(snippet.text) <= MAX_SNIPPET_LENGTH + 2


def test_the_places_count_the_sign_of_a_cut_and_both_units_of_an_emoji() -> None:
    assert snippet_of("😀 blue", terms_of("blue")) == Snippet("😀 blue", ((3, 7),))
    assert snippet_of("y" * 200 + " blue", terms_of("blue")).matches == ((157, 161),)


@given(st.text(max_size=200))
def test_the_parts_of_a_text_fold_as_the_whole_does(text: str) -> None:
    found = list(clusters_of(text))
    assert "".join(part for _, _, part in found) == folded(text)
    assert [start for start, _, _ in found] == [0, *(end for _, end, _ in found)][: len(found)]


@given(st.text(max_size=400), st.data())
def test_a_word_of_a_short_text_is_always_marked(text: str, data: st.DataObject) -> None:
    words = words_of(text)
    if not words:
        return
    wanted = data.draw(st.sampled_from(words))
    snippet = snippet_of(text, terms_of(wanted))
    assert snippet.matches
    units = len(snippet.text.encode("utf-16-le")) // 2
    flat = [place for each in snippet.matches for place in each]
    assert flat == sorted(set(flat))
    assert 0 <= flat[0] < flat[-1] <= units
