"""What one routed event changes in its thread. The table behind it is `messenger.catalogue`.

Everything is collected in `Effects` and written by the router at the end of its batch.
"""

from dataclasses import asdict, dataclass, field
from datetime import datetime
from functools import singledispatch
from typing import Any

from sqlmodel import Session, col, select

from base import clock
from base.ids import id_from_key
from domain.changes import Fact
from domain.delivery import MessageStatus
from domain.lifecycle import ActorKind
from domain.state import ThreadEvent, ThreadEventKind
from domain.window import Opening, OpeningKind, opening
from ingest.facts import facts_of
from messenger import events as meta
from messenger.attachments import Attachment
from store.events import event_row
from store.messages import confirm_by_echo
from store.tables import Customer, InboxEvent, Message, Thread
from store.threads import set_window, window_of_thread

OWN_METADATA_PREFIX = "pd1:"
"""Begins the `metadata` of every message that we send; our message id follows."""


@dataclass(slots=True)
class Effects:
    """Rows to be written at the end of a batch."""

    messages: list[dict[str, Any]] = field(default_factory=list)
    openings: list[dict[str, Any]] = field(default_factory=list)
    thread_events: list[dict[str, Any]] = field(default_factory=list)
    changes: list[dict[str, Any]] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    signals: dict[str, list[ThreadEvent]] = field(default_factory=dict)


@dataclass(slots=True)
class Arrival:
    """One event with what is known about where it belongs."""

    session: Session
    effects: Effects
    row: InboxEvent
    customer: Customer
    thread: Thread
    opening_kind: OpeningKind | None
    standby: bool

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


@singledispatch
def take(parsed: meta.Event, arrival: Arrival) -> None:  # noqa: ARG001 - the registered kinds use it
    """What the event changes, each kind its own; others change nothing but the record.

    What they carry may be personal: it stays in the inbox.
    """
    _note(arrival, f"customer.{arrival.row.kind}", {"inbox_id": arrival.row.id})


@take.register
def _message(parsed: meta.InboundMessage, arrival: Arrival) -> None:
    _insert(
        arrival,
        direction="inbound",
        sender_kind="customer",
        text=parsed.text,
        attachments=[_attachment(each) for each in parsed.attachments],
        quick_reply_payload=parsed.quick_reply_payload,
        reply_to_mid=parsed.reply_to_mid,
        mid=parsed.mid,
        referral=_referral(parsed.referral) or arrival.thread.pending_referral,
    )
    arrival.thread.pending_referral = None
    kind = ThreadEventKind.STANDBY_MESSAGE if arrival.standby else ThreadEventKind.MESSAGE
    _tell(arrival, kind, message_id=arrival.id)


@take.register
def _postback(parsed: meta.Postback, arrival: Arrival) -> None:
    _insert(
        arrival,
        direction="inbound",
        sender_kind="customer",
        kind="postback",
        text=parsed.title,
        quick_reply_payload=parsed.payload,
        mid=parsed.mid,
        referral=_referral(parsed.referral) or arrival.thread.pending_referral,
    )
    arrival.thread.pending_referral = None
    kind = ThreadEventKind.STANDBY_MESSAGE if arrival.standby else ThreadEventKind.POSTBACK
    _tell(arrival, kind, message_id=arrival.id)


@take.register
def _echo(parsed: meta.Echo, arrival: Arrival) -> None:
    if _confirmed_own(arrival, parsed) or _confirmed_by_mid(arrival, parsed):
        return
    _insert(
        arrival,
        direction="outbound",
        sender_kind="outside",
        text=parsed.text,
        attachments=[_attachment(each) for each in parsed.attachments],
        reply_to_mid=parsed.reply_to_mid,
        mid=parsed.mid,
        app_id=parsed.app_id,
        status=MessageStatus.SENT.value,
        sent_at=arrival.occurred_at,
    )
    _tell(arrival, ThreadEventKind.OUTSIDE_MESSAGE, message_id=arrival.id)


def _confirmed_own(arrival: Arrival, echo: meta.Echo) -> bool:
    """Whether the echo is of a message of ours; only row, page and person together prove it."""
    if echo.metadata is None or not echo.metadata.startswith(OWN_METADATA_PREFIX):
        return False
    message_id = echo.metadata.removeprefix(OWN_METADATA_PREFIX)
    return _confirm(arrival, message_id, echo.mid)


def _confirmed_by_mid(arrival: Arrival, echo: meta.Echo) -> bool:
    """Whether the echo names a message that we know already, without our metadata."""
    if echo.mid is None:
        return False
    known = arrival.session.exec(
        select(Message.id).where(col(Message.page_id) == arrival.thread.page_id, col(Message.mid) == echo.mid)
    ).first()
    return known is not None and _confirm(arrival, known, echo.mid)


