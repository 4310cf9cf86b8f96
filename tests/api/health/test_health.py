"""Health and readiness tell the truth."""

import pytest
from sqlalchemy.exc import DBAPIError, InterfaceError, InternalError, OperationalError

from api.health import readiness
from base import clock
from store.db.database import Database
from store.tables import InboxEvent, ThreadEvent
from support.api import Api, Seed


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
    assert (ready.json()["checks"]["temporal"], ready.json()["checks"]["store"]) == ("failed", "ok")
    assert (await api.client().get("/healthz")).status_code == 200
    api.engine.is_down = False
    assert (await api.client().get("/readyz")).status_code == 200


@pytest.mark.parametrize("error", [OperationalError, InternalError, InterfaceError])
async def test_a_dead_store_is_named_and_a_503_elsewhere(
    api: Api, monkeypatch: pytest.MonkeyPatch, error: type[DBAPIError]
) -> None:
    async def away(*_: object) -> None:
        raise error("SELECT 1", {}, Exception("disk I/O error"))

    monkeypatch.setattr(api.database, "read", away)
    ready = await api.client().get("/readyz")
    assert (ready.status_code, ready.json()["checks"]["store"]) == (503, "failed")
    answer = await api.admin.get("/v1/me")
    assert (answer.status_code, answer.json()["code"]) == (503, "store_unavailable")
    assert answer.headers["retry-after"] == "5"
    assert "disk" not in answer.text


@pytest.mark.parametrize(
    ("seconds", "route", "told"), [(50, "work", "ok"), (70, "work", "failed"), (70, "join", "ok")]
)
async def test_a_message_that_waits_for_its_conversation_is_seen(
    api: Api, seed: Seed, seconds: int, route: str, told: str
) -> None:
    thread = await seed.conversation()
    await seed.add(
        ThreadEvent(customer_id=thread.customer_id, seq=9, inbox_id=1, kind="message", route=route)
    )
    received = InboxEvent(
        id=1,
        account_id="a",
        page_id=thread.page_id,
        event_key="k",
        partition=0,
        channel="messaging",
        kind="message",
        received_ms=int(clock.now().timestamp() * 1000) - seconds * 1000,
        digest=b"",
        raw=b"{}",
    )
    inbox = Database(api.settings.inbox_url)
    await inbox.write(lambda session: session.add(received))
    inbox.close()
    ready = await api.client().get("/readyz")
    assert ready.json()["checks"]["conversations"] == told


async def test_the_public_address_does_not_hammer_what_it_checks(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readiness, "_FRESH_SECONDS", 60.0)
    client = api.client()
    for _ in range(10):
        await client.get("/readyz")
    assert api.engine.pings == 1
