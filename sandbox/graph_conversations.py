"""The Conversations API: threads of a Page and their messages; details of the newest 20 only.

Source: docs/reference/messenger-pages-and-threads.md. Metadata is not shown here, as with Meta: only echoes
carry it.
"""

from typing import TYPE_CHECKING, Any

from sandbox.graph_auth import require_page, require_permissions
from sandbox.graph_call import Call, Reply, reply
from sandbox.graph_errors import GraphError, bad_parameter
from sandbox.graph_fields import Field, choose, graph_time, page_of, parse
from sandbox.model import Message, Thread

if TYPE_CHECKING:
    from sandbox.world import World

DETAILED = 20  # newest messages of a thread that give details
MOST = 100
NEEDED = ("pages_manage_metadata", "pages_read_engagement", "pages_messaging")


def _counted(world: "World", call: Call) -> str:
    """The checks that all of these calls share; returns the Page id."""
    require_permissions(call, *NEEDED)
    if call.page_id is None:
        raise GraphError("no_object")
    now = world.clock.now_ms()
    if world.limits.hit("conversations", call.page_id, now) > world.settings.limits.conversations_per_second:
        raise GraphError("rate_limit")
    return call.page_id


async def conversations(world: "World", call: Call) -> Reply:
    """`GET /{page}/conversations?platform=messenger[&user_id=PSID]`, newest first."""
    page = require_page(world, call)
    page_id = _counted(world, call)
    busy = world.settings.limits.high_volume_per_second
    if world.limits.count("volume", page_id, world.clock.now_ms()) > busy > 0:
        raise GraphError("rate_limit", "This Page is too busy to list its conversations (high volume)")
    if call.text("platform") not in {None, "messenger"}:
        raise bad_parameter("platform must be messenger")
    fields = parse(call.text("fields") or "id,updated_time")
    person = call.text("user_id")
    threads = [
        thread
        for thread in world.threads.values()
        if thread.page_id == page.page_id and thread.count and person in {None, thread.psid}
    ]
    threads.sort(key=lambda thread: thread.updated_ms, reverse=True)
    return reply(page_of([_conversation(world, call, thread, fields) for thread in threads], call, MOST))


async def conversation(world: "World", call: Call) -> Reply:
    """`GET /{conversation}?fields=messages,…`."""
    thread = _thread(world, call, _counted(world, call))
    return reply(_conversation(world, call, thread, parse(call.text("fields") or "id,updated_time")))


async def messages(world: "World", call: Call) -> Reply:
    """`GET /{conversation}/messages?fields=…`, newest first."""
    thread = _thread(world, call, _counted(world, call))
    fields = parse(call.text("fields") or "id,created_time")
    return reply(page_of(_messages(world, thread, fields), call, MOST))


async def message(world: "World", call: Call) -> Reply:
    """`GET /{mid}?fields=…`; an error for all but the newest 20 of the thread."""
    page_id = _counted(world, call)
    found = world.messages.get(call.node)
    if found is None or found.page_id != page_id:
        raise GraphError("no_object")
    if found not in world.transcript(page_id, found.psid)[-DETAILED:]:
        raise GraphError("message_deleted")
    return reply(_message(world, found, parse(call.text("fields") or "id,created_time")))


def _thread(world: "World", call: Call, page_id: str) -> Thread:
    key = world.conversations.get(call.node)
    if key is None or key[0] != page_id:
        raise GraphError("no_object")
    return world.threads[key]


def _conversation(world: "World", call: Call, thread: Thread, fields: dict[str, Field]) -> dict[str, Any]:
    record: dict[str, Any] = {
        "id": thread.conversation_id,
        "updated_time": graph_time(thread.updated_ms),
        "link": f"/{thread.page_id}/inbox/{thread.conversation_id}/",
        "message_count": thread.count,
        "can_reply": thread.window.stage(world.clock.now_ms()) == "standard",
        "is_owner": world.owner(thread) in {None, None if call.app is None else call.app.app_id},
    }
    if "participants" in fields:
        record["participants"] = {"data": [_person(world, thread), _page(world, thread.page_id)]}
    if "messages" in fields:
        asked = fields["messages"]
        listed = _messages(world, thread, asked.fields or parse("id,created_time"))
        record["messages"] = {"data": listed[: asked.limit or DETAILED + 5]}
    return choose(record, fields)


def _messages(world: "World", thread: Thread, fields: dict[str, Field]) -> list[dict[str, Any]]:
    """Newest first; beyond the newest 20 only id and time."""
    newest_first = world.transcript(thread.page_id, thread.psid)[::-1]
    bare = {name: Field() for name in ("id", "created_time")}
    return [
        _message(world, found, fields if index < DETAILED else bare)
        for index, found in enumerate(newest_first)
    ]


def _message(world: "World", found: Message, fields: dict[str, Field]) -> dict[str, Any]:
    page, person = _page(world, found.page_id), _person(world, found)
    sender, receiver = (page, person) if found.from_page else (person, page)
    record = {
        "id": found.mid,
        "created_time": graph_time(found.at_ms),
        "from": sender,
        "to": {"data": [receiver]},
        "message": (found.text or "").strip(),  # blank edges are not shown
        "attachments": {"data": [_attachment(item) for item in found.attachments]}
        if found.attachments
        else None,
        "reply_to": {"mid": found.reply_to} if found.reply_to else None,
    }
    return choose(record, fields)


def _attachment(attachment: dict[str, Any]) -> dict[str, Any]:
    url = (attachment.get("payload") or {}).get("url")
    if attachment["type"] in {"image", "sticker"}:
        return {"mime_type": "image/png", "image_data": {"url": url}}
    return {"mime_type": "application/octet-stream", "file_url": url}


def _page(world: "World", page_id: str) -> dict[str, str]:
    return {"name": world.pages[page_id].name, "email": f"{page_id}@facebook.com", "id": page_id}


def _person(world: "World", of: Thread | Message) -> dict[str, str]:
    name = world.customers[of.page_id, of.psid].name
    return {"name": name, "email": f"{of.psid}@facebook.com", "id": of.psid}
