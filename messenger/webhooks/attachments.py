"""What a message carries besides its text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from messenger.field_reader import Fields, members, objects, text
from messenger.json_parser import identifier

_MAX_EXACT_INTEGER = 2**53 - 1


@dataclass(frozen=True, slots=True)
class Attachment:
    """One attachment, of a message or an echo.

    type: Meta's word ("image", "audio", "video", "file", "sticker", "fallback", "template", …), "" if absent.
    url: where its bytes or its page are, if that is an http(s) address; Meta's links expire.
    payload: all that Meta sent inside it, the original url included; ids too long for a double are text.
    """

    type: str
    url: str | None
    title: str | None
    sticker_id: str | None
    payload: Mapping[str, Any]


def read_attachments(message: Fields) -> tuple[Attachment, ...]:
    """The attachments of a message in their order, a sticker once."""
    return tuple(_stickers_once([_attachment(each) for each in objects(message, "attachments")]))


def _attachment(fields: Fields) -> Attachment:
    payload = members(fields, "payload")
    url = text(payload, "url") or text(fields, "url")
    sticker_id = identifier(payload.get("sticker_id"))
    type_ = text(fields, "type") or ""
    return Attachment(
        type="sticker" if type_ == "image" and sticker_id else type_,
        url=url if url and url.lower().startswith(("https://", "http://")) else None,
        title=text(payload, "title") or text(fields, "title"),
        sticker_id=sticker_id,
        payload={name: _exact(value) for name, value in payload.items()},
    )


def _exact(value: Any) -> Any:
    """The same with its 64-bit ids as text: most readers of JSON would round them."""
    if isinstance(value, dict):
        return {name: _exact(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_exact(each) for each in value]
    is_long = isinstance(value, int) and abs(value) > _MAX_EXACT_INTEGER
    return str(value) if is_long else value


def _stickers_once(attachments: Sequence[Attachment]) -> Sequence[Attachment]:
    """From June to August 2026 Meta sent a sticker twice, as `sticker` and as `image`; before, as `image`."""
    match sorted(attachments, key=lambda each: (each.type != "sticker", each.sticker_id is None)):
        case [Attachment(type="sticker") as sticker, Attachment(type="sticker" | "image") as same] if (
            same.sticker_id in {None, sticker.sticker_id}
        ):
            return [replace(sticker, url=sticker.url or same.url)]
        case _:
            return attachments
