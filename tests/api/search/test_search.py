"""`GET /v1/search`: what is found, by whom, and what is shown of it."""

from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlmodel import Session, col

from base.ids import new_id
from domain.access.roles import Role
from domain.conversations.lifecycle import Status
from store import tables
from store.db.sql import delete_rows
from store.search import contact_words
from store.search import texts as search_texts
from support.api import NOW, Api, Seed, Thread


async def search(client: httpx.AsyncClient, **params: Any) -> list[dict[str, Any]]:
    answer = await client.get("/v1/search", params=params)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def contact(api: Api, thread: Thread | None, at: datetime = NOW, **known: str) -> str:
    """A contact, to which the thread's customer is linked."""
    contact_id = new_id()
    fields = {name: known.pop(name) for name in list(known) if name == "Tier"}

    def write(session: Session) -> None:
        session.add(tables.Contact(id=contact_id, created_at=at, changed_at=at, **known))
        if fields and session.get(tables.ContactField, "Tier") is None:
            session.add(tables.ContactField(name="Tier", title="Tier", created_at=at))
        session.flush()
        session.add_all(
            tables.ContactValue(contact_id=contact_id, field=name, value=value)
            for name, value in fields.items()
        )
        if thread is not None:
            session.add(tables.ContactLink(customer_id=thread.customer_id, contact_id=contact_id, at=at))
        contact_words.replace(session, contact_id, [*known.values(), *fields.values()])

    await api.database.write(write)
    return contact_id


async def note(api: Api, thread: Thread, text: str, at: datetime = NOW) -> str:
    row = tables.Note(
        id=new_id(),
        page_id=thread.page_id,
        customer_id=thread.customer_id,
        conversation_id=thread.conversation_id,
        agent_id="mia",
        text=text,
        created_at=at,
    )
    note_id = row.id

    def write(session: Session) -> None:
        session.add(row)
        session.flush()
        search_texts.replace_note(session, row)

    await api.database.write(write)
    return note_id


async def test_all_kinds_are_found_newest_first_with_what_was_found_in_them(api: Api, seed: Seed) -> None:
    thread = await seed.conversation(name="Ada Blue", status=Status.CLOSED)
    brief = {"id": thread.customer_id, "psid": "7" + thread.customer_id[:8], "name": "Ada Blue"}
    message_id = await seed.message(thread, "😀 <b>the BLUE one</b>", occurred_at=NOW + timedelta(minutes=3))
    note_id = await note(api, thread, "Wants\nblue.", NOW + timedelta(minutes=2))
    contact_id = await contact(
        api, thread, NOW + timedelta(minutes=1), name="Ada B.", email="ada@blue.example", Tier="Blue"
    )
    of_customer = {
        "conversation_id": thread.conversation_id,
        "page_id": thread.page_id,
        "customer": brief,
    }
    assert await search(api.admin, q="blu") == [
        {
            "kind": "message",
            "id": message_id,
            "at": "2026-11-20T12:03:00Z",
            "snippets": [
                {"field": "text", "text": "😀 <b>the BLUE one</b>", "matches": [{"start": 10, "end": 13}]}
            ],
            "sender_kind": "customer",
            "agent_id": None,
            **of_customer,
        },
        {
            "kind": "note",
            "id": note_id,
            "at": "2026-11-20T12:02:00Z",
            "snippets": [{"field": "text", "text": "Wants blue.", "matches": [{"start": 6, "end": 9}]}],
            "agent_id": "mia",
            **of_customer,
        },
        {
            "kind": "contact",
            "id": contact_id,
            "at": "2026-11-20T12:01:00Z",
            "snippets": [
                {"field": "email", "text": "ada@blue.example", "matches": [{"start": 4, "end": 7}]},
                {"field": "fields.Tier", "text": "Blue", "matches": [{"start": 0, "end": 3}]},
            ],
            "conversation_id": thread.conversation_id,
            "name": "Ada B.",
        },
        {
            "kind": "customer",
            "id": thread.customer_id,
            "at": "2026-11-20T12:00:00Z",
            "snippets": [{"field": "name", "text": "Ada Blue", "matches": [{"start": 4, "end": 7}]}],
            **of_customer,
        },
    ]


