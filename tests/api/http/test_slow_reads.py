"""Searches keep nobody waiting: each caller has one at a time, and who leaves ends theirs."""

import asyncio
import threading
from typing import Any

import pytest
from starlette.requests import ClientDisconnect, Request

from api.http.problems import Problem
from api.http.slow_reads import MAX_WAITING, LongReads
from store.conversations import listing as conversations
from store.db.database import ReadLane
from store.db.read_limits import ReadTooSlowError
from support.api import Api, Seed


def unread(_: Any) -> Any:
    raise AssertionError


class FakeDatabase:
    """Reads end when they are told to."""

    def __init__(self) -> None:
        self.under_way: list[asyncio.Future[Any]] = []
        self.cancelled = 0

    async def read(self, _work: Any, lane: ReadLane) -> Any:
        assert lane is ReadLane.LONG
        done: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.under_way.append(done)
        try:
            return await done
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        finally:
            self.under_way.remove(done)


def request(gone: asyncio.Event) -> Request:
    async def receive() -> dict[str, Any]:
        await gone.wait()
        return {"type": "http.disconnect"}

    return Request({"type": "http", "headers": []}, receive)


async def turns() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_a_caller_has_one_at_a_time_and_others_are_not_kept_waiting() -> None:
    database, stays = FakeDatabase(), asyncio.Event()
    reads = LongReads(database)  # type: ignore[arg-type]
    mine = [asyncio.create_task(reads.read(request(stays), "me", unread)) for _ in range(3)]
    theirs = asyncio.create_task(reads.read(request(stays), "they", unread))
    await turns()
    assert len(database.under_way) == 2
    for _ in range(4):
        database.under_way[0].set_result("done")
        await turns()
    assert await asyncio.gather(*mine, theirs) == ["done"] * 4


async def test_more_than_may_wait_are_refused() -> None:
    database, stays = FakeDatabase(), asyncio.Event()
    reads = LongReads(database)  # type: ignore[arg-type]
    waiting = [asyncio.create_task(reads.read(request(stays), "me", unread)) for _ in range(MAX_WAITING + 1)]
    await turns()
    with pytest.raises(Problem) as refused:
        await reads.read(request(stays), "me", unread)
    assert (refused.value.code, refused.value.headers) == ("too_many_requests", {"Retry-After": "1"})
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)


async def test_who_leaves_ends_their_read_and_gives_the_turn_on() -> None:
    database, leaves, stays = FakeDatabase(), asyncio.Event(), asyncio.Event()
    reads = LongReads(database)  # type: ignore[arg-type]
    first = asyncio.create_task(reads.read(request(leaves), "me", unread))
    await turns()
    second = asyncio.create_task(reads.read(request(stays), "me", unread))
    await turns()
    leaves.set()
    with pytest.raises(ClientDisconnect):
        await first
    assert database.cancelled == 1
    await turns()
    database.under_way[0].set_result("done")
    assert await second == "done"


async def test_a_read_that_is_stopped_is_told() -> None:
    database, stays = FakeDatabase(), asyncio.Event()
    reading = asyncio.create_task(LongReads(database).read(request(stays), "me", unread))  # type: ignore[arg-type]
    await turns()
    database.under_way[0].set_exception(ReadTooSlowError())
    with pytest.raises(Problem) as refused:
        await reading
    assert refused.value.code == "read_too_slow"


async def test_others_are_served_while_searches_stand_still(
    api: Api, seed: Seed, monkeypatch: pytest.MonkeyPatch
) -> None:
    thread = await seed.conversation()
    released, listed = threading.Event(), conversations.listed

    def slow(session: Any, wanted: Any, *more: Any, **named: Any) -> Any:
        if wanted.text is not None:
            released.wait()
        return listed(session, wanted, *more, **named)

    monkeypatch.setattr(conversations, "listed", slow)
    _, agent = await api.somebody("agent")
    address = "/v1/conversations"
    searches = [
        asyncio.create_task(client.get(address, params={"q": "ada"}))
        for client in (agent, api.admin)
        for _ in range(3)
    ]
    try:
        assert (await api.admin.get("/readyz")).status_code in (200, 503)
        for path in (
            address,
            f"{address}/{thread.conversation_id}",
            f"{address}/{thread.conversation_id}/messages",
        ):
            assert (await api.admin.get(path)).status_code == 200
        assert not any(search.done() for search in searches)
    finally:
        released.set()
    assert [(await search).json()["items"][0]["id"] for search in searches] == [thread.conversation_id] * 6
