"""Notes on conversations."""

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from store.tables.columns import instant
from store.tables.erasure_policy import Deleted


class Note(SQLModel, table=True):
    """What a colleague wrote about a conversation."""

    __tablename__ = "note"
    __table_args__ = (
        Index("ix_note_conversation", "conversation_id", "created_at", "id"),
        Index("ix_note_customer", "customer_id", "created_at", "id"),
    )

    id: Deleted[str] = Field(primary_key=True)
    page_id: Deleted[str]
    customer_id: Deleted[str] = Field(foreign_key="customer.id")
    conversation_id: Deleted[str] = Field(foreign_key="conversation.id")
    agent_id: Deleted[str] = Field(description="who wrote it")
    text: Deleted[str]
    created_at: Deleted[datetime] = instant()
    edited_at: Deleted[datetime | None] = instant(nullable=True)
