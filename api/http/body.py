"""Request bodies, capped in size and time, and never buffered beyond the cap.

Deliveries of Meta have a reader of their own, which also limits how much is in memory for all of them.
"""

import asyncio
from collections.abc import Callable
from urllib.parse import parse_qs

from starlette.requests import ClientDisconnect, Request

from api.http.problems import Problem

FORM_TIMEOUT_SECONDS = 10.0

CLOSE = {"Connection": "close"}
"""For answers that leave a part of the body unread: it must not be taken for the next request."""


class BodyTooLargeError(Exception):
    """The body is larger than it may be; the rest of it was not read."""


async def copy_body(
    request: Request, write: Callable[[bytes], object], *, max_bytes: int, timeout_seconds: float
) -> None:
    """Pass a body on in pieces. Raises BodyTooLargeError, and the problem `request_too_slow`."""
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > max_bytes:
        raise BodyTooLargeError
    size = 0
    try:
        async with asyncio.timeout(timeout_seconds):
            async for part in request.stream():
                size += len(part)
                if size > max_bytes:
                    raise BodyTooLargeError
                write(part)
    except TimeoutError as error:
        raise Problem("request_too_slow", headers=CLOSE) from error


async def read_body(request: Request, *, max_bytes: int, timeout_seconds: float) -> bytes:
    """The whole body; raises the problems `content_too_large` and `request_too_slow`."""
    parts: list[bytes] = []
    try:
        await copy_body(request, parts.append, max_bytes=max_bytes, timeout_seconds=timeout_seconds)
    except BodyTooLargeError as error:
        raise Problem("content_too_large", headers=CLOSE) from error
    return b"".join(parts)


async def read_form(request: Request, *, max_bytes: int) -> dict[str, list[str]]:
    """The fields of a urlencoded form; raises the problems `content_too_large` and `request_too_slow`."""
    try:
        body = await read_body(request, max_bytes=max_bytes, timeout_seconds=FORM_TIMEOUT_SECONDS)
    except ClientDisconnect as error:
        raise Problem("request_too_slow", headers=CLOSE) from error
    return parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True)
