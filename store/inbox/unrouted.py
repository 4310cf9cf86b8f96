"""Reading webhook events that went to no thread."""

from sqlmodel import Session, col, select

from store.tables import UnroutedEvent


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
