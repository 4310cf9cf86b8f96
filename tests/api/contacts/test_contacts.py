"""Contacts over the API: kept, found, two as one, and seen by those who may."""

from typing import Any

import httpx
import pytest
from sqlmodel import Session

from store import tables
from store.contacts import settings
from support.api import Api, Seed, Thread
from support.store import rows

LIST = "/v1/contacts"


async def add(client: httpx.AsyncClient, **content: Any) -> str:
    made = await client.post(LIST, json=content)
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


async def link(client: httpx.AsyncClient, thread: Thread, contact_id: str) -> dict[str, Any]:
    answer = await client.post(f"/v1/customers/{thread.customer_id}/link", json={"contact_id": contact_id})
    assert answer.status_code == 200, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


async def names(client: httpx.AsyncClient, **params: Any) -> list[str]:
    answer = await client.get(LIST, params=params)
    assert answer.status_code == 200, answer.text
    return [each["name"] for each in answer.json()["items"]]


async def move(api: Api, thread: Thread, queue_id: str) -> None:
    def work(session: Session) -> None:
        session.get_one(tables.Conversation, thread.conversation_id).queue_id = queue_id

    await api.database.write(work)


async def test_a_contact_is_kept_changed_and_deleted(api: Api) -> None:
    await api.admin.put("/v1/contact-fields/Tier", json={"title": "Tier"})
    _, agent = await api.somebody("agent")
    content = {"name": "Ada Byron", "email": "Ada@Example.org", "phone": "+49 170 1234567", "number": "KD-7"}
    contact_id = await add(agent, **content, fields={"Tier": "gold"})
    shown = (await agent.get(f"{LIST}/{contact_id}")).json()
    assert {name: shown[name] for name in content} == content
    assert (shown["fields"], shown["customer_ids"]) == ({"Tier": "gold"}, [])
    changed = (await agent.put(f"{LIST}/{contact_id}", json={"name": "Ada Lovelace"})).json()
    assert (changed["name"], changed["email"], changed["fields"]) == ("Ada Lovelace", None, {})
    assert (await agent.delete(f"{LIST}/{contact_id}")).status_code == 403
    _, supervisor = await api.somebody("supervisor")
    assert (await supervisor.delete(f"{LIST}/{contact_id}")).status_code == 204
    assert (await agent.get(f"{LIST}/{contact_id}")).status_code == 404
    assert [await rows(api.database, each) for each in (tables.ContactWords, tables.ContactValue)] == [[], []]


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"fields": {}},
        {"name": " "},
        {"email": "ada"},
        {"phone": "call me"},
        {"name": "x" * 201},
        {"name": "Ada", "fields": {"Unknown": "x"}},
        {"name": "a\x00"},
    ],
)
async def test_what_is_nobody_is_refused(api: Api, wrong: dict[str, Any]) -> None:
    answer = await api.admin.post(LIST, json=wrong)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert await names(api.admin) == []


async def test_contacts_are_found_by_keys_and_by_words(api: Api) -> None:
    await api.admin.put("/v1/contact-fields/City", json={"title": "City"})
    await add(api.admin, name="Ada Byron", email="Ada@Example.org", phone="0049 170 1234567")
    await add(api.admin, name="Émile Zola", number="KD-7", fields={"City": "Médan"})
    assert await names(api.admin) == ["Émile Zola", "Ada Byron"]
    assert await names(api.admin, email="ada@example.ORG") == ["Ada Byron"]
    assert await names(api.admin, phone="+49 (0)170/1234567") == ["Ada Byron"]
    assert await names(api.admin, number="kd-7") == ["Émile Zola"]
    assert await names(api.admin, number="kd-7", email="ada@example.org") == []
    assert await names(api.admin, q="emile zo") == ["Émile Zola"]
    assert await names(api.admin, q="medan") == ["Émile Zola"]
    assert await names(api.admin, q="byron zola") == []
    assert await names(api.admin, q="?!") == []
    await api.admin.delete("/v1/contact-fields/City")
    assert await names(api.admin, q="medan") == []


