"""What the Conversations API shows of a thread. Source: docs/reference/messenger-pages-and-threads.md."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

MAX_DETAILED_MESSAGES = 20
"""The newest messages of a thread, of which alone Meta gives details."""
MESSAGE_FIELDS = f"messages.limit({MAX_DETAILED_MESSAGES}){{id,created_time,from,message}}"

EXTRA_MESSAGES = 5
"""So many more are asked for, to see whether there are older messages."""
THREAD_FIELDS = (
    f"messages.limit({MAX_DETAILED_MESSAGES + EXTRA_MESSAGES})"
    "{id,created_time,from,to,message,attachments,reply_to}"
)
THREADS_PER_REQUEST = 50


@dataclass(frozen=True, slots=True)
class ThreadMessage:
    """A message as Meta shows it later: dated by whole seconds, without our `metadata`.

    psid: the person on the other side; None where Meta names nobody, as for what is older than the newest 20.
    attachments: in the form of webhooks. A tapped button's payload is not shown.
    """

    mid: str
    from_page: bool
    text: str
    created_at: datetime
    psid: str | None = None
    attachments: tuple[Mapping[str, Any], ...] = ()
    reply_to_mid: str | None = None


@dataclass(frozen=True, slots=True)
class ListedThread:
    """A thread in a list. `is_ours`: whether our app or nobody controls it."""

    id: str
    updated_at: datetime
    is_ours: bool


@dataclass(frozen=True, slots=True)
class ThreadList:
    """One page of the list of threads; `after` leads to the next one, if there is one."""

    threads: tuple[ListedThread, ...]
    after: str | None


def read_threads(body: Mapping[str, Any]) -> ThreadList:
    """The threads of an answer. What lacks an id or a time is left out."""
    threads = tuple(
        ListedThread(each["id"], updated_at, is_ours=each.get("is_owner") is not False)
        for each in _listed(body)
        if isinstance(each.get("id"), str) and (updated_at := _time(each.get("updated_time"))) is not None
    )
    paging = body.get("paging")
    more = isinstance(paging, dict) and "next" in paging
    cursors = paging.get("cursors") if isinstance(paging, dict) else None
    after = cursors.get("after") if more and isinstance(cursors, dict) else None
    return ThreadList(threads, after if isinstance(after, str) else None)


def read_messages(body: Mapping[str, Any], page_id: str) -> Iterator[ThreadMessage]:
    """The messages of an answer, newest first. What lacks an id or a time is left out."""
    for thread in _listed(body):
        for each in _listed(thread.get("messages")):
            created_at = _time(each.get("created_time"))
            mid = each.get("id")
            if isinstance(mid, str) and created_at is not None:
                text = each.get("message")
                sender = _id(each.get("from"))
                receivers = [_id(one) for one in _listed(each.get("to"))]
                people = [one for one in (sender, *receivers) if one is not None and one != page_id]
                yield ThreadMessage(
                    mid=mid,
                    from_page=sender == page_id,
                    text=text if isinstance(text, str) else "",
                    created_at=created_at,
                    psid=people[0] if people and sender is not None else None,
                    attachments=tuple(_attachment(one) for one in _listed(each.get("attachments"))),
                    reply_to_mid=_id(each.get("reply_to"), "mid"),
                )


_KINDS = ("image", "video", "audio")


def _attachment(shown: Mapping[str, Any]) -> Mapping[str, Any]:
    """An attachment in the form of webhooks: `{type, payload: {url}}`."""
    url = _link(shown)
    return {"type": _kind(shown), "payload": {"url": url} if url is not None else None}


def _kind(shown: Mapping[str, Any]) -> str:
    for kind in ("image", "video"):
        if _id(shown.get(f"{kind}_data"), "url"):
            return kind
    mime = shown.get("mime_type")
    kind = mime.partition("/")[0] if isinstance(mime, str) else ""
    return kind if kind in _KINDS else "file"


def read_links(body: Mapping[str, Any]) -> tuple[str | None, ...]:
    """The links of a message's attachments, in their order; None where one has none."""
    return tuple(_link(each) for each in _listed(body.get("attachments")))


def _link(shown: Mapping[str, Any]) -> str | None:
    for name in ("image_data", "video_data"):
        if url := _id(shown.get(name), "url"):
            return url
    url = shown.get("file_url")
    return url if isinstance(url, str) else None


def _id(value: Any, name: str = "id") -> str | None:
    found = value.get(name) if isinstance(value, Mapping) else None
    return found if isinstance(found, str) and found else None


def _listed(value: Any) -> list[dict[str, Any]]:
    data = value.get("data") if isinstance(value, Mapping) else None
    return [each for each in data if isinstance(each, dict)] if isinstance(data, list) else []


def _time(value: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
