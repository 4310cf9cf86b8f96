"""Contacts: kept, found by their keys and words, and two as one."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select, update
from sqlmodel import Session, col

from domain.contacts.contacts import ContactContent, merge
from domain.contacts.keys import Key, KeyKind, key_of
from domain.routing.field_errors import FieldError
from store.access.visibility import Reader, contact_is_seen
from store.db.ranges import Span, cut
from store.db.refusals import InvalidFieldsError, not_found
from store.db.sql import among, delete_rows, table_of
from store.search import contact_words
from store.tables import Contact, ContactField, ContactLink, ContactValue, ContactWords

Place = tuple[datetime, str]

_ORDER = (col(Contact.created_at), col(Contact.id))
_KEY_COLUMNS = {
    KeyKind.EMAIL: col(Contact.email_key),
    KeyKind.PHONE: col(Contact.phone_key),
    KeyKind.NUMBER: col(Contact.number_key),
}


@dataclass(frozen=True, slots=True)
class ContactRecord:
    """A contact with the values of the business's own fields."""

    contact: Contact
    fields: dict[str, str]

    @property
    def content(self) -> ContactContent:
        """What is known of them."""
        row = self.contact
        return ContactContent(row.name, row.email, row.phone, row.number, self.fields)


@dataclass(frozen=True, slots=True)
class ContactFilter:
    """What a list is narrowed to; unset fields do not narrow. `text`: words; `keys`: all of these."""

    text: str | None = None
    keys: tuple[Key, ...] = ()


def get(session: Session, contact_id: str) -> ContactRecord:
    """The contact; refused as `not_found`."""
    contact = session.get(Contact, contact_id)
    if contact is None:
        raise not_found("contact", contact_id)
    return _records(session, [contact])[0]


def listed(session: Session, wanted: ContactFilter, reader: Reader, span: Span[Place]) -> list[ContactRecord]:
    """A part of the list of those that this reader sees, by the instant at which they were added."""
    statement = select(Contact)
    if not reader.sees_all:
        statement = statement.where(contact_is_seen(reader))
    if wanted.text is not None:
        found = contact_words.found(session, wanted.text)
        if found is None:
            return []
        statement = statement.where(among(session, col(Contact.id), found))
    for kind, key in wanted.keys:
        statement = statement.where(_KEY_COLUMNS[kind] == key)
    return _records(session, list(session.scalars(cut(statement, _ORDER, span))))


def with_any_key(session: Session, keys: Collection[Key]) -> set[str]:
    """The ids of the contacts that have one of these keys."""
    if not keys:
        return set()
    having = or_(*(_KEY_COLUMNS[kind] == key for kind, key in sorted(keys)))
    return set(session.scalars(select(col(Contact.id)).where(having)))


def add(session: Session, contact_id: str, content: ContactContent, at: datetime) -> None:
    """A new contact."""
    contact = Contact(id=contact_id, created_at=at, changed_at=at)
    session.add(contact)
    _set(session, contact, content, at)


def change(session: Session, contact_id: str, content: ContactContent, at: datetime) -> None:
    """Let this be all that is known of a contact."""
    _set(session, get(session, contact_id).contact, content, at)


def merge_into(session: Session, kept_id: str, other_id: str, at: datetime) -> None:
    """Make two contacts one: the other's customers are the kept one's, and the other is gone."""
    kept, other = get(session, kept_id), get(session, other_id)
    if kept_id == other_id:
        raise InvalidFieldsError([FieldError("contact_id", "same", "These are one contact already.")])
    links = table_of(ContactLink)
    session.connection().execute(
        update(links).where(links.c.contact_id == other_id).values(contact_id=kept_id)
    )
    content = merge(kept.content, other.content)
    delete(session, other_id)
    _set(session, kept.contact, content, at)


def delete(session: Session, contact_id: str) -> None:
    """Delete a contact. Customers who were linked to it are linked to none."""
    contact = get(session, contact_id).contact
    delete_rows(session, ContactLink, col(ContactLink.contact_id) == contact_id)
    for model, *conditions in rows_of([contact_id]):
        delete_rows(session, model, *conditions)
    session.expunge(contact)


def rows_of(contact_ids: Collection[str]) -> list[tuple[Any, ...]]:
    """Each table with the condition for its rows of these contacts, those that refer to others first."""
    return [
        (ContactValue, col(ContactValue.contact_id).in_(contact_ids)),
        (ContactWords, col(ContactWords.contact_id).in_(contact_ids)),
        (Contact, col(Contact.id).in_(contact_ids)),
    ]


def place_of(record: ContactRecord) -> Place:
    """Where a contact stands in the list."""
    return record.contact.created_at, record.contact.id


def _set(session: Session, contact: Contact, content: ContactContent, at: datetime) -> None:
    _refuse_unknown_fields(session, content.fields)
    contact.name, contact.email = content.name, content.email
    contact.phone, contact.number = content.phone, content.number
    contact.email_key = key_of(KeyKind.EMAIL, content.email)
    contact.phone_key = key_of(KeyKind.PHONE, content.phone)
    contact.number_key = key_of(KeyKind.NUMBER, content.number)
    contact.changed_at = at
    session.flush()
    delete_rows(session, ContactValue, col(ContactValue.contact_id) == contact.id)
    session.add_all(
        ContactValue(contact_id=contact.id, field=name, value=value) for name, value in content.fields.items()
    )
    session.flush()
    contact_words.replace(session, contact.id, texts_of(content))


def texts_of(content: ContactContent) -> list[str]:
    """What a contact is found by the words of."""
    own = [content.name, content.email, content.phone, content.number, *content.fields.values()]
    return [each for each in own if each]


def _records(session: Session, contacts: list[Contact]) -> list[ContactRecord]:
    values: dict[str, dict[str, str]] = {each.id: {} for each in contacts}
    found = select(ContactValue).where(col(ContactValue.contact_id).in_(values))
    for row in session.scalars(found.order_by(col(ContactValue.field))):
        values[row.contact_id][row.field] = row.value
    return [ContactRecord(each, values[each.id]) for each in contacts]


def _refuse_unknown_fields(session: Session, names: Iterable[str]) -> None:
    known = set(session.scalars(select(col(ContactField.name))))
    errors = [
        FieldError(f"fields.{name}", "unknown_field", "There is no such field of contacts.")
        for name in names
        if name not in known
    ]
    if errors:
        raise InvalidFieldsError(errors)
