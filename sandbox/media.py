"""Attachments that a Page sends: by URL, uploaded, or reused by id for 90 days.

Source: docs/reference/messenger-send-and-errors.md.
"""

import asyncio
import struct
import zlib
from typing import TYPE_CHECKING, Any

import httpx

from sandbox.graph_auth import require_page, require_permissions
from sandbox.graph_call import Call, Reply, Upload, reply
from sandbox.graph_errors import GraphError, bad_parameter
from sandbox.graph_payload import MEDIA_TYPES, check_attachment
from sandbox.model import Asset, Page
from sandbox.windows import DAY_MS

if TYPE_CHECKING:
    from sandbox.world import World

MEGABYTE = 1024 * 1024
IMAGE_URL_MAX, ANY_MAX = 8 * MEGABYTE, 25 * MEGABYTE
LIFETIME_MS = 90 * DAY_MS
FETCH_SECONDS, FETCH_VIDEO_SECONDS = 10, 75
MAX_NAME_LENGTH = 80
STICKER_URL = "https://scontent.xx.fbcdn.net/v/t39.1997-6/sticker.png"


async def upload(world: "World", call: Call) -> Reply:
    """`POST /{page}/message_attachments`: keep an attachment for reuse."""
    page = require_page(world, call)
    require_permissions(call, "pages_messaging")
    message = call.json("message")
    attachment = message.get("attachment") if isinstance(message, dict) else None
    if not isinstance(attachment, dict) or attachment.get("type") not in MEDIA_TYPES:
        raise bad_parameter("message.attachment with a media type is needed")
    check_attachment(attachment, uploaded="filedata" in call.uploads)
    await _check_one(world, call, page, attachment)
    return reply({"attachment_id": _keep(world, call, page, attachment).attachment_id})


async def check(world: "World", call: Call, page: Page) -> None:
    """Judge where the attachments of a send come from. Raises `GraphError`."""
    for attachment in _given(call):
        if attachment["type"] != "template":
            await _check_one(world, call, page, attachment)


def take(world: "World", call: Call, page: Page) -> tuple[list[dict[str, Any]], str | None]:
    """The attachments of an accepted send as thread and echo show them, and the id of a reusable one."""
    message = call.json("message")
    if "sticker_id" in message:
        number = int(message["sticker_id"])
        return [{"type": "sticker", "payload": {"url": STICKER_URL, "sticker_id": number}}], None
    shown, new_id = [], None
    for attachment in _given(call):
        payload = attachment.get("payload", {})
        if attachment["type"] == "template":
            shown.append({"type": "template", "payload": payload})
            continue
        if "attachment_id" in payload:
            asset = world.assets[str(payload["attachment_id"])]
        elif "filedata" in call.uploads or payload.get("is_reusable"):
            asset = _keep(world, call, page, attachment)
            new_id = asset.attachment_id
        else:
            shown.append({"type": attachment["type"], "payload": {"url": payload["url"]}})
            continue
        reused = {"attachment_id": int(asset.attachment_id)} if "attachment_id" in payload else {}
        shown.append({"type": attachment["type"], "payload": {"url": _url(call, asset), **reused}})
    return shown, new_id


def _given(call: Call) -> list[dict[str, Any]]:
    message = call.json("message") or {}
    single = message.get("attachment")
    return [single] if single is not None else message.get("attachments", [])


async def _check_one(world: "World", call: Call, page: Page, attachment: dict[str, Any]) -> None:
    payload, kind = attachment.get("payload", {}), attachment["type"]
    given = call.uploads.get("filedata")
    if given is not None:
        _check_bytes(kind, given, ANY_MAX)
    elif "attachment_id" in payload:
        asset = world.assets.get(str(payload["attachment_id"]))
        now = world.clock.now_ms()
        if asset is None or asset.page_id != page.page_id or now >= asset.created_ms + LIFETIME_MS:
            raise GraphError("media_unknown")
        if asset.type != kind:
            raise GraphError("media_type")
    elif not str(payload.get("url", "")).startswith(("http://", "https://")):
        raise GraphError("media_fetch")
    elif world.settings.fetch_media:
        _check_bytes(
            kind, await _fetch(world, kind, payload["url"]), IMAGE_URL_MAX if kind == "image" else ANY_MAX
        )


def _check_bytes(kind: str, given: Upload, most: int) -> None:
    if len(given.content) > most:
        raise GraphError("media_size")
    if kind != "file" and not given.content_type.startswith(kind + "/"):
        raise GraphError("media_type")


async def _fetch(world: "World", kind: str, url: str) -> Upload:
    """Fetch an attachment as Meta would, one byte more than allowed at the most."""
    content = bytearray()
    try:
        async with (
            asyncio.timeout(FETCH_VIDEO_SECONDS if kind == "video" else FETCH_SECONDS),
            world.http.stream("GET", url, follow_redirects=True) as answer,
        ):
            answer.raise_for_status()
            async for chunk in answer.aiter_bytes():
                content += chunk
                if len(content) > ANY_MAX:
                    break
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
        raise GraphError("media_fetch") from error
    return Upload(bytes(content), answer.headers.get("content-type", "application/octet-stream"))


def _keep(world: "World", call: Call, page: Page, attachment: dict[str, Any]) -> Asset:
    given = call.uploads.get("filedata")
    asset = Asset(
        attachment_id=world.ids.number(),
        page_id=page.page_id,
        type=attachment["type"],
        created_ms=world.clock.now_ms(),
        url=None if given is not None else attachment["payload"]["url"],
    )
    if given is not None:
        asset.content_type = given.content_type
        world.keep_media(asset.attachment_id, given.content)
    world.save(asset)
    return asset


def _url(call: Call, asset: Asset) -> str:
    return asset.url or f"{call.base_url}/_sandbox/media/{asset.attachment_id}"


def keep_own(world: "World", name: str, content_type: str, content: bytes) -> tuple[str, str]:
    """Keep a file that a customer sends: its name under `/_sandbox/media`, and Meta's type for it."""
    if not content or len(content) > ANY_MAX:
        raise ValueError(f"a file has 1 to {ANY_MAX} bytes, not {len(content)}")
    kind = content_type.partition("/")[0]
    meta_type = kind if kind in {"image", "video", "audio"} else "file"
    plain = "".join(each if each.isascii() and (each.isalnum() or each in "._-") else "_" for each in name)
    kept_as = f"{world.ids.number()}-{plain[-MAX_NAME_LENGTH:] or 'file'}"
    world.keep_media(kept_as, content)
    world.save(Asset(kept_as, "", meta_type, world.clock.now_ms(), None, content_type))
    return kept_as, meta_type


def sample_png(number: int, width: int = 320, height: int = 200) -> bytes:
    """A small invented picture, so that customers have something to send."""
    rows = bytearray()
    for y in range(height):
        rows.append(0)
        for x in range(width):
            wave = (x * (number + 1) // 2 + y * (3 - number % 3)) % 256
            rows += bytes((wave, (wave + 70 * number) % 256, 200 - y * 100 // height))

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(rows))) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body
