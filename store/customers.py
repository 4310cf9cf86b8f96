"""Reading customers."""

from dataclasses import dataclass

from sqlmodel import Session, col, select

from store.conversations import live_conversation_id
from store.tables import Customer, Thread


@dataclass(frozen=True, slots=True)
class CustomerRecord:
    """A customer with their thread and the conversation that is not closed."""

    customer: Customer
    thread: Thread
    live_conversation_id: str | None


def find(session: Session, customer_id: str) -> CustomerRecord | None:
    """One customer."""
    row = session.exec(
        select(Customer, Thread)
        .join(Thread, col(Thread.customer_id) == col(Customer.id))
        .where(Customer.id == customer_id)
    ).first()
    if row is None:
        return None
    return CustomerRecord(row[0], row[1], live_conversation_id(session, customer_id))
