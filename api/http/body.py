"""Forms that a browser or Meta posts: small, read within a time, and never more of them than is allowed."""

import asyncio
from urllib.parse import parse_qs

from starlette.requests import ClientDisconnect, Request

from api.http.problems import Problem

_SECONDS = 10.0


async def read_form(request: Request, most_bytes: int) -> dict[str, list[str]]:
    """The fields of a urlencoded form; raises the problems `body_too_large` and `request_too_slow`."""
    body = b""
    try:
        async with asyncio.timeout(_SECONDS):
            async for part in request.stream():
                body += part
                if len(body) > most_bytes:
                    raise Problem("body_too_large")
    except (TimeoutError, ClientDisconnect) as error:
        raise Problem("request_too_slow") from error
    return parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True)
