"""The control API under `/_sandbox`: setting up apps, Pages and people, the clock, waiting, ledgers.

Every route is described in `sandbox/README.md`. Errors are `{"error": text}` with 400 or 404.
"""

import asyncio
import dataclasses
import inspect
import time
import types
import typing
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

import orjson
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from sandbox import fault_media, graph_subscriptions, media
from sandbox.faults import Target
from sandbox.graph_errors import GraphError
from sandbox.ledger import KEPT_IN_MEMORY
from sandbox.model import App, Customer, Page, Subscription, Token

if TYPE_CHECKING:
    from sandbox.world import World

Action = Callable[["World", Request, dict[str, Any]], Awaitable[Any]]
UNREACHABLE = ("blocked", "unavailable", "cannot_receive", "automated_flow", "deleted")
STREAM_PAUSE_SECONDS, STREAM_PING_SECONDS = 0.1, 15.0
WAIT_MAX_SECONDS = 120.0
IDS = frozenset({"app_id", "page_id", "psid", "default_app_id"})  # texts, though often written as numbers


class ControlError(ValueError):
    """A control call that cannot be carried out as given: answered 400."""


def answer(value: Any, status: int = 200) -> Response:
    """A JSON answer; dataclasses are taken too."""
    return Response(orjson.dumps(value), status, media_type="application/json")


def route(world: "World", path: str, action: Action, method: str = "POST", *, watches: bool = False) -> Route:
    """A route that reads a JSON object, runs the action, and answers with what it returns.

    One that only watches neither reads the clock nor counts as something that is under way.
    """

    async def endpoint(request: Request) -> Response:
        raw = await request.body()
        try:
            body = orjson.loads(raw) if raw else {}
            if not isinstance(body, dict):
                raise ControlError("the body must be a JSON object")
            if watches:
                result = await action(world, request, body)
            else:
                with world.calling():
                    await world.clock.refresh()
                    result = await action(world, request, body)
        except LookupError as error:
            return answer({"error": str(error.args[0] if error.args else error)}, 404)
        except GraphError as error:
            return answer({"error": error.text}, 400)
        except ValueError as error:
            return answer({"error": str(error)}, 400)
        return result if isinstance(result, Response) else answer(result)

    return Route(path, endpoint, methods=[method])


