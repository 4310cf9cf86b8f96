"""The inbox, on SQLite a database of its own; how far it was read, and what went to no thread."""

from datetime import datetime

from sqlalchemy import Index, MetaData, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from store.tables.columns import BIG, instant
from store.tables.erasure_policy import Deleted, Emptied, Harmless

inbox_metadata = MetaData(naming_convention=SQLModel.metadata.naming_convention)


class InboxEvent(SQLModel, table=True):
    """One event of one delivery, exactly as Meta sent it, or what Pagedesk itself tells a thread.

    Written only by the committers of `ingest`. An erasure leaves the event's key, by which a late repetition
    of Meta's is known and dropped; but not a key that is made of the person's id.
    """

    __tablename__ = "inbox_event"
    __table_args__ = (
        UniqueConstraint("account_id", "page_id", "event_key"),
        Index(
            "ix_inbox_event_conflict",
            "conflict_ms",
            sqlite_where=text("conflict_ms IS NOT NULL"),
            postgresql_where=text("conflict_ms IS NOT NULL"),
        ),
        {"sqlite_autoincrement": True},
    )
    metadata = inbox_metadata

    id: Harmless[int | None] = Field(default=None, sa_type=BIG, primary_key=True)
    account_id: Harmless[str]
    page_id: Harmless[str]
    event_key: Harmless[str]
    partition: Harmless[int]
    channel: Emptied[str]
    kind: Harmless[str]
    customer_psid: Emptied[str | None] = None
    occurred_ms: Emptied[int | None] = Field(default=None, sa_type=BIG)
    received_ms: Harmless[int] = Field(sa_type=BIG)
    conflict_ms: Emptied[int | None] = Field(
        default=None, sa_type=BIG, description="when the same event came again with another content"
    )
    digest: Emptied[bytes]
    raw: Emptied[bytes]


class Relay(SQLModel, table=True):
    """A relay that is there, in some worker, until this instant of the time that all relays share."""

    __tablename__ = "relay"

    id: Harmless[str] = Field(primary_key=True)
    present_until: Harmless[datetime] = instant()


class RelayPartition(SQLModel, table=True):
    """Which relay reads one partition of the inbox, its fencing number, and how far it is read."""

    __tablename__ = "relay_partition"

    partition: Harmless[int] = Field(primary_key=True)
    owner: Harmless[str | None] = None
    fence: Harmless[int] = 0
    position: Harmless[int] = Field(default=0, sa_type=BIG)


class UnroutedEvent(SQLModel, table=True):
    """An inbox event that went to no thread: `kept` raw with its reason, or `quarantined` with its error."""

    __tablename__ = "unrouted_event"

    inbox_id: Deleted[int] = Field(sa_type=BIG, primary_key=True)
    disposition: Deleted[str] = Field(index=True)
    reason: Deleted[str]
    kind: Deleted[str]
    account_id: Deleted[str]
    page_id: Deleted[str]
    at: Deleted[datetime] = instant()
