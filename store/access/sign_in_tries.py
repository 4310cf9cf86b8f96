"""Tries to sign in that have not succeeded, counted over all API processes.

A row's `key` says what it is counted for: an account, a source, both, a device. Keys are fingerprints: they
tell neither addresses nor people.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from store.db.sql import delete_rows, take_turn
from store.tables import SignInTry


@dataclass(frozen=True, slots=True)
class TryLimit:
    """So many tries in each such time."""

    tries: int
    within: timedelta


def remaining_wait(session: Session, limits: Mapping[str, TryLimit], now: datetime) -> timedelta:
    """How long to wait before the next try, for the strictest of the keys; zero when there may be one now."""
    waits = [timedelta(0)]
    for key, limit in limits.items():
        statement = (
            select(SignInTry.at)
            .where(SignInTry.key == key, col(SignInTry.at) > now - limit.within)
            .order_by(col(SignInTry.at).desc())
            .limit(limit.tries)
        )
        tries = session.exec(statement).all()
        if len(tries) >= limit.tries:
            waits.append(tries[-1] + limit.within - now)
    return max(waits)


def begin(session: Session, limits: Mapping[str, TryLimit], try_id: str, now: datetime) -> timedelta:
    """Count a try for each key, unless it has to wait; how long. Of tries at once no more pass than may.

    What no limit looks at any more is forgotten.
    """
    for key in sorted(limits):
        take_turn(session, key)
    wait = remaining_wait(session, limits, now)
    if wait == timedelta(0):
        longest = max(limit.within for limit in limits.values())
        delete_rows(session, SignInTry, col(SignInTry.at) <= now - longest)
        session.add_all(SignInTry(key=key, try_id=try_id, at=now) for key in limits)
    return wait


def forget(session: Session, *, try_id: str, key: str | None = None) -> None:
    """Take a try back, and all others of a key."""
    delete_rows(session, SignInTry, col(SignInTry.try_id) == try_id)
    if key is not None:
        delete_rows(session, SignInTry, col(SignInTry.key) == key)
