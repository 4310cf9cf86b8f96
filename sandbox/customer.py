"""What a person does in Messenger: it changes the thread, opens the window where Meta says so, and is told.

Every function returns what a driver needs next: ids of the message and of the deliveries it caused.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sandbox import events
from sandbox.delivery import Delivery
from sandbox.fanout import publish
from sandbox.model import Message, Thread
from sandbox.page_side import reply_instantly

if TYPE_CHECKING:
    from sandbox.world import World

DEVICES = ("phone", "computer", "messenger.com", "page widget")
ATTACHMENT_TYPES = frozenset(
    {
        "image",
        "audio",
        "video",
        "file",
        "sticker",
        "fallback",
        "reel",
        "ig_reel",
        "post",
        "ig_post",
        "location",
    }
)
LIKE_STICKER = 369239263222822
STICKER_URL = "https://scontent.xx.fbcdn.net/v/t39.1997-6/like.png"
EMOJI = {"smile": "😆", "angry": "😠", "sad": "😢", "wow": "😮", "love": "❤️", "like": "👍", "dislike": "👎"}
EDITS_MAX = 5
SOURCES = ("SHORTLINK", "ADS")

Result = dict[str, Any]


def say(
    world: "World",
    page_id: str,
    psid: str,
    *,
    text: str | None = None,
    attachments: list[dict[str, Any]] | None = None,
    quick_reply: str | None = None,
    sticker_id: int | None = None,
    reply_to: str | None = None,
    referral: dict[str, Any] | None = None,
    device: str = "phone",
) -> Result:
    """Write a message; `attachments` are `{type, url}`, `quick_reply` is the payload of an offered one."""
    thread = world.thread(page_id, psid)
    if device not in DEVICES:
        raise ValueError(f"device is one of {DEVICES}, not {device!r}")
    if quick_reply is not None:
        text = _quick_reply_title(world, thread, quick_reply, text)
    shown = [_attachment(item) for item in attachments or []]
    if sticker_id is not None:
        shown.append({"type": "sticker", "payload": {"url": STICKER_URL, "sticker_id": sticker_id}})
    if not text and not shown:
        raise ValueError("a message needs text, attachments, a sticker or a quick reply")
    if reply_to is not None:
        _of_thread(world, thread, reply_to)
    referral = _first_referral(thread, referral)
    message = Message(
        mid=world.ids.mid(),
        page_id=page_id,
        psid=psid,
        from_page=False,
        at_ms=world.clock.now_ms(),
        text=text,
        attachments=shown,
        payload=quick_reply,
        reply_to=reply_to,
        referral=referral,
        device=device,
    )
    from_ad = thread.ad_click or (referral or {}).get("source") == "ADS"
    thread.ad_click = False
    kind = "ad_message" if from_ad else "quick_reply" if quick_reply is not None else "message"
    return _arrive(world, thread, message, kind)


def postback(
    world: "World",
    page_id: str,
    psid: str,
    *,
    payload: str,
    title: str | None = None,
    referral: dict[str, Any] | None = None,
    device: str = "phone",
) -> Result:
    """Tap a button, a menu item or Get Started (with `referral` when an m.me link or an ad led there)."""
    thread = world.thread(page_id, psid)
    message = Message(
        mid=world.ids.mid(),
        page_id=page_id,
        psid=psid,
        from_page=False,
        at_ms=world.clock.now_ms(),
        kind="postback",
        text=title or payload,
        payload=payload,
        referral=_first_referral(thread, referral),
        device=device,
    )
    return _arrive(world, thread, message, "postback")


def react(
    world: "World",
    page_id: str,
    psid: str,
    *,
    mid: str,
    reaction: str = "love",
    emoji: str | None = None,
    action: str = "react",
) -> Result:
    """React to one of the Page's messages, or take the reaction back (`action` unreact)."""
    thread = world.thread(page_id, psid)
    message = _of_thread(world, thread, mid)
    if action not in {"react", "unreact"}:
        raise ValueError("action is react or unreact")
    if action == "unreact":
        reaction, emoji = (
            (message.reaction or {}).get("reaction", reaction),
            (message.reaction or {}).get("emoji"),
        )
    value = {"reaction": reaction, "emoji": emoji or EMOJI.get(reaction, "🎉"), "action": action, "mid": mid}
    message.reaction = {"reaction": reaction, "emoji": value["emoji"]} if action == "react" else None
    world.save(message)
    if action == "react":
        _open(world, thread, "reaction")
    return _tell(world, thread, "reaction", value)


def edit(world: "World", page_id: str, psid: str, *, mid: str, text: str) -> Result:
    """Edit one's own message, five times at most."""
    thread = world.thread(page_id, psid)
    message = _of_thread(world, thread, mid)
    if message.from_page or message.num_edit >= EDITS_MAX:
        raise ValueError("only one's own messages can be edited, and five times at most")
    message.text, message.num_edit = text, message.num_edit + 1
    world.save(message)
    return _tell(world, thread, "message_edit", {"mid": mid, "text": text, "num_edit": message.num_edit})


