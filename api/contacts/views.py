"""A contact as the API shows it."""

from datetime import datetime

from pydantic import BaseModel
from sqlmodel import Session

from store.access.visibility import Reader
from store.contacts import contacts, links
from store.contacts.contacts import ContactRecord


class ContactView(BaseModel):
    """A contact. `customer_ids` are the customers linked to it whose threads you see."""

    id: str
    name: str | None
    email: str | None
    phone: str | None
    number: str | None
    fields: dict[str, str]
    customer_ids: list[str]
    created_at: datetime
    changed_at: datetime


def views(session: Session, records: list[ContactRecord], reader: Reader) -> list[ContactView]:
    """The contacts as this reader may see them."""
    customers = links.customers_of(session, [each.contact.id for each in records], reader)
    return [
        ContactView.model_validate(
            each.contact.model_dump() | {"fields": each.fields, "customer_ids": customers[each.contact.id]}
        )
        for each in records
    ]


def view(session: Session, contact_id: str, reader: Reader) -> ContactView:
    """One contact as this reader may see it; refused as `not_found`."""
    return views(session, [contacts.get(session, contact_id)], reader)[0]
