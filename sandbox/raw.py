"""Deliver any body at all: payload files, odd shapes, bad signatures."""

import base64
from typing import TYPE_CHECKING, Any

from sandbox import events, wire
from sandbox.delivery import Delivery
from sandbox.events import Event
from sandbox.model import Customer, Message

if TYPE_CHECKING:
    from sandbox.world import World

SECONDS_BELOW = 10**11  # smaller timestamps are seconds
PARALLEL = 8


def deliver(
    world: "World",
    app_id: str,
    *,
    body: Any = None,
    body_text: str | None = None,
    body_base64: str | None = None,
    signature: str = "good",
    restamp: bool = False,
    apply: bool = True,
    parallel: int = PARALLEL,
) -> Delivery:
    """Queue one POST to an app, subscribed or not: JSON (put into wire form), text, or bytes as they are.

    `restamp` sets every `time` and `timestamp` of a JSON body to now. `apply` lets people in the body exist
    and their actions open windows. With a spoilt signature there is no second try and no failure counted.
    """
    if app_id not in world.apps:
        raise ValueError(f"no app {app_id}")
    if signature not in wire.SIGNATURES:
        raise ValueError(f"signature is one of {wire.SIGNATURES}")
    if restamp:
        body = _restamped(body, world.clock.now_ms())
    if body_base64 is not None:
        data = base64.b64decode(body_base64)
    else:
        data = body_text.encode("utf-8", "surrogatepass") if body_text is not None else wire.encode(body)
    found = list(_found(body))
    if apply:
        for page_id, event in found:
            _apply(world, page_id, event)
    delivery = Delivery(
        id=world.ids.number(),
        app_id=app_id,
        page_id=found[0][0] if found else "",
        events=[events.facts(event, page_id) for page_id, event in found],
        body=data,
        signature=signature,
        retried=signature == "good",
        parallel=parallel,
    )
    world.deliveries.add(delivery)
    return delivery


def _found(body: Any) -> list[tuple[str, Event]]:
    """(page, event) for all events that have the usual place in a body."""
    return [
        (str(entry.get("id", "")), event)
        for entry in _objects(body, "entry")
        for name in ("messaging", "standby")
        for event in _objects(entry, name)
    ]


def _objects(holder: Any, name: str) -> list[dict[str, Any]]:
    """The objects in a list that may not be there, or may not be a list."""
    items = holder.get(name) if isinstance(holder, dict) else None
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def _restamped(value: Any, now_ms: int) -> Any:
    if isinstance(value, list):
        return [_restamped(item, now_ms) for item in value]
    if isinstance(value, dict):
        return {
            name: now_ms if name in {"time", "timestamp"} else _restamped(item, now_ms)
            for name, item in value.items()
        }
    return value


def _apply(world: "World", page_id: str, event: Event) -> None:
    """Let the person exist, their message be in the thread, and their action open the window."""
    kind = events.kind_of(event)
    psid = events.facts(event, page_id)["customer"]
    if page_id not in world.pages or not psid or psid == page_id:
        return
    if (page_id, psid) not in world.customers:
        world.save(Customer(page_id, psid))
    value = event.get(kind)
    opening = _opening(kind, value) if isinstance(value, dict) else None
    if opening is None or not isinstance(value, dict):
        return
    thread = world.thread(page_id, psid)
    at_ms = _instant(event.get("timestamp"), world.clock.now_ms())
    thread.window.open(opening, at_ms, world.settings.window_lengths_s)
    world.save(thread)
    mid, text = value.get("mid"), value.get("text", value.get("title"))
    if kind in {"message", "postback"} and isinstance(mid, str) and mid not in world.messages:
        shown = text if isinstance(text, str) else "(raw)"
        world.add_message(
            Message(mid, page_id, psid, from_page=False, at_ms=at_ms, kind=kind, text=shown), thread
        )


def _opening(kind: str, value: dict[str, Any]) -> str | None:
    """Which opening an event is, if it is one."""
    referral = value.get("referral")
    source = referral.get("source") if isinstance(referral, dict) else value.get("source")
    if kind == "message":
        if value.get("is_deleted"):
            return None
        return "ad_message" if source == "ADS" else "quick_reply" if "quick_reply" in value else "message"
    plain = {
        "postback": True,
        "reaction": value.get("action") == "react",
        "referral": source == "SHORTLINK",
        "optin": value.get("type") != "notification_messages",
    }
    names = {"referral": "m_me_link", "optin": "plugin_optin"}
    return names.get(kind, kind) if plain.get(kind) else None


def _instant(timestamp: Any, now_ms: int) -> int:
    """The event's own instant if it is a sound one, not after now; else now."""
    try:
        at = int(timestamp)
    except (TypeError, ValueError, OverflowError):
        return now_ms
    at = at * 1000 if at < SECONDS_BELOW else at
    return at if 0 < at <= now_ms else now_ms
