"""Contacts, and which customers are linked to them."""

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from store.tables.columns import AUDIT, BIG, instant
from store.tables.erasure_policy import Deleted, Harmless


class Contact(SQLModel, table=True):
    """A person in the business's own books. `…_key`: as it is compared, see `domain.contacts.keys`."""

    __tablename__ = "contact"
    __table_args__ = (Index("ix_contact_created", "created_at", "id"),)

    id: Deleted[str] = Field(primary_key=True)
    name: Deleted[str | None] = None
    email: Deleted[str | None] = None
    phone: Deleted[str | None] = None
    number: Deleted[str | None] = None
    email_key: Deleted[str | None] = Field(default=None, index=True)
    phone_key: Deleted[str | None] = Field(default=None, index=True)
    number_key: Deleted[str | None] = Field(default=None, index=True)
    created_at: Deleted[datetime] = instant()
    changed_at: Deleted[datetime] = instant()


class ContactLink(SQLModel, table=True):
    """Which contact a customer is; null: none, as an agent has decided. Rules leave that alone."""

    __tablename__ = "contact_link"

    customer_id: Deleted[str] = Field(primary_key=True, foreign_key="customer.id")
    contact_id: Deleted[str | None] = Field(default=None, foreign_key="contact.id", index=True)
    agent_id: Deleted[str | None] = Field(default=None, description="null: by a rule")
    at: Deleted[datetime] = instant(description=f"{AUDIT}since when")


class ContactField(SQLModel, table=True):
    """A field of the business's own that contacts have."""

    __tablename__ = "contact_field"

    name: Harmless[str] = Field(primary_key=True)
    title: Harmless[str]
    created_at: Harmless[datetime] = instant()


class ContactValue(SQLModel, table=True):
    """The value of a contact's field of the business's own."""

    __tablename__ = "contact_value"

    contact_id: Deleted[str] = Field(primary_key=True, foreign_key="contact.id")
    field: Deleted[str] = Field(primary_key=True, foreign_key="contact_field.name", index=True)
    value: Deleted[str]


class ContactRule(SQLModel, table=True):
    """A rule by which customers are identified: a context variable holds such a key."""

    __tablename__ = "contact_rule"

    variable: Harmless[str] = Field(primary_key=True)
    key: Harmless[str]
    creates: Harmless[bool] = False
    rank: Harmless[int]


class ContactWords(SQLModel, table=True):
    """The words by which a contact is found. The database keeps an index of them, as of `SearchText`."""

    __tablename__ = "contact_words"
    __table_args__ = {"sqlite_autoincrement": True}

    id: Deleted[int | None] = Field(default=None, sa_type=BIG, primary_key=True)
    contact_id: Deleted[str] = Field(foreign_key="contact.id", unique=True)
    terms: Deleted[str] = Field(description="words, separated by blanks")
