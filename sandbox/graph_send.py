"""The Send API: `POST /{page}/messages`.

Checks in Meta's order: token (before this module), permission and feature, recipient, window and tag,
payload, rate limit. Then the message is in the thread, whatever becomes of the answer.
Source: docs/reference/messenger-send-and-errors.md.
"""

import asyncio
import functools
import logging
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sandbox import events, fault_echoes, graph_payload, graph_thread_control, media
from sandbox.delivery import Delivery
from sandbox.fanout import delayed, publish
from sandbox.fault_echoes import Telling
from sandbox.graph_auth import require_page, require_permissions, require_task
from sandbox.graph_call import Call, Reply, reply
from sandbox.graph_errors import GraphError, bad_parameter
from sandbox.graph_ledger import record
from sandbox.limits import DAY_MS
from sandbox.model import Customer, Message, Page, Thread

if TYPE_CHECKING:
    from sandbox.world import World

RECIPIENT_KEYS = ("id", "user_ref", "post_id", "comment_id", "notification_messages_token")
SLOW_MEDIA = frozenset({"audio", "video"})
AFTER = ("echo", "delivery", "read")
FIRST_TRY_SECONDS = 6

log = logging.getLogger("sandbox.graph_send")


async def send(world: "World", call: Call) -> Reply:
    """Judge and carry out one send."""
    page = _permitted(world, call)
    customer = _recipient(world, call, page)
    thread = world.thread(page.page_id, customer.psid)
    _in_control(world, call, thread)
    _in_window(world, call, thread)
    graph_payload.check(call, world.settings.text_units)
    graph_thread_control.check_along_with_message(world, call)
    await media.check(world, call, page)
    _within_limits(world, call, page)
    if "sender_action" in call.params:
        return _act(world, call, thread)
    return await _accept(world, call, page, thread)


# -- checks ------------------------------------------------------------------------------------------------


def _permitted(world: "World", call: Call) -> Page:
    page = require_page(world, call)
    require_permissions(call, "pages_messaging")
    require_task(call, "MESSAGING")
    if page.restricted:
        raise GraphError("page_restricted")
    if (
        call.params.get("tag") == "HUMAN_AGENT"
        and call.app is not None
        and "human_agent" not in call.app.features
    ):
        raise GraphError("no_feature", code=world.settings.no_feature_code)
    return page


def _recipient(world: "World", call: Call, page: Page) -> Customer:
    recipient = call.json("recipient")
    if not isinstance(recipient, dict) or sum(key in recipient for key in RECIPIENT_KEYS) != 1:
        raise bad_parameter("recipient must have exactly one of " + ", ".join(RECIPIENT_KEYS))
    psid = recipient.get("id")
    if "user_ref" in recipient:
        psid = world.user_refs.get((page.page_id, str(recipient["user_ref"])))
    elif psid is None:
        raise bad_parameter("private replies and notification tokens are not served here")
    customer = world.customers.get((page.page_id, str(psid)))
    if customer is None:
        raise GraphError("no_user")
    if customer.unreachable is not None:
        raise GraphError(customer.unreachable)
    if call.app is not None and call.app.mode == "development" and not customer.has_role:
        raise GraphError("not_live")
    return customer


def _in_control(world: "World", call: Call, thread: Thread) -> None:
    owner = world.owner(thread)
    if call.app is not None and owner not in {None, call.app.app_id}:
        raise GraphError("other_owner")


def _in_window(world: "World", call: Call, thread: Thread) -> None:
    refusal = thread.window.refusal(
        world.clock.now_ms(),
        call.text("messaging_type"),
        call.text("tag"),
        feedback_template=graph_payload.template_type(call) == "customer_feedback",
    )
    if refusal is not None:
        raise GraphError(refusal)
    message = call.json("message")
    stage = thread.window.stage(world.clock.now_ms())
    if isinstance(message, dict) and "sticker_id" in message and stage != "standard":
        raise GraphError("outside_window")


def _within_limits(world: "World", call: Call, page: Page) -> None:
    limits, now = world.settings.limits, world.clock.now_ms()
    message = call.json("message")
    attachment = message.get("attachment") if isinstance(message, dict) else None
    slow = isinstance(attachment, dict) and attachment.get("type") in SLOW_MEDIA
    what, limit = ("media", limits.media_per_second) if slow else ("text", limits.text_per_second)
    if world.limits.hit(what, page.page_id, now) > limit:
        raise GraphError("rate_limit")
    busy = limits.high_volume_per_second
    if world.limits.hit("volume", page.page_id, now) > busy > 0:
        raise GraphError("rate_limit", "This Page is too busy to send (high volume)")
    budget = limits.per_engaged_person_and_day * max(1, world.engaged.get(page.page_id, 0))
    if world.limits.hit("day", page.page_id, now, DAY_MS) > budget:
        raise GraphError("budget")


# -- effects -----------------------------------------------------------------------------------------------


