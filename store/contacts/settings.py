"""The fields of its own that a business gives contacts, and the rules by which customers are identified."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlmodel import Session, col

from domain.contacts.contacts import MAX_FIELDS
from domain.contacts.identification import IdentificationRule
from domain.contacts.keys import KeyKind
from domain.routing.field_errors import duplicates
from store.contacts import contacts
from store.db.refusals import InvalidFieldsError, RefusalReason, StoreRefusalError, not_found
from store.db.sql import delete_rows, take_turn
from store.search import contact_words
from store.tables import ContactField, ContactRule, ContactValue

CONTACTS_AT_ONCE = 200
"""Of so many contacts the values of a field are deleted in one transaction."""


def fields(session: Session) -> list[ContactField]:
    """The fields, by name."""
    return list(session.scalars(select(ContactField).order_by(col(ContactField.name))))


def set_field(session: Session, name: str, title: str, at: datetime) -> ContactField:
    """Add a field, or give it another title; refused where there are as many as there may be."""
    known = session.get(ContactField, name)
    if known is not None:
        known.title = title
        return known
    take_turn(session, "fields of contacts")
    if session.execute(select(func.count()).select_from(ContactField)).scalar_one() >= MAX_FIELDS:
        raise StoreRefusalError(RefusalReason.LIMIT_REACHED, limit=MAX_FIELDS)
    made = ContactField(name=name, title=title, created_at=at)
    session.add(made)
    return made


def delete_field(session: Session, name: str) -> bool:
    """Delete what some contacts have in a field, and the field once none has anything in it any more.

    Whether it is gone: until then this is done again, each time in a transaction of its own, for there may be
    any number of contacts. Refused as `not_found` without the field.
    """
    field = session.get(ContactField, name)
    if field is None:
        raise not_found("contact field", name)
    having = select(col(ContactValue.contact_id)).where(col(ContactValue.field) == name)
    contact_ids = list(session.scalars(having.limit(CONTACTS_AT_ONCE)))
    of_these = col(ContactValue.contact_id).in_(contact_ids)
    delete_rows(session, ContactValue, col(ContactValue.field) == name, of_these)
    for contact_id in contact_ids:
        content = contacts.get(session, contact_id).content
        contact_words.replace(session, contact_id, contacts.texts_of(content))
    if len(contact_ids) == CONTACTS_AT_ONCE:
        return False
    session.delete(field)
    return True


def rules(session: Session) -> list[IdentificationRule]:
    """The rules, in their order."""
    found = session.scalars(select(ContactRule).order_by(col(ContactRule.rank)))
    return [IdentificationRule(each.variable, KeyKind(each.key), each.creates) for each in found]


def set_rules(session: Session, wanted: Sequence[IdentificationRule]) -> None:
    """Let these be all rules, in this order; each names a variable of its own."""
    if errors := duplicates("rules", (each.variable for each in wanted)):
        raise InvalidFieldsError(errors)
    delete_rows(session, ContactRule)
    session.add_all(
        ContactRule(variable=each.variable, key=each.key.value, creates=each.creates, rank=rank)
        for rank, each in enumerate(wanted)
    )
    session.flush()
