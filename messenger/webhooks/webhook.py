"""Split a signed webhook delivery into its events. This runs in the path of every acknowledgement.

Meta's envelope is `{object: "page", entry: [{id, time, messaging | standby | changes: [...]}]}`; the event's
name is not in it, it is the key that is present (docs/reference/messenger-webhooks.md).

Nothing signed is ever refused or lost: whatever cannot be understood becomes an event of a kind that says so,
with its bytes. A body that the parser refuses altogether is cut at its brackets
(`messenger.webhooks.broken_deliveries`), so that one bad event does not cost the others.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Any

from messenger.json_parser import (
    compact,
    decode,
    decode_with_long_integers,
    fingerprint,
    identifier,
    integer,
    milliseconds,
)
from messenger.webhooks import broken_deliveries as outline


class EventKind(StrEnum):
    """What an event is. Stored with the event: never rename a value."""

    MESSAGE = "message"
    ECHO = "echo"
    MESSAGE_DELETED = "message_deleted"
    MESSAGE_EDIT = "message_edit"
    POSTBACK = "postback"
    REACTION = "reaction"
    PAGE_REACTION = "page_reaction"
    """The Page's own reaction, which says nothing of the customer."""
    DELIVERY = "delivery"
    READ = "read"
    REFERRAL = "referral"
    OPTIN = "optin"
    PASS_THREAD_CONTROL = "pass_thread_control"  # noqa: S105  # a hand-over, no password
    TAKE_THREAD_CONTROL = "take_thread_control"
    REQUEST_THREAD_CONTROL = "request_thread_control"
    APP_ROLES = "app_roles"
    POLICY_ENFORCEMENT = "policy_enforcement"
    ACCOUNT_LINKING = "account_linking"
    MESSAGING_FEEDBACK = "messaging_feedback"
    RESPONSE_FEEDBACK = "response_feedback"
    MESSAGING_CUSTOMER_INFORMATION = "messaging_customer_information"
    TEMPLATE = "template"
    FORM = "form"
    ORDER = "order"
    PAGE_CHANGE = "page_change"
    """An item of `changes`: a change of the Page itself, or the dashboard's test button."""
    UNKNOWN = "unknown"
    """JSON in the place of an event, of a form that we do not know."""
    UNPARSEABLE = "unparseable"
    """Not JSON: one event of a delivery, or all of it (channel `body`)."""
    NOT_PAGE = "not_page"
    """A delivery about something else than a Page; one event for all of it."""
    EMPTY = "empty"
    """A delivery, or an entry of one, without events."""
    SURVEY_ANSWERED = "survey_answered"
    """Of Pagedesk itself: the customer answered a survey on its page."""
    FILES_REFUSED = "files_refused"
    """Of Pagedesk itself: files of a customer's message were not taken."""


@dataclass(slots=True)
class WebhookEvent:
    """One event of a delivery.

    page_id: Facebook's id of the Page, "" where the delivery names none.
    channel: the array it came in, "messaging", "standby" or "changes"; "body" where it stands for a whole
        delivery or entry; "pagedesk" where it is Pagedesk's own (`messenger.webhooks.internal_events`).
    key: the same for every repetition of the event on its Page; printable ASCII, at most 200 characters. What
        opens work for the app that has the thread (`HAS_STANDBY_KEY`) has another key on standby: there it
        opens none, and must not take the place of the same event under `messaging`.
    customer_psid: the customer whom it concerns, whoever sent it; None for events of the Page.
    occurred_ms: Meta's timestamp in milliseconds since 1970, None if absent or impossible.
    raw: the event alone as compact JSON in ASCII. What is unparseable, and a whole delivery, as received.
        Fields that stood around the events and that we do not know are kept in the first one, `_envelope`.
    """

    page_id: str
    channel: str
    kind: EventKind
    key: str
    customer_psid: str | None
    occurred_ms: int | None
    raw: bytes


CHANNELS = ("messaging", "standby", "changes")
READ_BACK = "read_back"
READ_BACK_STANDBY = "read_back_standby"
READ_BACK_CHANNELS = frozenset({READ_BACK, READ_BACK_STANDBY})
"""Of events that Meta did not deliver, and that were read from the Page's conversations instead."""
STANDBY_CHANNELS = frozenset({"standby", READ_BACK_STANDBY})
MAX_KEY_LENGTH = 200
INTERNAL_KINDS = frozenset({EventKind.SURVEY_ANSWERED, EventKind.FILES_REFUSED})
"""What Pagedesk itself tells a thread. No event of a delivery is of these kinds."""
HAS_STANDBY_KEY = frozenset({EventKind.MESSAGE, EventKind.POSTBACK, EventKind.REFERRAL})
"""The kinds that have another key on standby. Keys are stored for ever, so this is not derived from the
catalogue, which says what standby events signal; a test holds the two together."""

_ENTRY_FIELDS = frozenset({"id", "time", *CHANNELS})
_DELIVERY_FIELDS = frozenset({"object", "entry"})
_TRUE = (True, "true")

