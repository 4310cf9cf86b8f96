"""What a search finds beside whole conversations: messages, notes, customers by their names, and contacts.

Each kind is looked for by itself, and what is found is one list by time. A reader finds what is of the
conversations that lists show them: `store.access.visibility`.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CTE, ColumnElement, Select, SQLColumnExpression, func, select
from sqlmodel import Session, col

from store.access.visibility import Reader, contact_is_seen, conversation_is_listed
from store.db.ranges import Span, cut
from store.db.sql import among
from store.search import contact_words, texts
from store.search.texts import Kind
from store.tables import Contact, ContactLink, ContactValue, Conversation, Customer, Message, Note

Place = tuple[datetime, str]


class HitKind(StrEnum):
    """What was found."""

    MESSAGE = "message"
    NOTE = "note"
    CUSTOMER = "customer"
    CONTACT = "contact"


@dataclass(frozen=True, slots=True)
class SearchFilter:
    """What is looked for. `kinds`: only these; none: all."""

    words: str
    kinds: Collection[HitKind] = ()
    page_id: str | None = None
    customer_id: str | None = None


@dataclass(frozen=True, slots=True)
class FoundOfCustomer:
    """A message, a note, or (`row` is None) a customer by their name, with its texts by what they are.

    `at`: when it was said or written; of a customer the last activity in the conversation.
    """

    kind: HitKind
    id: str
    at: datetime
    texts: Mapping[str, str]
    conversation_id: str
    customer: Customer
    row: Message | Note | None = None


@dataclass(frozen=True, slots=True)
class FoundContact:
    """A contact with its texts, and the last conversation of its customers; `at`: when it was added."""

    id: str
    at: datetime
    texts: Mapping[str, str]
    name: str | None
    conversation_id: str | None
    kind: HitKind = HitKind.CONTACT


Hit = FoundOfCustomer | FoundContact


def find(session: Session, wanted: SearchFilter, reader: Reader, span: Span[Place]) -> list[Hit]:
    """A part of what this reader finds, by time."""
    kinds = [kind for kind in HitKind if kind in (wanted.kinds or HitKind)]
    found = [hit for kind in kinds for hit in _FINDERS[kind](_Search(session, wanted, reader, span))]
    return sorted(found, key=place_of, reverse=span.newest_first)[: span.limit]


def place_of(hit: Hit) -> Place:
    """Where a hit stands in the list."""
    return hit.at, hit.id


@dataclass(frozen=True, slots=True)
class _Search:
    session: Session
    wanted: SearchFilter
    reader: Reader
    span: Span[Place]

    def found(self, kind: Kind) -> Select[str] | None:
        """The ids of texts of this kind."""
        place = {"page_id": self.wanted.page_id, "customer_id": self.wanted.customer_id}
        return texts.found(self.session, kind, self.wanted.words, **place)

    def rows(self, statement: Select[*tuple[Any, ...]], *key: SQLColumnExpression[Any]) -> Sequence[Any]:
        """The part of a statement's rows that is asked for."""
        return self.session.execute(cut(statement, key, self.span)).all()


def _messages(search: _Search) -> Sequence[Hit]:
    return _said(search, Kind.MESSAGE, HitKind.MESSAGE, Message, col(Message.occurred_at))


def _notes(search: _Search) -> Sequence[Hit]:
    return _said(search, Kind.NOTE, HitKind.NOTE, Note, col(Note.created_at))


def _said(
    search: _Search,
    kind: Kind,
    shown: HitKind,
    model: type[Message] | type[Note],
    at: SQLColumnExpression[Any],
) -> Sequence[Hit]:
    """What was said or written in a conversation."""
    found = search.found(kind)
    if found is None:
        return []
    listed = conversation_is_listed(search.reader, Conversation)
    statement = (
        select(model, Customer)
        .join(Conversation, col(Conversation.id) == col(model.conversation_id))
        .join(Customer, col(Customer.id) == col(model.customer_id))
        .where(among(search.session, col(model.id), found), listed)
    )
    return [
        FoundOfCustomer(shown, row.id, when, {"text": row.text or ""}, row.conversation_id, customer, row)
        for row, customer in search.rows(statement, at, col(model.id))
        for when in [row.occurred_at if isinstance(row, Message) else row.created_at]
    ]