def call(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Call a function with what came in a body. Raises `ControlError` where the names do not fit."""
    try:
        inspect.signature(function).bind(*args, **kwargs)
    except TypeError as error:
        raise ControlError(f"{error}") from error
    return function(*args, **kwargs)


# -- apps, pages, tokens, people ---------------------------------------------------------------------------


def merged(kind: type[Any], old: Any, given: dict[str, Any]) -> Any:
    """A new record, or the old one with the given values. Raises `ControlError` for what does not fit."""
    known = {item.name: item.type for item in dataclasses.fields(kind)}
    given = {
        name: str(value) if name in IDS and value is not None else value for name, value in given.items()
    }
    if unknown := sorted(set(given) - known.keys()):
        raise ControlError(f"{kind.__name__} has no {unknown}; it has {sorted(known)}")
    for name, value in given.items():
        if not _fits(known[name], value):
            raise ControlError(f"{kind.__name__}.{name} cannot be {value!r}")
    if old is None:
        return call(kind, **given)
    for name, value in given.items():
        setattr(old, name, value)
    return old


def _fits(wanted: Any, value: Any) -> bool:
    """Whether a JSON value is of a record's type: a plain type, a union, a list of texts, an object."""
    if isinstance(wanted, types.UnionType):
        return any(_fits(each, value) for each in typing.get_args(wanted))
    origin = typing.get_origin(wanted) or wanted
    if origin is list:
        return isinstance(value, list) and all(isinstance(item, str) for item in value)
    if origin in {int, float}:
        return isinstance(value, int | origin) and not isinstance(value, bool)
    return isinstance(value, origin)


async def put_app(world: "World", _: Request, body: dict[str, Any]) -> Any:
    """Create or update an app."""
    if "fields" in body:
        body["fields"] = graph_subscriptions.known_fields(body["fields"])
    app = merged(App, world.apps.get(str(body.get("app_id"))), body)
    world.save(app)
    return app


async def put_page(world: "World", _: Request, body: dict[str, Any]) -> Any:
    """Create or update a Page, with a token for an app and (for tests) a subscription without its call."""
    token: dict[str, Any] = {
        name: body.pop(name) for name in ("app_id", "permissions", "tasks") if name in body
    }
    access_token, fields = body.pop("access_token", None), body.pop("subscribed_fields", None)
    if access_token is not None and str(token.get("app_id")) not in world.apps:
        raise ControlError("access_token needs the app_id of an app that exists")
    page = merged(Page, world.pages.get(str(body.get("page_id"))), body)
    world.save(page)
    if access_token is not None:
        given = {**token, "token": access_token, "page_id": page.page_id}
        _save_token(world, given)
    if fields is not None:
        known = graph_subscriptions.known_fields(fields)
        world.save(Subscription(str(token.get("app_id")), page.page_id, known))
    world.changes.notify()
    return page


async def put_token(world: "World", _: Request, body: dict[str, Any]) -> Any:
    """Create or update any token: end its life, change permissions, make one for `/me/accounts`."""
    body = {"token": body.pop("access_token"), **body} if "access_token" in body else body
    return _save_token(world, body)


def _save_token(world: "World", given: dict[str, Any]) -> Token:
    old = world.tokens.get(str(given.get("token")))
    if old is None:
        given = {"issued_at": world.clock.now_ms() // 1000, **given}
    token: Token = merged(Token, old, given)
    if token.app_id not in world.apps or (token.page_id is not None and token.page_id not in world.pages):
        raise ControlError("a token belongs to an app, and to a page or to nobody's, that exist")
    world.save(token)
    return token


async def put_customer(world: "World", _: Request, body: dict[str, Any]) -> Any:
    """Create or update a person on a Page; without `psid` a new one."""
    page = world.page(str(body.get("page_id")))
    if body.get("unreachable") not in (None, *UNREACHABLE):
        raise ControlError(f"unreachable is null or one of {UNREACHABLE}")
    body.setdefault("psid", world.ids.psid())
    customer = merged(Customer, world.customers.get((page.page_id, str(body["psid"]))), body)
    world.save(customer)
    world.changes.notify()
    return customer


async def overview(world: "World", _: Request, __: dict[str, Any]) -> Any:
    """Apps (without secrets), Pages and people."""
    apps = [
        {**dataclasses.asdict(app), "app_secret": "…", "verify_token": "…"} for app in world.apps.values()
    ]
    return {
        "apps": apps,
        "pages": list(world.pages.values()),
        "subscriptions": list(world.subscriptions.values()),
        "customers": list(world.customers.values()),
    }


# -- settings, clock, reset --------------------------------------------------------------------------------


async def settings(world: "World", request: Request, body: dict[str, Any]) -> Any:
    """Read or merge the settings."""
    if request.method == "POST":
        world.settings.update(body)
        world.save_settings()
    return world.settings.as_json()


async def clock(world: "World", request: Request, body: dict[str, Any]) -> Any:
    """Read or move the clock."""
    if request.method == "POST":
        if "set" in body:
            body["set_ms"] = _instant(body.pop("set"))
        call(world.clock.change, **body)
        world.save_clock()
        world.changes.notify()
    source = "own" if world.clock.url is None else world.clock.url
    return {"now_ms": world.clock.now_ms(), "speed": world.clock.speed, "source": source}


def _instant(given: Any) -> int:
    """Milliseconds since the epoch, given as such or as an ISO 8601 text with its offset."""
    if isinstance(given, int):
        return given
    at = datetime.fromisoformat(str(given))
    if at.tzinfo is None:
        raise ControlError("an instant needs its offset, e.g. 2026-11-22T10:00:00+00:00")
    return round(at.timestamp() * 1000)


async def reset(world: "World", _: Request, __: dict[str, Any]) -> Any:
    """Forget everything but the ledgers."""
    await world.reset()
    return {"reset": True}


# -- watching ----------------------------------------------------------------------------------------------


async def ledger(world: "World", request: Request, _: dict[str, Any]) -> Any:
    """Lines of a ledger after a `seq`."""
    query = request.query_params
    book = {"meta": world.meta, "graph": world.graph}[query.get("name", "graph")]
    lines = book.read(int(query.get("after", "0")), int(query.get("limit", "10000")))
    return {"name": book.name, "seq": book.seq, "lines": lines}


async def wait(world: "World", _: Request, body: dict[str, Any]) -> Any:
    """Wait for sends, or until all is delivered; 408 with `done` false when `timeout` seconds are over."""
    what, timeout = body.get("what"), min(float(body.get("timeout", 10)), WAIT_MAX_SECONDS)
    if what == "delivered_all":
        done = await until(world, world.deliveries.idle, timeout)
        return answer({"done": bool(done), "pending": len(world.deliveries.pending())}, 200 if done else 408)
    if what != "send":
        raise ControlError("what is send or delivered_all")
    names = ("recipient", "page", "text", "metadata")
    wanted: dict[str, Any] = {name: body[name] for name in names if name in body}
    after, count = int(body.get("after", 0)), int(body.get("count", 1))

    def enough() -> list[dict[str, Any]]:
        sends = sends_after(world, after, wanted)
        return sends if len(sends) >= count else []

    done = await until(world, enough, timeout)
    sends = done or sends_after(world, after, wanted)
    return answer({"done": bool(done), "sends": sends}, 200 if done else 408)


async def until(world: "World", condition: Callable[[], Any], timeout: float) -> Any:  # noqa: ASYNC109 - the caller's patience
    """The first true value of a condition, looked at after every change; its last value at time-out."""
    end = time.monotonic() + timeout
    while not (value := condition()) and (left := end - time.monotonic()) > 0:
        await world.changes.wait(left)
    return value


def sends_after(world: "World", after: int, wanted: dict[str, Any]) -> list[dict[str, Any]]:
    """Accepted messages that match: their request lines with `seq` after this one, and the `mid`."""
    asked: dict[int, dict[str, Any]] = {}
    found = []
    for line in world.graph.read(after, KEPT_IN_MEMORY):
        if line["line"] == "request":
            asked[line["request"]] = line
        elif line["line"] == "decision" and line.get("mid") and line["request"] in asked:
            send = {**asked[line["request"]], "mid": line["mid"], "shown": line["shown"]}
            if all(send.get(key) == value for key, value in wanted.items()):
                found.append(send)
    return found


async def stream(world: "World", _: Request, __: dict[str, Any]) -> Response:
    """Server-sent events: one `data: {"version": n}` after each change, at most ten a second."""

    async def changes() -> AsyncIterator[str]:
        seen = -1
        while True:
            if world.changes.version == seen and not await world.changes.wait(STREAM_PING_SECONDS):
                yield ": still here\n\n"
                continue
            seen = world.changes.version
            yield f'data: {{"version":{seen}}}\n\n'
            await asyncio.sleep(STREAM_PAUSE_SECONDS)

    return StreamingResponse(changes(), media_type="text/event-stream", headers={"Cache-Control": "no-store"})


async def picture(world: "World", request: Request, _: dict[str, Any]) -> Response:
    """Uploaded media, sample pictures (`sample-1.png`) and profile pictures (`profile-….png`)."""
    name = request.path_params["name"]
    content, content_type = _file(world, name)
    headers = {
        "Content-Type": content_type,
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox",
    }
    fault = world.faults.first("media", Target(name))
    if fault is not None:
        return fault_media.spoil(fault, content, headers)
    return Response(content, headers=headers)


def _keep_file(world: "World") -> Callable[[Request], Awaitable[Response]]:
    """`POST /media?name=…`, the body a file of a customer's: where it is then, and Meta's type for it."""

    async def endpoint(request: Request) -> Response:
        content = bytearray()
        async for chunk in request.stream():
            content += chunk
            if len(content) > media.ANY_MAX:
                return answer({"error": f"a file has at most {media.ANY_MAX} bytes"}, 413)
        content_type = request.headers.get("content-type", "application/octet-stream")
        try:
            name, kind = media.keep_own(
                world, request.query_params.get("name", "file"), content_type, bytes(content)
            )
        except ValueError as error:
            return answer({"error": str(error)}, 400)
        return answer({"url": f"{request.url.replace(query='')}/{name}", "type": kind})

    return endpoint


def _file(world: "World", name: str) -> tuple[bytes, str]:
    if name in world.media and name in world.assets:
        return world.media[name], world.assets[name].content_type
    kind, _, rest = name.removesuffix(".png").partition("-")
    if kind not in {"sample", "profile"} or not rest.isdecimal():
        raise LookupError(f"no media {name}")
    size = (96, 96) if kind == "profile" else (320, 200)
    return media.sample_png(int(rest) % 97, *size), "image/png"


def routes(world: "World") -> list[Route]:
    """Everything above, under its path."""
    return [
        route(world, "/apps", put_app),
        route(world, "/pages", put_page),
        route(world, "/tokens", put_token),
        route(world, "/customers", put_customer),
        route(world, "/overview", overview, "GET"),
        route(world, "/settings", settings, "GET"),
        route(world, "/settings", settings),
        route(world, "/clock", clock, "GET"),
        route(world, "/clock", clock),
        route(world, "/reset", reset),
        route(world, "/ledger", ledger, "GET"),
        route(world, "/wait", wait, watches=True),
        route(world, "/stream", stream, "GET"),
        route(world, "/media/{name}", picture, "GET"),
        Route("/media", _keep_file(world), methods=["POST"]),
    ]
