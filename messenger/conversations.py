"""What the Conversations API shows of a thread. Source: messenger-platform.md 6, "Conversations"."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

NEWEST = 20
"""Of older messages Meta gives no details."""
MESSAGE_FIELDS = f"messages.limit({NEWEST}){{id,created_time,from,message}}"


@dataclass(frozen=True, slots=True)
class ThreadMessage:
    """A message as Meta shows it later: dated by whole seconds, without our `metadata`."""

    mid: str
    from_page: bool
    text: str
    created_at: datetime


def messages_in(body: Mapping[str, Any], page_id: str) -> Iterator[ThreadMessage]:
    """The messages of an answer, newest first. What lacks an id or a time is left out."""
    for thread in _listed(body):
        for each in _listed(thread.get("messages")):
            created_at = _time(each.get("created_time"))
            mid = each.get("id")
            if isinstance(mid, str) and created_at is not None:
                sender, text = each.get("from"), each.get("message")
                yield ThreadMessage(
                    mid=mid,
                    from_page=isinstance(sender, dict) and sender.get("id") == page_id,
                    text=text if isinstance(text, str) else "",
                    created_at=created_at,
                )


def links_in(body: Mapping[str, Any]) -> tuple[str | None, ...]:
    """The links of a message's attachments, in their order; None where one has none."""
    return tuple(_link(each) for each in _listed(body.get("attachments")))


def _link(attachment: Mapping[str, Any]) -> str | None:
    for name in ("image_data", "video_data"):
        data = attachment.get(name)
        if isinstance(data, Mapping) and isinstance(data.get("url"), str):
            return str(data["url"])
    url = attachment.get("file_url")
    return url if isinstance(url, str) else None


def _listed(value: Any) -> list[dict[str, Any]]:
    data = value.get("data") if isinstance(value, Mapping) else None
    return [each for each in data if isinstance(each, dict)] if isinstance(data, list) else []


def _time(value: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
