"""Conversations: projections of their workflows, but for the context."""

from datetime import datetime

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from store.tables.columns import AUDIT, index_where, instant
from store.tables.erasure_policy import Deleted

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
        # Those without a queue too: they belong to the default queue.
        Index("ix_conversation_queue_activity", "queue_id", "status", _ACTIVITY, "id"),
        # Of the customers of a search the rows themselves need not be read.
        Index("ix_conversation_customer_activity", "customer_id", _ACTIVITY, "id", "status"),
        Index("ix_conversation_opened", "opened_at"),
        # Of all conversations few are owed an answer, and few have closed lately.
        index_where("ix_conversation_owed", "owed_since", "id", given="owed_since"),
        index_where("ix_conversation_closed", "closed_at", given="closed_at"),
    )

    id: Deleted[str] = Field(primary_key=True)
    page_id: Deleted[str] = Field(foreign_key="page.page_id")
    customer_id: Deleted[str] = Field(foreign_key="customer.id")
    workstream_id: Deleted[str | None] = Field(default=None, index=True)
    queue_id: Deleted[str | None] = None
    stay: Deleted[int] = Field(default=0, description="how many times it was in a queue")
    agent_id: Deleted[str | None] = None
    offer_expires_at: Deleted[datetime | None] = instant(nullable=True)
    accepted_at: Deleted[datetime | None] = instant(nullable=True)
    disposition_code_id: Deleted[str | None] = None
    status: Deleted[str]
    phase: Deleted[str | None] = None
    status_reason: Deleted[str]
    status_changed_at: Deleted[datetime] = instant()
    session_id: Deleted[str | None] = None
    opened_at: Deleted[datetime] = instant()
    closed_at: Deleted[datetime | None] = instant(nullable=True)
    last_message_at: Deleted[datetime | None] = instant(nullable=True)
    owed_since: Deleted[datetime | None] = instant(nullable=True)
    version: Deleted[int] = 0


class AgentSession(SQLModel, table=True):
    """One agent's turn inside a conversation. A projection."""

    __tablename__ = "conversation_session"  # "session" is SQLModel's word
    __table_args__ = (Index("ix_conversation_session_agent", "agent_id", "started_at"),)

    id: Deleted[str] = Field(primary_key=True)
    conversation_id: Deleted[str] = Field(foreign_key="conversation.id", index=True)
    number: Deleted[int]
    agent_id: Deleted[str | None] = None
    human_agent_tag: Deleted[bool] = False
    started_at: Deleted[datetime] = instant(index=True)
    accepted_at: Deleted[datetime | None] = instant(nullable=True)
    closed_at: Deleted[datetime | None] = instant(nullable=True)
    closure_reason: Deleted[str | None] = None


class Participant(SQLModel, table=True):
    """Somebody beside the agent of a conversation, from `since` to `left_at`. A projection.

    `mode`: `consult`, `join` or `monitor`. Whom `asked_by` has asked may answer until `expires_at`, and takes
    part from `joined_at` on.
    """

    __tablename__ = "conversation_participant"

    id: Deleted[str] = Field(primary_key=True)
    conversation_id: Deleted[str] = Field(foreign_key="conversation.id", index=True)
    agent_id: Deleted[str] = Field(index=True)
    mode: Deleted[str]
    since: Deleted[datetime] = instant()
    asked_by: Deleted[str | None] = None
    expires_at: Deleted[datetime | None] = instant(nullable=True)
    joined_at: Deleted[datetime | None] = instant(nullable=True)
    left_at: Deleted[datetime | None] = instant(nullable=True)
    end: Deleted[str | None] = Field(default=None, description=f"{AUDIT}why they left, or did not come")


class ReadPosition(SQLModel, table=True):
    """How far an agent has read a thread: up to the message with this number, in the order of arrival."""

    __tablename__ = "read_position"

    customer_id: Deleted[str] = Field(primary_key=True, foreign_key="customer.id")
    agent_id: Deleted[str] = Field(primary_key=True)
    thread_seq: Deleted[int]


class ContextVariable(SQLModel, table=True):
    """What is known about a conversation beyond its messages: a text or a number under a name.

    Rules give a conversation variables before its own row is written.
    """

    __tablename__ = "conversation_context"

    conversation_id: Deleted[str] = Field(primary_key=True)
    name: Deleted[str] = Field(primary_key=True)
    # Not a JSON column: SQLite would make numbers of it, and 3.0 an integer.
    value: Deleted[str] = Field(description="a text or a number, as JSON")
    changed_at: Deleted[datetime] = instant(description=f"{AUDIT}when it was last set")
