"""Conversation Routing: which app controls a thread.

Source: docs/reference/messenger-pages-and-threads.md.

A thread is idle until control is passed, taken or given to the Page's default app; then every app may answer.
"""

from typing import TYPE_CHECKING, Any

from sandbox import events
from sandbox.fanout import publish
from sandbox.graph_auth import require_page, require_permissions
from sandbox.graph_call import Call, Reply, reply
from sandbox.graph_errors import GraphError, bad_parameter
from sandbox.graph_fields import graph_time
from sandbox.model import PAGE_INBOX_APP_ID, Thread
from sandbox.windows import WEEK_MS

if TYPE_CHECKING:
    from sandbox.world import World


async def thread_owner(world: "World", call: Call) -> Reply:
    """`GET /{page}/thread_owner?recipient=PSID`: empty when idle."""
    thread = _thread(world, call, call.text("recipient"))
    owner = world.owner(thread)
    if owner is None:
        return reply({"data": []})
    shown = {"app_id": owner, "expiration": graph_time(thread.owner_until)}
    return reply({"data": [{"thread_owner": shown}]})


async def pass_control(world: "World", call: Call) -> Reply:
    """`POST /{page}/pass_thread_control`: from the owner, or an idle thread, to another app or the inbox."""
    thread = _thread(world, call, _psid(call))
    _must_not_be_others(world, call, thread)
    hand_over(world, thread, call.text("target_app_id"), "pass_thread_control", call.text("metadata"))
    return reply({"success": True})


async def take_control(world: "World", call: Call) -> Reply:
    """`POST /{page}/take_thread_control`: refused unless this app is the Page's default app."""
    thread = _thread(world, call, _psid(call))
    own = _own(call)
    if world.pages[thread.page_id].default_app_id != own:
        raise GraphError("no_permission", "Only the default app of the Page can take control")
    hand_over(world, thread, own, "take_thread_control", call.text("metadata"))
    return reply({"success": True})


async def release_control(world: "World", call: Call) -> Reply:
    """`POST /{page}/release_thread_control`: the thread becomes idle."""
    thread = _thread(world, call, _psid(call))
    _must_not_be_others(world, call, thread)
    world.give(thread, None)
    return reply({"success": True})


async def request_control(world: "World", call: Call) -> Reply:
    """`POST /{page}/request_thread_control`: tells the owner, changes nothing."""
    thread = _thread(world, call, _psid(call))
    owner = world.owner(thread)
    if owner is not None:
        value = {"requested_owner_app_id": _own(call), "metadata": call.text("metadata") or ""}
        _tell(world, thread, owner, "request_thread_control", value)
    return reply({"success": True})


async def extend_control(world: "World", call: Call) -> Reply:
    """`POST /{page}/extend_thread_control`: the owner keeps control for `duration` s, 7 days at most."""
    thread = _thread(world, call, _psid(call))
    duration = call.text("duration") or ""
    if world.owner(thread) != _own(call):
        raise GraphError("other_owner")
    if not duration.isdecimal() or int(duration) * 1000 > WEEK_MS:
        raise bad_parameter("duration is a number of seconds, 7 days at most")
    world.give(thread, _own(call), int(duration) * 1000)
    return reply({"success": True})


def along_with_message(world: "World", call: Call, thread: Thread) -> None:
    """The `thread_control` that may ride on a message: pass or release."""
    control = call.json("thread_control")
    if not isinstance(control, dict):
        return
    if control.get("control_type") == "release":
        world.give(thread, None)
    else:
        hand_over(world, thread, str(control.get("app_id")), "pass_thread_control", None)


def check_along_with_message(world: "World", call: Call) -> None:
    """Judge a `thread_control` before its message is accepted. Raises `GraphError`."""
    control = call.json("thread_control")
    if control is None:
        return
    if not isinstance(control, dict) or control.get("control_type") not in {"pass", "release"}:
        raise bad_parameter("thread_control.control_type is pass or release")
    if control["control_type"] == "pass":
        _known(world, str(control.get("app_id")))


def hand_over(world: "World", thread: Thread, app_id: str | None, how: str, metadata: str | None) -> None:
    """Change the owner and tell the app concerned: the new owner of a pass, the old one of a take."""
    _known(world, app_id)
    before = world.owner(thread)
    world.give(thread, app_id)
    value = {"previous_owner_app_id": before, "new_owner_app_id": app_id, "metadata": metadata or ""}
    told = app_id if how == "pass_thread_control" else before
    if told is not None and told != PAGE_INBOX_APP_ID:
        _tell(world, thread, told, how, value)


def _known(world: "World", app_id: str | None) -> None:
    if app_id != PAGE_INBOX_APP_ID and app_id not in world.apps:
        raise GraphError("wrong_app")


def _tell(world: "World", thread: Thread, app_id: str, how: str, value: dict[str, Any]) -> None:
    if app_id in world.apps:
        event = events.from_person(thread.page_id, thread.psid, world.clock.now_ms(), how, value)
        publish(world, thread.page_id, thread.psid, event, only_app=app_id)


def _thread(world: "World", call: Call, psid: str | None) -> Thread:
    page = require_page(world, call)
    require_permissions(call, "pages_messaging")
    if (page.page_id, psid) not in world.customers or psid is None:
        raise GraphError("no_user")
    return world.thread(page.page_id, psid)


def _psid(call: Call) -> str | None:
    recipient = call.json("recipient")
    return str(recipient.get("id")) if isinstance(recipient, dict) else None


def _own(call: Call) -> str:
    if call.app is None:
        raise GraphError("bad_token")
    return call.app.app_id


def _must_not_be_others(world: "World", call: Call, thread: Thread) -> None:
    if world.owner(thread) not in {None, _own(call)}:
        raise GraphError("other_owner")
