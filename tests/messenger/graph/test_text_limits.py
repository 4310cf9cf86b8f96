"""The limits are those that docs/messages.md tells."""

from messenger.graph import text_limits as limits
from support.paths import DOCS

DOCUMENT = (DOCS / "messages.md").read_text()


def test_every_limit_is_told() -> None:
    numbers = {value for name, value in vars(limits).items() if name.isupper()}
    assert len(numbers) >= 8
    assert [number for number in sorted(numbers) if f" {number:,}" not in DOCUMENT] == []


def test_an_emoji_counts_as_utf_16_does() -> None:
    assert [limits.units(text) for text in ("", "a", "ä", "😀", "👨‍👩‍👧")] == [0, 1, 1, 2, 8]
