"""Webhook events that went to no thread: what an administrator sees of them, and routing them again."""

import pytest
from sqlmodel import col, select

from store.inbox.unrouted import requested_replays
from store.tables import Event, UnroutedEvent
from support.api import NOW, Api, Seed

LIST = "/v1/webhook-events/unrouted"


async def _unrouted(seed: Seed, inbox_id: int, disposition: str) -> None:
    await seed.add(
        UnroutedEvent(
            inbox_id=inbox_id,
            disposition=disposition,
            reason="unknown page",
            kind="message",
            account_id="account",
            page_id="999",
            at=NOW,
        )
    )


async def _recorded(api: Api) -> list[tuple[str, str | None, dict[str, object]]]:
    wanted = select(Event).where(Event.kind == "webhook.replay_requested").order_by(col(Event.id))
    events = await api.database.read(lambda s: list(s.exec(wanted)))
    return [(event.actor_kind, event.actor_id, event.data) for event in events]


@pytest.mark.parametrize("disposition", ["kept", "quarantined"])
async def test_a_replay_is_asked_for_and_recorded_once(api: Api, seed: Seed, disposition: str) -> None:
    await _unrouted(seed, 7, disposition)
    await _unrouted(seed, 8, disposition)
    admin_id = (await api.admin.get("/v1/me")).json()["id"]

    for _ in range(2):
        answer = await api.admin.post("/v1/webhook-events/7/replay")
        assert answer.status_code == 202
        assert (answer.json()["inbox_id"], answer.json()["disposition"]) == (7, "replaying")

    assert await api.database.read(requested_replays) == [7]
    assert await _recorded(api) == [("agent", admin_id, {"inbox_id": "7"})]
    replaying = (await api.admin.get(LIST, params={"disposition": "replaying"})).json()["items"]
    assert [event["inbox_id"] for event in replaying] == [7]
    others = (await api.admin.get(LIST, params={"disposition": disposition})).json()["items"]
    assert [event["inbox_id"] for event in others] == [8]


async def test_an_event_that_is_not_unrouted_is_not_replayed(api: Api, seed: Seed) -> None:
    await _unrouted(seed, 7, "quarantined")
    answer = await api.admin.post("/v1/webhook-events/8/replay")
    assert (answer.status_code, answer.json()["code"], answer.json()["id"]) == (404, "not_found", "8")
    assert await api.database.read(requested_replays) == []
    assert await _recorded(api) == []


@pytest.mark.parametrize("inbox_id", ["-1", "x", "9223372036854775808", "1.5"])
async def test_a_number_that_no_event_can_have_is_not_found(api: Api, inbox_id: str) -> None:
    answer = await api.admin.post(f"/v1/webhook-events/{inbox_id}/replay")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
