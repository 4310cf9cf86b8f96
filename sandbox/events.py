"""Webhook events in Meta's shape, the subscription field of each, and its key in the ledger.

Source: docs/reference/messenger-webhooks.md.
"""

import hashlib
from typing import Any

import orjson

from sandbox.model import Message

# kind (the key that marks the event) → subscription field. An echo's kind is "echo".
FIELD_OF = {
    "message": "messages",
    "echo": "message_echoes",
    "postback": "messaging_postbacks",
    "delivery": "message_deliveries",
    "read": "message_reads",
    "reaction": "message_reactions",
    "message_edit": "message_edits",
    "referral": "messaging_referrals",
    "optin": "messaging_optins",
    "messaging_feedback": "messaging_feedback",
    "policy_enforcement": "messaging_policy_enforcement",
    "pass_thread_control": "messaging_handovers",
    "take_thread_control": "messaging_handovers",
    "request_thread_control": "messaging_handovers",
}
# What an app that does not control the thread gets to see, under `standby`.
STANDBY_KINDS = frozenset({"message", "echo", "postback", "delivery", "read"})
OTHER_KINDS = (
    "account_linking",
    "app_roles",
    "response_feedback",
    "messaging_customer_information",
    "template",
    "form",
    "order",
)

Event = dict[str, Any]


def from_customer(message: Message) -> Event:
    """A message or postback that the person sent."""
    if message.kind == "postback":
        body = _present(
            mid=message.mid, title=message.text, payload=message.payload, referral=message.referral
        )
        return _between(message, {"postback": body})
    body = _present(
        mid=message.mid,
        text=message.text,
        attachments=message.attachments or None,
        quick_reply=None if message.payload is None else {"payload": message.payload},
        reply_to=_reply_to(message, is_self=False),
        referral=message.referral,
    )
    return _between(message, {"message": body})


def echo(message: Message, *, is_self_reply: bool = False) -> Event:
    """A message that an app or a person sent for the Page."""
    body = _present(
        mid=message.mid,
        is_echo=True,
        app_id=None if message.app_id is None else int(message.app_id),
        metadata=message.metadata,
        text=message.text,
        attachments=message.attachments or None,
        reply_to=_reply_to(message, is_self=is_self_reply),
    )
    return _between(message, {"message": body})


def from_person(page_id: str, psid: str, at_ms: int, name: str, value: Event) -> Event:
    """Any other event that a person caused: delivery, read, reaction, message_edit and so on."""
    return {"sender": {"id": psid}, "recipient": {"id": page_id}, "timestamp": at_ms, name: value}


def about_page(page_id: str, at_ms: int, name: str, value: Event) -> Event:
    """An event without a person: policy_enforcement, a checkbox opt-in."""
    return {"recipient": {"id": page_id}, "timestamp": at_ms, name: value}


def kind_of(event: Event) -> str:
    """Which kind an event is; `unknown` if no known key is present."""
    message = event.get("message")
    if isinstance(message, dict) and message.get("is_echo"):
        return "echo"
    return next((kind for kind in (*FIELD_OF, *OTHER_KINDS) if kind in event), "unknown")


def facts(event: Event, page_id: str) -> dict[str, Any]:
    """What the ledger keeps of an event: key, kind, mid, customer, time.

    Keys follow the receiver's duty to recognise repeats: the mid for messages, echoes and postbacks; person,
    Page and watermark for receipts; mid, person, action, emoji and time for reactions; else a hash.
    """
    kind = kind_of(event)
    value = event.get("message") if kind == "echo" else event.get(kind)
    value = value if isinstance(value, dict) else {}
    sender, recipient = _id(event, "sender"), _id(event, "recipient")
    customer = recipient if kind == "echo" else sender
    mid = value.get("mid")
    if kind in {"message", "echo", "postback"} and mid:
        parts = [mid]
    elif kind in {"delivery", "read"}:
        parts = [customer, value.get("watermark")]
    elif kind == "reaction":
        parts = [mid, customer, value.get("action"), value.get("emoji"), event.get("timestamp")]
    else:
        parts = [hashlib.sha256(orjson.dumps(event, option=orjson.OPT_SORT_KEYS)).hexdigest()]
    return {
        "key": ":".join([page_id, kind, *map(str, parts)]),
        "kind": kind,
        "mid": mid,
        "customer": customer,
        "time": event.get("timestamp"),
    }


def _between(message: Message, body: Event) -> Event:
    page, person = {"id": message.page_id}, {"id": message.psid}
    sender, recipient = (page, person) if message.from_page else (person, page)
    return {"sender": sender, "recipient": recipient, "timestamp": message.at_ms, **body}


def _reply_to(message: Message, *, is_self: bool) -> Event | None:
    return None if message.reply_to is None else {"mid": message.reply_to, "is_self_reply": is_self}


def _present(**values: Any) -> Event:
    return {name: value for name, value in values.items() if value is not None}


def _id(event: Event, side: str) -> str | None:
    party = event.get(side)
    return str(party["id"]) if isinstance(party, dict) and "id" in party else None
