"""Webhook subscriptions: `/{app}/subscriptions` with its handshake, and `/{page}/subscribed_apps`."""

import asyncio
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import httpx

from sandbox.graph_auth import require_app, require_page, require_permissions, require_task
from sandbox.graph_call import Call, Reply, reply
from sandbox.graph_errors import GraphError, bad_parameter
from sandbox.graph_fields import name_list
from sandbox.model import FIELD_ALIASES, FIELDS, App, Subscription

if TYPE_CHECKING:
    from sandbox.world import World

HANDSHAKE_SECONDS = 5


def known_fields(names: list[str], refused: Collection[str] = ()) -> list[str]:
    """Fields under their first spelling, each once. Raises code 100 for one that is unknown or `refused`."""
    allowed = FIELDS.difference(refused)
    for index, name in enumerate(names):
        if FIELD_ALIASES.get(name, name) not in allowed:
            listed = ", ".join(sorted(allowed)).upper()
            raise bad_parameter(
                f'Param subscribed_fields[{index}] must be one of {{{listed}}} - got "{name}".'
            )
    return list(dict.fromkeys(FIELD_ALIASES.get(name, name) for name in names))


async def read_page(world: "World", call: Call) -> Reply:
    """`GET /{page}/subscribed_apps`: the calling app alone, if it is subscribed."""
    page = require_page(world, call)
    require_permissions(call, "pages_manage_metadata")
    app = _app(call)
    subscription = world.subscriptions.get((app.app_id, page.page_id))
    if subscription is None or not subscription.active:
        return reply({"data": []})
    shown = {
        "category": "Business",
        "link": f"https://www.facebook.com/games/?app_id={app.app_id}",
        "name": app.name,
        "id": app.app_id,
        "subscribed_fields": subscription.fields,
    }
    return reply({"data": [shown]})


async def subscribe_page(world: "World", call: Call) -> Reply:
    """`POST /{page}/subscribed_apps`: from now on exactly these fields; ends an unsubscription."""
    page = _may_subscribe(world, call)
    fields = known_fields(name_list(call, "subscribed_fields"), _app(call).refused_fields)
    if not fields:
        raise bad_parameter("subscribed_fields must not be empty")
    world.save(Subscription(_app(call).app_id, page, fields))
    world.changes.notify()
    return reply({"success": True})


async def unsubscribe_page(world: "World", call: Call) -> Reply:
    """`DELETE /{page}/subscribed_apps`."""
    page = _may_subscribe(world, call)
    subscription = world.subscriptions.get((_app(call).app_id, page))
    if subscription is not None:
        subscription.active, subscription.fields = False, []
        world.save(subscription)
    return reply({"success": True})


def _may_subscribe(world: "World", call: Call) -> str:
    page = require_page(world, call)
    require_permissions(call, "pages_manage_metadata", "pages_messaging")
    require_task(call, "MODERATE")
    return page.page_id


def _app(call: Call) -> App:
    if call.app is None:
        raise GraphError("bad_token")
    return call.app


async def read_app(_: "World", call: Call) -> Reply:
    """`GET /{app}/subscriptions`."""
    require_app(call, call.node)
    app = _app(call)
    if app.callback_url is None:
        return reply({"data": []})
    fields = [{"name": name, "version": "v26.0"} for name in app.fields]
    shown = {"object": "page", "callback_url": app.callback_url, "active": True, "fields": fields}
    return reply({"data": [shown]})


async def subscribe_app(world: "World", call: Call) -> Reply:
    """`POST /{app}/subscriptions`: asks the callback first; nothing changes if it does not answer rightly."""
    require_app(call, call.node)
    if call.text("object") != "page":
        raise bad_parameter("object must be page")
    callback_url, verify_token = call.text("callback_url"), call.text("verify_token")
    if callback_url is None or verify_token is None:
        raise bad_parameter("callback_url and verify_token are required")
    fields = known_fields(name_list(call, "fields"), _app(call).refused_fields)
    await _handshake(world, callback_url, verify_token)
    app = _app(call)
    app.callback_url, app.verify_token, app.fields = callback_url, verify_token, fields
    world.save(app)
    world.changes.notify()
    return reply({"success": True})


async def unsubscribe_app(world: "World", call: Call) -> Reply:
    """`DELETE /{app}/subscriptions`: all of it, or the named fields."""
    require_app(call, call.node)
    app = _app(call)
    gone = known_fields(name_list(call, "fields")) if "fields" in call.params else app.fields
    app.fields = [name for name in app.fields if name not in gone]
    if not app.fields:
        app.callback_url = app.verify_token = None
    world.save(app)
    return reply({"success": True})


async def _handshake(world: "World", callback_url: str, verify_token: str) -> None:
    """GET the callback with a challenge; it must answer 200 and the challenge alone. Raises code 2200."""
    challenge = world.ids.number()[:10]
    query: dict[str, Any] = {
        "hub.mode": "subscribe",
        "hub.verify_token": verify_token,
        "hub.challenge": challenge,
    }
    try:
        async with asyncio.timeout(HANDSHAKE_SECONDS):
            answer = await world.http.get(
                callback_url, params=query, headers={"User-Agent": "facebookplatform"}
            )
    except TimeoutError as error:
        raise _not_verified(f"Operation timed out after {HANDSHAKE_SECONDS * 1000} milliseconds") from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise _not_verified(f"Curl Error = 7 - {error}") from error
    if answer.status_code != httpx.codes.OK:
        raise _not_verified(f"HTTP Status Code = {answer.status_code}; HTTP Message = {answer.reason_phrase}")
    if answer.text != challenge:
        raise _not_verified("The response does not match challenge, expected value = the challenge alone")


def _not_verified(why: str) -> GraphError:
    """Meta's words, as its captures show them."""
    return GraphError("callback", f"Callback verification failed with the following errors: {why}")
