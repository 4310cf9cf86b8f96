"""A page's events wake its workflow, but not as often as they come: each check costs calls to Meta."""

import asyncio
from typing import Any, cast

from temporalio.client import Client

from ingest.page_wake import LEAST_INTERVAL, PageWaker
from store.database import Database


class Engine:
    """Counts what is started; never answers late."""

    def __init__(self) -> None:
        self.woken: list[str] = []

    async def start_workflow(self, _: str, start: Any, **__: Any) -> None:
        self.woken.append(start.page_id)


class Rest:
    """Pauses that end when a test says so."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self._over = asyncio.Event()

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)
        await self._over.wait()

    async def end(self) -> None:
        over, self._over = self._over, asyncio.Event()
        over.set()
        await settle()


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


def waker(engine: Engine, rest: Rest) -> PageWaker:
    return PageWaker(cast("Client", engine), cast("Database", None), pause=rest)


async def test_a_hundred_events_of_a_page_wake_it_at_once_and_once_more() -> None:
    engine, rest = Engine(), Rest()
    woken = waker(engine, rest)
    for _ in range(100):
        await woken.wake("a")
        await settle()
    assert engine.woken == ["a"]
    assert rest.seconds == [LEAST_INTERVAL.total_seconds()] == [30.0]
    await rest.end()
    assert engine.woken == ["a", "a"], "what came meanwhile is not forgotten"
    await rest.end()
    assert engine.woken == ["a", "a"]


async def test_pages_do_not_wait_for_each_other() -> None:
    engine, rest = Engine(), Rest()
    woken = waker(engine, rest)
    for page_id in ("a", "b", "a"):
        await woken.wake(page_id)
    await settle()
    assert engine.woken == ["a", "b"]


async def test_a_page_that_has_rested_is_woken_at_once() -> None:
    engine, rest = Engine(), Rest()
    woken = waker(engine, rest)
    await woken.wake("a")
    await settle()
    await rest.end()
    await woken.wake("a")
    await settle()
    assert engine.woken == ["a", "a"]
