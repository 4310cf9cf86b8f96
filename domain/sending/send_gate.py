"""Whether the messages of a page may leave."""

from enum import StrEnum


class SendGate(StrEnum):
    """HELD: until somebody mends the page. PAUSED: until an instant."""

    OPEN = "open"
    HELD = "held"
    PAUSED = "paused"
