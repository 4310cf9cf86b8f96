"""At what pace the calls of a page may leave, ahead of Meta's limits.

Source: docs/reference/messenger-limits.md.

Each call takes a slot, an instant at which it may leave, as in the generic cell rate algorithm: slots follow
each other at an even step, and a tenth of a second's calls may leave at once after a pause.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

MAX_SENDS_PER_SECOND = 300
MAX_MEDIA_SENDS_PER_SECOND = 10
"""Meta's limits per page and second; for media they are those of audio and video."""

USUAL_SENDS = 40
"""Above it Meta counts a page as of high volume and may block it from sending at all."""

USED_UP = 100
"""Per cent of what Meta allows."""

NEARLY_USED_UP = 90
SLOWED_FOR = timedelta(minutes=5)
PAUSED_FOR = timedelta(minutes=1)
"""How long a usage counts that Meta tells no end of."""

_SECOND = timedelta(seconds=1)
_MICROSECOND = timedelta(microseconds=1)
_BURST_SHARE = 10
_SLOWED_SHARE = 10
_FURTHEST = timedelta(seconds=15)
"""No slot is taken further ahead. One that is noted beyond comes from a clock that was wrong."""

_MEDIA = frozenset({"image", "audio", "video", "file"})


@dataclass(frozen=True, slots=True)
class Pace:
    """At most `per_second` calls begin in any one second."""

    per_second: int

    @property
    def burst(self) -> int:
        """How many may begin at once after a pause."""
        return max(1, self.per_second // _BURST_SHARE)

    @property
    def step(self) -> timedelta:
        """From one slot to the next."""
        return -(-_SECOND // (self.per_second - self.burst + 1) // _MICROSECOND) * _MICROSECOND

    @property
    def slowed(self) -> "Pace":
        """The pace of a page that has nearly used up what Meta allows."""
        return Pace(max(1, self.per_second // _SLOWED_SHARE))


CONVERSATIONS_PACE = Pace(2)
"""Meta's limit on reading conversations, per page."""


@dataclass(frozen=True, slots=True)
class Restraint:
    """What Meta asks for: few calls before the one instant, none before the other."""

    slowed_until: datetime
    paused_until: datetime | None = None


def restraint(percent: int, regain: timedelta, at: datetime) -> Restraint | None:
    """What a usage in per cent asks for that was told `at` an instant; None where there is room enough.

    `regain`: how long until calls are allowed again.
    """
    if percent >= USED_UP or regain:
        paused_until = at + (regain or PAUSED_FOR)
        return Restraint(paused_until + SLOWED_FOR, paused_until)
    return Restraint(at + SLOWED_FOR) if percent >= NEARLY_USED_UP else None


@dataclass(frozen=True, slots=True)
class Slot:
    """A call may leave `at` this instant. Who takes the slot notes `next_at` for the one after it."""

    at: datetime
    next_at: datetime


def slot(pace: Pace, next_at: datetime | None, now: datetime) -> Slot:
    """The next free slot. `next_at`: what the taker of the one before noted; None where there was none."""
    known = next_at is not None and next_at <= now + _FURTHEST
    even = next_at if known and next_at is not None else now
    at = max(now, even - pace.step * (pace.burst - 1))
    return Slot(at, max(at, even) + pace.step)


def is_media(content: Mapping[str, Any]) -> bool:
    """Whether a `message` of the Send API counts as media.

    Meta names audio and video; whatever else it has to fetch is treated alike.
    """
    attachment = content.get("attachment")
    return isinstance(attachment, Mapping) and attachment.get("type") in _MEDIA
