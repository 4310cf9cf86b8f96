"""Reading customers."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select as sql_select
from sqlmodel import Session, col, select

from store.access.visibility import Reader, thread_is_seen
from store.conversations.listing import live_conversation_id
from store.db.ranges import Span, cut, unindexed
from store.db.sql import among
from store.search import texts as search_texts
from store.search.texts import Kind
from store.tables import Customer, Thread

Place = tuple[datetime, str]

_KEY = (col(Customer.created_at), col(Customer.id))


@dataclass(frozen=True, slots=True)
class CustomerRecord:
    """A customer with their thread and the conversation that is not closed."""

    customer: Customer
    thread: Thread
    live_conversation_id: str | None


@dataclass(frozen=True, slots=True)
class CustomerFilter:
    """What a list is narrowed to; unset fields do not narrow. `text`: words of the name."""

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


def listed(session: Session, wanted: CustomerFilter, reader: Reader, span: Span[Place]) -> list[Customer]:
    """A part of the list by the instant of the first word: of those whose threads this reader sees."""
    statement = sql_select(Customer)
    if not reader.sees_all:
        statement = statement.where(thread_is_seen(reader, col(Customer.id)))
    if wanted.text is not None:
        called = search_texts.found(session, Kind.NAME, wanted.text, page_id=wanted.page_id)
        if called is None:
            return []
        statement = statement.where(among(session, col(Customer.id), called))
    if wanted.page_id is not None:
        # Who is called so is few already.
        page_id = col(Customer.page_id) if wanted.text is None else unindexed(col(Customer.page_id))
        statement = statement.where(page_id == wanted.page_id)
    if wanted.psid is not None:
        statement = statement.where(col(Customer.psid) == wanted.psid)
    return list(session.scalars(cut(statement, _KEY, span)))


def place_of(customer: Customer) -> Place:
    """Where a customer stands in the list."""
    return customer.created_at, customer.id
