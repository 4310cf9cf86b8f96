"""Quick replies: texts that agents send often."""

from datetime import datetime

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from store.tables.columns import instant, json_column
from store.tables.erasure_policy import Harmless

_SHARED = text("owner_id IS NULL")


class QuickReply(SQLModel, table=True):
    """A quick reply, its texts by language tag. Slugs are unique among the shared, and among one agent's."""

    __tablename__ = "quick_reply"
    __table_args__ = (
        Index("ix_quick_reply_owner_slug", "owner_id", "slug", unique=True),
        Index(
            "ix_quick_reply_shared_slug",
            "slug",
            unique=True,
            sqlite_where=_SHARED,
            postgresql_where=_SHARED,
        ),
    )

    id: Harmless[str] = Field(primary_key=True)
    owner_id: Harmless[str | None] = Field(
        default=None, foreign_key="agent.id", description="null: it is shared"
    )
    slug: Harmless[str]
    title: Harmless[str]
    tags: Harmless[list[str]] = json_column(list)
    texts: Harmless[dict[str, str]] = json_column(dict)
    fallback_language: Harmless[str | None] = None
    created_at: Harmless[datetime] = instant()
    changed_at: Harmless[datetime] = instant()


class QuickReplyWorkstream(SQLModel, table=True):
    """A workstream that a quick reply is of. One without a row here is of all workstreams."""

    __tablename__ = "quick_reply_workstream"

    quick_reply_id: Harmless[str] = Field(primary_key=True, foreign_key="quick_reply.id")
    workstream_id: Harmless[str] = Field(primary_key=True, foreign_key="workstream.id", index=True)