_KIND_BY_FIELD = (
    ("postback", EventKind.POSTBACK),
    ("reaction", EventKind.REACTION),
    ("delivery", EventKind.DELIVERY),
    ("read", EventKind.READ),
    ("message_edit", EventKind.MESSAGE_EDIT),
    ("referral", EventKind.REFERRAL),
    ("optin", EventKind.OPTIN),
    ("pass_thread_control", EventKind.PASS_THREAD_CONTROL),
    ("take_thread_control", EventKind.TAKE_THREAD_CONTROL),
    ("request_thread_control", EventKind.REQUEST_THREAD_CONTROL),
    ("app_roles", EventKind.APP_ROLES),
    ("policy_enforcement", EventKind.POLICY_ENFORCEMENT),
    ("account_linking", EventKind.ACCOUNT_LINKING),
    ("messaging_feedback", EventKind.MESSAGING_FEEDBACK),
    ("response_feedback", EventKind.RESPONSE_FEEDBACK),
    ("messaging_customer_information", EventKind.MESSAGING_CUSTOMER_INFORMATION),
    ("template", EventKind.TEMPLATE),
    ("form", EventKind.FORM),
    ("order", EventKind.ORDER),
)


def split(body: bytes) -> list[WebhookEvent]:
    """The events of a delivery, at least one. Never raises, whatever the bytes are."""
    try:
        delivery = decode(body)
        if type(delivery) is not dict or delivery.get("object") != "page":
            return [_whole_body(EventKind.NOT_PAGE, body)]
        return _split_delivery(delivery) or [_whole_body(EventKind.EMPTY, body)]
    except (ValueError, RecursionError):
        return _events_one_by_one(body) or [_whole_body(EventKind.UNPARSEABLE, body)]


# The envelope


def _split_delivery(delivery: dict[str, Any]) -> list[WebhookEvent]:
    entries = delivery.get("entry")
    if type(entries) is not list:
        return []
    around = _unknown_fields(delivery, _DELIVERY_FIELDS)
    events: list[WebhookEvent] = []
    for entry in entries:
        if type(entry) is dict:
            events += _split_entry(entry, around | _unknown_fields(entry, _ENTRY_FIELDS))
            around = {}
        else:
            events.append(_whole_entry(EventKind.UNKNOWN, "", entry))
    return events


def _split_entry(entry: dict[str, Any], unknown_fields: dict[str, Any]) -> list[WebhookEvent]:
    """`unknown_fields` stand around the events, not in one; the first event keeps them, once."""
    page_id = identifier(entry.get("id")) or ""
    events = []
    for channel in CHANNELS:
        for item in _as_list(entry.get(channel)):
            event = _event(page_id, entry.get("time"), channel, item)
            if unknown_fields and type(item) is dict:
                event.raw = compact({**item, "_envelope": unknown_fields})
                unknown_fields = {}
            events.append(event)
    if not events:
        known = entry.keys() <= _ENTRY_FIELDS
        return [_whole_entry(EventKind.EMPTY if known else EventKind.UNKNOWN, page_id, entry)]
    return events


def _events_one_by_one(body: bytes) -> list[WebhookEvent]:
    """The events of a delivery that the parser refuses as a whole; none if its outer form is broken too."""
    try:
        pieces = outline.raw_events(body.removeprefix(b"\xef\xbb\xbf"), CHANNELS)
    except outline.NoOutlineError:
        return []
    events = []
    for piece in pieces:
        page_id = ""
        try:
            page_id = identifier(decode_with_long_integers(piece.entry_id)) or ""
            time = decode_with_long_integers(piece.entry_time)
            event = _event(page_id, time, piece.channel, decode_with_long_integers(piece.text))
        except (ValueError, RecursionError):
            key = "body:" + sha256(piece.text).hexdigest()
            event = WebhookEvent(page_id, piece.channel, EventKind.UNPARSEABLE, key, None, None, piece.text)
        events.append(event)
    return events


def _whole_body(kind: EventKind, body: bytes) -> WebhookEvent:
    return WebhookEvent("", "body", kind, "body:" + sha256(body).hexdigest(), None, None, body)


def _whole_entry(kind: EventKind, page_id: str, entry: object) -> WebhookEvent:
    return WebhookEvent(page_id, "body", kind, _content_key(entry), None, None, compact(entry))


def _unknown_fields(fields: dict[str, Any], known: frozenset[str]) -> dict[str, Any]:
    if fields.keys() <= known:
        return {}
    return {name: value for name, value in fields.items() if name not in known}


def _as_list(value: Any) -> list[Any]:
    if type(value) is list:
        return value
    return [] if value is None else [value]


# One event


