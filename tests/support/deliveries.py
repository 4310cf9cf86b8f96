"""Webhook bodies as tests write them: events of one person, put into a delivery."""

import itertools
import json
from collections.abc import Iterable
from typing import Any

from base import clock
from base.ids import new_id
from support.store import PAGE_A

POISONOUS_PSID = "7399999999999999"
"""Whoever this is, routing their events fails with an exception, where a test has asked for it."""

_psids = itertools.count(7_400_000_000_000_000)


def new_psid() -> str:
    """A person whom no test has used before."""
    return str(next(_psids))


def new_mid() -> str:
    """A message id that no test has used before."""
    return f"m_{new_id()}"


def now_ms() -> int:
    """The present in Meta's form."""
    return int(clock.now().timestamp() * 1000)


def event(psid: str, page_id: str = PAGE_A, **fields: Any) -> dict[str, Any]:
    """What a person does, now; `fields` say what, and may overwrite everything else."""
    return {"sender": {"id": psid}, "recipient": {"id": page_id}, "timestamp": now_ms(), **fields}


def text_event(psid: str, page_id: str = PAGE_A, **message: Any) -> dict[str, Any]:
    """A message of a person; `message` adds to it or overwrites."""
    return event(psid, page_id, message={"mid": new_mid(), "text": "hello", **message})


def echo_event(psid: str, page_id: str = PAGE_A, **message: Any) -> dict[str, Any]:
    """A message of the page, as its echo tells it."""
    told = {"mid": new_mid(), "text": "an answer", "is_echo": True, **message}
    return event(psid, page_id, message=told, sender={"id": page_id}, recipient={"id": psid})


def delivery(events: Iterable[Any], page_id: Any = PAGE_A, **entry: Any) -> dict[str, Any]:
    """A delivery of one entry."""
    told = {"id": page_id, "time": now_ms(), "messaging": list(events), **entry}
    return {"object": "page", "entry": [told]}


def body_of(*events: Any, page_id: Any = PAGE_A, **entry: Any) -> bytes:
    """The bytes of a delivery of one entry."""
    return json.dumps(delivery(events, page_id, **entry)).encode()


def with_raw(marker: str, raw: bytes, body: bytes) -> bytes:
    """The body with JSON of any form, even a broken one, in the place of the text `marker`."""
    return body.replace(json.dumps(marker).encode(), raw)
