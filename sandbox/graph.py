"""The Graph API endpoint: every call is written to the ledger, authenticated, dispatched, decided, answered.

Any version prefix (`/v26.0/…`) or none is taken.
"""

import hashlib
import itertools
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import httpx
import orjson
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
)
from sandbox.graph_auth import authenticate, identify
from sandbox.graph_batch import batch, is_batch
from sandbox.graph_call import Call, Reply, answer, read, record
from sandbox.graph_errors import GraphError
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
            await self._serve(call, send)

    async def _serve(self, call: Call, send: Send) -> None:
        try:
            await self._world.clock.refresh()
        except httpx.HTTPError:
            error = GraphError("no_clock")
            await answer(send, Reply(error.body(self._world.ids.trace()), error.status), [])
            return
        given: Reply | None = None
        try:
            given = await self._carry_out(call)
            await answer(send, given, _usage(self._world, call))
        finally:
            if given is not None and given.then is not None:
                given.then()

    async def _carry_out(self, call: Call) -> Reply:
        identify(self._world, call)
        self._world.graph.write(_request_line(call))
        return await self._decide(call)

    async def _decide(self, call: Call) -> Reply:
        """The answer to a call, its decision in the ledger."""
        try:
            if call.edge not in OPEN:
                authenticate(self._world, call)
            if is_batch(call):
                given = await batch(call, self._numbers, self._carry_out)
            else:
                given = await _handler(call)(self._world, call)
        except GraphError as error:
            given = Reply(error.body(self._world.ids.trace()), status=error.status, recorded=True)
            line = {"outcome": "rejected", "code": error.code, "subcode": error.subcode, "reason": error.name}
            record(self._world, call, given, line)
        if not given.recorded:
            record(self._world, call, given, {"outcome": "accepted"})
        return given


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


KINDS = {
    "messages": "conversation_read",
    "conversations": "conversation_read",
    "message_attachments": "upload",
    "messenger_profile": "messenger_profile",
    "subscribed_apps": "subscription",
    "subscriptions": "subscription",
    "thread_owner": "thread_control",
    "accounts": "setup",
    "access_token": "setup",
}


def _request_line(call: Call) -> dict[str, Any]:
    line = {
        "line": "request",
        "request": call.number,
        "method": call.method,
        "path": call.path,
        "app": None if call.app is None else call.app.app_id,
        "page": call.page_id if call.page_id is not None or call.node == "me" else call.node,
        "auth": call.place,
        "proof": call.proof,
        "bytes": call.size,
    }
    if call.method == "POST" and call.edge == "messages":
        return {**line, **_send_facts(call)}
    return {**line, "kind": _read_kind(call), "recipient": call.text("user_id")}


def _read_kind(call: Call) -> str:
    if is_batch(call):
        return "batch"
    if call.edge:
        return KINDS.get(call.edge, "thread_control" if call.edge.endswith("_thread_control") else "unknown")
    if call.node.startswith(("t_", "m_")):
        return "conversation_read"
    return "setup" if call.node in {"debug_token", "me", call.page_id} else "profile"


def _send_facts(call: Call) -> dict[str, Any]:
    """What a send asks for, read tolerantly: nothing is judged yet."""
    message, recipient = call.json("message"), call.json("recipient")
    message = message if isinstance(message, dict) else {}
    recipient = recipient if isinstance(recipient, dict) else {}
    text = message.get("text")
    attachment = message.get("attachment")
    return {
        "kind": "sender_action"
        if "sender_action" in call.params
        else "text"
        if text is not None
        else "attachment",
        "sender_action": call.params.get("sender_action"),
        "attachment_type": attachment.get("type") if isinstance(attachment, dict) else None,
        "recipient": recipient.get("id") or recipient.get("user_ref"),
        "metadata": message.get("metadata"),
        "text": text,
        "text_sha256": hashlib.sha256(text.encode()).hexdigest() if isinstance(text, str) else None,
        "messaging_type": call.params.get("messaging_type"),
        "tag": call.params.get("tag"),
    }


def _usage(world: "World", call: Call) -> list[tuple[bytes, bytes]]:
    """The usage headers, on every answer to a valid token."""
    if call.app is None:
        return []
    headers = [(b"x-app-usage", b'{"call_count":0,"total_time":0,"total_cputime":0}')]
    if call.page_id is not None:
        budget = world.settings.limits.per_engaged_person_and_day * max(1, world.engaged.get(call.page_id, 0))
        share = 100 * world.limits.count("day", call.page_id, world.clock.now_ms(), DAY_MS) // budget
        wait = 0 if share < 100 else minutes_left(world.clock.now_ms())  # noqa: PLR2004 - per cent
        usage = {
            "type": "messenger",
            "call_count": share,
            "total_cputime": 0,
            "total_time": 0,
            "estimated_time_to_regain_access": wait,
        }
        headers.append((b"x-business-use-case-usage", orjson.dumps({call.page_id: [usage]})))
    return headers


def minutes_left(now_ms: int) -> int:
    """Minutes until the day's budget starts anew."""
    return (DAY_MS - now_ms % DAY_MS) // 60_000 + 1
