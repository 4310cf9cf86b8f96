"""Picks and transfers that heed capacity, where the workstream says so."""

from typing import Any

import httpx
import pytest
from sqlmodel import Session, select

from domain.conversations.changes import Refusal
from domain.conversations.lifecycle import Status
from store import tables
from support.api import Api, Seed, Thread
from support.waiting_rows import connected_agent, waits


async def _heeding(api: Api, seed: Seed, **setting: bool) -> Thread:
    thread = await seed.conversation()
    workstream_id = (await api.admin.get(f"/v1/pages/{thread.page_id}")).json()["workstream_id"]
    address = f"/v1/workstreams/{workstream_id}"
    answer = await api.admin.patch(address, json={"work_distribution": setting})
    assert answer.status_code == 200, answer.text
    return thread


async def _slots(api: Api) -> list[tuple[str, str]]:
    rows = await api.database.read(lambda session: session.exec(select(tables.Slot)).all())
    return [(row.agent_id, row.state) for row in rows]


async def _pick(client: httpx.AsyncClient, thread: Thread, **headers: str) -> tuple[int, str | None]:
    answer = await client.post(f"/v1/conversations/{thread.conversation_id}/pick", headers=headers)
    return answer.status_code, answer.json().get("code")


async def test_a_pick_takes_capacity_with_it_and_the_same_key_the_same(api: Api, seed: Seed) -> None:
    agent_id, client = await connected_agent(api)
    thread = await _heeding(api, seed, picking_heeds_capacity=True)
    await waits(api, thread, listed=True)
    headers = {"Idempotency-Key": "k"}
    assert [await _pick(client, thread, **headers) for _ in range(2)] == [(200, None)] * 2
    first, again = api.engine.commands
    assert first == again
    assert await _slots(api) == [(agent_id, "claimed")]
    (slot,) = await api.database.read(lambda session: session.exec(select(tables.Slot.id)).all())
    assert first.slot_id == slot


async def test_who_has_no_room_picks_nothing(api: Api, seed: Seed) -> None:
    _, client = await connected_agent(api, limit_units=0)
    thread = await _heeding(api, seed, picking_heeds_capacity=True)
    await waits(api, thread, listed=True)
    assert await _pick(client, thread) == (409, "at_capacity")
    assert api.engine.commands == []


async def test_what_a_refused_pick_claimed_is_free_again(api: Api, seed: Seed) -> None:
    agent_id, client = await connected_agent(api)
    thread = await _heeding(api, seed, picking_heeds_capacity=True)
    await waits(api, thread, listed=True)
    api.engine.refuse(Refusal("invalid_state", "Not now.", Status.OPEN))
    assert await _pick(client, thread) == (409, "invalid_state")
    assert await _slots(api) == [(agent_id, "released")]


async def test_a_transfer_needs_room_where_the_workstream_heeds_it(api: Api, seed: Seed) -> None:
    to_id, _ = await connected_agent(api, limit_units=1)
    thread = await _heeding(api, seed, transfer_heeds_capacity=True)

    def has_it(session: Session) -> None:
        session.get_one(tables.Conversation, thread.conversation_id).status = "active"

    await api.database.write(has_it)
    address = f"/v1/conversations/{thread.conversation_id}/transfer"
    # Full, they are not to be disturbed; with another presence of their own choice they still have no room.
    answers: list[Any] = [await api.admin.post(address, json={"agent_id": to_id}) for _ in range(2)]
    assert answers[0].status_code == 200, answers[0].text
    assert (answers[1].status_code, answers[1].json()["code"]) == (409, "agent_not_available")
    (command,) = api.engine.commands
    assert command.to_agent_id == to_id
    assert await _slots(api) == [(to_id, "claimed")]


@pytest.mark.parametrize("setting", [{}, {"transfer_heeds_capacity": True}])
async def test_a_pick_that_need_not_heed_capacity_claims_nothing(
    api: Api, seed: Seed, setting: dict[str, bool]
) -> None:
    _, client = await connected_agent(api, limit_units=0)
    thread = await _heeding(api, seed, **setting)
    await waits(api, thread, listed=True)
    assert await _pick(client, thread) == (200, None)
    assert await _slots(api) == []