def _event(page_id: str, entry_time: Any, channel: str, event: Any) -> WebhookEvent:
    if type(event) is not dict or channel == "changes":
        kind = EventKind.PAGE_CHANGE if type(event) is dict else EventKind.UNKNOWN
        key, occurred_ms = _content_key([entry_time, event]), milliseconds(entry_time)
        return WebhookEvent(page_id, channel, kind, key, None, occurred_ms, compact(event))
    sender, recipient = _party(event.get("sender")), _party(event.get("recipient"))
    kind = _kind(event, page_id, sender)
    customer, page = (recipient, sender) if kind is EventKind.ECHO else (sender, recipient)
    page_id = page_id or page or ""
    if customer == page_id:  # the Page's own action, or an echo with its parties exchanged
        customer = page if page != page_id else None
    occurred_ms = milliseconds(event.get("timestamp"))
    scope = "standby_" if channel in STANDBY_CHANNELS and kind in HAS_STANDBY_KEY else ""
    key = _key(kind, event, (sender, recipient), occurred_ms, scope) or scope + _content_key(
        event if occurred_ms is not None else [entry_time, event]
    )
    return WebhookEvent(page_id, channel, kind, key, customer, occurred_ms, compact(event))


def _party(party: Any) -> str | None:
    return identifier(party.get("id")) if type(party) is dict else None


def _kind(event: dict[str, Any], page_id: str, sender: str | None) -> EventKind:
    """A message whose sender is the Page is an echo, flagged or not: a customer never writes as the Page."""
    message = event.get("message")
    if type(message) is dict:
        if message.get("is_deleted") in _TRUE:
            return EventKind.MESSAGE_DELETED
        if message.get("is_echo") in _TRUE or (sender is not None and sender == page_id):
            return EventKind.ECHO
        return EventKind.MESSAGE
    for field, kind in _KIND_BY_FIELD:
        if type(event.get(field)) is dict:
            by_page = kind is EventKind.REACTION and sender is not None and sender == page_id
            return EventKind.PAGE_REACTION if by_page else kind
    return EventKind.UNKNOWN


# The key

_Parties = tuple[str | None, str | None]


def _by_mid(fields: dict[str, Any], _parties: _Parties, _occurred_ms: int | None) -> list[str] | None:
    mid = fields.get("mid")
    if type(mid) is int:
        return [str(mid)]
    return [mid] if type(mid) is str and mid else None


def _by_watermark(fields: dict[str, Any], parties: _Parties, _occurred_ms: int | None) -> list[str] | None:
    sender, recipient = parties
    watermark = milliseconds(fields.get("watermark"))
    if sender is None or recipient is None or watermark is None:
        return None
    return [sender, recipient, str(watermark)]


def _by_reaction(fields: dict[str, Any], parties: _Parties, occurred_ms: int | None) -> list[str] | None:
    mid = _by_mid(fields, parties, occurred_ms)
    if mid is None:
        return None
    what = [str(fields.get(name, "")) for name in ("action", "emoji", "reaction")]
    return [parties[0] or "", str(occurred_ms or ""), *what, *mid]


def _by_edit(fields: dict[str, Any], parties: _Parties, occurred_ms: int | None) -> list[str] | None:
    mid, number = _by_mid(fields, parties, occurred_ms), integer(fields.get("num_edit"))
    return None if mid is None or number is None else [str(number), *mid]


_KEY_RULES: dict[EventKind, tuple[str, Callable[..., list[str] | None]]] = {
    EventKind.MESSAGE: ("message", _by_mid),
    EventKind.ECHO: ("message", _by_mid),
    EventKind.MESSAGE_DELETED: ("message", _by_mid),
    EventKind.POSTBACK: ("postback", _by_mid),
    EventKind.DELIVERY: ("delivery", _by_watermark),
    EventKind.READ: ("read", _by_watermark),
    EventKind.REACTION: ("reaction", _by_reaction),
    EventKind.PAGE_REACTION: ("reaction", _by_reaction),
    EventKind.MESSAGE_EDIT: ("message_edit", _by_edit),
}


def _key(
    kind: EventKind, event: dict[str, Any], parties: _Parties, occurred_ms: int | None, scope: str
) -> str | None:
    """What tells the event from all others of its Page; None if what is needed for that is absent.

    In plain text where that is plain and short, else its hash, marked by another separator.
    """
    rule = _KEY_RULES.get(kind)
    parts = rule[1](event[rule[0]], parties, occurred_ms) if rule else None
    if parts is None:
        return None
    key = scope + kind + ":" + ":".join(parts)
    plain = len(key) <= MAX_KEY_LENGTH and key.isascii() and key.isprintable()
    if plain and (len(parts) == 1 or not any(":" in part for part in parts[:-1])):
        return key
    return scope + kind + "#" + fingerprint(parts)


def mid_in_key(key: str) -> str | None:
    """The mid that the key of a message or a tap tells in plain; None of others, and where it is hashed."""
    kind, separator, mid = key.partition(":")
    has_mid = kind.removeprefix("standby_") in (EventKind.MESSAGE, EventKind.POSTBACK)
    return mid if separator and has_mid else None


def _content_key(content: Any) -> str:
    """The key of an event that has no id; without the kind, which a later version may know better."""
    return "event:" + fingerprint(content)
