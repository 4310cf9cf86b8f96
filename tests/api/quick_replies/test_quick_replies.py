"""Quick replies over the API: shared and personal, for a conversation and in lists."""

from typing import Any

import httpx
import pytest

from store import tables
from support.api import Api, Seed

LIST = "/v1/quick-replies"


async def _add(client: httpx.AsyncClient, slug: str = "hours", **more: Any) -> httpx.Response:
    return await client.post(
        LIST, json={"slug": slug, "title": slug.title(), "texts": {"en": f"About {slug}."}, **more}
    )


async def _slugs(client: httpx.AsyncClient, path: str = LIST, **params: Any) -> list[str]:
    answer = await client.get(path, params=params)
    assert answer.status_code == 200, answer.text
    return [each["slug"] for each in answer.json()["items"]]


async def test_shared_ones_are_everybodys_and_leaders_change_them(api: Api) -> None:
    _, agent = await api.somebody("agent")
    _, supervisor = await api.somebody("supervisor")
    _, machine = await api.somebody("machine")
    made = (await _add(supervisor, tags=["Hours", "hours"])).json()
    assert made["tags"] == ["hours"]
    assert made["personal"] is False
    address = f"{LIST}/{made['id']}"
    for client in (agent, machine, api.admin):
        assert (await client.get(address)).json() == made
        assert await _slugs(client) == ["hours"]
    change = {"slug": "open", "title": "Open", "texts": {"en": "Always."}}
    for refused in (
        await _add(agent, "x"),
        await agent.put(address, json=change),
        await agent.delete(address),
    ):
        assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    changed = (await supervisor.put(address, json=change)).json()
    assert (changed["slug"], changed["tags"], changed["created_at"]) == ("open", [], made["created_at"])
    assert (await api.admin.delete(address)).status_code == 204
    assert await _slugs(agent) == []


async def test_personal_ones_are_their_owners_alone(api: Api) -> None:
    _, agent = await api.somebody("agent")
    _, colleague = await api.somebody("agent")
    made = (await _add(agent, personal=True)).json()
    address = f"{LIST}/{made['id']}"
    assert made["personal"] is True
    assert await _slugs(agent, owner="me") == ["hours"]
    change = {"slug": "late", "title": "Late", "texts": {"en": "Late."}}
    for client in (colleague, api.admin):
        assert await _slugs(client) == []
        for answer in (
            await client.get(address),
            await client.put(address, json=change),
            await client.delete(address),
        ):
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert (await agent.put(address, json=change)).json()["personal"] is True
    assert (await agent.delete(address)).status_code == 204


async def test_a_slug_is_there_once_for_everybody_and_once_for_each_agent(api: Api) -> None:
    _, agent = await api.somebody("agent")
    first = (await _add(api.admin)).json()
    taken = await _add(api.admin)
    assert (taken.status_code, taken.json()["code"]) == (409, "slug_taken")
    assert taken.json()["quick_reply_id"] == first["id"]
    assert (await _add(agent, personal=True)).status_code == 201
    assert (await _add(api.admin, personal=True)).status_code == 201
    assert (await _add(agent, personal=True)).json()["code"] == "slug_taken"


