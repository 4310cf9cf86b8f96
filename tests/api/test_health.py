"""Health and readiness tell the truth."""

import pytest
from sqlalchemy.exc import OperationalError

from api import readiness
from support.api import Api


@pytest.fixture(autouse=True)
def _always_look_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "_FRESH_SECONDS", -1.0)


async def test_when_all_answers_all_is_well(api: Api) -> None:
    alive, ready = await api.client().get("/healthz"), await api.client().get("/readyz")
    assert (alive.status_code, alive.json()) == (200, {"status": "ok"})
    assert ready.status_code == 200
    assert ready.json()["status"] == "ready"
    assert set(ready.json()["checks"].values()) == {"ok"}


async def test_a_dead_engine_is_named(api: Api) -> None:
    api.engine.is_down = True
    ready = await api.client().get("/readyz")
    assert (ready.status_code, ready.json()["status"]) == (503, "not_ready")
    assert (ready.json()["checks"]["engine"], ready.json()["checks"]["store"]) == ("failed", "ok")
    assert (await api.client().get("/healthz")).status_code == 200
    api.engine.is_down = False
    assert (await api.client().get("/readyz")).status_code == 200


async def test_a_dead_store_is_named_and_a_503_elsewhere(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(*_: object) -> None:
        raise OperationalError("SELECT 1", {}, Exception("disk I/O error"))

    monkeypatch.setattr(api.database, "read", away)
    ready = await api.client().get("/readyz")
    assert (ready.status_code, ready.json()["checks"]["store"]) == (503, "failed")
    answer = await api.admin.get("/v1/me")
    assert (answer.status_code, answer.json()["code"]) == (503, "store_unavailable")
    assert answer.headers["retry-after"] == "5"
    assert "disk" not in answer.text


async def test_the_public_address_does_not_hammer_what_it_checks(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readiness, "_FRESH_SECONDS", 60.0)
    client = api.client()
    for _ in range(10):
        await client.get("/readyz")
    assert api.engine.pings == 1
