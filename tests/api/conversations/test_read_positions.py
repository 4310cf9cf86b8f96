"""What an agent has read, and how many conversations their lists have."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlmodel import Session, col

from domain.conversations.lifecycle import Status
from store import tables
from store.conversations import counts
from store.conversations.details import LOOKED_AT
from store.db.sql import delete_rows
from support.api import NOW, Api, Seed, Thread

UNTIL = NOW + timedelta(days=36500)


async def say(seed: Seed, thread: Thread, seq: int, *, minute: int | None = None, **more: Any) -> str:
    """A message of the customer's, by default in the minute of its arrival."""
    at = NOW + timedelta(minutes=seq if minute is None else minute)
    return await seed.message(thread, f"No. {seq}", occurred_at=at, thread_seq=seq, mid=f"m_{seq}", **more)


async def unread(client: httpx.AsyncClient, thread: Thread) -> int:
    """As the conversation and the list tell it."""
    path = f"/v1/conversations/{thread.conversation_id}"
    by_itself = int((await client.get(path)).json()["unread"])
    (listed,) = (await client.get("/v1/conversations")).json()["items"]
    assert listed["unread"] == by_itself
    return by_itself


async def read(client: httpx.AsyncClient, thread: Thread, up_to: str | None) -> httpx.Response:
    path = f"/v1/conversations/{thread.conversation_id}/read"
    return await client.put(path, json={"up_to": up_to})


async def test_each_agent_has_a_position_of_their_own_that_goes_both_ways(api: Api, seed: Seed) -> None:
    thread = await seed.conversation()
    ids = [await say(seed, thread, seq) for seq in (1, 2, 3)]
    (_, ada), (_, eve) = await api.somebody("agent"), await api.somebody("agent")
    assert await unread(ada, thread) == 3
    assert (await read(ada, thread, ids[1])).status_code == 204
    assert (await unread(ada, thread), await unread(eve, thread)) == (1, 3)
    await say(seed, thread, 4)
    assert await unread(ada, thread) == 2
    await read(ada, thread, ids[2])
    assert await unread(ada, thread) == 1
    await read(ada, thread, None)
    assert await unread(ada, thread) == 4


async def test_what_we_write_is_not_unread_and_reading_up_to_it_counts(api: Api, seed: Seed) -> None:
    thread = await seed.conversation()
    await say(seed, thread, 1)
    ours = await seed.message(
        thread,
        "Hello!",
        direction="outbound",
        sender_kind="agent",
        status="sent",
        occurred_at=NOW + timedelta(minutes=2),
    )
    _, ada = await api.somebody("agent")
    assert await unread(ada, thread) == 1
    await read(ada, thread, ours)
    assert await unread(ada, thread) == 0


async def test_what_arrives_late_above_what_was_read_is_unread(api: Api, seed: Seed) -> None:
    thread = await seed.conversation()
    await say(seed, thread, 1, minute=1)
    last = await say(seed, thread, 3, minute=30)
    _, ada = await api.somebody("agent")
    await read(ada, thread, last)
    await say(seed, thread, 4, minute=10)
    assert await unread(ada, thread) == 1
    await read(ada, thread, last)
    assert await unread(ada, thread) == 0


async def test_what_the_customer_took_back_is_not_unread(api: Api, seed: Seed) -> None:
    thread = await seed.conversation()
    await say(seed, thread, 1, deleted_at=NOW)
    _, ada = await api.somebody("agent")
    assert await unread(ada, thread) == 0


async def test_a_long_conversation_counts_the_newest(api: Api, seed: Seed) -> None:
    thread = await seed.conversation()
    for seq in range(1, LOOKED_AT + 4):
        await say(seed, thread, seq)
    _, ada = await api.somebody("agent")
    assert await unread(ada, thread) == LOOKED_AT


async def test_a_message_of_another_thread_is_no_position(api: Api, seed: Seed) -> None:
    thread, other = await seed.conversation(), await seed.conversation()
    elsewhere = await seed.message(other, "Hi", mid="m_else", thread_seq=1)
    _, ada = await api.somebody("agent")
    for wrong in (elsewhere, "404"):
        answer = await read(ada, thread, wrong)
        assert (answer.status_code, answer.json()["code"]) == (422, "unknown_item")
    assert (await ada.put(f"/v1/conversations/{thread.conversation_id}/read", json={})).status_code == 422


async def lists(api: Api, seed: Seed, agent_id: str) -> None:
    """Conversations of each kind, of this agent, of others, and of a queue that nobody here serves."""
    page_id = await seed.page()
    for status in Status:
        for holder in (None, agent_id, "somebody-else"):
            soon = NOW + timedelta(days=36500) if status is Status.WAITING else None
            await seed.conversation(page_id=page_id, status=status, agent_id=holder, standard_until=soon)
    await seed.add(tables.Queue(id="sales", name="Sales", created_at=NOW))
    hidden = await seed.conversation(page_id=page_id)

    def hide(session: Session) -> None:
        session.get_one(tables.Conversation, hidden.conversation_id).queue_id = "sales"

    await api.database.write(hide)


@pytest.mark.parametrize("role", ["agent", "supervisor", "admin"])
async def test_each_count_is_what_its_list_shows(api: Api, seed: Seed, role: str) -> None:
    agent_id, client = await api.somebody(role)
    await lists(api, seed, agent_id)
    told = (await client.get("/v1/conversations/counts")).json()
    queries = {
        "mine": "agent_id=me&status=active&status=wrap_up",
        "open": "status=open",
        "waiting": "status=waiting",
        "closing_soon": "window=closing_soon&status=open&status=active&status=waiting&status=wrap_up",
    }
    shown = {
        name: len((await client.get(f"/v1/conversations?{query}&limit=200")).json()["items"])
        for name, query in queries.items()
    }
    assert told == shown
    assert told["mine"] == 2
    assert told["open"] == (4 if role == "admin" else 3)
    assert told["waiting"] == 3


async def test_who_serves_no_queue_counts_their_own(api: Api, seed: Seed) -> None:
    agent_id, client = await api.somebody("agent")
    await lists(api, seed, agent_id)

    def leave(session: Session) -> None:
        delete_rows(session, tables.QueueMember, col(tables.QueueMember.agent_id) == agent_id)

    await api.database.write(leave)
    told = (await client.get("/v1/conversations/counts")).json()
    assert (told["mine"], told["open"], told["waiting"]) == (2, 1, 1)


async def test_no_more_than_so_many_are_counted(
    api: Api, seed: Seed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counts, "MAX_COUNTED", 2)
    page_id = await seed.page()
    for _ in range(3):
        await seed.conversation(page_id=page_id)
    assert (await api.admin.get("/v1/conversations/counts")).json()["open"] == 2
