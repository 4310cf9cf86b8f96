"""The append-only event table."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlmodel import Session

from base.ids import id_from_key
from domain.conversations.changes import Fact
from domain.conversations.lifecycle import ActorKind
from domain.events.kinds import FactKind
from store.db.signals import EVENTS_APPENDED, signal_commit
from store.db.sql import insert_or_ignore
from store.tables import Event

CONFLICTING_REPEAT = FactKind.WEBHOOK_CONFLICTING_REPEAT
"""A webhook event came again with another content than the one that was taken."""


def event_row(
    fact: Fact,
    page_id: str | None,
    customer_id: str | None,
    dedupe_key: str | None,
    *,
    written_at: datetime | None = None,
) -> dict[str, Any]:
    """The row of a fact. `dedupe_key` makes writing it again harmless; `written_at` dates its projection."""
    return {
        "at": fact.at,
        "kind": fact.kind.value,
        "page_id": page_id,
        "customer_id": customer_id,
        "conversation_id": fact.conversation_id,
        "message_id": fact.message_id,
        "actor_kind": fact.actor_kind.value,
        "actor_id": fact.actor_id,
        "data": fact.data or {},
        "dedupe_key": dedupe_key,
        "written_at": written_at,
    }


def key_of(customer_id: str, fact: Fact) -> str:
    """The `dedupe_key` of a fact of a workflow: what it says and whence it comes, but for its instant.

    Another attempt of the task tells that differently.
    """
    content = id_from_key(fact.kind, fact.conversation_id or "", fact.message_id or "", str(fact.data))
    return f"{customer_id}/{fact.cause}/{content}"


def append_events(session: Session, rows: Iterable[dict[str, Any]]) -> None:
    """Append rows of `event_row`: last in a transaction, for until its end readers do not get beyond it."""
    listed = list(rows)
    if listed:
        insert_or_ignore(session, Event, listed)
        signal_commit(session, EVENTS_APPENDED)


def append_page_event(
    session: Session, kind: FactKind, page_id: str, at: datetime, data: dict[str, Any]
) -> None:
    """Append one event of a page's own life."""
    append_events(session, [event_row(Fact(kind, at, ActorKind.SYSTEM, data=data), page_id, None, None)])
