"""Events that the relay has routed and that their conversations have not applied yet."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select as sql_select
from sqlmodel import Session, col, select

from base.json_codec import from_json_value, to_json_value
from domain.conversations.state import ThreadEvent as Event
from store.db.ranges import Span, cut
from store.db.sql import delete_rows
from store.tables import Customer, Thread, ThreadEvent

_UNAPPLIED = col(ThreadEvent.seq) > col(Thread.applied_seq)
_KEY = (col(ThreadEvent.customer_id), col(ThreadEvent.seq))
_COLUMNS = ("seq", "kind")


def thread_event_row(customer_id: str, inbox_id: int | None, event: Event) -> dict[str, Any]:
    """The row of an event. `facts` has all fields of the event but those that have a column."""
    facts = to_json_value(event)
    columns = {name: facts.pop(name) for name in _COLUMNS}
    route = "work" if event.opens_work else "join"
    return {"customer_id": customer_id, "inbox_id": inbox_id, "route": route, "facts": facts, **columns}


def event_of(row: ThreadEvent) -> Event:
    """The event of a row, as it is signalled. A field that an older row lacks has its default."""
    return from_json_value(Event, {**row.facts, "seq": row.seq, "kind": row.kind})


@dataclass(frozen=True, slots=True)
class Unapplied:
    """An event that its conversation has not applied, with its thread."""

    page_id: str
    psid: str
    customer_id: str
    event: Event


def unapplied_after(session: Session, customer_id: str, seq: int, *, limit: int) -> list[Unapplied]:
    """The next events after (customer_id, seq), in that order."""
    waiting = (
        sql_select(col(Thread.page_id), col(Customer.psid), ThreadEvent)
        .join(Thread, col(Thread.customer_id) == col(ThreadEvent.customer_id))
        .join(Customer, col(Customer.id) == col(ThreadEvent.customer_id))
        .where(_UNAPPLIED)
    )
    following = session.execute(cut(waiting, _KEY, Span(limit, after=(customer_id, seq))))
    return [Unapplied(page_id, psid, row.customer_id, event_of(row)) for page_id, psid, row in following]


def unapplied(session: Session) -> list[tuple[str, str, int]]:
    """Page, customer and number of all of them."""
    waiting = (
        select(Thread.page_id, Thread.customer_id, ThreadEvent.seq)
        .join(Thread, col(Thread.customer_id) == col(ThreadEvent.customer_id))
        .where(_UNAPPLIED)
    )
    return list(session.exec(waiting).all())


def forget(session: Session, customer_id: str, seqs: Iterable[int]) -> None:
    """Delete events of a thread that no workflow will apply."""
    of_thread = col(ThreadEvent.customer_id) == customer_id
    delete_rows(session, ThreadEvent, of_thread, col(ThreadEvent.seq).in_(list(seqs)))
