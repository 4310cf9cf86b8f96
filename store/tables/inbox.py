"""The inbox, on SQLite a database of its own; how far it was read, and what went to no thread."""

from datetime import datetime

from sqlalchemy import Index, MetaData, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from store.tables.columns import BIG, instant

inbox_metadata = MetaData(naming_convention=SQLModel.metadata.naming_convention)


class InboxEvent(SQLModel, table=True):
    """One event of one delivery, exactly as Meta sent it.

    Written only by the committers of `ingest`. An erasure leaves its key, so that a repetition is known.
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

    id: int | None = Field(default=None, sa_type=BIG, primary_key=True)
    account_id: str
    page_id: str
    event_key: str
    partition: int
    channel: str
    kind: str
    customer_psid: str | None = None
    occurred_ms: int | None = Field(default=None, sa_type=BIG)
    received_ms: int = Field(sa_type=BIG)
    conflict_ms: int | None = Field(
        default=None, sa_type=BIG, description="when the same event came again with another content"
    )
    digest: bytes
    raw: bytes


class Relay(SQLModel, table=True):
    """A relay that is there, in some worker, until this instant of the time that all relays share."""

    __tablename__ = "relay"

    id: str = Field(primary_key=True)
    present_until: datetime = instant()


class RelayPartition(SQLModel, table=True):
    """Which relay reads one partition of the inbox, its fencing number, and how far it is read."""

    __tablename__ = "relay_partition"

    partition: int = Field(primary_key=True)
    owner: str | None = None
    fence: int = 0
    position: int = Field(default=0, sa_type=BIG)


class UnroutedEvent(SQLModel, table=True):
    """An inbox event that went to no thread: `kept` raw with its reason, or `quarantined` with its error."""

    __tablename__ = "unrouted_event"

    inbox_id: int = Field(sa_type=BIG, primary_key=True)
    disposition: str = Field(index=True)
    reason: str
    kind: str
    account_id: str
    page_id: str
    at: datetime = instant()