def _customers(search: _Search) -> Sequence[Hit]:
    """Customers by their names, each with the last of the conversations with them that the reader sees."""
    called = search.found(Kind.NAME)
    if called is None:
        return []
    latest = _latest(search.reader, among(search.session, col(Conversation.customer_id), called))
    statement = (
        select(Customer, latest.c.id, latest.c.at)
        .join(latest, latest.c.customer_id == col(Customer.id))
        .where(latest.c.place == 1)
    )
    return [
        FoundOfCustomer(
            HitKind.CUSTOMER, customer.id, at, {"name": customer.name or ""}, conversation_id, customer
        )
        for customer, conversation_id, at in search.rows(statement, latest.c.at, latest.c.customer_id)
    ]


def _contacts(search: _Search) -> Sequence[Hit]:
    """Contacts belong to no page, and not to one customer: where these are asked for there are none."""
    found = contact_words.found(search.session, search.wanted.words)
    if found is None or not search.wanted.page_id is search.wanted.customer_id is None:
        return []
    statement = select(Contact).where(
        among(search.session, col(Contact.id), found), contact_is_seen(search.reader)
    )
    rows = [row for (row,) in search.rows(statement, col(Contact.created_at), col(Contact.id))]
    ids = [row.id for row in rows]
    values = _values(search.session, ids)
    conversations = _conversations_of(search.session, search.reader, ids)
    return [
        FoundContact(
            row.id,
            row.created_at,
            _texts_of(row) | values.get(row.id, {}),
            row.name,
            conversations.get(row.id),
        )
        for row in rows
    ]


def _texts_of(contact: Contact) -> dict[str, str]:
    own = {name: getattr(contact, name) for name in ("name", "email", "phone", "number")}
    return {name: value for name, value in own.items() if value is not None}


def _values(session: Session, contact_ids: Sequence[str]) -> dict[str, dict[str, str]]:
    """What contacts have in the business's own fields."""
    of_these = col(ContactValue.contact_id).in_(contact_ids)
    values: dict[str, dict[str, str]] = {}
    for row in session.scalars(select(ContactValue).where(of_these).order_by(col(ContactValue.field))):
        values.setdefault(row.contact_id, {})[f"fields.{row.field}"] = row.value
    return values


def _conversations_of(session: Session, reader: Reader, contact_ids: Sequence[str]) -> dict[str, str]:
    """By contact, the last of their conversations that the reader sees."""
    linked = select(col(ContactLink.customer_id)).where(col(ContactLink.contact_id).in_(contact_ids))
    latest = _latest(reader, col(Conversation.customer_id).in_(linked))
    statement = (
        select(col(ContactLink.contact_id), latest.c.id)
        .join(latest, latest.c.customer_id == col(ContactLink.customer_id))
        .where(latest.c.place == 1)
        .order_by(latest.c.at)
    )
    return {contact_id: conversation_id for contact_id, conversation_id in session.execute(statement)}  # noqa: C416 - a Row is no pair to mypy


def _latest(reader: Reader, condition: ColumnElement[bool]) -> CTE:
    """Conversations, each with its place among those of its customer: 1 is the one of the last activity."""
    at = func.coalesce(col(Conversation.last_message_at), col(Conversation.opened_at))
    place = func.row_number().over(
        partition_by=col(Conversation.customer_id), order_by=(at.desc(), col(Conversation.id).desc())
    )
    return (
        select(col(Conversation.id), col(Conversation.customer_id), at.label("at"), place.label("place"))
        .where(condition, conversation_is_listed(reader, Conversation))
        .cte()
    )


_FINDERS: Mapping[HitKind, Callable[[_Search], Sequence[Hit]]] = {
    HitKind.MESSAGE: _messages,
    HitKind.NOTE: _notes,
    HitKind.CUSTOMER: _customers,
    HitKind.CONTACT: _contacts,
}
