"""Telling running conversations: all of them, none that is closed, paced, whatever Temporal does."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from api.services.settings_fanout import SettingsFanout
from api.services.workflow_client import RunNotFoundError, TemporalUnavailableError
from domain.conversations.lifecycle import Status
from support.api import Api, FakeEngine, Seed
from support.eventually import eventually


class Odd(FakeEngine):
    """An engine on which some threads answer otherwise."""

    def __init__(self) -> None:
        super().__init__()
        self.gone: set[str] = set()
        self.wedged: set[str] = set()
        self.asked = 0

    async def tell_settings_changed(self, page_id: str, customer_id: str) -> None:
        self.asked += 1
        if customer_id in self.gone:
            raise RunNotFoundError
        if customer_id in self.wedged:
            raise TemporalUnavailableError
        await super().tell_settings_changed(page_id, customer_id)


@contextlib.asynccontextmanager
async def _running(api: Api, engine: FakeEngine, per_second: float = 1000) -> AsyncIterator[SettingsFanout]:
    fanout = SettingsFanout(api.database, engine, per_second=per_second, first_wait=0.001)
    running = asyncio.create_task(fanout.run())
    yield fanout
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running


async def test_whoever_is_not_closed_is_told_once(api: Api, seed: Seed) -> None:
    page_id = await seed.page()
    live = {
        (await seed.conversation(page_id=page_id, status=status)).customer_id
        for status in Status
        if status is not Status.CLOSED
    }
    await seed.conversation(page_id=page_id, status=Status.CLOSED)
    await seed.conversation()  # of another page
    engine = Odd()

    async def all_told() -> bool:
        return {customer_id for _, customer_id in engine.told} == live

    async with _running(api, engine) as fanout:
        fanout.tell([page_id])
        fanout.tell([page_id])
        await eventually(all_told)
    assert len(engine.told) == len(live)


async def test_more_than_one_batch_is_told(api: Api, seed: Seed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.services.settings_fanout._BATCH", 2)
    page_id = await seed.page()
    threads = [await seed.conversation(page_id=page_id) for _ in range(5)]
    engine = Odd()

    async def all_told() -> bool:
        return len(engine.told) == len(threads)

    async with _running(api, engine) as fanout:
        fanout.tell([page_id])
        await eventually(all_told)
    assert len(set(engine.told)) == len(threads)


async def test_a_run_that_has_ended_is_passed_over(api: Api, seed: Seed) -> None:
    page_id = await seed.page()
    ended, running = [await seed.conversation(page_id=page_id) for _ in range(2)]
    engine = Odd()
    engine.gone = {ended.customer_id}

    async def told() -> bool:
        return engine.told == [(page_id, running.customer_id)]

    async with _running(api, engine) as fanout:
        fanout.tell([page_id])
        await eventually(told)
    assert engine.asked == 2


async def test_an_engine_that_is_away_is_waited_for(api: Api, seed: Seed) -> None:
    thread = await seed.conversation()
    engine = Odd()
    engine.is_down = True

    async def asked_often() -> bool:
        return engine.asked > 7

    async def told() -> bool:
        return engine.told == [(thread.page_id, thread.customer_id)]

    async with _running(api, engine) as fanout:
        fanout.tell([thread.page_id])
        await eventually(asked_often)
        engine.is_down = False
        await eventually(told)


async def test_one_that_cannot_be_told_does_not_keep_the_others_waiting(api: Api, seed: Seed) -> None:
    page_id = await seed.page()
    threads = [await seed.conversation(page_id=page_id) for _ in range(3)]
    engine = Odd()
    wedged = min(thread.customer_id for thread in threads)
    engine.wedged = {wedged}

    async def others_told() -> bool:
        return {customer_id for _, customer_id in engine.told} == {
            thread.customer_id for thread in threads
        } - {wedged}

    async with _running(api, engine) as fanout:
        fanout.tell([page_id])
        await eventually(others_told)


async def test_the_pace_is_bounded(api: Api, seed: Seed) -> None:
    page_id = await seed.page()
    for _ in range(4):
        await seed.conversation(page_id=page_id)
    engine = Odd()
    clock = asyncio.get_running_loop().time
    began = clock()

    async def all_told() -> bool:
        return len(engine.told) == 4

    async with _running(api, engine, per_second=20) as fanout:
        fanout.tell([page_id])
        await eventually(all_told)
    assert clock() - began >= 3 / 20
