"""How much a message to the Send API may hold. Data alone: who takes messages in judges by it.

Source: docs/reference/messenger-send-and-errors.md; the limit of the whole message is that of
docs/reference/service-behaviour.md. Meta says "characters" only; counting UTF-16 units, by which an emoji is
two or more, is the careful reading.
"""

TEXT = 2000
QUICK_REPLIES = 13
QUICK_REPLY_TITLE = 20
PAYLOAD = 1000
BUTTON_TEMPLATE_TEXT = 640
BUTTONS = 3
BUTTON_TITLE = 20
ELEMENTS = 10
ELEMENT_TITLE = 80
ELEMENT_SUBTITLE = 80
URL = 2000
"""Ours: Meta names none."""
MESSAGE_BYTES = 28 * 1024
"""Of the whole message as JSON in UTF-8."""


def units(text: str) -> int:
    """The length of a text in UTF-16 code units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
