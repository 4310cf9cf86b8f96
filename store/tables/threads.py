"""Customers and their threads."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from store.db.types import UtcDateTime
from store.tables.columns import BIG, JSON_TYPE, index_where, instant, json_column
from store.tables.erasure_policy import Deleted


class Customer(SQLModel, table=True):
    """A person on a page; the social profile."""

    __table_args__ = (
        UniqueConstraint("page_id", "psid"),
        Index("ix_customer_created", "created_at", "id"),
        Index("ix_customer_page_created", "page_id", "created_at", "id"),
    )

    id: Deleted[str] = Field(primary_key=True)
    page_id: Deleted[str] = Field(foreign_key="page.page_id")
    psid: Deleted[str] = Field(index=True)
    name: Deleted[str | None] = None
    first_name: Deleted[str | None] = None
    last_name: Deleted[str | None] = None
    picture_url: Deleted[str | None] = None
    locale: Deleted[str | None] = None
    timezone: Deleted[str | None] = None
    profile_due_at: Deleted[datetime | None] = Field(
        default=None, sa_type=UtcDateTime, index=True, description="when Meta is to be asked who this is"
    )
    profile_asked_at: Deleted[datetime | None] = instant(nullable=True)
    profile_tries: Deleted[int] = Field(default=0, description="failed asks in a row that may pass")
    profile_error: Deleted[str | None] = None
    erasure_id: Deleted[str | None] = Field(
        default=None, description="set from the moment their erasure is asked for"
    )
    created_at: Deleted[datetime] = instant()


class Thread(SQLModel, table=True):
    """(page, customer): counters, the folded window, receipts, and the workflow's last projected state."""

    __table_args__ = (
        # What closes soon is found by its end.
        index_where("ix_thread_standard_until", "standard_until", given="standard_until"),
        index_where("ix_thread_human_agent_until", "human_agent_until", given="human_agent_until"),
    )

    customer_id: Deleted[str] = Field(primary_key=True, foreign_key="customer.id")
    page_id: Deleted[str]
    last_seq: Deleted[int] = 0
    applied_seq: Deleted[int] = 0
    opened_by: Deleted[str | None] = None
    opened_at: Deleted[datetime | None] = instant(nullable=True)
    standard_until: Deleted[datetime | None] = instant(nullable=True)
    human_agent_until: Deleted[datetime | None] = instant(nullable=True)
    delivered_until: Deleted[datetime | None] = instant(nullable=True)
    read_until: Deleted[datetime | None] = instant(nullable=True)
    owner: Deleted[str] = "unknown"
    owner_app_id: Deleted[str | None] = None
    owner_known_at: Deleted[datetime | None] = instant(nullable=True)
    pending_referral: Deleted[dict[str, Any] | None] = Field(default=None, sa_type=JSON_TYPE, nullable=True)
    state: Deleted[dict[str, Any] | None] = Field(default=None, sa_type=JSON_TYPE, nullable=True)
    version: Deleted[int] = 0
    written_at: Deleted[datetime | None] = Field(
        default=None, sa_type=UtcDateTime, description="the date of that projection"
    )


class Opening(SQLModel, table=True):
    """A customer's action that opened or extended the window, for the audit of what was sent.

    The product reads the window that these amount to, which `Thread` has. Where Meta or a customer disputes a
    message, these rows alone tell, for as long as retention keeps them, which action had opened the window
    for it, when Meta dated that and when it arrived, and until when it counted: a later opening changes
    `Thread`, and reactions and m.me links leave no message.
    """

    inbox_id: Deleted[int] = Field(sa_type=BIG, primary_key=True)
    customer_id: Deleted[str] = Field(foreign_key="customer.id", index=True)
    kind: Deleted[str]
    occurred_at: Deleted[datetime | None] = instant(nullable=True)
    received_at: Deleted[datetime] = instant()
    at: Deleted[datetime] = instant()
    standard_until: Deleted[datetime] = instant()
    human_agent_until: Deleted[datetime | None] = instant(nullable=True)


class ThreadEvent(SQLModel, table=True):
    """What a thread's workflow is to be told and has not applied yet; its projection deletes what it has.

    `route`: "work" if a conversation is to be opened for it, which the readiness check asks for; else "join".
    """

    __tablename__ = "thread_event"

    customer_id: Deleted[str] = Field(primary_key=True, foreign_key="customer.id")
    seq: Deleted[int] = Field(primary_key=True)
    inbox_id: Deleted[int] = Field(sa_type=BIG, unique=True)
    kind: Deleted[str]
    route: Deleted[str]
    facts: Deleted[dict[str, Any]] = json_column(dict)


class EarlyChange(SQLModel, table=True):
    """An edit, a reaction or a deletion that came before its message; applied when that comes."""

    __tablename__ = "early_change"
    __table_args__ = (Index("ix_early_change_mid", "page_id", "mid"),)

    inbox_id: Deleted[int] = Field(sa_type=BIG, primary_key=True)
    page_id: Deleted[str]
    mid: Deleted[str]
    kind: Deleted[str]
    change: Deleted[dict[str, Any]] = json_column(dict)
