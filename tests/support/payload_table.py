"""The committed table of the example deliveries, in docs/webhook-events.md, and the deliveries themselves."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sandbox import wire
from support.paths import DOCS, PAYLOADS
from support.store import PSID

WIRE_FILE = "wire_text_unicode_emoji.json"
"""Meta's own bytes: never to be changed."""

_DOCUMENT = DOCS / "webhook-events.md"
_SECTION = "## Every example delivery"
_KEPT_RAW = "Kept raw: "
_TIMES = frozenset({"time", "timestamp"})


@dataclass(frozen=True, slots=True)
class Promise:
    """What the table says of one event: what it is, where it goes, what it opens, why it is only kept."""

    kind: str
    route: str
    opens: str | None
    reason: str | None


def promises() -> dict[str, list[Promise]]:
    """The table: for each file its events in their order."""
    table: dict[str, list[Promise]] = {}
    for file, event, _, changes, route, _, opens in _rows():
        kind = event.removeprefix("`standby` ").partition(":")[0]
        reason = changes.partition(_KEPT_RAW)[2] or None
        promise = Promise(kind, route.strip("`"), opens.strip("`") or None, reason)
        table.setdefault(file.strip("`"), []).append(promise)
    return table


def _rows() -> Iterator[list[str]]:
    section = _DOCUMENT.read_text().partition(_SECTION)[2].partition("\n## ")[0]
    for line in section.splitlines():
        if line.startswith("| `"):
            yield [cell.strip() for cell in line.strip("|").split("|")]


def personal(name: str, psid: str, now_ms: int) -> bytes:
    """The delivery as if this person had done it now, in Meta's wire form; their messages have new mids."""
    raw = (PAYLOADS / name).read_bytes()
    if name == WIRE_FILE:
        return raw
    return wire.encode(_personal(json.loads(raw.decode().replace(PSID, psid)), psid, now_ms))


def _personal(value: Any, psid: str, now_ms: int) -> Any:
    if isinstance(value, list):
        return [_personal(item, psid, now_ms) for item in value]
    if not isinstance(value, dict):
        return value
    changed = {name: _personal(item, psid, now_ms) for name, item in value.items()}
    changed |= dict.fromkeys(_TIMES & changed.keys(), now_ms)
    if isinstance(changed.get("mid"), str):
        changed["mid"] += f"-{psid}"
    return changed
