"""What a fault makes of the answer to a Graph call, accepted or not, and what the ledger says was shown."""

import asyncio
import contextlib
import json
from typing import TYPE_CHECKING, Any

import orjson

from sandbox import usage
from sandbox.answering import NO_BYTE, PLAIN, Headers, Manner
from sandbox.faults import Fault, Target
from sandbox.graph_call import Call, Reply
from sandbox.graph_errors import error_body

if TYPE_CHECKING:
    from sandbox.world import World

HTML = b"<!DOCTYPE html><html><title>Error</title><body><h1>Sorry, something went wrong.</h1></body></html>"
NO_TEXT = b'{"recipient_id":"\xff\xfe\x00\xc3\x28'  # neither UTF-8 nor JSON
SERVICE_DOWN = {"code": 2, "subcode": None, "status": 500, "message": "Service temporarily unavailable"}
REFUSALS = frozenset({"error", "throttle"})
SERVER_ERROR = 500
REGAIN_MINUTES = 1


def target_of(world: "World", call: Call) -> Target:
    """A call as faults see it. A token that is asked about counts as its Page's."""
    asked = world.tokens.get(call.text("input_token") or "")
    page_id = call.page_id or (None if asked is None else asked.page_id)
    recipient = call.json("recipient")
    person = recipient.get("id") if isinstance(recipient, dict) else call.text("user_id")
    if person is None and call.kind == "profile":
        person = call.node
    return Target(call.kind, page_id, None if person is None else str(person), call.number)


async def instead(world: "World", call: Call) -> tuple[Reply, dict[str, Any]] | None:
    """The answer and the decision line for a call that a fault keeps from being carried out."""
    fault = world.faults.first("call", target_of(world, call))
    if fault is None:
        return None
    if fault.kind == "stall":
        call.delayed = True
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(fault.lifted.wait(), fault.values["seconds"])
        await world.clock.refresh()
        return None
    given = Reply(error_body(trace=world.ids.trace(), **_plain(SERVICE_DOWN)), SERVER_ERROR)
    _spoil(world, fault, call, given, accepted=False)
    line: dict[str, Any] = {"outcome": "not_accepted", "fault": fault.id}
    if fault.kind in REFUSALS:
        values = fault.values
        line |= {
            "outcome": "rejected",
            "code": values["code"],
            "subcode": values["subcode"],
            "reason": "fault",
        }
    return given, line


def spoil(world: "World", call: Call, given: Reply) -> dict[str, Any]:
    """Spoil the answer to an accepted call, if a fault strikes it; gives what the decision line adds."""
    fault = world.faults.first("call", target_of(world, call), accept=True)
    if fault is None:
        return {}
    _spoil(world, fault, call, given, accepted=True)
    return {"fault": fault.id}


def usage_headers(world: "World", call: Call) -> Headers | None:
    """The usage headers that a throttle or a `usage` fault gives an answer; None without one."""
    target = target_of(world, call)
    fault = world.faults.first("usage", target)
    if fault is not None:
        percent = fault.values["percent"] + fault.values["step"] * (fault.fired - 1)
        return _headers(fault, target.page_id, percent)
    for fault in world.faults.waiting("call", target):
        if fault.kind == "throttle":
            return _headers(fault, target.page_id, fault.used_percent(target))
    return None


def _headers(fault: Fault, page_id: str | None, percent: int) -> Headers:
    wait = fault.values["regain_minutes"]
    if wait is None:
        wait = REGAIN_MINUTES if percent >= 100 else 0  # noqa: PLR2004 - per cent
    return usage.headers(page_id, percent, wait, fault.values["headers"])


def _spoil(world: "World", fault: Fault, call: Call, given: Reply, *, accepted: bool) -> None:
    kind, values = fault.kind, fault.values
    if values.get("status") is not None:
        given.status = values["status"]
    if kind in REFUSALS:
        given.body = error_body(trace=world.ids.trace(), **_plain(values))
    elif kind == "html":
        given.body, given.content_type = HTML, "text/html; charset=utf-8"
    elif kind == "empty":
        given.body = b""
    elif kind == "broken_json":
        given.body = given.body[: len(given.body) * 2 // 3]
    elif kind == "broken_text":
        given.body = _cut_inside_an_emoji(given.body, values["fields"])
    elif kind == "unreadable":
        given.body = NO_TEXT
    given.manner = _manner(fault, len(given.body), accepted=accepted)
    given.shown = _shown(fault, given.status, accepted=accepted)
    if kind == "throttle":
        given.usage = _headers(fault, target_of(world, call).page_id, 100)


def _cut_inside_an_emoji(body: bytes, names: list[str]) -> bytes:
    """The JSON with half a surrogate pair at the end of these texts, escaped as Meta sends it."""
    said = orjson.loads(body)
    said |= {name: said[name] + "\ud83d" for name in names if isinstance(said.get(name), str)}
    return json.dumps(said, separators=(",", ":")).encode()


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    names = ("code", "subcode", "message", "type", "is_transient", "wrapped", "extra")
    return {name: values[name] for name in names if name in values}


def _manner(fault: Fault, size: int, *, accepted: bool) -> Manner:
    values = fault.values
    match fault.kind:
        case "truncated":
            return Manner(cut_at=size // 2)
        case "cut":
            at = {"start": NO_BYTE, "headers": 0, "body": size // 2}[values["at"]]
            return Manner(cut_at=at, reset=values["reset"])
        case "hang":
            return Manner(values["seconds"], cut_at=None if accepted else NO_BYTE, lifted=fault.lifted)
        case "drip":
            return Manner(chunk=values["bytes"], pause_s=values["pause_s"], lifted=fault.lifted)
    return PLAIN


def _shown(fault: Fault, status: int, *, accepted: bool) -> str:
    """`reply` is the truth; see the README for the others."""
    if fault.kind in {"cut", "truncated"} or (fault.kind == "hang" and not accepted):
        return "reply-dropped"
    if fault.kind in {"hang", "drip"}:
        return "reply-delayed"
    if status >= SERVER_ERROR:
        return f"5xx-{'after' if accepted else 'before'}-accept"
    return "reply" if fault.kind in REFUSALS and not accepted else "reply-spoiled"
