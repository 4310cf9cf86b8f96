"""What a batch of inbox events changes in the store, collected and then written in one order.

The order of the locks is that of everybody (`store.pages.page_rows`), so that two transactions never wait for
each other on PostgreSQL: messages, then the health of Pages, then the event table.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sqlmodel import Session

from base import clock
from domain.conversations.state import ThreadEvent
from ingest.events.message_changes import apply_changes
from store.db.sql import bulk_insert_detached, insert_or_ignore
from store.events.events import append_events
from store.search import texts as search_texts
from store.tables import (
    Attachment,
    Customer,
    InboxEvent,
    Message,
    Opening,
    Thread,
    UnroutedEvent,
)
from store.tables import ThreadEvent as ThreadEventRow


@dataclass(slots=True)
class BatchWrites:
    """What one batch writes, and what it signals once that is committed.

    new_threads: customers who are new with this batch, by their ids. messages, attachments, openings,
    thread_events, unrouted, events: rows of these tables; changes: rows of `EarlyChange`. health_updates:
    what changes the health of Pages. absent_mids: (page id, mid) of which the store had no message when the
    batch began: most of them. signals: for each thread's workflow, by customer id. pages: those whose
    workflows are signalled. file_message_ids: the messages whose files are to be fetched.
    """

    new_threads: dict[str, tuple[Customer, Thread]] = field(default_factory=dict)
    messages: list[dict[str, Any]] = field(default_factory=list)
    messages_by_mid: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    absent_mids: frozenset[tuple[str, str]] = frozenset()
    attachments: list[dict[str, Any]] = field(default_factory=list)
    changes: list[dict[str, Any]] = field(default_factory=list)
    openings: list[dict[str, Any]] = field(default_factory=list)
    thread_events: list[dict[str, Any]] = field(default_factory=list)
    unrouted: list[dict[str, Any]] = field(default_factory=list)
    health_updates: list[Callable[[], None]] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    signals: dict[str, list[ThreadEvent]] = field(default_factory=dict)
    pages: dict[str, None] = field(default_factory=dict)
    file_message_ids: list[str] = field(default_factory=list)

    def add_message(self, row: dict[str, Any]) -> None:
        """Insert a message. A later event of the batch finds it by its mid, the first where two have one."""
        self.messages.append(row)
        if row["mid"]:
            self.messages_by_mid.setdefault((row["page_id"], row["mid"]), row)

    def add_change(self, inbox_id: int | None, page_id: str, mid: str, kind: str, **change: Any) -> None:
        """Change a message, once the batch's messages are there."""
        row = {"inbox_id": inbox_id, "page_id": page_id, "mid": mid, "kind": kind, "change": change}
        self.changes.append(row)

    def write(self, session: Session) -> list[str]:
        """Write everything. Returns the ids of deleted messages whose files are to be deleted."""
        session.flush()
        bulk_insert_detached(session, [customer for customer, _ in self.new_threads.values()])
        bulk_insert_detached(session, [thread for _, thread in self.new_threads.values()])
        insert_or_ignore(session, Message, self.messages)
        search_texts.keep_messages(session, self.messages)
        insert_or_ignore(session, Attachment, self.attachments)
        new_mids = [(row["page_id"], row["mid"]) for row in self.messages if row["mid"]]
        files_to_delete = apply_changes(session, self.changes, new_mids, self.events)
        insert_or_ignore(session, Opening, self.openings)
        insert_or_ignore(session, ThreadEventRow, self.thread_events)
        insert_or_ignore(session, UnroutedEvent, self.unrouted)
        session.flush()
        for update in self.health_updates:
            update()
        session.flush()
        append_events(session, self.events)
        return files_to_delete


def unrouted_row(event: InboxEvent, disposition: str, reason: str) -> dict[str, Any]:
    """The row of an event that goes to no thread; its raw copy stays in the inbox."""
    return {
        "inbox_id": event.id,
        "disposition": disposition,
        "reason": reason,
        "kind": event.kind,
        "account_id": event.account_id,
        "page_id": event.page_id,
        "at": clock.from_milliseconds(event.received_ms),
    }
