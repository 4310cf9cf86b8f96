"""A customer's message or tap on its way into the store: one row for each of Meta's ids.

Meta tells the same thing under `standby` and under `messaging` when a thread changes hands, and some taps as
a message and as a postback. Each delivery adds what it knows to the one row, so that their order does not
matter; the first that makes work makes it.
"""

from dataclasses import asdict, dataclass
from typing import Any

from sqlmodel import col, select

from domain.conversations.state import ThreadEventKind
from domain.sending.thread_owner import OwnerKind
from ingest.events.event_context import EventContext, insert, note, tell
from ingest.events.files import refused_files, take_files
from messenger.webhooks import events as meta
from messenger.webhooks.attachments import Attachment
from messenger.webhooks.webhook import READ_BACK_CHANNELS
from store.conversations.thread_owners import owner_of_thread
from store.search import texts as search_texts
from store.tables import Message

UNSUPPORTED = "unsupported"
"""The kind of a customer's message in which there is nothing that is known here."""


@dataclass(frozen=True, slots=True)
class Words:
    """What a customer said, by writing or by tapping. `told_as`: how a conversation hears of it as work."""

    kind: str
    told_as: ThreadEventKind
    mid: str | None
    text: str | None
    payload: str | None
    referral: meta.ReferralData | None
    reply_to_mid: str | None = None
    attachments: tuple[Attachment, ...] = ()


def words_of_message(message: meta.InboundMessage) -> Words:
    """What a message says."""
    says_something = message.text or message.attachments or message.quick_reply_payload
    return Words(
        kind="message" if says_something else UNSUPPORTED,
        told_as=ThreadEventKind.MESSAGE,
        mid=message.mid,
        text=message.text,
        payload=message.quick_reply_payload,
        referral=message.referral,
        reply_to_mid=message.reply_to_mid,
        attachments=message.attachments,
    )


def words_of_postback(postback: meta.Postback) -> Words:
    """What a tap on a button says."""
    return Words(
        kind="postback",
        told_as=ThreadEventKind.POSTBACK,
        mid=postback.mid,
        text=postback.title,
        payload=postback.payload,
        referral=postback.referral,
    )


def take_words(words: Words, arrival: EventContext) -> None:
    """Make a row of what was said, or add it to the row that is there already."""
    known = _Row.find(arrival, words.mid)
    if known is None:
        _insert(words, arrival, words.mid)
    elif not known.is_of(arrival):
        _insert(words, arrival, None)  # nobody else's words may be lost for it, nor its id given twice
    else:
        _add(words, arrival, known)


def is_known(arrival: EventContext, mid: str | None) -> bool:
    """Whether there is a message with this mid already."""
    return _Row.find(arrival, mid) is not None


def id_of_known(arrival: EventContext, mid: str | None) -> str | None:
    """Our id of the message with this mid."""
    known = _Row.find(arrival, mid)
    return None if known is None else str(known["id"])


def unheard_words(arrival: EventContext) -> str | None:
    """The customer's last message, if it was heard on standby: then nobody of ours was told to answer it."""
    newest = _newest_words(arrival)
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


def _insert(words: Words, arrival: EventContext, mid: str | None) -> None:
    listed = [attachment(each) for each in words.attachments]
    take_files(arrival, arrival.id, words.attachments, listed)
    insert(
        arrival,
        direction="inbound",
        sender_kind="customer",
        kind=words.kind,
        text=words.text,
        attachments=listed,
        quick_reply_payload=words.payload,
        reply_to_mid=words.reply_to_mid,
        mid=mid,
        referral=referral(words.referral) or arrival.thread.pending_referral,
    )
    arrival.thread.pending_referral = None
    if not arrival.standby:
        _tell_work(words, arrival, arrival.id)
    elif _was_before_handover(arrival):
        arrival.tells_owner = False
        _tell_work(words, arrival, arrival.id)
    else:
        tell(arrival, ThreadEventKind.STANDBY_MESSAGE, message_id=arrival.id)