async def test_a_field_of_many_contacts_is_deleted_in_parts(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A transaction for all of them would keep every other writer waiting."""
    monkeypatch.setattr(settings, "CONTACTS_AT_ONCE", 2)
    await api.admin.put("/v1/contact-fields/City", json={"title": "City"})
    await api.admin.put("/v1/contact-fields/Tier", json={"title": "Tier"})
    for number in range(4):
        await add(api.admin, name=f"Ada {number}", fields={"City": "Paris", "Tier": "gold"})
    transactions, original = list[bool](), settings.delete_field

    def counting(session: Session, name: str) -> bool:
        transactions.append(original(session, name))
        return transactions[-1]

    monkeypatch.setattr(settings, "delete_field", counting)
    assert (await api.admin.delete("/v1/contact-fields/City")).status_code == 204
    assert transactions == [False, False, True]
    assert await names(api.admin, q="paris") == []
    assert len(await names(api.admin, q="gold")) == 4
    assert [each["name"] for each in (await api.admin.get("/v1/contact-fields")).json()["items"]] == ["Tier"]
    assert (await api.admin.delete("/v1/contact-fields/City")).status_code == 404


async def test_a_customer_is_linked_to_one_contact_and_a_contact_to_many_customers(
    api: Api, seed: Seed
) -> None:
    first, second = await seed.conversation(), await seed.conversation(name="Ada B.")
    agent_id, agent = await api.somebody("agent")
    ada, eve = await add(agent, name="Ada"), await add(agent, name="Eve")
    assert (await link(agent, first, eve))["contact"]["name"] == "Eve"
    shown = (await link(agent, first, ada))["contact"]
    assert (shown["id"], shown["customer_ids"]) == (ada, [first.customer_id])
    await link(agent, second, ada)
    both = (await agent.get(f"{LIST}/{ada}")).json()["customer_ids"]
    assert both == sorted([first.customer_id, second.customer_id])
    unlinked = (await agent.post(f"/v1/customers/{first.customer_id}/unlink")).json()
    assert unlinked["contact"] is None
    assert (await agent.get(f"{LIST}/{eve}")).json()["customer_ids"] == []
    events = await rows(api.database, tables.Event)
    told = [(each.kind, each.actor_id, each.data) for each in events if each.customer_id == first.customer_id]
    assert told == [
        ("customer.contact_linked", agent_id, {"contact_id": eve}),
        ("customer.contact_linked", agent_id, {"contact_id": ada}),
        ("customer.contact_unlinked", agent_id, {}),
    ]


async def test_two_contacts_become_one(api: Api, seed: Seed) -> None:
    thread = await seed.conversation()
    await api.admin.put("/v1/contact-fields/Tier", json={"title": "Tier"})
    kept = await add(api.admin, name="Ada", phone="+491701234567")
    other = await add(api.admin, name="A. Byron", email="a@example.org", fields={"Tier": "gold"})
    await link(api.admin, thread, other)
    same = await api.admin.post(f"{LIST}/{kept}/merge", json={"contact_id": kept})
    assert (same.status_code, same.json()["code"]) == (422, "invalid_request")
    merged = (await api.admin.post(f"{LIST}/{kept}/merge", json={"contact_id": other})).json()
    assert (merged["name"], merged["email"], merged["phone"]) == ("Ada", "a@example.org", "+491701234567")
    assert (merged["fields"], merged["customer_ids"]) == ({"Tier": "gold"}, [thread.customer_id])
    assert (await api.admin.get(f"{LIST}/{other}")).status_code == 404
    assert await names(api.admin, email="a@example.org") == ["Ada"]
    assert (await api.admin.post(f"{LIST}/{kept}/merge", json={"contact_id": other})).status_code == 404


async def test_an_agent_sees_contacts_of_seen_threads_and_of_nobody(api: Api, seed: Seed) -> None:
    thread = await seed.conversation()
    agent_id, agent = await api.somebody("agent")
    queue = (await api.admin.post("/v1/queues", json={"name": "Sales"})).json()["id"]
    hidden, free = await add(api.admin, name="Hidden"), await add(api.admin, name="Free")
    await link(api.admin, thread, hidden)
    assert await names(agent) == ["Free", "Hidden"]
    await move(api, thread, queue)
    assert await names(agent) == ["Free"]
    assert await names(agent, q="hidden") == []
    mine = await seed.conversation()
    refused = await agent.post(f"/v1/customers/{mine.customer_id}/link", json={"contact_id": hidden})
    for answer in (await agent.get(f"{LIST}/{hidden}"), refused):
        assert (answer.status_code, answer.json()["resource"]) == (404, "contact")
    assert (await agent.put(f"{LIST}/{free}", json={"name": "Freed"})).status_code == 200
    await link(api.admin, mine, hidden)
    assert (await agent.get(f"{LIST}/{hidden}")).json()["customer_ids"] == [mine.customer_id]
    await api.admin.put(f"/v1/queues/{queue}/members/{agent_id}")
    assert len((await agent.get(f"{LIST}/{hidden}")).json()["customer_ids"]) == 2


async def test_a_list_is_read_page_by_page(api: Api) -> None:
    ids = [await add(api.admin, name=f"C{number}") for number in range(5)]
    found = await api.walk(LIST, limit=2)
    assert sorted(found) == sorted(ids)
    assert len(found) == 5


async def test_the_summary_shows_a_customer_at_a_glance(api: Api, seed: Seed) -> None:
    thread = await seed.conversation()
    address = f"/v1/customers/{thread.customer_id}/summary"
    _, agent = await api.somebody("agent")
    await seed.add(
        tables.Survey(
            id="s1",
            page_id=thread.page_id,
            customer_id=thread.customer_id,
            conversation_id=thread.conversation_id,
            token="t",
            question="csat",
            status="answered",
            ended_at=(at := (await rows(api.database, tables.Conversation))[0].opened_at),
            due_at=at,
        ),
        tables.SurveyAnswer(
            survey_id="s1", question="csat", score=5, text="secret words", source="page", at=at
        ),
    )
    await agent.post(f"/v1/conversations/{thread.conversation_id}/notes", json={"text": "n"})
    shown = await agent.get(address)
    assert "secret words" not in shown.text
    summary = shown.json()
    assert (summary["contact"], summary["conversations"], summary["notes"]) == (None, 1, 1)
    assert [each["id"] for each in summary["latest"]] == [thread.conversation_id]
    assert (summary["last_answer"]["question"], summary["last_answer"]["score"]) == ("csat", 5)
