"""A customer's message or tap on its way into the store: one row for each of Meta's ids.

Meta tells the same thing under `standby` and under `messaging` when a thread changes hands, and some taps as
a message and as a postback. Each delivery adds what it knows to the one row, so that their order does not
matter; the first that makes work makes it.
"""

from dataclasses import asdict, dataclass
from typing import Any

from ingest.events.event_context import (
    EventContext,
    append_customer_event,
    insert_message,
    notify_workflow,
)
from ingest.events.files import add_files, refused_files
from messenger.webhooks import events as meta
from messenger.webhooks.attachments import Attachment
from store.conversations.messages import message_of_mid, newest_of_customer
from store.search import texts as search_texts
from store.tables import Message

UNSUPPORTED = "unsupported"
"""The kind of a customer's message in which there is nothing that is known here."""


@dataclass(frozen=True, slots=True)
class CustomerMessage:
    """What a customer said, by writing or by tapping a button."""

    kind: str
    mid: str | None
    text: str | None
    payload: str | None
    referral: meta.ReferralData | None
    reply_to_mid: str | None = None
    attachments: tuple[Attachment, ...] = ()

    @classmethod
    def of_message(cls, message: meta.InboundMessage) -> "CustomerMessage":
        """What a message says."""
        has_content = message.text or message.attachments or message.quick_reply_payload
        return cls(
            kind="message" if has_content else UNSUPPORTED,
            mid=message.mid,
            text=message.text,
            payload=message.quick_reply_payload,
            referral=message.referral,
            reply_to_mid=message.reply_to_mid,
            attachments=message.attachments,
        )

    @classmethod
    def of_postback(cls, postback: meta.Postback) -> "CustomerMessage":
        """What a tap on a button says."""
        return cls(
            kind="postback",
            mid=postback.mid,
            text=postback.title,
            payload=postback.payload,
            referral=postback.referral,
        )


def store_customer_message(message: CustomerMessage, context: EventContext) -> None:
    """Insert a row for the message, or add it to the row that has its mid already."""
    known = _MessageRow.find(context, message.mid)
    if known is None:
        _insert(message, context, message.mid)
    elif not known.is_from_customer(context):
        _insert(message, context, None)  # another person's: no message may be lost, no mid given twice
    else:
        _add(message, context, known)


def known_message_id(context: EventContext, mid: str | None) -> str | None:
    """Our id of the message with this mid, if there is one already."""
    known = _MessageRow.find(context, mid)
    return None if known is None else str(known["id"])


def last_message_on_standby(context: EventContext) -> str | None:
    """The customer's last message, if it came on standby: then no conversation of ours knows of it."""
    newest = _newest_message(context)
    return newest["id"] if newest is not None and newest["standby"] else None


def attachment(found: Attachment) -> dict[str, Any]:
    """An attachment as the message row keeps it."""
    return {
        "type": found.type or "unknown",
        "url": found.url,
        "title": found.title,
        "sticker_id": found.sticker_id,
        "payload": dict(found.payload),
    }


def referral(data: meta.ReferralData | None) -> dict[str, Any] | None:
    """A referral as rows keep it."""
    return None if data is None else asdict(data)


def _insert(message: CustomerMessage, context: EventContext, mid: str | None) -> None:
    listed = [attachment(each) for each in message.attachments]
    add_files(context, context.id, message.attachments, listed)
    insert_message(
        context,
        direction="inbound",
        sender_kind="customer",
        kind=message.kind,
        text=message.text,
        attachments=listed,
        quick_reply_payload=message.payload,
        reply_to_mid=message.reply_to_mid,
        mid=mid,
        referral=referral(message.referral) or context.thread.pending_referral,
    )
    context.thread.pending_referral = None
    _notify(message, context, context.id)


def _add(message: CustomerMessage, context: EventContext, known: "_MessageRow") -> None:
    """Add to a row what it does not have yet. What the customer deleted stays deleted."""
    if known["deleted_at"] is None:
        _complete(message, context, known)
    if known["standby"] and not context.is_standby and not context.is_read_back:
        known.set(standby=False)
        _notify(message, context, known["id"])
        return
    context.shows_owner = False
    append_customer_event(context)


def _complete(message: CustomerMessage, context: EventContext, known: "_MessageRow") -> None:
    """The same in either order: a message's text and a tap's payload come before the other's."""
    taps = message.kind == "postback"
    theirs, ours = (message.text, known["text"]) if not taps else (known["text"], message.text)
    of_tap, of_message = (
        (message.payload, known["quick_reply_payload"])
        if taps
        else (known["quick_reply_payload"], message.payload)
    )
    changed: dict[str, Any] = {
        "quick_reply_payload": of_tap or of_message,
        "reply_to_mid": known["reply_to_mid"] or message.reply_to_mid,
        "referral": known["referral"] or referral(message.referral),
    }
    if not known["edits"]:
        changed["text"] = theirs or ours
    if taps or known["kind"] == UNSUPPORTED:
        changed["kind"] = message.kind
    if message.attachments and not known["attachments"]:
        listed = [attachment(each) for each in message.attachments]
        add_files(context, known["id"], message.attachments, listed)
        changed["attachments"] = listed
    former = known["text"]
    known.set(**changed)
    if known["text"] != former and known.written is not None:
        search_texts.replace_message(context.session, known.written)


def _notify(message: CustomerMessage, context: EventContext, message_id: str) -> None:
    """On standby it is for the app that controls the thread to answer that files are not taken."""
    refused = refused_files(context, message.attachments) if context.catalogue_row.opens_work else None
    notify_workflow(context, message_id=message_id, refused_files=refused)


def _newest_message(context: EventContext) -> "_MessageRow | None":
    """The customer's newest message, of this batch too."""
    theirs = [
        _MessageRow(row)
        for row in context.writes.messages
        if row["customer_id"] == context.customer.id and row["direction"] == "inbound"
    ]
    written = newest_of_customer(context.session, context.customer.id)
    if written is not None:
        theirs.append(_MessageRow(written))
    return max(theirs, key=lambda each: each["occurred_at"], default=None)


class _MessageRow:
    """A message row, written already or still to be written at the end of the batch."""

    def __init__(self, row: Message | dict[str, Any]) -> None:
        self._row = row

    @classmethod
    def find(cls, context: EventContext, mid: str | None) -> "_MessageRow | None":
        """The row of Meta's id; it is locked."""
        if mid is None:
            return None
        page_id = context.thread.page_id
        if (of_batch := context.writes.messages_by_mid.get((page_id, mid))) is not None:
            return cls(of_batch)
        if (page_id, mid) in context.writes.absent_mids:
            return None
        written = message_of_mid(context.session, page_id, mid, lock=True)
        return None if written is None else cls(written)

    @property
    def written(self) -> Message | None:
        """The row, if it is in the store already."""
        return None if isinstance(self._row, dict) else self._row

    def is_from_customer(self, context: EventContext) -> bool:
        """Whether it is this customer's own."""
        return bool(self["direction"] == "inbound" and self["customer_id"] == context.customer.id)

    def __getitem__(self, column: str) -> Any:
        return self._row.get(column) if isinstance(self._row, dict) else getattr(self._row, column)

    def set(self, **columns: Any) -> None:
        """Change columns."""
        if isinstance(self._row, dict):
            self._row.update(columns)
            return
        for column, value in columns.items():
            setattr(self._row, column, value)