def _add(words: Words, arrival: EventContext, known: "_Row") -> None:
    """Add to a row what it does not have yet. What its writer took back stays taken back."""
    if known["deleted_at"] is None:
        _complete(words, arrival, known)
    if known["standby"] and not arrival.standby and arrival.row.channel not in READ_BACK_CHANNELS:
        known.set(standby=False)
        _tell_work(words, arrival, known["id"])
        return
    arrival.tells_owner = False
    note(arrival, f"customer.{arrival.row.kind}", {"inbox_id": arrival.row.id})


def _complete(words: Words, arrival: EventContext, known: "_Row") -> None:
    """The same in either order: a message's text and a tap's payload come before the other's."""
    taps = words.kind == "postback"
    theirs, ours = (words.text, known["text"]) if not taps else (known["text"], words.text)
    of_tap, of_message = (
        (words.payload, known["quick_reply_payload"])
        if taps
        else (known["quick_reply_payload"], words.payload)
    )
    changed: dict[str, Any] = {
        "quick_reply_payload": of_tap or of_message,
        "reply_to_mid": known["reply_to_mid"] or words.reply_to_mid,
        "referral": known["referral"] or referral(words.referral),
    }
    if not known["edits"]:
        changed["text"] = theirs or ours
    if taps or known["kind"] == UNSUPPORTED:
        changed["kind"] = words.kind
    if words.attachments and not known["attachments"]:
        listed = [attachment(each) for each in words.attachments]
        take_files(arrival, known["id"], words.attachments, listed)
        changed["attachments"] = listed
    former = known["text"]
    known.set(**changed)
    if known["text"] != former and known.written is not None:
        search_texts.replace_message(arrival.session, known.written)


def _tell_work(words: Words, arrival: EventContext, message_id: str) -> None:
    told = refused_files(arrival, words.attachments)
    tell(arrival, words.told_as, message_id=message_id, refused_files=told)


def _was_before_handover(arrival: EventContext) -> bool:
    """Whether the thread was handed to us after this was said, and the two came in the other order."""
    owner = owner_of_thread(arrival.thread)
    if arrival.row.channel in READ_BACK_CHANNELS or owner.kind is not OwnerKind.US:
        return False
    return owner.known_at is not None and arrival.occurred_at <= owner.known_at


def _newest_words(arrival: EventContext) -> "_Row | None":
    """The customer's newest message, of this batch too."""
    theirs = [
        _Row(row)
        for row in arrival.effects.messages
        if row["customer_id"] == arrival.customer.id and row["direction"] == "inbound"
    ]
    written = arrival.session.exec(
        select(Message)
        .where(col(Message.customer_id) == arrival.customer.id, col(Message.direction) == "inbound")
        .order_by(col(Message.occurred_at).desc())
        .limit(1)
    ).first()
    if written is not None:
        theirs.append(_Row(written))
    return max(theirs, key=lambda each: each["occurred_at"], default=None)


class _Row:
    """A message row, written already or still to be written at the end of the batch."""

    def __init__(self, row: Message | dict[str, Any]) -> None:
        self._row = row

    @classmethod
    def find(cls, arrival: EventContext, mid: str | None) -> "_Row | None":
        """The row of Meta's id; it is locked."""
        if mid is None:
            return None
        page_id = arrival.thread.page_id
        if (of_batch := arrival.effects.messages_by_mid.get((page_id, mid))) is not None:
            return cls(of_batch)
        if (page_id, mid) in arrival.effects.absent_mids:
            return None
        wanted = select(Message).where(col(Message.page_id) == page_id, col(Message.mid) == mid)
        written = arrival.session.exec(wanted.with_for_update()).first()
        return None if written is None else cls(written)

    @property
    def written(self) -> Message | None:
        """The row, if it is in the store already."""
        return None if isinstance(self._row, dict) else self._row

    def is_of(self, arrival: EventContext) -> bool:
        """Whether it is this customer's own."""
        return bool(self["direction"] == "inbound" and self["customer_id"] == arrival.customer.id)

    def __getitem__(self, column: str) -> Any:
        return self._row.get(column) if isinstance(self._row, dict) else getattr(self._row, column)

    def set(self, **columns: Any) -> None:
        """Change columns."""
        if isinstance(self._row, dict):
            self._row.update(columns)
            return
        for column, value in columns.items():
            setattr(self._row, column, value)
