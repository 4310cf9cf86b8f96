"""One event on its way into the store, and what it leaves there.

Everything is collected in `BatchWrites` and written by the router at the end of its batch.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlmodel import Session

from base import clock, metrics
from base.ids import id_from_key
from domain.conversations.changes import Fact
from domain.conversations.lifecycle import ActorKind
from domain.conversations.state import ThreadEvent, ThreadEventKind
from domain.sending.window import Opening, OpeningKind, opening
from domain.workstreams.conversation_settings import AutomatedTrigger
from ingest.events.facts import facts_of
from store.conversations.projection import set_window, window_of_thread
from store.events.events import event_row
from store.tables import Customer, InboxEvent, Thread


@dataclass(slots=True)
class BatchWrites:
    """Rows to be written at the end of a batch.

    absent_mids: (page id, mid) of which the store had no message when the batch began: most of them.
    """

    messages: list[dict[str, Any]] = field(default_factory=list)
    messages_by_mid: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    absent_mids: frozenset[tuple[str, str]] = frozenset()
    attachments: list[dict[str, Any]] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    openings: list[dict[str, Any]] = field(default_factory=list)
    thread_events: list[dict[str, Any]] = field(default_factory=list)
    changes: list[dict[str, Any]] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    signals: dict[str, list[ThreadEvent]] = field(default_factory=dict)


@dataclass(slots=True)
class EventContext:
    """One event with what is known about where it belongs.

    `live_conversation_id`: the conversation that is live as far as the store knows. `tells_owner`: whether
    it tells who controls the thread now; a repetition does not.
    """

    session: Session
    effects: BatchWrites
    row: InboxEvent
    customer: Customer
    thread: Thread
    live_conversation_id: str | None
    opening_kind: OpeningKind | None
    standby: bool
    own_app_id: str
    takes_files: bool = False
    tells_owner: bool = True

    @property
    def received_at(self) -> datetime:
        """When the webhook took it."""
        return clock.from_milliseconds(self.row.received_ms)

    @property
    def occurred_at(self) -> datetime:
        """Meta's time, never later than our own; ours where Meta gives none."""
        if self.row.occurred_ms is None:
            return self.received_at
        return min(clock.from_milliseconds(self.row.occurred_ms), self.received_at)

    @property
    def id(self) -> str:
        """The id of the message that this event becomes: always the same for the same inbox event."""
        return id_from_key("inbox", str(self.row.id))


def insert(arrival: EventContext, **columns: Any) -> None:
    """Insert a message row, with every column that a bulk insert needs."""
    row = {
        "id": arrival.id,
        "page_id": arrival.thread.page_id,
        "customer_id": arrival.customer.id,
        "conversation_id": None,
        "kind": "message",
        "text": None,
        "attachments": [],
        "quick_reply_payload": None,
        "content": None,
        "hold": False,
        "resends": None,
        "reply_to_mid": None,
        "mid": None,
        "referral": None,
        "reactions": [],
        "edits": [],
        "app_id": None,
        "standby": arrival.standby,
        "thread_seq": arrival.thread.last_seq + 1,
        "status": None,
        "attempt": 0,
        "occurred_at": arrival.occurred_at,
        "received_at": arrival.received_at,
        "sent_at": None,
        "created_at": arrival.received_at,
    } | columns
    arrival.effects.messages.append(row)
    if row["mid"]:
        arrival.effects.messages_by_mid.setdefault((arrival.thread.page_id, row["mid"]), row)


def tell(
    arrival: EventContext,
    kind: ThreadEventKind,
    message_id: str | None = None,
    survey_id: str | None = None,
    *,
    refused_files: AutomatedTrigger | None = None,
    by_program: bool = False,
) -> None:
    """Number the event in its thread and have the workflow told."""
    opened = _opened(arrival)
    thread = arrival.thread
    thread.last_seq += 1
    event = ThreadEvent(
        thread.last_seq, kind, arrival.occurred_at, opened, message_id, survey_id, refused_files, by_program
    )
    arrival.effects.thread_events.append(
        {
            "customer_id": thread.customer_id,
            "seq": event.seq,
            "inbox_id": arrival.row.id,
            "kind": kind.value,
            "route": "work" if event.opens_work else "join",
            "facts": facts_of(event),
        }
    )
    arrival.effects.signals.setdefault(thread.customer_id, []).append(event)


def _opened(arrival: EventContext) -> Opening | None:
    """Keep the opening and fold it into the thread's window."""
    if arrival.opening_kind is None:
        return None
    occurred_ms = arrival.row.occurred_ms
    occurred_at = None if occurred_ms is None else clock.from_milliseconds(occurred_ms)
    opened = opening(arrival.opening_kind, occurred_at=occurred_at, received_at=arrival.received_at)
    arrival.effects.openings.append(
        {
            "inbox_id": arrival.row.id,
            "customer_id": arrival.customer.id,
            "kind": opened.kind.value,
            "occurred_at": occurred_at,
            "received_at": arrival.received_at,
            "at": opened.at,
            "standard_until": opened.standard_until,
            "human_agent_until": opened.human_agent_until,
        }
    )
    set_window(arrival.thread, window_of_thread(arrival.thread).extended_by(opened))
    return opened


def note(arrival: EventContext, kind: str, data: dict[str, Any]) -> None:
    """Append an event about the thread, with the conversation that is live as far as the store knows."""
    fact = Fact(
        kind,
        arrival.occurred_at,
        ActorKind.CUSTOMER,
        conversation_id=arrival.live_conversation_id,
        data=data,
    )
    record(arrival, fact)


def note_left_out(arrival: EventContext, fields: Sequence[str]) -> None:
    """Append, beside the event of this arrival, that some of its fields could not be read, and count it."""
    metrics.FIELDS_LEFT_OUT.labels(arrival.row.kind).inc()
    fact = Fact(
        "webhook.fields_left_out",
        arrival.occurred_at,
        ActorKind.SYSTEM,
        conversation_id=arrival.live_conversation_id,
        data={"inbox_id": arrival.row.id, "kind": arrival.row.kind, "fields": ", ".join(fields)},
    )
    key = f"inbox/{arrival.row.id}/left_out"
    arrival.effects.events.append(event_row(fact, arrival.thread.page_id, arrival.customer.id, key))


def record(arrival: EventContext, fact: Fact) -> None:
    """Append the one event that this arrival is recorded by."""
    arrival.effects.events.append(
        event_row(fact, arrival.thread.page_id, arrival.customer.id, f"inbox/{arrival.row.id}")
    )
