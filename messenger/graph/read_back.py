"""Messages that Meta shows in a conversation, as the events that its webhook would have delivered.

They have the same unique keys, so that a delivery which comes late changes nothing, nor does a second
reading; only one under `messaging` still makes work of what was read on standby.
What Meta does not show is lost: the payload of a button, a referral, which app wrote for the Page.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from messenger.graph.conversations import ThreadMessage
from messenger.json_parser import compact
from messenger.webhooks.webhook import READ_BACK, READ_BACK_STANDBY, WebhookEvent, split


def read_back_events(page_id: str, messages: Iterable[ThreadMessage], *, standby: bool) -> list[WebhookEvent]:
    """The events of messages whose person is known; `standby`: another app had the thread."""
    items = [_item(page_id, each) for each in messages if each.psid is not None]
    return _delivered(page_id, items, standby=standby) if items else []


def _delivered(page_id: str, items: Sequence[dict[str, Any]], *, standby: bool) -> list[WebhookEvent]:
    entry = {"id": page_id, "standby" if standby else "messaging": items}
    events = split(compact({"object": "page", "entry": [entry]}))
    for event in events:
        event.channel = READ_BACK_STANDBY if standby else READ_BACK
    return events


def _item(page_id: str, shown: ThreadMessage) -> dict[str, Any]:
    message: dict[str, Any] = {"mid": shown.mid}
    if shown.text:
        message["text"] = shown.text
    if shown.attachments:
        message["attachments"] = list(shown.attachments)
    if shown.reply_to_mid:
        message["reply_to"] = {"mid": shown.reply_to_mid}
    if shown.from_page:
        message["is_echo"] = True
    sender, recipient = (page_id, shown.psid) if shown.from_page else (shown.psid, page_id)
    return {
        "sender": {"id": sender},
        "recipient": {"id": recipient},
        "timestamp": int(shown.created_at.timestamp() * 1000),
        "message": message,
    }
