"""Events that come with the rows that they name, each as its reader sees it."""

from typing import Any

import httpx
import pytest
from sqlmodel import Session

from domain.conversations.changes import Fact
from domain.conversations.lifecycle import ActorKind, Status
from domain.events.kinds import FactKind
from store import tables
from store.events.events import append_events, event_row
from support.api import NOW, Api, Seed, Thread
from support.streams import listening

CONVERSATIONS = "/v1/conversations"


def _token_of(client: httpx.AsyncClient) -> str:
    return client.headers["Authorization"].removeprefix("Bearer ")


async def _received(api: Api, thread: Thread, message_id: str | None, **data: Any) -> None:
    kind = FactKind.OFFER_WITHDRAWN if data else FactKind.MESSAGE_RECEIVED
    fact = Fact(kind, NOW, ActorKind.CUSTOMER, None, thread.conversation_id, message_id, data or None)
    row = event_row(fact, thread.page_id, thread.customer_id, None)
    await api.database.write(lambda session: append_events(session, [row]))


async def test_an_event_comes_with_its_rows_as_each_reader_sees_them(api: Api, seed: Seed) -> None:
    mia, of_mia = await api.somebody("agent", "Mia")
    _, of_tom = await api.somebody("agent", "Tom")
    thread = await seed.conversation(status=Status.ACTIVE, agent_id=mia)
    first = await seed.message(thread, "Hi", thread_seq=1)
    second = await seed.message(thread, "Hello?", thread_seq=2)
    address = f"{CONVERSATIONS}/{thread.conversation_id}"
    await of_mia.put(f"{address}/read", json={"up_to": first})
    async with (
        listening(api, "rows=1", token=_token_of(of_mia)) as hers,
        listening(api, "rows=1", token=_token_of(of_tom)) as his,
        listening(api, token=_token_of(of_mia)) as bare,
    ):
        await _received(api, thread, second)
        (of_hers,), (of_his,), (of_bare,) = await hers.has(1), await his.has(1), await bare.has(1)
    for client, event, unread in ((of_mia, of_hers, 1), (of_tom, of_his, 2)):
        shown = (await client.get(address)).json()
        told = event["data"]["conversation"]
        assert told["unread"] == shown["unread"] == unread
        moving = {"changed_at": None, "window": None, "reply": None}
        assert {**told, **moving} == {**shown, **moving}
        assert event["data"]["message"] == (await client.get(f"/v1/messages/{second}")).json()
    assert "conversation" not in of_bare["data"]
    without = {
        name: each for name, each in of_hers["data"].items() if name not in ("conversation", "message")
    }
    assert without == of_bare["data"]


async def test_a_reader_who_was_cut_off_gets_the_rows_as_they_are_by_then(api: Api, seed: Seed) -> None:
    thread = await seed.conversation()
    message = await seed.message(thread, "Hi")
    async with listening(api) as stream:
        await _received(api, thread, message)
        await stream.has(1)
        await api.database.write(lambda s: _say(s, message, "Hi there"))
        async with listening(api, "rows=1&after=0&kind=message.received") as late:
            (event,) = await late.has(1)
    assert event["data"]["message"]["text"] == "Hi there"
    assert event["data"]["conversation"]["id"] == thread.conversation_id


def _say(session: Session, message_id: str, text: str) -> None:
    session.get_one(tables.Message, message_id).text = text


async def test_who_hears_of_an_offer_that_is_over_is_not_shown_the_conversation(api: Api, seed: Seed) -> None:
    mia, of_mia = await api.somebody("agent", "Mia")
    thread = await seed.conversation()

    def move(session: Session) -> None:
        session.merge(tables.Queue(id="other", name="other", created_at=NOW))
        session.flush()
        session.get_one(tables.Conversation, thread.conversation_id).queue_id = "other"

    await api.database.write(move)
    async with listening(api, "rows=1", token=_token_of(of_mia)) as hers, listening(api, "rows=1") as admins:
        await _received(api, thread, None, agent_id=mia)
        (of_hers,), (of_admins,) = await hers.has(1), await admins.has(1)
    assert (of_hers["data"]["conversation"], of_hers["data"]["message"]) == (None, None)
    assert of_admins["data"]["conversation"]["id"] == thread.conversation_id


async def test_rows_cost_as_many_statements_for_many_readers_and_events(api: Api, seed: Seed) -> None:
    page_id = await seed.page()
    threads = [await seed.conversation(page_id=page_id) for _ in range(5)]
    messages = [await seed.message(thread, "Hi", thread_seq=1) for thread in threads]
    clients = [(await api.somebody("agent", f"Agent {number}"))[1] for number in range(3)]
    rows = [
        event_row(
            Fact(FactKind.MESSAGE_RECEIVED, NOW, ActorKind.CUSTOMER, None, thread.conversation_id, message),
            thread.page_id,
            thread.customer_id,
            None,
        )
        for thread, message in zip(threads, messages, strict=True)
    ]
    async with (
        listening(api, "rows=1", token=_token_of(clients[0])) as one,
        listening(api, "rows=1", token=_token_of(clients[1])) as two,
        listening(api, "rows=1", token=_token_of(clients[2])) as three,
    ):
        with api.counted_statements() as statements:
            await api.database.write(lambda session: append_events(session, rows))
            for stream in (one, two, three):
                await stream.has(5)
    of_messages = [each for each in statements if "FROM message" in each and "UPDATE" not in each]
    assert 0 < len(of_messages) <= 4, of_messages


@pytest.mark.parametrize("kind", ["conversations", "messages"])
async def test_ids_name_what_is_read_again_in_one_go(api: Api, seed: Seed, kind: str) -> None:
    _, agent = await api.somebody("agent")
    page_id = await seed.page()
    threads = [await seed.conversation(page_id=page_id) for _ in range(3)]
    messages = [await seed.message(thread, "Hi") for thread in threads]
    ids = messages if kind == "messages" else [each.conversation_id for each in threads]
    wanted = [ids[2], "unknown", ids[0]]
    with api.counted_statements() as statements:
        answer = (await agent.get(f"/v1/{kind}", params={"ids": wanted})).json()
    assert [each["id"] for each in answer["items"]] == [ids[2], ids[0]]
    assert answer["next_cursor"] is None
    assert len(statements) <= 6, statements

    def move(session: Session) -> None:
        session.merge(tables.Queue(id="other", name="other", created_at=NOW))
        session.flush()
        session.get_one(tables.Conversation, threads[2].conversation_id).queue_id = "other"

    await api.database.write(move)
    answer = (await agent.get(f"/v1/{kind}", params={"ids": wanted})).json()
    assert [each["id"] for each in answer["items"]] == [ids[0]]
    wrong: list[dict[str, Any]] = [{"ids": ids[0], "limit": 1}, {"ids": [ids[0]] * 2}, {"ids": [""]}]
    for params in wrong:
        refused = await agent.get(f"/v1/{kind}", params=params)
        assert (refused.status_code, refused.json()["code"]) == (422, "invalid_request")


async def test_one_message_is_read_by_its_id_where_it_is_seen(api: Api, seed: Seed) -> None:
    thread = await seed.conversation()
    message = await seed.message(thread, "Hi")
    assert (await api.admin.get(f"/v1/messages/{message}")).json()["text"] == "Hi"
    assert (await api.admin.get("/v1/messages/unknown")).status_code == 404
