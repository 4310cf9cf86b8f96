"""Reading customers."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, or_, select

from store.conversations import live_conversation_id
from store.tables import Customer, Thread


@dataclass(frozen=True, slots=True)
class CustomerRecord:
    """A customer with their thread and the conversation that is not closed."""

    customer: Customer
    thread: Thread
    live_conversation_id: str | None


@dataclass(frozen=True, slots=True)
class CustomerFilter:
    """What a list is narrowed to; unset fields do not narrow. `text`: a part of the name."""

    page_id: str | None = None
    psid: str | None = None
    text: str | None = None


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


def listed(
    session: Session, wanted: CustomerFilter, *, after: tuple[datetime, str] | None, limit: int
) -> list[Customer]:
    """Customers, the newest first."""
    statement = select(Customer).order_by(col(Customer.created_at).desc(), col(Customer.id).desc())
    if wanted.page_id is not None:
        statement = statement.where(Customer.page_id == wanted.page_id)
    if wanted.psid is not None:
        statement = statement.where(Customer.psid == wanted.psid)
    if wanted.text is not None:
        statement = statement.where(col(Customer.name).icontains(wanted.text, autoescape=True))
    if after is not None:
        at, customer_id = after
        same = (col(Customer.created_at) == at) & (col(Customer.id) < customer_id)
        statement = statement.where(or_(col(Customer.created_at) < at, same))
    return list(session.exec(statement.limit(limit)))
