"""A real time-skipping server, and an outside that the test plays."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
import pytest_asyncio
from google.protobuf.empty_pb2 import Empty
from google.protobuf.timestamp_pb2 import Timestamp
from temporalio import activity
from temporalio.api.testservice.v1 import SleepRequest
from temporalio.client import Client
from temporalio.service import ServiceClient
from temporalio.worker import Worker

import local.time_travel.time_machine
from base import clock
from base.ids import new_id
from base.settings import Settings
from base.time_skipping_clock import skipping_clock
from local.child_processes import skipping_engine
from local.processes.ports import free_port
from local.processes.processes import running
from local.processes.progress import Progress
from local.time_travel.time_machine import ExternalActivity, InThePastError, NotIdleError, TimeMachine
from support.hourly import HOUR, Hourly

pytestmark = [pytest.mark.time_skipping, pytest.mark.asyncio(loop_scope="session")]

MOMENT = timedelta(seconds=5)
LATENESS = timedelta(seconds=0.6)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SLOWNESS_SECONDS = 0.2
"""Of the outside. A journey that did not wait for it would be over long before."""


class SlowOutside:
    """What an activity has caused is done some time after the activity has ended."""

    def __init__(self) -> None:
        self.machine: TimeMachine
        self.reads_the_time = True
        self.plan: datetime | None = None
        self.plans_after: timedelta | None = None
        self.pauses_at: datetime | None = None
        self.looked_at: list[datetime] = []
        self.done: list[datetime] = []
        self._calls = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def look(self) -> ExternalActivity:
        now = await self.machine.now()
        self.looked_at.append(now)
        if self.plan is not None and self.plan <= now and not self._tasks:
            self._begin()
        pause = self.pauses_at
        if pause is not None and pause <= now:
            self.pauses_at = None
        busy = ("slow work",) if self._tasks or self._calls else ()
        return ExternalActivity(busy, self.plan, self.pauses_at)

    @activity.defn
    async def cause(self) -> None:
        self._calls += 1
        now = await (self.machine.read_outside() if self.reads_the_time else self.machine.now())
        if self.plans_after is not None:
            self.plan = now + self.plans_after
        else:
            self._begin()
        self._calls -= 1

    def _begin(self) -> None:
        task = asyncio.create_task(self._work())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _work(self) -> None:
        await asyncio.sleep(SLOWNESS_SECONDS)
        self.done.append(await self.machine.now())
        self.plan = None


class Place:
    """Server, machine, outside, and a worker while the test wants one."""

    def __init__(self, client: Client, machine: TimeMachine, outside: SlowOutside) -> None:
        self.client = client
        self.machine = machine
        self.outside = outside
        self._queue = new_id()

    @contextlib.asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        async with Worker(
            self.client, task_queue=self._queue, workflows=[Hourly], activities=[self.outside.cause]
        ):
            yield

    async def start(self, hours: int) -> Callable[[], "asyncio.Future[list[datetime]]"]:
        handle = await self.client.start_workflow(Hourly.run, hours, id=new_id(), task_queue=self._queue)
        return lambda: asyncio.ensure_future(handle.result())


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """host:port; the tests leave nothing on it that would hold its time."""
    settings = Settings(temporal_port=free_port())
    async with running(await skipping_engine(settings, Progress()), tmp_path_factory.mktemp("server")):
        yield settings.temporal_target


@pytest_asyncio.fixture(loop_scope="session")
async def place(server: str) -> AsyncIterator[Place]:
    outside = SlowOutside()
    outside.machine = await TimeMachine.of(server, outside.look)
    yield Place(await Client.connect(server), outside.machine, outside)
    await outside.machine.settle()
    await outside.machine.close()


async def test_every_timer_fires_at_its_hour_and_what_it_causes_is_done_then(place: Place) -> None:
    async with place.working():
        started, result = await place.machine.now(), await place.start(5)
        await place.machine.travel_to(started + 6 * HOUR)
        fired = await result()
    assert timedelta(0) <= await place.machine.now() - started - 6 * HOUR < MOMENT
    for number, (at, done) in enumerate(zip(fired, place.outside.done, strict=True), start=1):
        assert number * HOUR <= at - started < number * HOUR + MOMENT
        assert at <= done < at + MOMENT


async def test_an_outside_that_does_not_read_the_time_is_overtaken(place: Place) -> None:
    """So the test above can fail."""
    place.outside.reads_the_time = False
    async with place.working():
        started, result = await place.machine.now(), await place.start(2)
        await place.machine.travel_to(started + 3 * HOUR)
        fired = await result()
    assert place.outside.done[0] >= fired[0] + HOUR


async def test_what_the_outside_plans_is_done_at_its_instant(place: Place) -> None:
    place.outside.plans_after = timedelta(minutes=30)
    async with place.working():
        started, result = await place.machine.now(), await place.start(3)
        await place.machine.travel_to(started + 4 * HOUR)
        fired = await result()
    for at, done in zip(fired, place.outside.done, strict=True):
        assert timedelta(minutes=30) <= done - at < timedelta(minutes=30) + MOMENT


async def test_a_journey_comes_to_rest_where_the_outside_says(place: Place) -> None:
    started = await place.machine.now()
    place.outside.pauses_at = started + HOUR
    await place.machine.travel_to(started + 2 * HOUR)
    seen = [at - started for at in place.outside.looked_at]
    assert any(HOUR <= each < HOUR + MOMENT for each in seen)
    assert not any(HOUR + MOMENT <= each < 2 * HOUR for each in seen)
    assert timedelta(0) <= await place.machine.now() - started - 2 * HOUR < MOMENT


class PlayedServer:
    """A server with nothing in hand: every skip ends at once, at its instant."""

    def __init__(self) -> None:
        self.time = Timestamp()
        self.test_service = self

    async def get_current_time(self, _: Empty, **_more: Any) -> Any:
        return self

    async def unlock_time_skipping_with_sleep(self, request: SleepRequest, **_more: Any) -> None:
        later = self.time.ToDatetime(UTC) + request.duration.ToTimedelta()
        self.time.FromDatetime(later)


async def test_a_timer_that_is_late_for_its_pause_is_not_passed_by() -> None:
    """It began as its workflow task ended, and the machine was busy."""
    seen: list[timedelta] = []

    async def look() -> ExternalActivity:
        since = await machine.now() - EPOCH
        if since < HOUR + LATENESS:
            return ExternalActivity(pauses_at=EPOCH + HOUR)
        seen.append(since)
        return ExternalActivity()

    machine = TimeMachine(cast("ServiceClient", PlayedServer()), look)
    await machine.travel_to(EPOCH + 3 * HOUR)
    assert HOUR + LATENESS <= seen[0] < HOUR + 3 * LATENESS
    assert 3 * HOUR <= seen[-1] < 3 * HOUR + MOMENT


async def test_a_pause_that_never_passes_delays_a_journey_and_no_more() -> None:
    looks = 0

    async def look() -> ExternalActivity:
        nonlocal looks
        looks += 1
        return ExternalActivity(pauses_at=EPOCH)

    machine = TimeMachine(cast("ServiceClient", PlayedServer()), look)
    await machine.travel_to(EPOCH + 24 * HOUR)
    assert looks < 100


async def test_between_journeys_time_runs_with_the_wall(place: Place) -> None:
    async with place.working():
        started, result = await place.machine.now(), await place.start(1)
        await place.machine.settle()
        assert await place.machine.now() - started < MOMENT
        await place.machine.travel_to(started + HOUR)
        await result()


async def test_time_does_not_go_back(place: Place) -> None:
    now = await place.machine.now()
    with pytest.raises(InThePastError, match="It is later than"):
        await place.machine.travel_to(now - HOUR)
    await place.machine.travel_to(now + HOUR)


async def test_a_journey_that_needs_a_worker_says_so_and_arrives_with_one(place: Place) -> None:
    started, result = await place.machine.now(), await place.start(1)
    with pytest.raises(NotIdleError, match="Temporal waits for a worker"):
        await place.machine.travel_to(started + 2 * HOUR, within=0.5)
    assert await place.machine.now() - started < HOUR
    async with place.working():
        await result()
        await place.machine.settle()
    assert await place.machine.now() - started >= 2 * HOUR


async def test_an_outside_that_never_rests_does_not_hold_the_time_for_ever(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def restless() -> ExternalActivity:
        return ExternalActivity(("something endless",))

    monkeypatch.setattr(local.time_travel.time_machine, "_MAX_HOLD_SECONDS", 0.2)
    async with place.working():
        started, result = await place.machine.now(), await place.start(1)
        journey = asyncio.create_task(place.machine.travel_to(started + 2 * HOUR, within=1))
        await result()
        monkeypatch.setattr(place.machine, "_look", restless)
        await place.machine.read_outside()
        with pytest.raises(NotIdleError, match="something endless"):
            await journey
    assert await place.machine.now() - started >= 2 * HOUR


async def test_an_outside_that_cannot_be_seen_is_not_at_rest(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    look = place.outside.look
    looks: list[None] = []

    async def blind_at_first() -> ExternalActivity:
        looks.append(None)
        if len(looks) < 3:
            raise ConnectionError
        return await look()

    monkeypatch.setattr(place.machine, "_look", blind_at_first)
    started = await place.machine.read_outside()
    await place.machine.travel_to(started + HOUR, within=10)
    assert len(looks) > 3


async def test_the_clock_of_a_process_follows_at_once(place: Place) -> None:
    with skipping_clock(place.client.service_client.config.target_host):
        before = clock.now()
        await place.machine.travel_to(before + 25 * HOUR)
        assert timedelta(0) <= clock.now() - before - 25 * HOUR < MOMENT
        in_a_thread = await asyncio.to_thread(clock.now)
        assert timedelta(0) <= in_a_thread - before - 25 * HOUR < MOMENT
    assert clock.now() - before < HOUR
