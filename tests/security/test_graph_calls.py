"""Every Graph call proves itself, and no token is in any URL."""

import hashlib
import hmac
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import httpx
import pytest
from temporalio.client import Client

from support.store import APP_ID, APP_SECRET, PAGE_A, PAGE_B, TOKEN
from support.whole import Whole, whole_product

pytestmark = pytest.mark.dev_server

META = "meta.test"
TOKENS = {f"{TOKEN}-{PAGE_A}", f"{TOKEN}-{PAGE_B}", f"{APP_ID}|{APP_SECRET}"}
USED = {
    ("POST", "/v26.0/"),
    ("GET", "/v26.0/me"),
    ("GET", f"/v26.0/{APP_ID}/subscriptions"),
    ("POST", f"/v26.0/{APP_ID}/subscriptions"),
    ("GET", f"/v26.0/{PAGE_A}/subscribed_apps"),
    ("POST", f"/v26.0/{PAGE_A}/subscribed_apps"),
    ("POST", f"/v26.0/{PAGE_A}/messages"),
}
"""What provisioning a page and answering a customer need. The first is the batch that holds debug_token."""


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[httpx.Request]:
    """Every request to Meta's host, as it leaves."""
    seen: list[httpx.Request] = []
    send = httpx.ASGITransport.handle_async_request

    async def record(self: httpx.ASGITransport, request: httpx.Request) -> httpx.Response:
        if request.url.host == META and not request.url.path.startswith("/_sandbox"):
            seen.append(request)
        return await send(self, request)

    monkeypatch.setattr(httpx.ASGITransport, "handle_async_request", record)
    return seen


@pytest.fixture
async def whole(tmp_path: Path, dev_server: str, calls: list[httpx.Request]) -> AsyncIterator[Whole]:
    """The whole product after a page was provisioned and a customer was greeted and answered."""
    async with whole_product(tmp_path, await Client.connect(dev_server)) as running:
        psid = await running.customer()
        await running.says(psid)
        conversation_id = (await running.conversation_of(psid))["id"]
        await running.message_with(conversation_id, sender_kind="automatic", status="delivered")
        await running.act(conversation_id, "pick")
        await running.answer(conversation_id, "an answer", "key")
        await running.message_with(conversation_id, text="an answer", status="delivered")
        assert {(request.method, request.url.path) for request in calls} >= USED
        yield running


def _proof(token: str) -> str:
    return hmac.new(APP_SECRET.encode(), token.encode(), hashlib.sha256).hexdigest()


async def test_every_call_has_the_authorization_header_and_the_proof_of_its_token(
    whole: Whole, calls: list[httpx.Request]
) -> None:
    for request in calls:
        kind, _, token = request.headers["authorization"].partition(" ")
        assert (kind, token in TOKENS) == ("Bearer", True), request.url
        assert request.url.params["appsecret_proof"] == _proof(token), request.url
    assert whole.account_id


async def test_no_token_and_no_secret_is_in_a_url(whole: Whole, calls: list[httpx.Request]) -> None:
    secrets = {*TOKENS, APP_SECRET, (await whole.api.get("/v1/accounts")).json()["items"][0]["verify_token"]}
    urls = [unquote(str(request.url)) for request in calls]
    assert [url for url in urls if any(secret in url for secret in secrets)] == []
    bodies = [unquote(request.content.decode()) for request in calls]
    assert any(f"input_token={TOKEN}-{PAGE_A}" in body for body in bodies), "The token must be somewhere."


async def test_meta_saw_every_token_in_the_header_and_every_proof_right(whole: Whole) -> None:
    ledger = (await whole.meta.get("/_sandbox/ledger", params={"name": "graph"})).json()
    asked: list[dict[str, Any]] = [line for line in ledger["lines"] if line["line"] == "request"]
    assert {line["auth"] for line in asked} == {"header", "batch"}
    assert {line["proof"] for line in asked} == {"ok"}
    inside = [line["path"] for line in asked if line["auth"] == "batch"]
    assert set(inside) == {"/debug_token"}
