"""Events that the relay has routed and that their conversations have not applied yet."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, delete
from sqlmodel import Session, col, select, tuple_

from base.json_codec import from_json_value, to_json_value
from domain.conversations.state import ThreadEvent as Event
from store.tables import Customer, Thread, ThreadEvent

_UNAPPLIED = col(ThreadEvent.seq) > col(Thread.applied_seq)
_AFTER = (
    select(Thread.page_id, Customer.psid, ThreadEvent)
    .join(Thread, col(Thread.customer_id) == col(ThreadEvent.customer_id))
    .join(Customer, col(Customer.id) == col(ThreadEvent.customer_id))
    .where(
        _UNAPPLIED,
        tuple_(ThreadEvent.customer_id, ThreadEvent.seq) > tuple_(bindparam("customer_id"), bindparam("seq")),
    )
    .order_by(col(ThreadEvent.customer_id), col(ThreadEvent.seq))
    .limit(bindparam("limit"))
)


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
    bounds = {"customer_id": customer_id, "seq": seq, "limit": limit}
    return [
        Unapplied(page_id, psid, row.customer_id, event_of(row))
        for page_id, psid, row in session.exec(_AFTER, params=bounds)
    ]


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
    session.connection().execute(
        delete(ThreadEvent).where(
            col(ThreadEvent.customer_id) == customer_id, col(ThreadEvent.seq).in_(list(seqs))
        )
    )
