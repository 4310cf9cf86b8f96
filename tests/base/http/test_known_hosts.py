"""A server on the loopback answers to its own names alone."""

import httpx
import pytest
from starlette.responses import PlainTextResponse

from base.http.known_hosts import KnownHosts, is_loopback

APP = KnownHosts(PlainTextResponse("served"), ["desk.example.com"], open_to_all="/webhooks/")


@pytest.mark.parametrize(
    ("host", "path", "status"),
    [
        ("127.0.0.1:8000", "/docs", 200),
        ("localhost", "/docs", 200),
        ("[::1]:8000", "/docs", 200),
        ("LOCALHOST:8000", "/docs", 200),
        ("desk.example.com", "/docs", 200),
        ("desk.example.com:443", "/docs", 200),
        ("evil.example", "/docs", 421),
        ("evil.example:8000", "/docs", 421),
        ("desk.example.com.evil.example", "/docs", 421),
        ("127.0.0.1.evil.example", "/docs", 421),
        ("", "/docs", 421),
        ("evil.example", "/webhooks/messenger/a", 200),
    ],
)
async def test_other_names_are_refused_but_for_signed_deliveries(host: str, path: str, status: int) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(APP), base_url="http://127.0.0.1") as client:
        answer = await client.get(path, headers={"Host": host})
    assert answer.status_code == status
    assert (answer.text == "served") is (status == 200)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("::1", True),
        ("localhost", True),
        ("127.0.0.2", True),
        ("0.0.0.0", False),
        ("::", False),
    ],
)
def test_what_only_this_machine_reaches(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected
