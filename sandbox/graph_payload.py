"""What a message to the Send API may contain: lengths, counts, templates.

Source: docs/reference/messenger-send-and-errors.md.
"""

import re
from typing import Any

from sandbox.graph_call import Call
from sandbox.graph_errors import GraphError, bad_parameter

TEXT_MAX, METADATA_MAX, PAYLOAD_MAX, TITLE_MAX = 2000, 1000, 1000, 20
QUICK_REPLIES_MAX, IMAGES_MAX, BUTTONS_MAX = 13, 30, 3
SENDER_ACTIONS = frozenset({"typing_on", "typing_off", "mark_seen", "react", "unreact"})
MEDIA_TYPES = frozenset({"image", "audio", "video", "file"})
QUICK_REPLY_TYPES = frozenset({"text", "user_phone_number", "user_email"})
BUTTON_TYPES = frozenset(
    {"web_url", "postback", "phone_number", "account_link", "account_unlink", "game_play"}
)
NOTIFICATION_TYPES = frozenset({None, "REGULAR", "SILENT_PUSH", "NO_PUSH"})
CONTENT_KEYS = ("text", "attachment", "attachments", "sticker_id")
# Templates whose inner rules are not kept here: (name, most elements).
LOOSE_TEMPLATES = {"product": 10, "coupon": 1, "customer_information": 1, "instant_form": 1}
QUESTION_TYPES = frozenset({"csat", "nps", "ces", "free_form"})


def template_type(call: Call) -> str | None:
    """The template type of a send, if it is one."""
    message = call.json("message")
    attachment = message.get("attachment") if isinstance(message, dict) else None
    payload = attachment.get("payload") if isinstance(attachment, dict) else None
    return payload.get("template_type") if isinstance(payload, dict) else None


def check(call: Call, text_units: str) -> None:
    """Judge sender_action or message. Raises `GraphError`."""
    message = call.json("message")
    if "sender_action" in call.params:
        if message is not None:
            raise GraphError("message_and_action")
        _need(call.params["sender_action"] in SENDER_ACTIONS, "sender_action is unknown")
        return
    _need(isinstance(message, dict), "message or sender_action is needed")
    _need(call.params.get("notification_type") in NOTIFICATION_TYPES, "notification_type is unknown")
    reply_to = call.json("reply_to")
    _need(
        reply_to is None or (isinstance(reply_to, dict) and isinstance(reply_to.get("mid"), str)),
        "reply_to.mid",
    )
    check_message(message, text_units, uploaded="filedata" in call.uploads)


def check_message(message: dict[str, Any], text_units: str, *, uploaded: bool = False) -> None:
    """Judge what is said. Raises `GraphError`."""
    _content(message, text_units, uploaded=uploaded)
    metadata = message.get("metadata")
    _need(
        metadata is None or _text(metadata, METADATA_MAX),
        f"message.metadata is text of at most {METADATA_MAX}",
    )
    _quick_replies(message.get("quick_replies"))


def _content(message: dict[str, Any], text_units: str, *, uploaded: bool) -> None:
    given = [key for key in CONTENT_KEYS if key in message]
    _need(len(given) == 1, "message must have exactly one of " + ", ".join(CONTENT_KEYS))
    value = message[given[0]]
    if given == ["text"]:
        _need(isinstance(value, str) and bool(value), "message.text must not be empty")
        _need(length(value, text_units) <= TEXT_MAX, f"Length of message.text must be at most {TEXT_MAX}")
    elif given == ["attachment"]:
        check_attachment(value, uploaded=uploaded)
    elif given == ["attachments"]:
        _need(isinstance(value, list) and 1 <= len(value) <= IMAGES_MAX, f"1 to {IMAGES_MAX} attachments")
        for item in value:
            _need(
                isinstance(item, dict) and item.get("type") == "image", "several attachments must be images"
            )
            check_attachment(item, uploaded=False)
    else:
        _need(isinstance(value, int) or str(value).isdecimal(), "message.sticker_id is a number")


def length(text: str, units: str) -> int:
    """The length Meta would count: UTF-16 units or code points."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2 if units == "utf16" else len(text)


def _quick_replies(replies: Any) -> None:
    if replies is None:
        return
    _need(
        isinstance(replies, list) and len(replies) <= QUICK_REPLIES_MAX,
        f"at most {QUICK_REPLIES_MAX} quick replies",
    )
    for item in replies:
        _need(
            isinstance(item, dict) and item.get("content_type") in QUICK_REPLY_TYPES,
            "quick reply content_type",
        )
        if item["content_type"] == "text":
            title = item.get("title")
            _need(isinstance(title, str) and bool(title), "a text quick reply needs a title")
            item["title"] = title[:TITLE_MAX]
            _need(_text(item.get("payload"), PAYLOAD_MAX), f"quick reply payload of at most {PAYLOAD_MAX}")


def check_attachment(attachment: Any, *, uploaded: bool) -> None:
    """Judge one attachment's form. Raises `GraphError`."""
    _need(
        isinstance(attachment, dict) and isinstance(attachment.get("type"), str), "attachment.type is needed"
    )
    payload = attachment.get("payload", {})
    _need(isinstance(payload, dict), "attachment.payload is an object")
    if attachment["type"] == "template":
        _template(payload)
        return
    _need(attachment["type"] in MEDIA_TYPES, "attachment.type is unknown")
    sources = ("url" in payload) + ("attachment_id" in payload) + uploaded
    _need(sources == 1, "an attachment comes from exactly one of url, attachment_id, filedata")


