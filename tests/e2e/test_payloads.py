"""Every example delivery, posted to the whole product, does what the committed table says."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlmodel import Session, col, select

from base import clock
from base.ids import id_from_key
from messenger.webhooks.events import Postback, Referral
from messenger.webhooks.parse_event import parse
from messenger.webhooks.webhook import EventKind, split
from store.inbox.relay_shares import lowest_position
from store.tables import (
    Conversation,
    Customer,
    EarlyChange,
    Event,
    InboxEvent,
    Message,
    Opening,
    Thread,
    ThreadEvent,
)
from support.deliveries import new_psid, now_ms
from support.eventually import eventually
from support.paths import PAYLOADS
from support.payload_table import WIRE_FILE, Promise, personal, promises
from support.store import APP_ID, PAGE_A, PSID
from support.whole import Whole

pytestmark = [pytest.mark.dev_server, pytest.mark.asyncio(loop_scope="session")]

FILES = sorted(path.name for path in PAYLOADS.glob("*.json"))
TABLE = promises()


@pytest.mark.parametrize("name", FILES)
async def test_it_is_answered_200_and_does_what_the_table_says(product: Whole, name: str) -> None:
    psid = PSID if name == WIRE_FILE else new_psid()
    body = personal(name, psid, now_ms())
    exact = {"body_text": body.decode()} if name == WIRE_FILE else {"body": json.loads(body)}
    delivered = await product.meta.post("/_sandbox/raw", json={"app_id": APP_ID, **exact})
    assert delivered.json()["status"] == 200
    events = await _routed(product, body)
    assert [event.kind for event in events] == [promise.kind for promise in TABLE[name]]
    for event, promise in zip(events, TABLE[name], strict=True):
        await CHECKS[promise.route](product, event, promise)


async def _routed(product: Whole, body: bytes) -> list[InboxEvent]:
    """The delivery's events in the inbox, once the relay has read them."""
    keys = [event.key for event in split(body)]

    def work(session: Session) -> list[InboxEvent]:
        wanted = select(InboxEvent).where(col(InboxEvent.event_key).in_(keys))
        return list(session.exec(wanted.order_by(col(InboxEvent.id))).all())

    events = await product.inbox.read(work)
    assert len(events) == len(keys)

    async def look() -> bool:
        return await product.store.read(lowest_position) >= (events[-1].id or 0)

    await eventually(look)
    return events


async def _is_work(product: Whole, event: InboxEvent, promise: Promise) -> None:
    """A conversation for the agents, with the message, and an open window."""
    if event.kind == EventKind.PASS_THREAD_CONTROL:
        await _joins(product, event, promise)  # nobody has said anything in it yet
        return
    conversation = await product.conversation_of(str(event.customer_psid))
    assert conversation["status"] == "open"
    assert conversation["window"]["opened_by"] == promise.opens
    parsed = parse(EventKind(event.kind), event.raw)
    if isinstance(parsed, Referral):
        return
    message = await product.message_with(conversation["id"], id=_message_id(event))
    assert (message["direction"], message["sender_kind"]) == ("inbound", "customer")
    assert message["text"] == (parsed.title if isinstance(parsed, Postback) else parsed.text)  # type: ignore[attr-defined]  # a message


async def _joins(product: Whole, event: InboxEvent, promise: Promise) -> None:
    """In the store, and no conversation from it."""
    thread = await _thread(product, event)
    assert thread.opened_by == promise.opens
    assert await _stored(product, event)

    async def nothing_waits_for_a_workflow() -> bool:
        return await _rows(product, ThreadEvent, customer_id=thread.customer_id) == []

    await eventually(nothing_waits_for_a_workflow)
    assert await _rows(product, Conversation, customer_id=thread.customer_id) == []


async def _stored(product: Whole, event: InboxEvent) -> bool:
    """Whether the thing that the event tells is in the store, in the form of its kind."""
    match event.kind:
        case "message" | "postback":
            return await _is_message(product, event, "inbound", "customer")
        case "echo":
            return await _is_message(product, event, "outbound", "outside")
        case "message_edit" | "message_deleted" | "reaction":
            return len(await _rows(product, EarlyChange, inbox_id=event.id)) == 1
        case "referral":
            return (await _thread(product, event)).pending_referral is not None
        case kind:
            return [noted.kind for noted in await _noted(product, event)] == [f"customer.{kind}"]


async def _is_echo(product: Whole, event: InboxEvent, _: Promise) -> None:
    """Without a row of ours that it confirms: a message from outside. It opens nothing."""
    assert await _is_message(product, event, "outbound", "outside")
    assert await _rows(product, Opening, inbox_id=event.id) == []


async def _is_receipt(product: Whole, event: InboxEvent, _: Promise) -> None:
    """The watermark of the thread has moved, and nothing was opened."""
    parsed: Any = parse(EventKind(event.kind), event.raw)
    thread = await _thread(product, event)
    until = thread.delivered_until if event.kind == "delivery" else thread.read_until
    received_at = clock.from_milliseconds(event.received_ms)
    # Not equal: the receipt of our own greeting may have come by now and moved it further.
    assert until is not None
    assert until >= min(clock.from_milliseconds(parsed.watermark_ms), received_at)
    assert await _rows(product, Opening, inbox_id=event.id) == []


async def _is_of_the_page(product: Whole, event: InboxEvent, _: Promise) -> None:
    """Noted on the page."""
    (noted,) = await _noted(product, event)
    assert (noted.kind, noted.page_id, noted.customer_id) == (f"page.{event.kind}", PAGE_A, None)


async def _is_kept(product: Whole, event: InboxEvent, promise: Promise) -> None:
    """Listed for the administrator, with the reason."""
    listed = (await product.api.get("/v1/webhook-events/unrouted", params={"limit": 200})).json()["items"]
    (shown,) = [item for item in listed if item["inbox_id"] == event.id]
    unknown_page = promise.reason == "the Page is unknown."
    expected = ("quarantined", "unknown_page") if unknown_page else ("kept", promise.reason)
    assert (shown["disposition"], shown["reason"]) == expected


CHECKS: dict[str, Callable[[Whole, InboxEvent, Promise], Awaitable[None]]] = {
    "work": _is_work,
    "join": _joins,
    "echo": _is_echo,
    "receipt": _is_receipt,
    "page": _is_of_the_page,
    "raw": _is_kept,
}


def _message_id(event: InboxEvent) -> str:
    return id_from_key("inbox", str(event.id))


async def _is_message(product: Whole, event: InboxEvent, direction: str, sender_kind: str) -> bool:
    (message,) = await _rows(product, Message, id=_message_id(event))
    parsed: Any = parse(EventKind(event.kind), event.raw)
    text = parsed.title if isinstance(parsed, Postback) else parsed.text
    return (message.direction, message.sender_kind, message.text) == (direction, sender_kind, text)


async def _noted(product: Whole, event: InboxEvent) -> list[Event]:
    noted: list[Event] = await _rows(product, Event, dedupe_key=f"inbox/{event.id}")
    return noted


async def _thread(product: Whole, event: InboxEvent) -> Thread:
    (customer,) = await _rows(product, Customer, psid=event.customer_psid)
    (thread,) = await _rows(product, Thread, customer_id=customer.id)
    assert isinstance(thread, Thread)
    return thread


async def _rows(product: Whole, model: Any, **wanted: Any) -> list[Any]:
    return await product.store.read(
        lambda session: list(session.exec(select(model).filter_by(**wanted)).all())
    )
