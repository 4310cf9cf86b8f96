"""What a page hears of Meta: standby alone, or nothing for unusually long.

All instants are given; nothing here asks a clock.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.pages.page_problems import PageProblem

STANDBY_ALONE_FOR = timedelta(days=1)

GAP_DAYS = 14
SILENCE_FACTOR = 3
MIN_SILENCE = timedelta(hours=1)
"""A busy page's pauses are minutes; nobody needs an alarm for such."""
DAYS_TO_LEARN = 2
"""A page that has not been heard on two days has shown no night yet."""


@dataclass(frozen=True, slots=True)
class Traffic:
    """What a page has heard. `gaps` are its longest silences per day, of the last 14 days at least."""

    last_event_at: datetime | None = None
    last_messaging_at: datetime | None = None
    last_standby_at: datetime | None = None
    gaps: Sequence[tuple[datetime, timedelta]] = ()


def standby_problem(traffic: Traffic) -> PageProblem | None:
    """Whether the page's recent traffic is in standby only: the tell-tale of another primary receiver."""
    standby, messaging = traffic.last_standby_at, traffic.last_messaging_at
    if standby is None or (messaging is not None and standby - messaging < STANDBY_ALONE_FOR):
        return None
    return PageProblem("standby_only", facts={"since": messaging.isoformat() if messaging else None})


def usual_silence(traffic: Traffic, now: datetime) -> timedelta | None:
    """The longest silence that is usual for the page; None while it is not known long enough."""
    recent = [(day, gap) for day, gap in traffic.gaps if day > now - timedelta(days=GAP_DAYS)]
    if len({day.date() for day, _ in recent}) < DAYS_TO_LEARN:
        return None
    return max(gap for _, gap in recent)


def silence_problem(traffic: Traffic, now: datetime) -> PageProblem | None:
    """Whether the page has been silent for longer than three times its longest silence of 14 days."""
    usual = usual_silence(traffic, now)
    if usual is None or traffic.last_event_at is None:
        return None
    allowed = max(SILENCE_FACTOR * usual, MIN_SILENCE)
    if now - traffic.last_event_at <= allowed:
        return None
    return PageProblem("silent", facts={"since": traffic.last_event_at.isoformat()})
