"""Where the secrets cannot be decrypted everything fails closed: 503, no traceback, and `/readyz` says so."""

from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr
from starlette.types import Receive, Scope, Send

from api.app import create_app
from api.health import readiness
from api.http.middleware import Edge
from api.http.untrusted_proxies import ProxyWatch
from base import metrics
from base.settings import Settings
from store.db.database import Database
from support.api import ADMIN_TOKEN, FakeEngine
from support.store import ACCOUNT, make_settings, seed

OTHER_KEY = SecretStr("b29vb29vb29vb29vb29vb29vb29vb29vb29vb29vb28=")
PATH = f"/webhooks/messenger/{ACCOUNT}"
HANDSHAKE = {"hub.mode": "subscribe", "hub.verify_token": "verify-me", "hub.challenge": "1"}


@pytest.fixture
def wrong(tmp_path: Path) -> Settings:
    """Settings with another master key than the one with which the store's secrets are encrypted."""
    settings = make_settings(tmp_path)
    store = Database(settings.store_url)
    store.write_now(lambda session: seed(session, settings))
    store.close()
    return Settings(data_dir=tmp_path, master_key=OTHER_KEY, admin_token=SecretStr(ADMIN_TOKEN))


async def test_webhooks_and_readiness_tell_it_and_healthz_goes_on(
    wrong: Settings, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(readiness, "_FRESH_SECONDS", -1.0)
    app = create_app(wrong, workflow_client=FakeEngine())
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://api.test") as client,
    ):
        delivery = await client.post(
            PATH, content=b"{}", headers={"X-Hub-Signature-256": "sha256=" + "0" * 64}
        )
        handshake = await client.get(PATH, params=HANDSHAKE)
        accounts = await client.get("/v1/accounts", headers={"Authorization": f"Bearer {ADMIN_TOKEN}"})
        ready, alive = await client.get("/readyz"), await client.get("/healthz")
    for answer in (delivery, handshake):
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert (accounts.status_code, accounts.json()["code"]) == (503, "secrets_unreadable")
    assert (ready.status_code, ready.json()["checks"]["master_key"]) == (503, "failed")
    assert alive.status_code == 200
    assert "Traceback" not in "".join(capfd.readouterr())


async def test_the_last_resort_of_webhooks_is_a_503_without_anybodys_words(
    capfd: pytest.CaptureFixture[str],
) -> None:
    async def breaks(_scope: Scope, _receive: Receive, _send: Send) -> None:
        raise RuntimeError("a customer's words")

    edge = Edge(breaks, https=True, webhooks=breaks, proxies=ProxyWatch())
    refused = metrics.WEBHOOKS_REFUSED.labels("internal_error")
    before = refused._value.get()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(edge), base_url="http://api.test") as client:
        answer = await client.post(PATH, content=b"{}")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert answer.headers["strict-transport-security"] == "max-age=31536000"
    assert refused._value.get() == before + 1
    told = "".join(capfd.readouterr())
    assert "Traceback" not in told
    assert "customer's" not in told + answer.text
