"""The status of an outbound message, and what may follow what. A send is sent, not sent, or unknown."""

import unicodedata
from enum import StrEnum


class MessageStatus(StrEnum):
    """Where an outbound message stands. `delivered` and `read` are read from the thread's watermarks."""

    QUEUED = "queued"
    HELD = "held"
    SENDING = "sending"
    UNKNOWN = "unknown"
    SENT = "sent"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    RESENT = "resent"
    DELIVERED = "delivered"
    READ = "read"


_S = MessageStatus

NEXT: dict[MessageStatus, frozenset[MessageStatus]] = {
    # An echo may overtake everything that we know of our own request, hence `sent` after each.
    _S.QUEUED: frozenset({_S.SENDING, _S.HELD, _S.FAILED, _S.CANCELLED, _S.SENT}),
    # Sending, failed: what the page held is tried, and judged by the window, as soon as its gate opens.
    _S.HELD: frozenset({_S.QUEUED, _S.SENDING, _S.CANCELLED, _S.EXPIRED, _S.FAILED, _S.SENT}),
    # Held: Meta's refusal closes the gate of the page.
    _S.SENDING: frozenset({_S.SENT, _S.QUEUED, _S.HELD, _S.FAILED, _S.UNKNOWN}),
    # Queued, held: an attempt that was given up for lost turned out to have sent nothing for certain.
    _S.UNKNOWN: frozenset({_S.SENT, _S.FAILED, _S.RESENT, _S.QUEUED, _S.HELD}),
    _S.SENT: frozenset({_S.DELIVERED, _S.READ}),
    _S.DELIVERED: frozenset({_S.READ}),
    _S.READ: frozenset(),
    _S.FAILED: frozenset({_S.SENT}),
    _S.CANCELLED: frozenset({_S.SENT}),
    _S.EXPIRED: frozenset({_S.SENT}),
    _S.RESENT: frozenset({_S.SENT}),
}

MAY_BECOME_SENT = frozenset(status for status, following in NEXT.items() if _S.SENT in following)


def comparable(text: str) -> str:
    """A text as it is compared with what Meta shows of it: composed (NFC), each run of blanks one space.

    Meta shows no blank edges; what else it does to blanks is not documented.
    """
    return unicodedata.normalize("NFC", " ".join(text.split()))
