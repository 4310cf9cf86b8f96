"""Events that the relay has routed and that their conversations have not applied yet."""

from collections.abc import Iterable

from sqlalchemy import bindparam, delete
from sqlmodel import Session, col, select, tuple_

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


def unapplied_after(
    session: Session, customer_id: str, seq: int, *, limit: int
) -> list[tuple[str, str, ThreadEvent]]:
    """The next events after (customer_id, seq), in that order, each with its page's id and the PSID."""
    bounds = {"customer_id": customer_id, "seq": seq, "limit": limit}
    return list(session.exec(_AFTER, params=bounds).all())


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