def _template(payload: dict[str, Any]) -> None:
    kind = payload.get("template_type")
    check_one = TEMPLATES.get(str(kind))
    if check_one is not None:
        check_one(payload)
    else:
        _need(kind in LOOSE_TEMPLATES, "template_type is unknown")
        elements = payload.get("elements", [])
        _need(isinstance(elements, list) and len(elements) <= LOOSE_TEMPLATES[str(kind)], "too many elements")


def _button_template(payload: dict[str, Any]) -> None:
    _need(_text(payload.get("text"), 640), "button template: text of 1 to 640")
    _buttons(payload.get("buttons"), least=1)


def _generic_template(payload: dict[str, Any]) -> None:
    for element in _elements(payload, 1, 10):
        _need(_text(element.get("title"), 80), "generic template: title of 1 to 80")
        _need(_optional_text(element.get("subtitle"), 80), "generic template: subtitle of at most 80")
        _need(len(element) > 1, "generic template: one property besides the title is needed")
        _buttons(element.get("buttons", []), least=0)


def _media_template(payload: dict[str, Any]) -> None:
    element = _elements(payload, 1, 1)[0]
    _need(element.get("media_type") in {"image", "video"}, "media template: media_type")
    _need(("url" in element) != ("attachment_id" in element), "media template: url or attachment_id")
    _buttons(element.get("buttons", []), least=0)


def _receipt_template(payload: dict[str, Any]) -> None:
    for name in ("recipient_name", "order_number", "currency", "payment_method"):
        _need(isinstance(payload.get(name), str), f"receipt template: {name} is needed")
    summary = payload.get("summary")
    _need(
        isinstance(summary, dict) and "total_cost" in summary,
        "receipt template: summary.total_cost is needed",
    )
    _elements({"elements": payload.get("elements", [])}, 0, 100)


def _image_grid_template(payload: dict[str, Any]) -> None:
    element = _elements(payload, 1, 1)[0]
    images = element.get("images")
    _need(isinstance(images, list) and 2 <= len(images) <= 6, "image grid: 2 to 6 images")  # noqa: PLR2004
    _need(_optional_text(element.get("title"), 45), "image grid: title of at most 45")
    _need(_optional_text(element.get("subtitle"), 80), "image grid: subtitle of at most 80")
    _buttons(element.get("buttons", []), least=0)


def _feedback_template(payload: dict[str, Any]) -> None:
    _need(_text(payload.get("title"), 65), "feedback template: title of 1 to 65")
    _need(_optional_text(payload.get("subtitle"), 80), "feedback template: subtitle of at most 80")
    _need(
        _optional_text(payload.get("button_title"), TITLE_MAX),
        "feedback template: button_title of at most 20",
    )
    _need(payload.get("expires_in_days", 1) in range(1, 8), "feedback template: expires_in_days from 1 to 7")
    privacy = payload.get("business_privacy")
    _need(
        isinstance(privacy, dict) and _text(privacy.get("url"), 2000),
        "feedback template: business_privacy.url",
    )
    screens = payload.get("feedback_screens")
    _need(isinstance(screens, list) and len(screens) == 1, "feedback template: one screen")
    questions = (
        screens[0].get("questions") if isinstance(screens, list) and isinstance(screens[0], dict) else None
    )
    _need(isinstance(questions, list) and len(questions) == 1, "feedback template: one question")
    question = questions[0] if isinstance(questions, list) else {}
    _need(
        bool(re.fullmatch(r"\w{1,80}", str(question.get("id")), re.ASCII)), "feedback template: question id"
    )
    _need(question.get("type") in QUESTION_TYPES, "feedback template: question type")
    title = question.get("title", "     ")
    _need(_text(title, 85) and len(title) >= 5, "feedback template: question title of 5 to 85")  # noqa: PLR2004


TEMPLATES = {
    "button": _button_template,
    "generic": _generic_template,
    "media": _media_template,
    "receipt": _receipt_template,
    "image_grid": _image_grid_template,
    "customer_feedback": _feedback_template,
}


def _elements(payload: dict[str, Any], least: int, most: int) -> list[dict[str, Any]]:
    elements = payload.get("elements")
    if not isinstance(elements, list) or not least <= len(elements) <= most:
        raise bad_parameter(f"{least} to {most} elements")
    _need(all(isinstance(element, dict) for element in elements), "elements are objects")
    return elements


def _buttons(buttons: Any, *, least: int) -> None:
    _need(
        isinstance(buttons, list) and least <= len(buttons) <= BUTTONS_MAX,
        f"{least} to {BUTTONS_MAX} buttons",
    )
    for button in buttons:
        _need(isinstance(button, dict) and button.get("type") in BUTTON_TYPES, "button type is unknown")
        _need(_optional_text(button.get("title"), TITLE_MAX), f"button title of at most {TITLE_MAX}")
        if button["type"] == "web_url":
            _need(
                str(button.get("url", "")).startswith(("http://", "https://")), "a web_url button needs a url"
            )
        if button["type"] in {"postback", "phone_number"}:
            _need(_text(button.get("payload"), PAYLOAD_MAX), f"button payload of 1 to {PAYLOAD_MAX}")


def _text(value: Any, most: int) -> bool:
    return isinstance(value, str) and 1 <= len(value) <= most


def _optional_text(value: Any, most: int) -> bool:
    return value is None or (isinstance(value, str) and len(value) <= most)


def _need(condition: bool, otherwise: str) -> None:  # noqa: FBT001 - the first argument of an assertion
    if not condition:
        raise bad_parameter(otherwise)