def optin(
    world: "World", page_id: str, psid: str, *, ref: str = "", user_ref: str | None = None, **more: Any
) -> Result:
    """Send to Messenger (`ref`), the checkbox (`user_ref`), or a topic (`type` notification_messages)."""
    thread = world.thread(page_id, psid)
    if user_ref is not None:
        world.add_user_ref(page_id, user_ref, psid)
        _open(world, thread, "plugin_optin")
        value = {"ref": ref, "user_ref": user_ref}
        event = events.about_page(page_id, world.clock.now_ms(), "optin", value)
        return _result(publish(world, page_id, psid, event))
    if more.get("type") == "notification_messages":
        return _tell(world, thread, "optin", more)
    _open(world, thread, "plugin_optin")
    return _tell(world, thread, "optin", {"ref": ref, **more})


def referral(
    world: "World", page_id: str, psid: str, *, ref: str = "", source: str = "SHORTLINK", **more: Any
) -> Result:
    """Follow an m.me link (SHORTLINK), or click an ad (ADS), into the thread.

    In a thread not begun yet nothing is told: the referral rides on the first message or Get Started.
    """
    thread = world.thread(page_id, psid)
    if source not in SOURCES:
        raise ValueError(f"source is one of {SOURCES}")
    value = {**({"ref": ref} if ref else {}), **more, "source": source, "type": "OPEN_THREAD"}
    if not thread.count:
        thread.referral = value
        world.save(thread)
        return _result([], pending=True)
    if source == "ADS":
        thread.ad_click = True
        world.save(thread)
    else:
        _open(world, thread, "m_me_link")
    return _tell(world, thread, "referral", value)


def read(world: "World", page_id: str, psid: str) -> Result:
    """See everything that is in the thread now."""
    thread = world.thread(page_id, psid)
    thread.read_ms = world.clock.now_ms()
    world.save(thread)
    return _tell(world, thread, "read", {"watermark": thread.read_ms})


def feedback(
    world: "World",
    page_id: str,
    psid: str,
    *,
    question_id: str,
    payload: str,
    kind: str = "csat",
    comment: str | None = None,
) -> Result:
    """Answer Meta's customer feedback template."""
    thread = world.thread(page_id, psid)
    answer: dict[str, Any] = {"type": kind, "payload": payload}
    if comment is not None:
        answer["follow_up"] = {"type": "free_form", "payload": comment}
    screens = [{"screen_id": 0, "questions": {question_id: answer}}]
    return _tell(world, thread, "messaging_feedback", {"feedback_screens": screens})


ACTIONS: dict[str, Callable[..., Result]] = {
    "say": say,
    "postback": postback,
    "react": react,
    "edit": edit,
    "optin": optin,
    "referral": referral,
    "read": read,
    "feedback": feedback,
}


def _arrive(world: "World", thread: Thread, message: Message, opening: str) -> Result:
    default = world.pages[thread.page_id].default_app_id
    if default is not None and world.owner(thread) is None:
        world.give(thread, default)
    _open(world, thread, opening)
    world.add_message(message, thread)
    told = publish(world, thread.page_id, thread.psid, events.from_customer(message))
    reply_instantly(world, thread.page_id, thread.psid)
    return _result(told, mid=message.mid)


def _open(world: "World", thread: Thread, kind: str) -> None:
    thread.window.open(kind, world.clock.now_ms(), world.settings.window_lengths_s)
    world.save(thread)


def _tell(world: "World", thread: Thread, name: str, value: dict[str, Any]) -> Result:
    event = events.from_person(thread.page_id, thread.psid, world.clock.now_ms(), name, value)
    return _result(publish(world, thread.page_id, thread.psid, event))


def _result(deliveries: list[Delivery], **more: Any) -> Result:
    return {**more, "deliveries": [delivery.id for delivery in deliveries]}


def _first_referral(thread: Thread, given: dict[str, Any] | None) -> dict[str, Any] | None:
    """What led the person here, told with the first message after it."""
    waiting, thread.referral = thread.referral, None
    return given or waiting


def _of_thread(world: "World", thread: Thread, mid: str) -> Message:
    message = world.message(mid)
    if (message.page_id, message.psid) != (thread.page_id, thread.psid):
        raise ValueError("that message belongs to another thread")
    return message


def _attachment(given: dict[str, Any]) -> dict[str, Any]:
    kind = given.get("type")
    if kind not in ATTACHMENT_TYPES:
        raise ValueError(f"attachment type is one of {sorted(ATTACHMENT_TYPES)}, not {kind!r}")
    payload = given.get("payload") or {name: value for name, value in given.items() if name != "type"}
    return {"type": kind, "payload": payload}


def _quick_reply_title(world: "World", thread: Thread, payload: str, text: str | None) -> str:
    """The title of the offered quick reply; for phone and e-mail the value itself."""
    for message in reversed(world.transcript(thread.page_id, thread.psid)):
        for offered in message.quick_replies:
            if offered.get("payload") == payload:
                return str(offered["title"])
    return text or payload
