"""Reading the events of the inbox. They are written in ingest/inbox, and emptied by store/privacy."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import bindparam
from sqlalchemy import select as sql_select
from sqlmodel import Session, col, func, select

from store.db.ranges import Span, cut
from store.inbox.relay_shares import PARTITIONS
from store.tables import InboxEvent

BATCH = 200

_AFTER = (
    select(InboxEvent)
    .where(col(InboxEvent.id) > bindparam("position"))
    .order_by(col(InboxEvent.id))
    .limit(BATCH)
)
_NEWEST = select(func.max(InboxEvent.id))
_OF_PARTITIONS = _AFTER.where(
    col(InboxEvent.id) <= bindparam("up_to"),
    col(InboxEvent.partition).in_(bindparam("partitions", expanding=True)),
)


@dataclass(frozen=True, slots=True)
class Conflict:
    """An event that came again, last at `at_ms`, with another content."""

    at_ms: int
    inbox_id: int
    page_id: str
    kind: str


def newest_inbox_id(session: Session) -> int:
    """The id of the newest event, 0 for an empty inbox."""
    return session.exec(_NEWEST).one() or 0


def events_after(session: Session, position: int) -> list[InboxEvent]:
    """The next events, in the order in which they became durable. At most `BATCH`."""
    return list(session.exec(_AFTER, params={"position": position}).all())


def events_of_partitions(
    session: Session, partitions: Collection[int], *, after: int, up_to: int | None
) -> tuple[list[InboxEvent], int]:
    """The next events of some partitions, and up to which id these are all. At most `BATCH`.

    Without `up_to`: up to the newest event.
    """
    if up_to is None and len(partitions) == PARTITIONS:
        events = events_after(session, after)
        return events, events[-1].id or 0 if events else after
    last = up_to if up_to is not None else max(after, newest_inbox_id(session))
    if last == after:
        return [], after
    bounds = {"position": after, "up_to": last, "partitions": list(partitions)}
    events = list(session.exec(_OF_PARTITIONS, params=bounds).all())
    return events, events[-1].id or 0 if len(events) == BATCH else last


def events_by_id(session: Session, ids: list[int]) -> list[InboxEvent]:
    """Events by their ids, in order, those that are still there. At most `BATCH`."""
    wanted = select(InboxEvent).where(col(InboxEvent.id).in_(ids[:BATCH]))
    return list(session.exec(wanted.order_by(col(InboxEvent.id))).all())


def raw_of_key(session: Session, account_id: str, page_id: str, event_key: str) -> bytes | None:
    """The content of the event with this key; None where there is none, empty where it has expired."""
    found = select(InboxEvent.raw).where(
        InboxEvent.account_id == account_id,
        InboxEvent.page_id == page_id,
        InboxEvent.event_key == event_key,
    )
    return session.exec(found).first()


def conflicts_after(session: Session, at_ms: int, inbox_id: int) -> list[Conflict]:
    """The next conflicts after (at_ms, inbox_id), in that order. At most `BATCH`."""
    key = (col(InboxEvent.conflict_ms), col(InboxEvent.id))
    found = sql_select(*key, col(InboxEvent.page_id), col(InboxEvent.kind)).where(key[0].is_not(None))
    following = session.execute(cut(found, key, Span(BATCH, after=(at_ms, inbox_id))))
    return [Conflict(at or 0, id_ or 0, page, kind) for at, id_, page, kind in following]
