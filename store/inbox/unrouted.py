"""Webhook events that went to no thread."""

from collections.abc import Iterable

from sqlalchemy import update
from sqlmodel import Session, col, select

from store.db.sql import delete_rows
from store.inbox.inbox_events import BATCH
from store.tables import UnroutedEvent

REPLAYING = "replaying"
"""The disposition of an unrouted event that waits to be handled once more."""


def listed(
    session: Session, *, disposition: str | None, before: int | None, limit: int
) -> list[UnroutedEvent]:
    """Unrouted events, newest first."""
    statement = select(UnroutedEvent).order_by(col(UnroutedEvent.inbox_id).desc()).limit(limit)
    if disposition is not None:
        statement = statement.where(UnroutedEvent.disposition == disposition)
    if before is not None:
        statement = statement.where(col(UnroutedEvent.inbox_id) < before)
    return list(session.exec(statement))


def request_replay(session: Session, inbox_id: int) -> bool:
    """Have an unrouted event handled once more; False where there is none. Asking twice is asking once."""
    marked = session.connection().execute(
        update(UnroutedEvent).where(col(UnroutedEvent.inbox_id) == inbox_id).values(disposition=REPLAYING)
    )
    return marked.rowcount == 1


def requested_replays(session: Session) -> list[int]:
    """The inbox ids of the next events that wait to be handled once more, in their order. At most `BATCH`."""
    waiting = select(UnroutedEvent.inbox_id).where(UnroutedEvent.disposition == REPLAYING)
    return list(session.exec(waiting.order_by(col(UnroutedEvent.inbox_id)).limit(BATCH)).all())


def give_up_replays(session: Session, inbox_ids: Iterable[int]) -> None:
    """Set events aside again whose content is not in the inbox any more."""
    session.connection().execute(
        update(UnroutedEvent)
        .where(col(UnroutedEvent.inbox_id).in_(list(inbox_ids)), col(UnroutedEvent.disposition) == REPLAYING)
        .values(disposition="quarantined", reason="its content is not in the inbox any more")
    )


def forget(session: Session, inbox_id: int) -> bool:
    """Delete the row of an unrouted event. Returns whether there was one."""
    return delete_rows(session, UnroutedEvent, col(UnroutedEvent.inbox_id) == inbox_id) == 1
