"""What others do on the Page's side: people in the Page inbox, other apps, Meta's policy enforcement."""

from typing import TYPE_CHECKING, Any

from sandbox import events
from sandbox.fanout import publish
from sandbox.graph_thread_control import hand_over
from sandbox.model import PAGE_INBOX_APP_ID, Message
from sandbox.windows import DAY_MS

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


def set_instant_reply(
    world: "World", page_id: str, *, text: str | None, delay_ms: int = 300, app_id: str | None = None
) -> dict[str, Any]:
    """Meta's instant reply of the Page: after a person's first message and after a day of silence. None: off.

    Nobody on the Page writes it. Its echo names no app, or `app_id`.
    """
    page = world.page(page_id)
    page.instant_reply = None if text is None else {"text": text, "delay_ms": delay_ms, "app_id": app_id}
    world.save(page)
    return {"instant_reply": page.instant_reply}


def reply_instantly(world: "World", page_id: str, psid: str) -> None:
    """What the Page's instant reply, if it has one, says to a person's newest message."""
    reply, now = world.pages[page_id].instant_reply, world.clock.now_ms()
    theirs = [each for each in world.transcript(page_id, psid) if not each.from_page]
    if reply is None or (len(theirs) > 1 and theirs[-2].at_ms > now - DAY_MS):
        return
    message = Message(
        mid=world.ids.mid(),
        page_id=page_id,
        psid=psid,
        from_page=True,
        at_ms=now + reply["delay_ms"],
        text=reply["text"],
        app_id=reply["app_id"],
    )
    world.add_message(message, world.thread(page_id, psid))
    publish(world, page_id, psid, events.echo(message), due_ms=message.at_ms)


def pass_thread(
    world: "World",
    page_id: str,
    psid: str,
    *,
    app_id: str,
    previous_app_id: str | None = "",
    metadata: str | None = None,
) -> dict[str, Any]:
    """Somebody passes the thread to an app: whoever has it, or `previous_app_id` (null: it was idle)."""
    thread = world.thread(page_id, psid)
    if previous_app_id != "":
        world.give(thread, previous_app_id)
    hand_over(world, thread, app_id, "pass_thread_control", metadata)
    return {"owner_app_id": world.owner(thread)}


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