async def test_a_search_is_narrowed_by_kind_page_and_customer(api: Api, seed: Seed) -> None:
    ada, bob = await seed.conversation(name="Ada"), await seed.conversation(name="Bob")
    for thread in (ada, bob):
        await seed.message(thread, "blue")
        await note(api, thread, "blue")
    await contact(api, None, name="Mr Blue")

    async def kinds(**narrowed: Any) -> list[str]:
        return sorted(each["kind"] for each in await search(api.admin, q="blue", **narrowed))

    assert await kinds() == ["contact", "message", "message", "note", "note"]
    assert await kinds(kind=["note", "contact"]) == ["contact", "note", "note"]
    assert await kinds(page_id=ada.page_id) == ["message", "note"]
    assert await kinds(customer_id=bob.customer_id) == ["message", "note"]
    assert await kinds(customer_id=bob.customer_id, page_id=ada.page_id) == []
    found = await search(api.admin, q="blue", kind="message", customer_id=bob.customer_id)
    assert [each["conversation_id"] for each in found] == [bob.conversation_id]


async def test_a_customer_is_found_once_with_the_latest_conversation(api: Api, seed: Seed) -> None:
    thread = await seed.conversation(name="Ada", status=Status.CLOSED)
    later: dict[str, Any] = {
        "status": "open",
        "status_reason": "customer_wrote",
        "status_changed_at": NOW,
        "version": 1,
    }
    await seed.add(
        tables.Conversation(
            id="later",
            page_id=thread.page_id,
            customer_id=thread.customer_id,
            opened_at=NOW + timedelta(hours=1),
            **later,
        )
    )
    (found,) = await search(api.admin, q="ada")
    assert (found["kind"], found["conversation_id"]) == ("customer", "later")


async def test_what_has_no_word_finds_nothing_and_a_bad_query_is_refused(api: Api, seed: Seed) -> None:
    await seed.conversation(name="Ada")
    assert await search(api.admin, q="!?") == []
    bad_ones: list[dict[str, Any]] = [
        {},
        {"q": ""},
        {"q": "x" * 101},
        {"q": "ada", "kind": "file"},
        {"q": "ada", "limit": 51},
    ]
    for bad in bad_ones:
        refused = await api.admin.get("/v1/search", params=bad)
        assert (refused.status_code, refused.json()["code"]) == (422, "invalid_request"), bad
    refused = await api.admin.get("/v1/search", params={"q": "ada", "cursor": "nonsense"})
    assert refused.json()["code"] == "invalid_cursor"


async def test_pages_go_on_where_the_one_before_ended(api: Api, seed: Seed) -> None:
    thread = await seed.conversation(name="Ada")
    said = [
        await seed.message(thread, f"blue {number}", occurred_at=NOW + timedelta(seconds=number // 2))
        for number in range(4)
    ]
    noted = [await note(api, thread, "blue", NOW + timedelta(seconds=number)) for number in range(3)]
    walked = await api.walk("/v1/search", limit=2, q="blue")
    assert len(walked) == 7
    assert set(walked) == {*said, *noted}
    assert walked[0] == noted[2]


@pytest.mark.parametrize("relation", ["member", "not_member", "own", "former", "participant"])
@pytest.mark.parametrize("role", [role.value for role in Role])
async def test_who_sees_the_conversation_finds_what_is_of_it(
    api: Api, seed: Seed, role: str, relation: str
) -> None:
    agent_id, client = await api.somebody(role)
    thread = await seed.conversation(name="Ada Blue")
    await seed.message(thread, "blue")
    await note(api, thread, "blue")
    await contact(api, thread, name="Blue")

    def relate(session: Session) -> None:
        if relation != "member":
            delete_rows(session, tables.QueueMember, col(tables.QueueMember.agent_id) == agent_id)
        if relation == "own":
            session.get_one(tables.Conversation, thread.conversation_id).agent_id = agent_id
        common: dict[str, Any] = {
            "id": new_id(),
            "conversation_id": thread.conversation_id,
            "agent_id": agent_id,
        }
        if relation == "former":
            ended: dict[str, Any] = {"started_at": NOW + timedelta(days=3650), "accepted_at": NOW}
            session.add(tables.AgentSession(**common, number=1, **ended))
        if relation == "participant":
            session.add(tables.Participant(**common, mode="consult", since=NOW, joined_at=NOW))

    await api.database.write(relate)
    sees = relation != "not_member" or role in ("admin", "machine")
    expected = ["contact", "customer", "message", "note"] if sees else []
    assert sorted(each["kind"] for each in await search(client, q="blue")) == expected


async def test_a_contact_of_nobody_is_found_by_everybody_and_leads_nowhere(api: Api) -> None:
    _, mia = await api.somebody("agent")
    contact_id = await contact(api, None, name="Blue")
    (found,) = await search(mia, q="blue")
    assert (found["id"], found["conversation_id"]) == (contact_id, None)
