"""When a page was heard, and its longest silences: enough to know what is usual for it, at little cost."""

from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from domain.pages.traffic import GAP_DAYS, Traffic
from store.db.sql import delete_rows, upsert
from store.tables import PageHealth, PageSilence

HEARD_EVERY = timedelta(seconds=10)
"""How exactly a page knows when it was last heard."""

_KEPT = timedelta(days=GAP_DAYS + 1)


def note_heard(session: Session, health: PageHealth, at: datetime, *, standby: bool) -> None:
    """Note that a webhook told something of the page at an instant."""
    if _is_later(health.last_event_at, at):
        if health.last_event_at is not None:
            _note_silence(session, health.page_id, at, at - health.last_event_at)
        health.last_event_at = at
    if standby and _is_later(health.last_standby_at, at):
        health.last_standby_at = at
    if not standby and _is_later(health.last_messaging_at, at):
        health.last_messaging_at = at


def traffic_of(session: Session, health: PageHealth) -> Traffic:
    """What the page has heard."""
    rows = session.exec(select(PageSilence).where(PageSilence.page_id == health.page_id)).all()
    return Traffic(
        last_event_at=health.last_event_at,
        last_messaging_at=health.last_messaging_at,
        last_standby_at=health.last_standby_at,
        gaps=[(row.day, timedelta(seconds=row.seconds)) for row in rows],
    )


def forget_old_silences(session: Session, page_id: str, now: datetime) -> None:
    """Drop what is older than the rule looks back."""
    old = col(PageSilence.day) < now - _KEPT
    delete_rows(session, PageSilence, col(PageSilence.page_id) == page_id, old)


def forget_silences(session: Session, page_id: str) -> None:
    """Drop all of a page's."""
    delete_rows(session, PageSilence, col(PageSilence.page_id) == page_id)


def _is_later(last: datetime | None, at: datetime) -> bool:
    return last is None or at - last >= HEARD_EVERY


def _note_silence(session: Session, page_id: str, at: datetime, length: timedelta) -> None:
    day = at.replace(hour=0, minute=0, second=0, microsecond=0)
    row = {"page_id": page_id, "day": day, "seconds": int(length.total_seconds())}
    upsert(session, PageSilence, row, newer_by="seconds")
