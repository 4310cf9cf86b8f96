"""After an absence of Temporal a second worker works, for the first one's pollers pause."""

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from unittest import mock

import pytest
from chaos.proxy import Proxy
from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.worker import Worker

from background import stand_in_worker as stand_in
from background.stand_in_worker import StandIns, connect_again
from support.eventually import eventually
from support.store import make_settings
from worker import make_stand_in, make_worker

_TIMEOUT_SECONDS = 60


@activity.defn
async def greet() -> str:
    return "hello"


@workflow.defn(sandboxed=False)  # this file imports far more than a workflow may
class Greeter:
    def __init__(self) -> None:
        self.asked = False

    @workflow.run
    async def run(self) -> str:
        await workflow.wait_condition(lambda: self.asked)
        return await workflow.execute_activity(greet, start_to_close_timeout=timedelta(seconds=10))

    @workflow.signal
    def ask(self) -> None:
        self.asked = True

    @workflow.query
    def is_asked(self) -> bool:
        return self.asked


def answers(*looks: bool) -> mock.AsyncMock:
    """Looks at Temporal that end like these, and then with true."""
    rest = iter(looks)
    return mock.AsyncMock(side_effect=lambda: next(rest, True))


@contextlib.asynccontextmanager
async def standing_in(stand_ins: StandIns) -> AsyncIterator[None]:
    running = asyncio.create_task(stand_ins.run())
    try:
        yield
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running


@pytest.mark.dev_server
async def test_what_waits_needs_not_wait_for_the_pollers_of_the_first_worker(dev_server: str) -> None:
    """The first worker's connection stays away for ever here: its pollers never ask again."""
    client, queue = await Client.connect(dev_server), f"greeters-{uuid.uuid4()}"
    async with Proxy(int(dev_server.rpartition(":")[2])).serving() as network:
        far = await Client.connect(network.address)
        first = Worker(
            far,
            task_queue=queue,
            workflows=[Greeter],
            activities=[greet],
            sticky_queue_schedule_to_start_timeout=timedelta(seconds=1),
        )

        async def make() -> Worker:
            return Worker(**(first.config() | {"client": await connect_again(client)}))

        async with first:
            cached = await client.start_workflow(Greeter.run, id=f"cached-{queue}", task_queue=queue)
            assert await cached.query(Greeter.is_asked) is False
            network.cut()
            await cached.signal(Greeter.ask)
            new = await client.start_workflow(
                Greeter.run, id=f"new-{queue}", task_queue=queue, start_signal="ask"
            )
            async with standing_in(StandIns(answers(False), make, min_downtime_seconds=0, look_seconds=0.01)):
                async with asyncio.timeout(_TIMEOUT_SECONDS):
                    assert [await each.result() for each in (cached, new)] == ["hello", "hello"]
            network.heal()


@pytest.mark.dev_server
async def test_a_connection_of_its_own_may_serve_the_same_task_queue(dev_server: str) -> None:
    client, queue = await Client.connect(dev_server, identity="the worker"), f"greeters-{uuid.uuid4()}"
    again = await connect_again(client)
    assert (again.namespace, again.identity) == (client.namespace, "the worker")
    async with (
        Worker(client, task_queue=queue, workflows=[Greeter]),
        Worker(again, task_queue=queue, workflows=[Greeter]),
    ):
        pass


@pytest.mark.dev_server
async def test_the_stand_in_of_the_product_has_half_the_hands_and_the_same_lanes(
    dev_server: str, tmp_path: Path
) -> None:
    settings = make_settings(
        tmp_path, workflow_tasks_at_once=3, activities_at_once=20, cached_conversations=100
    )
    client = await Client.connect(dev_server)
    first = make_worker(settings, client, mock.Mock(), mock.Mock(), inbox=mock.Mock())
    second = await make_stand_in(settings, first)
    config = second.config()
    assert (second.task_queue, config["activities"]) == (first.task_queue, first.config()["activities"])
    assert config["max_concurrent_workflow_tasks"] == 2
    assert config["max_concurrent_activities"] == 10
    assert config["max_cached_workflows"] == 50


async def test_each_absence_has_its_stand_in_and_one_that_fails_ends_no_other() -> None:
    workers = [mock.AsyncMock(), mock.AsyncMock()]
    make = mock.AsyncMock(side_effect=[workers[0], RuntimeError("gone again"), workers[1]])
    looks = answers(True, False, False, True, False, True, False)
    async with standing_in(StandIns(looks, make, min_downtime_seconds=0, look_seconds=0.001)):
        await eventually(lambda: _begun(workers[1]))
        workers[0].__aexit__.assert_not_awaited()
    assert make.await_count == 3
    for worker in workers:
        worker.__aexit__.assert_awaited_once()


async def test_it_goes_when_its_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stand_in, "_STANDS_IN_SECONDS", 0.0)
    worker = mock.AsyncMock()
    stand_ins = StandIns(answers(False), mock.AsyncMock(return_value=worker), 0, look_seconds=0.001)
    async with standing_in(stand_ins):
        await eventually(lambda: _ended(worker))


async def test_a_short_absence_needs_none() -> None:
    make, looks = mock.AsyncMock(), answers(False, False)
    async with standing_in(StandIns(looks, make, min_downtime_seconds=3600, look_seconds=0.001)):
        await eventually(lambda: _looked(looks, 5))
    make.assert_not_awaited()


async def _begun(worker: mock.AsyncMock) -> bool:
    return bool(worker.__aenter__.await_count == 1)


async def _ended(worker: mock.AsyncMock) -> bool:
    return bool(worker.__aexit__.await_count == 1)


async def _looked(looks: mock.AsyncMock, times: int) -> bool:
    return looks.await_count >= times
