"""Conversations: projections of their workflows, but for the context."""

from datetime import datetime

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from store.tables.columns import index_where, instant

_ACTIVITY = text("coalesce(last_message_at, opened_at)")


class Conversation(SQLModel, table=True):
    """One piece of work in a thread. A projection: only the workflow's projection writes it."""

    __table_args__ = (
        # Lists are read by newest activity, one status after the other: store.db.ranges.
        Index("ix_conversation_status_activity", "status", _ACTIVITY, "id"),
        Index("ix_conversation_page_activity", "page_id", "status", _ACTIVITY, "id"),
        index_where(
            "ix_conversation_agent_activity", "agent_id", "status", _ACTIVITY, "id", given="agent_id"
        ),
        index_where(
            "ix_conversation_queue_activity", "queue_id", "status", _ACTIVITY, "id", given="queue_id"
        ),
    )

    id: str = Field(primary_key=True)
    page_id: str = Field(foreign_key="page.page_id")
    customer_id: str = Field(foreign_key="customer.id", index=True)
    workstream_id: str | None = Field(default=None, index=True)
    queue_id: str | None = None
    agent_id: str | None = None
    status: str
    phase: str | None = None
    status_reason: str
    status_changed_at: datetime = instant()
    session_id: str | None = None
    opened_at: datetime = instant()
    closed_at: datetime | None = instant(nullable=True)
    last_message_at: datetime | None = instant(nullable=True)
    version: int = 0


class AgentSession(SQLModel, table=True):
    """One agent's turn inside a conversation. A projection."""

    __tablename__ = "conversation_session"  # "session" is SQLModel's word

    id: str = Field(primary_key=True)
    conversation_id: str = Field(foreign_key="conversation.id", index=True)
    number: int
    agent_id: str | None = None
    human_agent_tag: bool = False
    started_at: datetime = instant()
    closed_at: datetime | None = instant(nullable=True)
    closure_reason: str | None = None


class ContextVariable(SQLModel, table=True):
    """What is known about a conversation beyond its messages: a text or a number under a name."""

    __tablename__ = "conversation_context"

    conversation_id: str = Field(primary_key=True, foreign_key="conversation.id")
    name: str = Field(primary_key=True)
    # Not a JSON column: SQLite would make numbers of it, and 3.0 an integer.
    value: str = Field(description="a text or a number, as JSON")
    changed_at: datetime = instant()
