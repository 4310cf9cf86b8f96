"""What stays: the log of what happened, of what was erased, and what the installation knows of itself."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from store.tables.columns import BIG, instant, json_column


class Event(SQLModel, table=True):
    """The append-only log of everything that happened; the timeline and the event stream read it.

    `written_at` dates the projection that told it; null for what no workflow tells. What turned out never to
    have been is named by a later `event.retracted`, and has no `dedupe_key` any more: it may yet come to be.
    """

    __table_args__ = (
        Index("ix_event_conversation", "conversation_id", "id"),
        Index("ix_event_page", "page_id", "id"),
        Index("ix_event_kind", "kind", "id"),
    )

    id: int | None = Field(default=None, sa_type=BIG, primary_key=True)
    at: datetime = instant()
    kind: str
    page_id: str | None = Field(default=None)
    customer_id: str | None = Field(default=None, index=True)
    conversation_id: str | None = None
    message_id: str | None = None
    actor_kind: str
    actor_id: str | None = None
    data: dict[str, Any] = json_column(dict)
    dedupe_key: str | None = Field(default=None, unique=True)
    written_at: datetime | None = instant(nullable=True)


class Installation(SQLModel, table=True):
    """What an installation knows of itself, compared at every start: see `store.installation`."""

    name: str = Field(primary_key=True)
    value: str


class Erasure(SQLModel, table=True):
    """The erasure of what is kept of a person. Once done it holds no personal data: it is the audit line.

    `code` is the confirmation code: whoever knows it may see how the request stands. `subject` is the sealed
    app-scoped id of a request by Meta's callback, and `targets` are the customers, with sealed PSIDs; both
    are emptied at the end. `fingerprints` stay, by which they are known again, but not found out.
    """

    id: str = Field(primary_key=True)
    code: str = Field(unique=True)
    asked_by: str
    agent_id: str | None = None
    account_id: str | None = None
    subject: str | None = None
    issued_at: datetime | None = instant(nullable=True)
    requested_at: datetime = instant(index=True)
    status: str = Field(index=True)
    customers: int | None = Field(default=None, description="how many were found; null while nobody knows")
    outcome: str | None = None
    targets: list[dict[str, Any]] = json_column(list)
    fingerprints: list[str] = json_column(list)
    counts: dict[str, int] = json_column(dict)
    done_at: datetime | None = instant(nullable=True)
