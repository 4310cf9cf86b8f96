"""Messages and their files."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from store.tables.columns import AUDIT, BIG, JSON_TYPE, index_where, instant, json_column
from store.tables.erasure_policy import Deleted

ARRIVAL = text("coalesce(thread_seq, 2147483647)")


class Message(SQLModel, table=True):
    """A message in either direction. Text lives here and nowhere else but in the raw inbox."""

    __table_args__ = (
        UniqueConstraint("page_id", "mid"),
        # A transcript's order: Meta's time, arrival, and what Pagedesk itself wrote last.
        Index("ix_message_thread", "customer_id", "occurred_at", ARRIVAL, "id"),
        Index("ix_message_conversation", "conversation_id", "occurred_at", ARRIVAL, "id"),
        Index("ix_message_occurred", "occurred_at"),
        # Our own messages are listed by the instant they were written, one status after the other.
        index_where("ix_message_status", "status", "created_at", "id", given="status"),
        index_where("ix_message_page_status", "page_id", "status", "created_at", "id", given="status"),
        index_where("ix_message_client_key", "client_key", "agent_id", given="client_key"),
        index_where("ix_message_agent_status", "agent_id", "status", "created_at", "id", given="agent_id"),
    )

    id: Deleted[str] = Field(primary_key=True)
    page_id: Deleted[str] = Field(foreign_key="page.page_id")
    customer_id: Deleted[str] = Field(foreign_key="customer.id")
    conversation_id: Deleted[str | None] = None
    session_id: Deleted[str | None] = None
    direction: Deleted[str]
    sender_kind: Deleted[str]
    agent_id: Deleted[str | None] = None
    kind: Deleted[str] = "message"
    text: Deleted[str | None] = None
    attachments: Deleted[list[dict[str, Any]]] = json_column(list)
    content: Deleted[dict[str, Any] | None] = Field(
        default=None,
        sa_type=JSON_TYPE,
        nullable=True,
        description="outbound only: what the Send API's `message` holds besides the text",
    )
    quick_reply_payload: Deleted[str | None] = None
    reply_to_mid: Deleted[str | None] = None
    referral: Deleted[dict[str, Any] | None] = Field(default=None, sa_type=JSON_TYPE, nullable=True)
    reactions: Deleted[list[dict[str, Any]]] = json_column(list)
    edits: Deleted[list[dict[str, Any]]] = json_column(list)
    deleted_at: Deleted[datetime | None] = instant(nullable=True)
    mid: Deleted[str | None] = None
    app_id: Deleted[str | None] = Field(default=None, description="the other app of a message from outside")
    standby: Deleted[bool] = False
    thread_seq: Deleted[int | None] = None
    status: Deleted[str | None] = Field(default=None, description="outbound only: the send protocol's status")
    reason: Deleted[str | None] = None
    reason_detail: Deleted[str | None] = None
    allowed_by: Deleted[str | None] = None
    attempt: Deleted[int] = 0
    request_hash: Deleted[str | None] = None
    client_key: Deleted[str | None] = Field(
        default=None, description="outbound only: the `Idempotency-Key` that its agent gave it"
    )
    hold: Deleted[bool] = Field(default=False, description="what the window refuses is to be held")
    resends: Deleted[str | None] = Field(
        default=None, description="the message of ours that this one says again"
    )
    occurred_at: Deleted[datetime] = instant()
    received_at: Deleted[datetime | None] = instant(nullable=True)
    sent_at: Deleted[datetime | None] = instant(nullable=True)
    created_at: Deleted[datetime] = instant()


class Attachment(SQLModel, table=True):
    """A file of a message: a customer's, or an agent's before and after it is sent.

    The rules: `domain.attachments.refusals`.

    `url` is Meta's link, kept until the file is fetched or given up; `store_key` where the attachment store
    has it. `refreshed`: Meta was asked for a new link already. An erasure deletes the files before
    their rows.
    """

    __table_args__ = (
        Index("ix_attachment_state", "state"),
        Index("ix_attachment_created", "created_at"),
    )

    id: Deleted[str] = Field(primary_key=True)
    direction: Deleted[str]
    message_id: Deleted[str | None] = Field(default=None, index=True)
    page_id: Deleted[str | None] = Field(default=None, foreign_key="page.page_id", index=True)
    customer_id: Deleted[str | None] = Field(default=None, foreign_key="customer.id", index=True)
    agent_id: Deleted[str | None] = None
    position: Deleted[int] = 0
    kind: Deleted[str]
    state: Deleted[str]
    reason: Deleted[str | None] = None
    name: Deleted[str | None] = None
    size_bytes: Deleted[int | None] = Field(default=None, sa_type=BIG)
    content_type: Deleted[str | None] = None
    sha256: Deleted[str | None] = None
    store_key: Deleted[str | None] = None
    url: Deleted[str | None] = None
    refreshed: Deleted[bool] = False
    attempts: Deleted[int] = 0
    created_at: Deleted[datetime] = instant()
    ended_at: Deleted[datetime | None] = instant(
        nullable=True, description=f"{AUDIT}when it stopped being pending"
    )


class AttachmentUpload(SQLModel, table=True):
    """A file of an agent's as Meta has it for one page: its `attachment_id`, private to the page."""

    __tablename__ = "attachment_upload"

    attachment_id: Deleted[str] = Field(primary_key=True, foreign_key="attachment.id")
    page_id: Deleted[str] = Field(primary_key=True, foreign_key="page.page_id", index=True)
    meta_id: Deleted[str]
    expires_at: Deleted[datetime] = instant()
