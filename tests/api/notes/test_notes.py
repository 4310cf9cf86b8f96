"""Notes over the API: written, changed by their author, told without words."""

import asyncio
from typing import Any

import pytest

from domain.conversations.lifecycle import Status
from domain.notes.notes import MAX_NOTES
from store import tables
from store.search import texts as search_texts
from support.api import NOW, Api, Seed
from support.store import rows


async def test_a_note_is_changed_by_its_author_and_deleted_by_leaders_too(api: Api, seed: Seed) -> None:
    thread = await seed.conversation(status=Status.CLOSED)
    address = f"/v1/conversations/{thread.conversation_id}"
    mia_id, mia = await api.somebody("agent")
    _, tom = await api.somebody("agent")
    _, supervisor = await api.somebody("supervisor")
    written = await mia.post(f"{address}/notes", json={"text": "Wants the <b>blue</b> one.\n"})
    assert written.status_code == 201
    note = written.json()
    assert (note["agent_id"], note["text"], note["edited_at"]) == (
        mia_id,
        "Wants the <b>blue</b> one.\n",
        None,
    )
    path = f"/v1/notes/{note['id']}"
    for other in (tom, supervisor, api.admin):
        assert (await other.get(path)).json() == note
        refused = await other.put(path, json={"text": "Hers"})
        assert (refused.status_code, refused.json()["code"]) == (409, "not_your_note")
        assert refused.json()["agent_id"] == mia_id
    assert (await tom.delete(path)).json()["code"] == "not_your_note"
    changed = (await mia.put(path, json={"text": "Wants the red one."})).json()
    assert (changed["text"], changed["created_at"]) == ("Wants the red one.", note["created_at"])
    assert changed["edited_at"] is not None
    assert (await supervisor.delete(path)).status_code == 204
    assert (await mia.get(path)).status_code == 404
    events = (await mia.get(f"{address}/timeline")).json()["items"]
    assert [(event["kind"], event["data"]) for event in events] == [
        (kind, {"note_id": note["id"]}) for kind in ("note.created", "note.changed", "note.deleted")
    ]


async def test_notes_are_listed_of_a_conversation_and_of_all_of_a_customer(api: Api, seed: Seed) -> None:
    thread = await seed.conversation(status=Status.CLOSED)
    await seed.add(
        tables.Conversation(
            id="later",
            page_id=thread.page_id,
            customer_id=thread.customer_id,
            status="open",
            status_reason="customer_wrote",
            status_changed_at=NOW,
            opened_at=NOW,
            version=1,
        )
    )
    ids = {}
    for conversation_id, text in ((thread.conversation_id, "first"), ("later", "second"), ("later", "third")):
        made = await api.admin.post(f"/v1/conversations/{conversation_id}/notes", json={"text": text})
        ids[text] = made.json()["id"]
    assert await api.walk("/v1/conversations/later/notes", limit=1) == [ids["second"], ids["third"]]
    of_customer = f"/v1/customers/{thread.customer_id}/notes"
    assert await api.walk(of_customer, limit=2) == [ids["first"], ids["second"], ids["third"]]
    newest = (await api.admin.get(of_customer, params={"order": "newest", "limit": 1})).json()["items"]
    assert [each["text"] for each in newest] == ["third"]
    around = (await api.admin.get("/v1/conversations/later/notes", params={"around": ids["first"]})).json()
    assert around["code"] == "unknown_item"


@pytest.mark.parametrize("text", ["", " \n", "x" * 5001, "a\x00b", "😀" * 2501])
async def test_a_note_says_something_and_not_too_much(api: Api, seed: Seed, text: str) -> None:
    thread = await seed.conversation()
    address = f"/v1/conversations/{thread.conversation_id}/notes"
    refused = await api.admin.post(address, json={"text": text})
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid_request")


async def test_a_conversation_has_no_more_notes_than_it_may(api: Api, seed: Seed) -> None:
    thread = await seed.conversation()
    kept: dict[str, Any] = {
        "page_id": thread.page_id,
        "customer_id": thread.customer_id,
        "agent_id": "mia",
        "created_at": NOW,
    }
    await seed.add(
        *(
            tables.Note(id=str(number), conversation_id=thread.conversation_id, text="n", **kept)
            for number in range(MAX_NOTES - 1)
        )
    )
    address = f"/v1/conversations/{thread.conversation_id}/notes"
    answers = await asyncio.gather(*(api.admin.post(address, json={"text": "last"}) for _ in range(3)))
    assert sorted(each.status_code for each in answers) == [201, 409, 409]
    assert {each.json().get("limit") for each in answers} == {None, MAX_NOTES}


async def test_the_same_key_writes_once(api: Api, seed: Seed) -> None:
    thread = await seed.conversation()
    address, key = f"/v1/conversations/{thread.conversation_id}/notes", {"Idempotency-Key": "one"}
    first, again = [await api.admin.post(address, json={"text": "Hi"}, headers=key) for _ in range(2)]
    assert first.json() == again.json()
    other = await api.admin.post(address, json={"text": "Ho"}, headers=key)
    assert other.json()["code"] == "idempotency_key_reused"


async def test_words_of_notes_are_in_the_index_for_as_long_as_the_note_says_them(
    api: Api, seed: Seed
) -> None:
    thread = await seed.conversation()

    async def found(words: str) -> list[str]:
        statement = search_texts.found
        return await api.database.read(
            lambda s: list(s.scalars(statement(s, search_texts.Kind.NOTE, words)))  # type: ignore[arg-type]
        )

    made = await api.admin.post(
        f"/v1/conversations/{thread.conversation_id}/notes", json={"text": "Émile blue"}
    )
    note_id = made.json()["id"]
    assert await found("emile BL") == [note_id]
    await api.admin.put(f"/v1/notes/{note_id}", json={"text": "red"})
    assert (await found("blue"), await found("red")) == ([], [note_id])
    await api.admin.delete(f"/v1/notes/{note_id}")
    assert await found("red") == []
    assert await rows(api.database, tables.SearchText) != []  # the customer's name