@pytest.mark.parametrize(
    "wrong",
    [
        {"slug": "With Space"},
        {"texts": {}},
        {"texts": {"en": "Hi {Nobody}"}},
        {"texts": {"xx-nowhere": "Hi"}},
        {"fallback_language": "de"},
        {"tags": ["two words"]},
        {"tags": ["#hash"]},
        {"tags": [str(number) for number in range(21)]},
        {"workstream_ids": ["404"]},
        {"title": " "},
    ],
)
async def test_what_makes_no_sense_is_refused(api: Api, wrong: dict[str, Any]) -> None:
    body = {"slug": "hours", "title": "Hours", "texts": {"en": "Hi"}, **wrong}
    answer = await api.admin.post(LIST, json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert await _slugs(api.admin) == []


async def test_in_a_conversation_those_of_its_workstream_are_filled_in(api: Api, seed: Seed) -> None:
    page_id = await seed.page(language="de")
    thread = await seed.conversation(page_id=page_id, name="Ada")
    address = f"/v1/conversations/{thread.conversation_id}"
    other = (await api.admin.post("/v1/workstreams", json={"name": "Other"})).json()["id"]
    await api.admin.put(f"{address}/context", json={"variables": {"Order": 1042}})
    texts = {
        "en": "Hello {CustomerName|there}, order {$Order$}.",
        "de": "Hallo {CustomerName}, {AgentName} hier!",
    }
    await _add(api.admin, "order", texts=texts, tags=["orders"])
    await _add(api.admin, "french", texts={"fr": "Bonjour", "en": "Hi"}, fallback_language="en")
    await _add(api.admin, "empty", texts={"en": "{$Nothing$}"})
    await _add(api.admin, "elsewhere", workstream_ids=[other])
    await api.admin.patch(f"/v1/workstreams/{other}", json={"name": "Others"})
    listed = (await api.admin.get(f"{address}/quick-replies")).json()["items"]
    assert {each["slug"]: (each["language"], each["text"]) for each in listed} == {
        "empty": ("en", None),
        "french": ("en", "Hi"),
        "order": ("de", "Hallo Ada, Administrator hier!"),
    }

    def speak(session: Any) -> None:
        session.get_one(tables.Customer, thread.customer_id).locale = "en_US"

    await api.database.write(speak)
    found = (await api.admin.get(f"{address}/quick-replies", params={"q": "#ord"})).json()["items"]
    assert [(each["slug"], each["text"]) for each in found] == [("order", "Hello Ada, order 1042.")]
    assert found[0]["languages"] == ["en", "de"]


async def test_a_list_is_read_page_by_page(api: Api) -> None:
    wanted = [f"r{number}" for number in range(5)]
    ids = [(await _add(api.admin, slug)).json()["id"] for slug in wanted]
    assert await api.walk(LIST, limit=2) == ids
    assert await _slugs(api.admin, q="r3") == ["r3"]


async def test_the_same_key_adds_once(api: Api) -> None:
    body = {"slug": "hours", "title": "Hours", "texts": {"en": "Hi"}}
    first, again = [
        await api.admin.post(LIST, json=body, headers={"Idempotency-Key": "one"}) for _ in range(2)
    ]
    assert first.json() == again.json()


async def test_what_is_of_a_workstream_alone_goes_with_it_and_is_of_its_copy(api: Api) -> None:
    async def made(name: str) -> str:
        return str((await api.admin.post("/v1/workstreams", json={"name": name})).json()["id"])

    one, two = await made("One"), await made("Two")
    await _add(api.admin, "alone", workstream_ids=[one])
    await _add(api.admin, "both", workstream_ids=[one, two])
    await _add(api.admin, "all")
    copy = (await api.admin.post(f"/v1/workstreams/{one}/copy")).json()["id"]
    assert await _slugs(api.admin, workstream_id=copy) == ["all", "alone", "both"]
    await api.admin.delete(f"/v1/workstreams/{copy}")
    await api.admin.delete(f"/v1/workstreams/{one}")
    assert await _slugs(api.admin) == ["all", "both"]
    assert await _slugs(api.admin, workstream_id=one) == ["all"]


async def test_who_does_not_see_a_conversation_gets_nothing_for_it(api: Api, seed: Seed) -> None:
    thread = await seed.conversation(agent_id=None)
    agent_id, agent = await api.somebody("agent")
    queue = (await api.admin.post("/v1/queues", json={"name": "Sales"})).json()["id"]

    def move(session: Any) -> None:
        session.get_one(tables.Conversation, thread.conversation_id).queue_id = queue

    await api.database.write(move)
    path = f"/v1/conversations/{thread.conversation_id}/quick-replies"
    assert (await agent.get(path)).status_code == 404
    await api.admin.put(f"/v1/queues/{queue}/members/{agent_id}")
    assert (await agent.get(path)).status_code == 200
