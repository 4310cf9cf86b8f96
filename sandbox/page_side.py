"""What others do on the Page's side: people in the Page inbox, other apps, Meta's policy enforcement."""

from typing import TYPE_CHECKING, Any

from sandbox import events
from sandbox.fanout import publish
from sandbox.graph_thread_control import hand_over
from sandbox.model import PAGE_INBOX_APP_ID, Message

if TYPE_CHECKING:
    from sandbox.world import World


def answer(
    world: "World",
    page_id: str,
    psid: str,
    *,
    text: str | None = None,
    attachments: list[dict[str, Any]] | None = None,
    app_id: str | None = PAGE_INBOX_APP_ID,
    metadata: str | None = None,
    take_thread: bool = False,
) -> dict[str, Any]:
    """A message for the Page that our app did not send: from the inbox, another app, or (None) nameless.

    The inbox takes the thread where the Page routes conversations (a default app is set), or when asked to.
    """
    thread = world.thread(page_id, psid)
    message = Message(
        mid=world.ids.mid(),
        page_id=page_id,
        psid=psid,
        from_page=True,
        at_ms=world.clock.now_ms(),
        text=text,
        attachments=attachments or [],
        app_id=app_id,
        metadata=metadata,
    )
    thread.delivered_ms = message.at_ms
    world.add_message(message, thread)
    routed = app_id == PAGE_INBOX_APP_ID and world.pages[page_id].default_app_id is not None
    if (take_thread or routed) and app_id is not None and world.owner(thread) != app_id:
        hand_over(world, thread, app_id, "take_thread_control", "answered")
    deliveries = publish(world, page_id, psid, events.echo(message))
    return {"mid": message.mid, "deliveries": [delivery.id for delivery in deliveries]}


def policy(world: "World", page_id: str, action: str, reason: str | None = None) -> dict[str, Any]:
    """Meta warns, blocks or unblocks the Page; a block restricts its sending too."""
    page = world.page(page_id)
    if action not in {"warning", "block", "unblock"}:
        raise ValueError("action is warning, block or unblock")
    if action != "warning":
        page.restricted = action == "block"
        world.save(page)
    value = {"action": action, **({} if reason is None else {"reason": reason})}
    event = events.about_page(page_id, world.clock.now_ms(), "policy_enforcement", value)
    return {"deliveries": [delivery.id for delivery in publish(world, page_id, None, event)]}
