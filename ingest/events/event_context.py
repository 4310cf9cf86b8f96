"""One event with what is known about its thread, and how its effect adds to the batch's writes."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlmodel import Session

from base import clock, metrics
from base.ids import id_from_key
from domain.conversations.changes import Fact, FactValue
from domain.conversations.lifecycle import ActorKind
from domain.conversations.state import ThreadEvent
from domain.events.kinds import FactKind
from domain.sending.window import Opening, OpeningKind, Stage, Window, opening
from domain.workstreams.conversation_settings import AutomatedTrigger
from ingest.events.batch_writes import BatchWrites
from messenger.webhooks.catalogue_row import CatalogueRow
from messenger.webhooks.webhook import READ_BACK_CHANNELS, STANDBY_CHANNELS
from store.conversations.projection import set_window, window_of_thread
from store.conversations.thread_events import thread_event_row
from store.db.sql import row_of
from store.events.events import event_row
from store.tables import Customer, InboxEvent, Message, Thread

_WITHOUT_MESSAGE = frozenset({OpeningKind.REACTION, OpeningKind.M_ME_LINK, OpeningKind.OPT_IN})


@dataclass(slots=True)
class EventContext:
    """One event, its row of the catalogue, and its thread.

    live_conversation_id: the conversation that is live as far as the store knows. takes_files: whether the
    Page takes files from customers. shows_owner: whether the event shows who controls the thread now; a
    repetition does not, nor what came before a handover.
    """

    session: Session
    writes: BatchWrites
    event: InboxEvent
    catalogue_row: CatalogueRow
    customer: Customer
    thread: Thread
    live_conversation_id: str | None
    own_app_id: str
    takes_files: bool = False
    shows_owner: bool = True
    _seq: int | None = field(default=None, init=False)

    @property
    def is_standby(self) -> bool:
        """Whether another app controlled the thread when Meta delivered this."""
        return self.event.channel in STANDBY_CHANNELS

    @property
    def is_read_back(self) -> bool:
        """Whether Meta did not deliver it, and it was read from the Page's conversations."""
        return self.event.channel in READ_BACK_CHANNELS

    @property
    def received_at(self) -> datetime:
        """When the webhook took it."""
        return clock.from_milliseconds(self.event.received_ms)

    @property
    def occurred_at(self) -> datetime:
        """See the function of this name."""
        return occurred_at(self.event)

    @property
    def id(self) -> str:
        """The id of the message that this event becomes: always the same for the same inbox event."""
        return id_from_key("inbox", str(self.event.id))

    def next_seq(self) -> int:
        """The event's number in its thread. It is taken once: the message and the signal have the same."""
        if self._seq is None:
            self.thread.last_seq += 1
            self._seq = self.thread.last_seq
        return self._seq


def occurred_at(event: InboxEvent) -> datetime:
    """Meta's time, never later than our own; ours where Meta gives none."""
    sent_ms = event.received_ms if event.occurred_ms is None else event.occurred_ms
    return clock.from_milliseconds(min(sent_ms, event.received_ms))


def insert_message(context: EventContext, **columns: Any) -> None:
    """Insert a message row."""
    row = row_of(
        Message,
        id=context.id,
        page_id=context.thread.page_id,
        customer_id=context.customer.id,
        standby=context.is_standby,
        thread_seq=context.next_seq(),
        occurred_at=context.occurred_at,
        received_at=context.received_at,
        created_at=context.received_at,
        **columns,
    )
    context.writes.add_message(row)


def change_message(context: EventContext, mid: str | None, kind: str, **change: Any) -> None:
    """Change the message that has this mid: kind "edit", "deletion" or "reaction"."""
    if mid is not None:
        context.writes.add_change(context.event.id, context.thread.page_id, mid, kind, **change)


def notify_workflow(
    context: EventContext,
    *,
    message_id: str | None = None,
    survey_id: str | None = None,
    refused_files: AutomatedTrigger | None = None,
    by_program: bool = False,
) -> None:
    """Signal to the thread's workflow what the event's row of the catalogue says, if anything."""
    kind = context.catalogue_row.thread_event
    if kind is None:
        return
    opened = _open_window(context)
    signalled = ThreadEvent(
        context.next_seq(),
        kind,
        context.occurred_at,
        opened,
        message_id,
        survey_id,
        refused_files,
        by_program,
    )
    customer_id = context.customer.id
    context.writes.thread_events.append(thread_event_row(customer_id, context.event.id, signalled))
    context.writes.signals.setdefault(customer_id, []).append(signalled)


def _open_window(context: EventContext) -> Opening | None:
    """Keep the opening and fold it into the thread's window."""
    kind = context.catalogue_row.opening
    if kind is None:
        return None
    occurred_ms = context.event.occurred_ms
    sent_at = None if occurred_ms is None else clock.from_milliseconds(occurred_ms)
    opened = opening(kind, occurred_at=sent_at, received_at=context.received_at)
    context.writes.openings.append(
        {
            "inbox_id": context.event.id,
            "customer_id": context.customer.id,
            "kind": opened.kind.value,
            "occurred_at": sent_at,
            "received_at": context.received_at,
            "at": opened.at,
            "standard_until": opened.standard_until,
            "human_agent_until": opened.human_agent_until,
        }
    )
    before = window_of_thread(context.thread)
    set_window(context.thread, before.extended_by(opened))
    _tell_opening(context, opened, before)
    return opened


def _tell_opening(context: EventContext, opened: Opening, before: Window) -> None:
    """Append that the standard window opened; or was extended by what leaves no message to be told of."""
    now, window = context.received_at, window_of_thread(context.thread)
    if window == before or window.stage_at(now) is not Stage.STANDARD:
        return
    stage = before.stage_at(now)
    if stage is Stage.STANDARD and opened.kind not in _WITHOUT_MESSAGE:
        return
    data: dict[str, FactValue] = {
        "opened_by": opened.kind,
        "from": stage,
        "standard_until": window.standard_until.isoformat() if window.standard_until else None,
    }
    fact = Fact(
        FactKind.WINDOW_OPENED,
        now,
        ActorKind.CUSTOMER,
        conversation_id=context.live_conversation_id,
        data=data,
    )
    append_event(context, fact, "/window")


def append_customer_event(
    context: EventContext, kind: FactKind | None = None, **data: str | bool | int | None
) -> None:
    """Append the event of this arrival, in the live conversation; by default that the kind of event came."""
    if kind is None:
        kind, data = FactKind(f"customer.{context.event.kind}"), {"inbox_id": context.event.id, **data}
    fact = Fact(
        kind,
        context.occurred_at,
        ActorKind.CUSTOMER,
        conversation_id=context.live_conversation_id,
        data=data,
    )
    append_event(context, fact)


def append_left_out_fields(context: EventContext, fields: Sequence[str]) -> None:
    """Append, beside the event of this arrival, that some of its fields could not be read, and count it."""
    metrics.FIELDS_LEFT_OUT.labels(context.event.kind).inc()
    fact = Fact(
        FactKind.WEBHOOK_FIELDS_LEFT_OUT,
        context.occurred_at,
        ActorKind.SYSTEM,
        conversation_id=context.live_conversation_id,
        data={"inbox_id": context.event.id, "kind": context.event.kind, "fields": ", ".join(fields)},
    )
    append_event(context, fact, "/left_out")


def append_event(context: EventContext, fact: Fact, suffix: str = "") -> None:
    """Append an event about the thread. One inbox event has at most one event for each suffix of its key."""
    key = f"inbox/{context.event.id}{suffix}"
    context.writes.events.append(event_row(fact, context.thread.page_id, context.customer.id, key))
