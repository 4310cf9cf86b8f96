"""The control API under `/_sandbox`: what people do, what others do for the Page, webhook deliveries."""

import asyncio
import dataclasses
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.routing import Route

from sandbox import customer, delivery_control, page_side, raw, wire
from sandbox.control import ControlError, call, route
from sandbox.deliveries import HEADERS

if TYPE_CHECKING:
    from sandbox.world import World

SHOWN = 100  # newest past deliveries in a listing
RAW_WAIT_SECONDS = 30.0


async def act(world: "World", request: Request, body: dict[str, Any]) -> Any:
    """One action of a person."""
    path = request.path_params
    action = customer.ACTIONS.get(path["action"])
    if action is None:
        raise ControlError(f"a customer can {', '.join(customer.ACTIONS)}; not {path['action']!r}")
    return call(action, world, path["page_id"], path["psid"], **body)


async def page_answers(world: "World", request: Request, body: dict[str, Any]) -> Any:
    """The Page inbox or another app writes to a person."""
    page_id = request.path_params["page_id"]
    return call(page_side.answer, world, page_id, str(body.pop("psid", "")), **body)


async def instant_reply(world: "World", request: Request, body: dict[str, Any]) -> Any:
    """Set the Page's instant reply."""
    return call(page_side.set_instant_reply, world, request.path_params["page_id"], **body)


async def pass_thread(world: "World", request: Request, body: dict[str, Any]) -> Any:
    """A bot, the Page inbox or nobody passes a thread to an app."""
    page_id = request.path_params["page_id"]
    return call(page_side.pass_thread, world, page_id, str(body.pop("psid", "")), **body)


async def policy(world: "World", request: Request, body: dict[str, Any]) -> Any:
    """Meta warns, blocks or unblocks the Page."""
    return call(page_side.policy, world, request.path_params["page_id"], **body)


async def unsubscribe(world: "World", request: Request, body: dict[str, Any]) -> Any:
    """Meta unsubscribes the Page and tells nobody."""
    return {"apps": call(delivery_control.unsubscribe, world, request.path_params["page_id"], **body)}


async def deliver_raw(world: "World", _: Request, body: dict[str, Any]) -> Any:
    """Deliver any body, and say how the app answered the first try."""
    delivery = call(raw.deliver, world, **body)
    await asyncio.wait_for(delivery.first_try.wait(), RAW_WAIT_SECONDS)
    return delivery.summary()


async def thread(world: "World", request: Request, _: dict[str, Any]) -> Any:
    """A thread with its window, control, watermarks and all messages in order."""
    page_id, psid = request.path_params["page_id"], request.path_params["psid"]
    found = world.thread(page_id, psid)
    window = {**dataclasses.asdict(found.window), "stage": found.window.stage(world.clock.now_ms())}
    owner = world.owner(found)
    return {
        "thread": {**dataclasses.asdict(found), "window": window, "owner_app_id": owner},
        "customer": world.customer(page_id, psid),
        "messages": world.transcript(page_id, psid),
        "now_ms": world.clock.now_ms(),
    }


async def deliveries(world: "World", _: Request, __: dict[str, Any]) -> Any:
    """Deliveries that wait, are held, are over; events that reached nobody; how subscriptions fare."""
    engine = world.deliveries
    return {
        "pending": [delivery.summary() for delivery in engine.pending()],
        "held": [delivery.summary() for delivery in engine.held],
        "past": [delivery.summary() for delivery in list(engine.past)[-SHOWN:]],
        "skipped": list(world.skipped),
        "holding": bool(engine.holds),
        "subscriptions": [
            {
                **dataclasses.asdict(item),
                "callback_url": world.apps[item.app_id].callback_url,
                "app_fields": world.apps[item.app_id].fields,
            }
            for item in world.subscriptions.values()
            if item.app_id in world.apps
        ],
    }


async def delivery(world: "World", request: Request, _: dict[str, Any]) -> Any:
    """One delivery with its request and how each of its newest attempts was answered."""
    found = world.deliveries.find(request.path_params["id"])
    app = world.apps.get(found.app_id)
    signed = {} if app is None else wire.signature_headers(found.body, app.app_secret, found.signature)
    return {
        **found.summary(),
        "url": None if app is None else app.callback_url,
        "headers": {**HEADERS, **signed},
        "body": found.body.decode(errors="replace"),
        "tries": list(found.tries),
    }


async def due(world: "World", _: Request, __: dict[str, Any]) -> Any:
    """When the sandbox does something next: for whoever keeps the time behind --clock-url."""
    return {"due_ms": 0 if world.calls_under_way else world.deliveries.next_due()}


async def steer(world: "World", request: Request, body: dict[str, Any]) -> Any:
    """Hold, release, repeat, delay, retry now, or set how deliveries behave."""
    what = request.path_params["what"]
    if what == "hold":
        call(delivery_control.hold, world, **body)
        return {"holding": True}
    if what in {"release", "repeat"}:
        return {"posts": call(getattr(delivery_control, what), world, **body)}
    if what == "retry":
        return {"posts": world.deliveries.retry_now()}
    if what == "delay":
        body = {"delay_s": body.get("seconds", 0)}
    elif what != "settings":
        raise ControlError("deliveries can hold, release, repeat, retry, delay, settings")
    world.settings.update({"deliveries": body})
    world.save_settings()
    return world.settings.deliveries


def routes(world: "World") -> list[Route]:
    """Everything above, under its path."""
    return [
        route(world, "/customers/{page_id}/{psid}/{action}", act),
        route(world, "/pages/{page_id}/answer", page_answers),
        route(world, "/pages/{page_id}/instant-reply", instant_reply),
        route(world, "/pages/{page_id}/pass-thread", pass_thread),
        route(world, "/pages/{page_id}/policy", policy),
        route(world, "/pages/{page_id}/unsubscribe", unsubscribe),
        route(world, "/raw", deliver_raw),
        route(world, "/threads/{page_id}/{psid}", thread, "GET"),
        route(world, "/deliveries", deliveries, "GET"),
        route(world, "/deliveries/{what}", steer),
        route(world, "/deliveries/{id}", delivery, "GET"),
        route(world, "/due", due, "GET", watches=True),
    ]
