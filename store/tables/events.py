"""The log of what happened."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from store.tables.columns import BIG, instant, json_column
from store.tables.erasure_policy import Deleted


class Event(SQLModel, table=True):
    """The append-only log of everything that happened; the timeline and the event stream read it.

    `written_at` dates the projection that told it; null for what no workflow tells. What turned out never to
    have been is named by a later `event.retracted`, and has no `dedupe_key` any more: it may yet come to be.
    An erasure deletes the rows of the person; the others are about pages and settings.
    """

    __table_args__ = (
        Index("ix_event_conversation", "conversation_id", "id"),
        Index("ix_event_page", "page_id", "id"),
        Index("ix_event_kind", "kind", "id"),
        # A number that an erasure has freed must not come again: readers of the stream are beyond it.
        {"sqlite_autoincrement": True},
    )

    id: Deleted[int | None] = Field(default=None, sa_type=BIG, primary_key=True)
    at: Deleted[datetime] = instant()
    kind: Deleted[str]
    page_id: Deleted[str | None] = Field(default=None)
    customer_id: Deleted[str | None] = Field(default=None, index=True)
    conversation_id: Deleted[str | None] = None
    message_id: Deleted[str | None] = None
    actor_kind: Deleted[str]
    actor_id: Deleted[str | None] = None
    data: Deleted[dict[str, Any]] = json_column(dict)
    dedupe_key: Deleted[str | None] = Field(default=None, unique=True)
    written_at: Deleted[datetime | None] = instant(nullable=True)