def _act(world: "World", call: Call, thread: Thread) -> Reply:
    action = call.params["sender_action"]
    now = world.clock.now_ms()
    if action in {"react", "unreact"}:
        payload = call.json("payload") or {}
        message = world.messages.get(str(payload.get("message_id")))
        if message is None or (message.page_id, message.psid) != (thread.page_id, thread.psid):
            raise bad_parameter("payload.message_id is not a message of this thread")
        message.page_reaction = payload.get("reaction") if action == "react" else None
        world.save(message)
    elif action == "mark_seen":
        thread.seen_ms = now
    else:
        thread.typing = action == "typing_on"
    world.save(thread)
    return reply({"recipient_id": thread.psid})


async def _accept(world: "World", call: Call, page: Page, thread: Thread) -> Reply:
    attachments, attachment_id = media.take(world, call, page)
    message = _message(world, call, thread, attachments)
    thread.typing = False
    thread.delivered_ms = message.at_ms
    world.add_message(message, thread)
    shown: dict[str, Any] = {"recipient_id": thread.psid} if "id" in call.json("recipient") else {}
    shown["message_id"] = message.mid
    if attachment_id is not None:
        shown["attachment_id"] = attachment_id
    result = reply(shown)
    record(world, call, result, {"outcome": "accepted", "mid": message.mid})
    graph_thread_control.along_with_message(world, call, thread)
    result.then = await _tell(world, call, message, thread)
    return result


def _message(world: "World", call: Call, thread: Thread, attachments: list[dict[str, Any]]) -> Message:
    content, reply_to = call.json("message"), call.json("reply_to")
    return Message(
        mid=world.ids.mid(),
        page_id=thread.page_id,
        psid=thread.psid,
        from_page=True,
        at_ms=world.clock.now_ms(),
        text=content.get("text"),
        attachments=attachments,
        quick_replies=content.get("quick_replies") or [],
        reply_to=None if reply_to is None else reply_to["mid"],
        app_id=None if call.app is None else call.app.app_id,
        metadata=content.get("metadata"),
        messaging_type=call.text("messaging_type"),
        tag=call.text("tag"),
    )


async def _tell(world: "World", call: Call, message: Message, thread: Thread) -> Callable[[], None]:
    """Emit echo, delivery and read as the settings say; returns what to do once the answer is out."""
    later: list[tuple[Delivery, int]] = []
    for kind in AFTER:
        telling = Telling(getattr(world.settings, kind), _event(world, kind, message))
        if kind == "echo":
            telling = fault_echoes.spoil(world, message, telling.when, telling.event, call.number)
        deliveries = _told(world, thread, telling)
        if not telling.when.before_answer:
            later += [(delivery, telling.when.delay_ms) for delivery in deliveries]
        if kind == "echo":
            _record_echo(world, call, message, telling, deliveries)
        if telling.when.before_answer:
            await _first_tries(deliveries)
    if world.settings.read.on:
        thread.read_ms = message.at_ms
        world.save(thread)
    return functools.partial(_let_go, world, later)


def _told(world: "World", thread: Thread, telling: Telling) -> list[Delivery]:
    """Queue an event; what follows the answer is due at no instant yet."""
    when = telling.when
    due_ms = delayed(world, when.delay_ms) if when.before_answer else math.inf
    return [
        delivery
        for _ in range(telling.copies if when.on else 0)
        for delivery in publish(
            world, thread.page_id, thread.psid, telling.event, due_ms=due_ms, standby=telling.standby
        )
    ]


def _event(world: "World", kind: str, message: Message) -> events.Event:
    if kind == "echo":
        replied = world.messages.get(message.reply_to or "")
        return events.echo(message, is_self_reply=replied is not None and replied.from_page)
    value: events.Event = {"watermark": message.at_ms}
    if kind == "delivery":
        value["mids"] = [message.mid]
    return events.from_person(message.page_id, message.psid, world.clock.now_ms(), kind, value)


def _record_echo(
    world: "World", call: Call, message: Message, telling: Telling, deliveries: list[Delivery]
) -> None:
    when = telling.when
    emitted = "before_answer" if when.before_answer else "after_answer"
    line = {
        "line": "echo",
        "request": call.number,
        "mid": message.mid,
        "metadata": telling.event["message"].get("metadata"),
        "emitted": emitted if deliveries else "withheld" if not when.on else "not_subscribed",
        "delay_ms": when.delay_ms,
        "deliveries": [delivery.id for delivery in deliveries],
    }
    if telling.faults:
        line |= {"faults": telling.faults, "copies": telling.copies, "standby": telling.standby}
    world.graph.write(line)


async def _first_tries(deliveries: list[Delivery]) -> None:
    """Wait until each has been tried once, so that it precedes the answer; not for what cannot go now."""
    for delivery in deliveries:
        try:
            await asyncio.wait_for(delivery.first_try.wait(), FIRST_TRY_SECONDS)
        except TimeoutError:
            log.warning("delivery %s cannot be tried now, so the answer goes first", delivery.id)


def _let_go(world: "World", later: list[tuple[Delivery, int]]) -> None:
    for delivery, delay_ms in later:
        world.deliveries.due(delivery, delayed(world, delay_ms + delivery.late_ms))
