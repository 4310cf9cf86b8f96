"""The event `counts`: how many conversations a reader's lists have, no more than once a second."""

import itertools
import time
from typing import Any

import pytest
from sqlmodel import Session

from api.events import counts
from domain.conversations.changes import Fact
from domain.conversations.lifecycle import ActorKind
from domain.events.kinds import FactKind
from store import tables
from store.conversations.counts import read_counts
from store.events.events import append_events, event_row
from support.api import NOW, Api, Seed, Thread
from support.eventually import eventually
from support.streams import Stream, listening


async def happen(api: Api, thread: Thread) -> None:
    """Something that is told of a conversation."""

    def append(session: Session) -> None:
        fact = Fact(
            FactKind.CONVERSATION_ACTIVE,
            NOW,
            ActorKind.SYSTEM,
            conversation_id=thread.conversation_id,
            data={},
        )
        append_events(session, [event_row(fact, thread.page_id, thread.customer_id, None)])

    await api.database.write(append)


async def has_told(stream: Stream, **expected: int) -> dict[str, Any]:
    """Wait until these counts have been told."""

    async def told() -> bool:
        blocks = stream.told("counts")
        return bool(blocks) and expected.items() <= blocks[-1]["data"].items()

    await eventually(told)
    last: dict[str, Any] = stream.told("counts")[-1]["data"]
    return last


async def token_of(api: Api, role: str) -> tuple[str, str]:
    agent_id, client = await api.somebody(role)
    return agent_id, client.headers["Authorization"].removeprefix("Bearer ")


async def test_they_are_told_first_and_when_they_change(api: Api, seed: Seed) -> None:
    _, token = await token_of(api, "agent")
    async with listening(api, "counts=true", token=token) as stream:
        assert await has_told(stream, open=0) == {"mine": 0, "open": 0, "waiting": 0, "closing_soon": 0}
        await happen(api, await seed.conversation())
        await has_told(stream, open=1)
        assert len(stream.told("counts")) == 2
        assert "id" not in stream.told("counts")[0]


async def test_of_many_changes_within_a_second_at_most_one_is_told(
    api: Api, seed: Seed, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[float] = []
    original = read_counts

    def counting(*given: Any) -> Any:
        reads.append(time.monotonic())
        return original(*given)

    monkeypatch.setattr(counts, "read_counts", counting)
    _, token = await token_of(api, "agent")
    page_id = await seed.page()
    async with listening(api, "counts=true", token=token) as stream:
        for _ in range(10):
            await happen(api, await seed.conversation(page_id=page_id))
        await has_told(stream, open=10)
    assert all(later - earlier >= 0.99 for earlier, later in itertools.pairwise(reads))


async def test_what_leaves_the_readers_sight_is_counted_no_more(
    api: Api, seed: Seed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counts, "AFTER_ANY_EVENT_SECONDS", 0.1)
    _, token = await token_of(api, "agent")
    thread = await seed.conversation()
    async with listening(api, "counts=true", token=token) as stream:
        await has_told(stream, open=1)

        def move(session: Session) -> None:
            session.add(tables.Queue(id="sales", name="Sales", created_at=NOW))
            session.flush()
            session.get_one(tables.Conversation, thread.conversation_id).queue_id = "sales"

        await api.database.write(move)
        await happen(api, thread)
        await has_told(stream, open=0)
        assert stream.events == []


async def test_who_does_not_ask_is_not_told(api: Api, seed: Seed) -> None:
    async with listening(api) as stream:
        await happen(api, await seed.conversation())
        await stream.has(1)
    assert stream.told("counts") == []
