"""Context variables of a conversation."""

import asyncio
from typing import Any

import httpx
import pytest

from domain.conversations.lifecycle import Status
from support.api import Api, Seed, Thread


async def _address(seed: Seed) -> str:
    thread = await seed.conversation()
    return f"/v1/conversations/{thread.conversation_id}/context"


async def _variables(api: Api, address: str) -> dict[str, Any]:
    found: dict[str, Any] = (await api.admin.get(address)).json()["variables"]
    return found


async def test_texts_and_numbers_are_kept_as_they_are(api: Api, seed: Seed) -> None:
    address = await _address(seed)
    assert await _variables(api, address) == {}
    given = {"Order": "A-17", "order": "", "Total_2": 12.5, "count": 3, "Long": "x" * 4000, "n" * 100: -1}
    answer = await api.admin.put(address, json={"variables": given})
    assert answer.status_code == 200, answer.text
    found = await _variables(api, address)
    assert found == answer.json()["variables"] == given
    assert isinstance(found["count"], int)


async def test_put_replaces_and_patch_merges(api: Api, seed: Seed) -> None:
    address = await _address(seed)
    await api.admin.put(address, json={"variables": {"A": 1, "B": 2}})
    merged = await api.admin.patch(address, json={"variables": {"B": "two", "C": 3, "A": None, "Z": None}})
    assert merged.json()["variables"] == {"B": "two", "C": 3}
    await api.admin.put(address, json={"variables": {"D": 4}})
    assert await _variables(api, address) == {"D": 4}
    await api.admin.put(address, json={"variables": {}})
    assert await _variables(api, address) == {}


@pytest.mark.parametrize(
    "variables",
    [
        {"with space": 1},
        {"": 1},
        {"n" * 101: 1},
        {"naïve": 1},
        {"A\n": 1},
        {"A": True},
        {"A": []},
        {"A": {"B": 1}},
        {"A": "x" * 4001},
        {"A": "a\x00b"},
        {"A": 2**63},
        [],
    ],
)
async def test_variables_that_make_no_sense_are_refused(api: Api, seed: Seed, variables: Any) -> None:
    address = await _address(seed)
    for answer in (
        await api.admin.put(address, json={"variables": variables}),
        await api.admin.patch(address, json={"variables": variables}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert await _variables(api, address) == {}


async def test_only_a_patch_may_forget_by_null(api: Api, seed: Seed) -> None:
    answer = await api.admin.put(await _address(seed), json={"variables": {"A": None}})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


async def test_a_conversation_has_at_most_a_hundred(api: Api, seed: Seed) -> None:
    address = await _address(seed)
    hundred = {f"V{number}": number for number in range(100)}
    too_many = await api.admin.put(address, json={"variables": {**hundred, "more": 1}})
    assert too_many.status_code == 422
    assert (await api.admin.put(address, json={"variables": hundred})).status_code == 200
    refused = await api.admin.patch(address, json={"variables": {"more": 1}})
    assert (refused.status_code, refused.json()["code"], refused.json()["limit"]) == (
        409,
        "limit_reached",
        100,
    )
    swapped = await api.admin.patch(address, json={"variables": {"more": 1, "V0": None}})
    assert len(swapped.json()["variables"]) == 100


async def test_changes_at_the_same_time_are_all_kept(api: Api, seed: Seed) -> None:
    address = await _address(seed)
    await asyncio.gather(*(api.admin.patch(address, json={"variables": {f"V{n}": n}}) for n in range(20)))
    assert await _variables(api, address) == {f"V{n}": n for n in range(20)}


async def test_integrations_may_set_them_and_the_timeline_tells_without_words(api: Api, seed: Seed) -> None:
    thread = await seed.conversation()
    machine_id, machine = await api.somebody("machine")
    address = f"/v1/conversations/{thread.conversation_id}"
    assert (await machine.patch(f"{address}/context", json={"variables": {"Secret": "x"}})).is_success
    (event,) = (await machine.get(f"{address}/timeline")).json()["items"]
    assert (event["kind"], event["actor_id"]) == ("conversation.context_changed", machine_id)
    assert event["data"] == {"variables": 1}


async def test_without_a_conversation_there_is_no_context(api: Api) -> None:
    address = "/v1/conversations/404/context"
    for answer in (
        await api.admin.get(address),
        await api.admin.put(address, json={"variables": {}}),
        await api.admin.patch(address, json={"variables": {"A": 1}}),
    ):
        assert answer.status_code == 404


async def test_an_agent_sets_those_of_no_colleague(api: Api, seed: Seed) -> None:
    agent_id, agent = await api.somebody("agent")
    _, colleague = await api.somebody("agent")
    _, supervisor = await api.somebody("supervisor")
    _, machine = await api.somebody("machine")
    mine = await seed.conversation(status=Status.ACTIVE, agent_id=agent_id)
    nobodys = await seed.conversation(page_id=mine.page_id)

    async def statuses(client: httpx.AsyncClient, thread: Thread) -> list[int]:
        address, body = f"/v1/conversations/{thread.conversation_id}/context", {"variables": {"A": 1}}
        return [(await client.request(method, address, json=body)).status_code for method in ("PUT", "PATCH")]

    for client in (agent, supervisor, machine, api.admin):
        assert await statuses(client, mine) == [200, 200]
        assert await statuses(client, nobodys) == [200, 200]
    assert await statuses(colleague, mine) == [409, 409]
    assert await statuses(colleague, nobodys) == [200, 200]
