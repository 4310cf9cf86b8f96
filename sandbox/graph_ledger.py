"""What the ledger says of a Graph call: its request, before anything is judged, and the decision."""

import hashlib
from typing import TYPE_CHECKING, Any

from sandbox import fault_answers
from sandbox.graph_batch import is_batch
from sandbox.graph_call import Call, Reply

if TYPE_CHECKING:
    from sandbox.world import World

# edge → kind
_KINDS = {
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


def request_line(call: Call) -> dict[str, Any]:
    """The line of a call, written before anything is decided."""
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
        return _KINDS.get(call.edge, "thread_control" if call.edge.endswith("_thread_control") else "unknown")
    if call.node.startswith(("t_", "m_")):
        return "conversation_read"
    return "setup" if call.node in {"debug_token", "me", call.page_id} else "profile"


def call_kind(call: Call) -> str:
    """The kind of a call as faults name it (`fault_kinds.CALLS`)."""
    if call.method == "POST" and call.edge == "messages":
        return "sender_action" if "sender_action" in call.params else "send"
    if call.node == "debug_token":
        return "debug_token"
    kind = _read_kind(call)
    return {"conversation_read": "conversations", "subscription": "subscriptions"}.get(kind, kind)


def record(world: "World", call: Call, given: Reply, line: dict[str, Any]) -> None:
    """Write the decision line of a call, after a fault has had its way with the answer if it was accepted."""
    if call.delayed:
        given.shown = "reply-delayed"
    if line["outcome"] == "accepted":
        line = {**line, **fault_answers.spoil(world, call, given)}
    world.graph.write(
        {"line": "decision", "request": call.number, **line, "shown": given.shown, "status": given.status}
    )
    given.recorded = True
    world.changes.notify()


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
