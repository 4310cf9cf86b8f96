"""The words by which a text is found, the same on every database.

Letters lose their case and their accents (`Émilie` is found by `emilie`). Scripts that put no spaces between
words (Chinese, Japanese, Thai and their like) are cut into pairs of characters, as is usual for them.
"""

import functools
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

MAX_WORD_LENGTH = 40
"""A longer word is cut, in texts and in what is searched for."""
MAX_WORDS = 1000
"""So many different words of one text are found; Messenger's texts have a few hundred at the most."""
MIN_PREFIX_LENGTH = 2

# Letters that Unicode does not take apart into a plain one and an accent.
_PLAIN = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "ħ": "h", "\u0131": "i", "æ": "ae", "œ": "oe", "þ": "th"}
)
# Thai, Lao, Burmese, Khmer, Japanese, Chinese.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff"
)
_UNSPACED_RUN = re.compile(f"([{_UNSPACED}]+)")
_ASCII_WORD = re.compile(r"[a-z0-9]+")
# They tell two Japanese syllables apart, and are no accents.
_VOICED_MARKS = "\u3099\u309a"


@dataclass(frozen=True, slots=True)
class Term:
    """What a text must hold: a word, or a word that begins with this."""

    word: str
    is_prefix: bool = False


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of letters and digits of a folded text. `unspaced`: of a script without spaces."""

    word: str
    start: int
    unspaced: bool


def words_of(text: str) -> list[str]:
    """The different words of a text, in the order in which they first occur."""
    found: dict[str, None] = {}
    for word, unspaced in _split(text):
        found.update(dict.fromkeys([*_pairs(word), word[-1]] if unspaced else [word[:MAX_WORD_LENGTH]]))
        if len(found) >= MAX_WORDS:
            break
    return list(found)[:MAX_WORDS]


def terms_of(wanted: str) -> list[Term]:
    """What a text must hold, all of it, to be found by `wanted`; the last word may be the beginning of one.

    Nothing where `wanted` has neither letters nor digits.
    """
    terms: dict[Term, None] = {}
    pieces = list(_split(wanted))
    for number, (word, unspaced) in enumerate(pieces, start=1):
        if unspaced:
            terms.update(dict.fromkeys([Term(pair) for pair in _pairs(word)] or [Term(word, is_prefix=True)]))
        else:
            cut = word[:MAX_WORD_LENGTH]
            is_prefix = number == len(pieces) and len(cut) >= MIN_PREFIX_LENGTH
            terms[Term(cut, is_prefix)] = None
    return list(terms)


def pieces_of(folded_text: str) -> Iterator[Piece]:
    """The pieces of a folded text, in order."""
    for match in _word().finditer(folded_text):
        start = match.start()
        for piece in _UNSPACED_RUN.split(match.group()):
            if piece:
                yield Piece(piece, start, _UNSPACED_RUN.match(piece) is not None)
            start += len(piece)


def _split(text: str) -> Iterator[tuple[str, bool]]:
    """The words of a text without case and accents, and whether each is of a script without spaces."""
    if text.isascii():
        for word in _ASCII_WORD.findall(text.lower()):
            yield word, False
        return
    for piece in pieces_of(folded(text)):
        yield piece.word, piece.unspaced


def _pairs(run: str) -> list[str]:
    return [run[at : at + 2] for at in range(len(run) - 1)]


def folded(text: str) -> str:
    """Unicode's compatibility case folding, without accents and invisible characters."""
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    kept = "".join(each for each in apart if not _is_dropped(each))
    return unicodedata.normalize("NFC", kept).translate(_PLAIN)


@functools.lru_cache(maxsize=4096)
def _is_dropped(character: str) -> bool:
    if character in _VOICED_MARKS:
        return False
    return unicodedata.combining(character) != 0 or unicodedata.category(character) == "Cf"


@functools.cache
def _word() -> re.Pattern[str]:
    """A run of letters and digits, with the vowel signs that belong to them."""
    signs = "".join(
        each
        for each in map(chr, range(0x300, 0x10000))
        if unicodedata.category(each) in ("Mn", "Mc") and not unicodedata.combining(each)
        if not "\ufe00" <= each <= "\ufe0f"  # they only choose how the character before is drawn
    )
    return re.compile(rf"[^\W_](?:[^\W_]|[{signs}])*")
