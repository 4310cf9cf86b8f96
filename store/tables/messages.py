"""Messages and their files."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from store.tables.columns import BIG, JSON_TYPE, index_where, instant, json_column

ARRIVAL = text("coalesce(thread_seq, 2147483647)")


class Message(SQLModel, table=True):
    """A message in either direction. Text lives here and nowhere else but in the raw inbox."""

    __table_args__ = (
        UniqueConstraint("page_id", "mid"),
        # A transcript's order: Meta's time, arrival, and what Pagedesk itself wrote last.
        Index("ix_message_thread", "customer_id", "occurred_at", ARRIVAL, "id"),
        Index("ix_message_conversation", "conversation_id", "occurred_at", ARRIVAL, "id"),
        # Our own messages are listed by the instant they were written, one status after the other.
        index_where("ix_message_status", "status", "created_at", "id", given="status"),
        index_where("ix_message_page_status", "page_id", "status", "created_at", "id", given="status"),
        index_where("ix_message_agent_status", "agent_id", "status", "created_at", "id", given="agent_id"),
    )

    id: str = Field(primary_key=True)
    page_id: str = Field(foreign_key="page.page_id")
    customer_id: str = Field(foreign_key="customer.id")
    conversation_id: str | None = None
    session_id: str | None = None
    direction: str
    sender_kind: str
    agent_id: str | None = None
    kind: str = "message"
    text: str | None = None
    attachments: list[dict[str, Any]] = json_column(list)
    content: dict[str, Any] | None = Field(
        default=None,
        sa_type=JSON_TYPE,
        nullable=True,
        description="outbound only: what the Send API's `message` holds besides the text",
    )
    quick_reply_payload: str | None = None
    reply_to_mid: str | None = None
    referral: dict[str, Any] | None = Field(default=None, sa_type=JSON_TYPE, nullable=True)
    reactions: list[dict[str, Any]] = json_column(list)
    edits: list[dict[str, Any]] = json_column(list)
    deleted_at: datetime | None = instant(nullable=True)
    mid: str | None = None
    app_id: str | None = Field(default=None, description="the other app of a message from outside")
    standby: bool = False
    thread_seq: int | None = None
    status: str | None = Field(default=None, description="outbound only: the send protocol's status")
    reason: str | None = None
    reason_detail: str | None = None
    allowed_by: str | None = None
    attempt: int = 0
    request_hash: str | None = None
    hold: bool = Field(default=False, description="what the window refuses is to be held")
    resends: str | None = Field(default=None, description="the message of ours that this one says again")
    occurred_at: datetime = instant()
    received_at: datetime | None = instant(nullable=True)
    sent_at: datetime | None = instant(nullable=True)
    created_at: datetime = instant()


class Attachment(SQLModel, table=True):
    """A file of a message: a customer's, or an agent's before and after it is sent.

    The rules: `domain.attachments.attachments`.

    `url` is Meta's link, kept until the file is fetched or given up; `store_key` where the attachment store
    has it. `refreshed`: Meta was asked for a new link already.
    """

    __table_args__ = (
        Index("ix_attachment_state", "state"),
        Index("ix_attachment_created", "created_at"),
    )

    id: str = Field(primary_key=True)
    direction: str
    message_id: str | None = Field(default=None, index=True)
    page_id: str | None = Field(default=None, foreign_key="page.page_id", index=True)
    customer_id: str | None = Field(default=None, foreign_key="customer.id", index=True)
    agent_id: str | None = None
    position: int = 0
    kind: str
    state: str
    reason: str | None = None
    name: str | None = None
    size: int | None = Field(default=None, sa_type=BIG)
    content_type: str | None = None
    sha256: str | None = None
    store_key: str | None = None
    url: str | None = None
    refreshed: bool = False
    attempts: int = 0
    created_at: datetime = instant()
    ended_at: datetime | None = instant(nullable=True)


class AttachmentUpload(SQLModel, table=True):
    """A file of an agent's as Meta has it for one page: its `attachment_id`, private to the page."""

    __tablename__ = "attachment_upload"

    attachment_id: str = Field(primary_key=True, foreign_key="attachment.id")
    page_id: str = Field(primary_key=True, foreign_key="page.page_id", index=True)
    meta_id: str
    expires_at: datetime = instant()
