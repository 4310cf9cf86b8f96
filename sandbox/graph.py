"""The Graph API endpoint: every call is written to the ledger, authenticated, dispatched, decided, answered.

Any version prefix (`/v26.0/…`) or none is taken.
"""

import itertools
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import httpx
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from sandbox import (
    graph_conversations,
    graph_profiles,
    graph_send,
    graph_setup,
    graph_subscriptions,
    graph_thread_control,
    media,
    usage,
)
from sandbox.answering import PLAIN, Headers, put
from sandbox.fault_answers import instead, usage_headers
from sandbox.graph_auth import authenticate, identify
from sandbox.graph_batch import batch, is_batch
from sandbox.graph_call import Call, Reply, read
from sandbox.graph_errors import GraphError
from sandbox.graph_ledger import call_kind, record, request_line
from sandbox.limits import DAY_MS

if TYPE_CHECKING:
    from sandbox.world import World

Handler = Callable[["World", Call], Awaitable[Reply]]

# (method, edge) → handler. An empty edge is the node itself, see `_node`.
EDGES: dict[tuple[str, str], Handler] = {
    ("POST", "messages"): graph_send.send,
    ("GET", "messages"): graph_conversations.messages,
    ("GET", "conversations"): graph_conversations.conversations,
    ("GET", "subscribed_apps"): graph_subscriptions.read_page,
    ("POST", "subscribed_apps"): graph_subscriptions.subscribe_page,
    ("DELETE", "subscribed_apps"): graph_subscriptions.unsubscribe_page,
    ("GET", "subscriptions"): graph_subscriptions.read_app,
    ("POST", "subscriptions"): graph_subscriptions.subscribe_app,
    ("DELETE", "subscriptions"): graph_subscriptions.unsubscribe_app,
    ("GET", "accounts"): graph_setup.accounts,
    ("GET", "access_token"): graph_setup.exchange_token,
    ("POST", "message_attachments"): media.upload,
    ("GET", "messenger_profile"): graph_profiles.read_messenger_profile,
    ("POST", "messenger_profile"): graph_profiles.set_messenger_profile,
    ("DELETE", "messenger_profile"): graph_profiles.delete_messenger_profile,
    ("GET", "thread_owner"): graph_thread_control.thread_owner,
    ("POST", "pass_thread_control"): graph_thread_control.pass_control,
    ("POST", "take_thread_control"): graph_thread_control.take_control,
    ("POST", "release_thread_control"): graph_thread_control.release_control,
    ("POST", "request_thread_control"): graph_thread_control.request_control,
    ("POST", "extend_thread_control"): graph_thread_control.extend_control,
}
OPEN = frozenset({"access_token"})  # edges that authenticate by themselves


class Graph:
    """The ASGI application at the root of the sandbox."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._numbers = itertools.count(world.graph.seq + 1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one call."""
        world = self._world
        try:
            call = await read(scope, receive, next(self._numbers))
        except ClientDisconnect:
            return
        with world.calling():
            await self._serve(call, receive, send)

    async def _serve(self, call: Call, receive: Receive, send: Send) -> None:
        try:
            await self._world.clock.refresh()
        except httpx.HTTPError:
            error = GraphError("no_clock")
            headers = [(b"content-type", b"application/json")]
            body = error.body(self._world.ids.trace())
            await put(receive, send, status=error.status, headers=headers, body=body)
            return
        given: Reply | None = None
        try:
            given = await self._carry_out(call)
            if given.manner is not PLAIN:
                _finish(given)  # an answer that is late or lost holds up nothing else
            own = given.usage if given.usage is not None else _usage(self._world, call)
            headers = [(b"content-type", given.content_type.encode()), *own]
            await put(
                receive, send, status=given.status, headers=headers, body=given.body, manner=given.manner
            )
        finally:
            if given is not None:
                _finish(given)

    async def _carry_out(self, call: Call) -> Reply:
        identify(self._world, call)
        call.kind = call_kind(call)
        self._world.graph.write(request_line(call))
        return await self._decide(call)

    async def _decide(self, call: Call) -> Reply:
        """The answer to a call, its decision in the ledger."""
        try:
            if call.edge not in OPEN:
                authenticate(self._world, call)
            if is_batch(call):
                given = await batch(call, self._numbers, self._carry_out)
            elif (fault := await instead(self._world, call)) is not None:
                given, line = fault
                record(self._world, call, given, line)
            else:
                given = await _handler(call)(self._world, call)
        except GraphError as error:
            given = Reply(error.body(self._world.ids.trace()), status=error.status)
            line = {"outcome": "rejected", "code": error.code, "subcode": error.subcode, "reason": error.name}
            record(self._world, call, given, line)
        if not given.recorded:
            record(self._world, call, given, {"outcome": "accepted"})
        return given


def _finish(given: Reply) -> None:
    """What follows an answer, once."""
    then, given.then = given.then, None
    if then is not None:
        then()


def _handler(call: Call) -> Handler:
    if call.broken is not None:
        raise GraphError("parameter", call.broken)
    if call.edge:
        handler = EDGES.get((call.method, call.edge))
    elif call.method == "GET":
        handler = _node(call.node)
    else:
        handler = None
    if handler is None:
        raise GraphError("no_edge", f"Unknown path components: /{call.edge or call.node}")
    return handler


def _node(node: str) -> Handler | None:
    """What `GET /{node}` reads, told by the shape of the id."""
    if node == "debug_token":
        return graph_setup.debug_token
    if node.startswith("t_"):
        return graph_conversations.conversation
    if node.startswith("m_"):
        return graph_conversations.message
    return graph_profiles.read_node if node else None


def _usage(world: "World", call: Call) -> Headers:
    """The usage headers, on every answer to a valid token."""
    if call.app is None:
        return []
    if (own := usage_headers(world, call)) is not None:
        return own
    page_id, now = call.page_id, world.clock.now_ms()
    if page_id is None:
        return usage.headers(None, 0, 0, ["app"])
    budget = world.settings.limits.per_engaged_person_and_day * max(1, world.engaged.get(page_id, 0))
    share = 100 * world.limits.count("day", page_id, now, DAY_MS) // budget
    wait = 0 if share < 100 else minutes_left(now)  # noqa: PLR2004 - per cent
    return usage.headers(page_id, 0, 0, ["app"]) + usage.headers(page_id, share, wait, ["business"])


def minutes_left(now_ms: int) -> int:
    """Minutes until the day's budget starts anew."""
    return (DAY_MS - now_ms % DAY_MS) // 60_000 + 1
