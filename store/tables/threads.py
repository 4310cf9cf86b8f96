"""Customers and their threads."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from store.db.types import UtcDateTime
from store.tables.columns import BIG, JSON_TYPE, index_where, instant, json_column


class Customer(SQLModel, table=True):
    """A person on a page; the social profile."""

    __table_args__ = (
        UniqueConstraint("page_id", "psid"),
        Index("ix_customer_created", "created_at", "id"),
        Index("ix_customer_page_created", "page_id", "created_at", "id"),
    )

    id: str = Field(primary_key=True)
    page_id: str = Field(foreign_key="page.page_id")
    psid: str = Field(index=True)
    name: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    picture_url: str | None = None
    locale: str | None = None
    timezone: str | None = None
    profile_due_at: datetime | None = Field(
        default=None, sa_type=UtcDateTime, index=True, description="when Meta is to be asked who this is"
    )
    profile_asked_at: datetime | None = instant(nullable=True)
    profile_tries: int = Field(default=0, description="failed asks in a row that may pass")
    profile_error: str | None = None
    erasure_id: str | None = Field(default=None, description="set from the moment their erasure is asked for")
    created_at: datetime = instant()


class Thread(SQLModel, table=True):
    """(page, customer): counters, the folded window, receipts, and the workflow's last projected state."""

    __table_args__ = (
        # What closes soon is found by its end.
        index_where("ix_thread_standard_until", "standard_until", given="standard_until"),
        index_where("ix_thread_human_agent_until", "human_agent_until", given="human_agent_until"),
    )

    customer_id: str = Field(primary_key=True, foreign_key="customer.id")
    page_id: str
    last_seq: int = 0
    applied_seq: int = 0
    opened_by: str | None = None
    opened_at: datetime | None = instant(nullable=True)
    standard_until: datetime | None = instant(nullable=True)
    human_agent_until: datetime | None = instant(nullable=True)
    delivered_until: datetime | None = instant(nullable=True)
    read_until: datetime | None = instant(nullable=True)
    owner: str = "unknown"
    owner_app_id: str | None = None
    owner_known_at: datetime | None = instant(nullable=True)
    pending_referral: dict[str, Any] | None = Field(default=None, sa_type=JSON_TYPE, nullable=True)
    state: dict[str, Any] | None = Field(default=None, sa_type=JSON_TYPE, nullable=True)
    version: int = 0
    written_at: datetime | None = Field(
        default=None, sa_type=UtcDateTime, description="the date of that projection"
    )


class Opening(SQLModel, table=True):
    """A customer's action that opened or extended the window."""

    inbox_id: int = Field(sa_type=BIG, primary_key=True)
    customer_id: str = Field(foreign_key="customer.id", index=True)
    kind: str
    occurred_at: datetime | None = instant(nullable=True)
    received_at: datetime = instant()
    at: datetime = instant()
    standard_until: datetime = instant()
    human_agent_until: datetime | None = instant(nullable=True)


class ThreadEvent(SQLModel, table=True):
    """What a thread's workflow is to be told and has not applied yet; its projection deletes what it has."""

    __tablename__ = "thread_event"

    customer_id: str = Field(primary_key=True, foreign_key="customer.id")
    seq: int = Field(primary_key=True)
    inbox_id: int = Field(sa_type=BIG, unique=True)
    kind: str
    route: str
    facts: dict[str, Any] = json_column(dict)


class EarlyChange(SQLModel, table=True):
    """An edit, a reaction or a deletion that came before its message; applied when that comes."""

    __tablename__ = "early_change"
    __table_args__ = (Index("ix_early_change_mid", "page_id", "mid"),)

    inbox_id: int = Field(sa_type=BIG, primary_key=True)
    page_id: str
    mid: str
    kind: str
    change: dict[str, Any] = json_column(dict)
