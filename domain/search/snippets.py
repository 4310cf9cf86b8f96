"""What is shown of a text that a search has found: a part of it, and where the words are in it.

No markup: the places of the words are numbers, and whoever shows the text draws them as they like.
"""

import functools
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from domain.search.terms import MAX_WORD_LENGTH, Piece, Term, folded, pieces_of

MAX_SNIPPET_LENGTH = 160
"""So many characters of a text are shown, and a sign at each end where it goes on."""
GOES_ON = "…"

_BEFORE = 40
"""So many characters stand before the first word that was found, where the text is cut."""
_MAX_WORD_KEPT_WHOLE = 20
"""A text is cut between words, unless the word there is longer than this."""
_MAX_CLUSTER = 32
"""So many characters at most are folded as one. Real ones have two or three."""
_AS_SPACES = dict.fromkeys([*range(0x20), 0x7F, 0x85, 0x2028, 0x2029], " ")

Range = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Snippet:
    """A part of a text on one line, and the ranges of what was found in it.

    A range is from its first to beyond its last UTF-16 code unit; they are in order and do not touch.
    """

    text: str
    matches: tuple[Range, ...]


def snippet_of(text: str, terms: Sequence[Term]) -> Snippet:
    """The part of a text about the first of the terms that is in it; its beginning where none is."""
    found = _matches(text, terms)
    start, end = _cut(text, found[0] if found else (0, 0))
    shown = text[start:end].translate(_AS_SPACES)
    before = GOES_ON if start else ""
    inside = [(max(first, start), min(last, end)) for first, last in found if first < end and last > start]
    ranges = tuple(
        (_utf16_units(before + shown[: first - start]), _utf16_units(before + shown[: last - start]))
        for first, last in inside
    )
    return Snippet(before + shown + (GOES_ON if end < len(text) else ""), ranges)


def _cut(text: str, first_match: Range) -> Range:
    """Which part of a text is shown, such that this range is in it."""
    if len(text) <= MAX_SNIPPET_LENGTH:
        return 0, len(text)
    start = max(0, min(first_match[0] - _BEFORE, len(text) - MAX_SNIPPET_LENGTH))
    if start:
        space = next((at for at in range(start, start + _MAX_WORD_KEPT_WHOLE) if text[at].isspace()), None)
        start = space + 1 if space is not None and space < first_match[0] else start
    end = min(len(text), start + MAX_SNIPPET_LENGTH)
    if end < len(text):
        around = range(end, end - _MAX_WORD_KEPT_WHOLE, -1)
        space = next((at for at in around if text[at].isspace()), None)
        end = space if space is not None and space >= first_match[1] else end
    return start, end


def _matches(text: str, terms: Sequence[Term]) -> list[Range]:
    """The ranges of a text in which terms are found, in order; those that touch are one."""
    folded_text, places = _folded_with_places(text)
    merged: list[Range] = []
    for piece in pieces_of(folded_text):
        for first, last in _matches_in(piece, terms):
            start, end = places[first][0], places[last - 1][1]
            if merged and start <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
            else:
                merged.append((start, end))
    return merged


def _matches_in(piece: Piece, terms: Sequence[Term]) -> Iterator[Range]:
    """The ranges of the folded text in which terms are in a piece: pairs in a script without spaces."""
    if piece.unspaced:
        words = [(at, piece.word[at : at + 2]) for at in range(len(piece.word))]
    else:
        words = [(0, piece.word[:MAX_WORD_LENGTH])]
    for at, word in words:
        lengths = [_length(word, piece, term) for term in terms if _is(word, term)]
        if lengths:
            yield piece.start + at, piece.start + at + max(lengths)


def _is(word: str, term: Term) -> bool:
    return word.startswith(term.word) if term.is_prefix else word == term.word


def _length(word: str, piece: Piece, term: Term) -> int:
    """How much of a piece a term is: a word that was cut is all of it."""
    is_whole = not piece.unspaced and word == term.word
    return len(piece.word) if is_whole else len(term.word)


def _folded_with_places(text: str) -> tuple[str, list[Range]]:
    """A text folded as the index has it, and for each character of that where it comes from."""
    if text.isascii():
        return text.lower(), [(at, at + 1) for at in range(len(text))]
    parts, places = list[str](), list[Range]()
    for start, end, part in clusters_of(text):
        parts.append(part)
        places.extend([(start, end)] * len(part))
    return "".join(parts), places


def clusters_of(text: str) -> Iterator[tuple[int, int, str]]:
    """The smallest parts of a text that fold by themselves: where each begins and ends, and its folded form.

    Their folded forms in a row are the folded text.
    """
    start, current = 0, ""
    for at, character in enumerate(text):
        part = _folded_character(character)
        if at > start and _joins(current, part) and at - start < _MAX_CLUSTER:
            current = unicodedata.normalize("NFC", current + part)
        elif part or at == start:
            if at > start:
                yield start, at, current
            start, current = at, part
    if text:
        yield start, len(text), current


@functools.lru_cache(maxsize=4096)
def _folded_character(character: str) -> str:
    return folded(character)


def _joins(current: str, part: str) -> bool:
    """Whether the next character becomes one with those before it: an accent, or a part of a syllable."""
    if not part or not current or (current.isascii() and part.isascii()):
        return not part
    if unicodedata.combining(part[0]):
        return True
    return len(unicodedata.normalize("NFC", current[-1] + part[0])) == 1


def _utf16_units(text: str) -> int:
    return len(text) + sum(character > "\uffff" for character in text)
