"""The pace of a page's calls, as its row keeps it for all workers.

Slots are taken in the transaction that marks an attempt, with the page's row locked.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from domain.pacing import CONVERSATIONS_PACE, MOST_MEDIA, USUAL_SENDS, Pace, is_media, slot
from store.tables import Page


@dataclass(frozen=True, slots=True)
class Rates:
    """How fast a page may send: all messages, and those with media among them."""

    sends: Pace
    media: Pace


USUAL = Rates(Pace(USUAL_SENDS), Pace(MOST_MEDIA))


def take_slot(
    page: Page, content: Mapping[str, Any], rates: Rates, now: datetime, *, near: timedelta
) -> datetime:
    """When a message of the page may leave. The slot is taken only if it is no further away than `near`."""
    paces = {"sends_next_at": rates.sends} | ({"media_next_at": rates.media} if is_media(content) else {})
    return _take(page, paces, now, near)


def take_reading_slot(page: Page, now: datetime, *, near: timedelta) -> datetime:
    """As `take_slot`, for one look at the page's conversations at Meta."""
    return _take(page, {"reads_next_at": CONVERSATIONS_PACE}, now, near)


def _take(page: Page, paces: Mapping[str, Pace], now: datetime, near: timedelta) -> datetime:
    """One slot that suits every pace; `paces` by the column that keeps each."""
    slowed = page.slowed_until is not None and now < page.slowed_until
    valid = {name: pace.slowed if slowed else pace for name, pace in paces.items()}
    at = now
    for name, pace in valid.items():
        at = slot(pace, getattr(page, name), at).at
    if at <= now + near:
        for name, pace in valid.items():
            setattr(page, name, slot(pace, getattr(page, name), at).next_at)
    return at