def _confirm(arrival: Arrival, message_id: str, mid: str | None) -> bool:
    former = confirm_by_echo(
        arrival.session,
        message_id,
        page_id=arrival.thread.page_id,
        customer_id=arrival.customer.id,
        mid=mid,
        at=arrival.occurred_at,
    )
    if former is None:
        return False
    if former == MessageStatus.UNKNOWN:
        _tell(arrival, ThreadEventKind.OWN_ECHO, message_id=message_id)
    if former == MessageStatus.RESENT:
        _note(arrival, "message.sent_twice", {"message_id": message_id})
    return True


@take.register
def _reaction(parsed: meta.Reaction, arrival: Arrival) -> None:
    change = {
        "by": "customer",
        "action": parsed.action or "react",
        "reaction": parsed.reaction,
        "emoji": parsed.emoji,
        "at": arrival.occurred_at.isoformat(),
    }
    _change(arrival, parsed.mid, "reaction", change)
    if arrival.opening_kind is not None:
        _tell(arrival, ThreadEventKind.WINDOW_OPENING)


@take.register
def _edit(parsed: meta.Edit, arrival: Arrival) -> None:
    change = {"text": parsed.text, "number": parsed.num_edit, "at": arrival.occurred_at.isoformat()}
    _change(arrival, parsed.mid, "edit", change)


@take.register
def _deletion(parsed: meta.Deleted, arrival: Arrival) -> None:
    _change(arrival, parsed.mid, "deletion", {"at": arrival.occurred_at.isoformat()})


@take.register
def _delivery(parsed: meta.Delivery, arrival: Arrival) -> None:
    until = _watermark(arrival, parsed.watermark_ms)
    if until is None or (arrival.thread.delivered_until and until <= arrival.thread.delivered_until):
        return
    arrival.thread.delivered_until = until
    _note(arrival, "messages.delivered", {"until": until.isoformat()})


@take.register
def _read(parsed: meta.Read, arrival: Arrival) -> None:
    until = _watermark(arrival, parsed.watermark_ms)
    if until is None or (arrival.thread.read_until and until <= arrival.thread.read_until):
        return
    arrival.thread.read_until = until
    _note(arrival, "messages.read", {"until": until.isoformat()})


def _watermark(arrival: Arrival, watermark_ms: int | None) -> datetime | None:
    """A watermark in the future (bad input W49) must not mark what is not sent yet."""
    if watermark_ms is None:
        return None
    return min(clock.from_milliseconds(watermark_ms), arrival.received_at)


@take.register
def _entry(parsed: meta.Referral, arrival: Arrival) -> None:
    arrival.thread.pending_referral = _referral(parsed.data)
    _note(arrival, "customer.referral", {"source": parsed.data.source, "type": parsed.data.type})
    if arrival.opening_kind is not None:
        _tell(arrival, ThreadEventKind.ENTRY)


def _insert(arrival: Arrival, **columns: Any) -> None:
    """Insert a message row, with every column that a bulk insert needs."""
    arrival.effects.messages.append(
        {
            "id": arrival.id,
            "page_id": arrival.thread.page_id,
            "customer_id": arrival.customer.id,
            "kind": "message",
            "text": None,
            "attachments": [],
            "quick_reply_payload": None,
            "content": None,
            "hold": False,
            "resends": None,
            "reply_to_mid": None,
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
        }
        | columns
    )


def _tell(arrival: Arrival, kind: ThreadEventKind, message_id: str | None = None) -> None:
    """Number the event in its thread and have the workflow told."""
    opened = _opened(arrival)
    thread = arrival.thread
    thread.last_seq += 1
    event = ThreadEvent(thread.last_seq, kind, arrival.occurred_at, opened, message_id)
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


def _opened(arrival: Arrival) -> Opening | None:
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


def _note(arrival: Arrival, kind: str, data: dict[str, Any]) -> None:
    """Append an event about the thread, with the conversation that is live as far as the store knows."""
    live = (arrival.thread.state or {}).get("conversation")
    fact = Fact(
        kind, arrival.occurred_at, ActorKind.CUSTOMER, conversation_id=live["id"] if live else None, data=data
    )
    arrival.effects.events.append(
        event_row(fact, arrival.thread.page_id, arrival.customer.id, f"inbox/{arrival.row.id}")
    )


def _change(arrival: Arrival, mid: str | None, kind: str, change: dict[str, Any]) -> None:
    """Note a change of a message; the router applies it once the batch's messages are there."""
    if mid is not None:
        page_id = arrival.thread.page_id
        arrival.effects.changes.append(
            {"inbox_id": arrival.row.id, "page_id": page_id, "mid": mid, "kind": kind, "change": change}
        )


def _attachment(attachment: Attachment) -> dict[str, Any]:
    """An attachment as the message row keeps it."""
    return {
        "type": attachment.type,
        "url": attachment.url,
        "title": attachment.title,
        "sticker_id": attachment.sticker_id,
        "payload": dict(attachment.payload),
    }


def _referral(data: meta.ReferralData | None) -> dict[str, Any] | None:
    return None if data is None else asdict(data)
