"""Servers of this machine alone: programs are served, pages of other origins are not."""

import httpx
import pytest
from starlette.responses import PlainTextResponse

from base.http.local_only import LocalOnly

OK, REFUSED = 200, 403


async def _answer(method: str, headers: dict[str, str]) -> int:
    app = LocalOnly(PlainTextResponse("served"), ["sandbox"])
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://127.0.0.1:9600"
    ) as client:
        return (await client.request(method, "/_sandbox/reset", headers=headers)).status_code


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, OK),
        ({"Host": "localhost:9600"}, OK),
        ({"Host": "[::1]:9600"}, OK),
        ({"Host": "192.0.2.7"}, OK),
        ({"Host": "sandbox:9600"}, OK),
        ({"Host": "rebound.example:9600"}, REFUSED),
        ({"Host": "127.0.0.1.rebound.example"}, REFUSED),
        ({"Host": "localhost.rebound.example:9600"}, REFUSED),
        ({"Host": "[::1"}, REFUSED),
        ({"Host": ""}, REFUSED),
        ({"Origin": "http://127.0.0.1:9600"}, OK),
        ({"Origin": "http://127.0.0.1:8000"}, REFUSED),
        ({"Origin": "http://localhost:9600"}, REFUSED),
        ({"Origin": "https://evil.example"}, REFUSED),
        ({"Origin": "null"}, REFUSED),
        ({"Sec-Fetch-Site": "same-origin"}, OK),
        ({"Sec-Fetch-Site": "none"}, OK),
        ({"Sec-Fetch-Site": "cross-site"}, REFUSED),
        ({"Sec-Fetch-Site": "same-site"}, REFUSED),
    ],
)
async def test_who_may_post(headers: dict[str, str], status: int) -> None:
    assert await _answer("POST", headers) == status


async def test_a_link_from_elsewhere_may_be_followed() -> None:
    assert await _answer("GET", {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}) == OK
