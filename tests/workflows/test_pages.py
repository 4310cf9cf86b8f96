"""The workflow of a page: how often it looks, what it does about a gap, and when it ends."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from temporalio import activity
from temporalio.client import WorkflowHandle
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from base.ids import new_id
from support.eventually import eventually
from workflows.messages import CHECK_SIGNAL, PageReport, PageWorkflowInput
from workflows.page import PageWorkflow

pytestmark = pytest.mark.time_skipping

WELL = PageReport(running=True)
ILL = PageReport(running=False)
GAP = PageReport(running=True, gap=True)
RELEASES = PageReport(running=True, releases=True)
GONE = PageReport(running=False, deleted=True)
MINUTE = timedelta(minutes=1)


@dataclass
class Activities:
    """Answers each check as it is told and notes what was done, and when by Temporal's time."""

    report: Callable[[int], PageReport]
    dies_in: int = 0
    done: list[tuple[str, datetime]] = field(default_factory=list)
    fails: bool = False

    def _note(self, what: str) -> int:
        self.done.append((what, activity.info().started_time))
        return len([each for each, _ in self.done if each == what])

    @activity.defn(name="check_page")
    async def check_page(self, _page_id: str) -> PageReport:
        number = self._note("check")
        if number == self.dies_in:
            await asyncio.Event().wait()  # as silent as a worker that is dead
        return self.report(number)

    @activity.defn(name="fill_gap")
    async def fill_gap(self, _page_id: str) -> bool:
        self._note("fill")
        if self.fails:
            raise OSError("the inbox is full")
        return True

    @activity.defn(name="wake_held")
    async def wake_held(self, _page_id: str) -> int:
        self._note("wake")
        return 0

    def names(self) -> list[str]:
        return [what for what, _ in self.done]

    def pauses(self) -> list[timedelta]:
        """Between the checks, in whole minutes."""
        at = [when for what, when in self.done if what == "check"]
        return [MINUTE * round((b - a) / MINUTE) for a, b in itertools.pairwise(at)]


@asynccontextmanager
async def watched(
    env: WorkflowEnvironment, report: Callable[[int], PageReport], *, dies_in: int = 0
) -> AsyncIterator[tuple[Activities, WorkflowHandle[PageWorkflow, None]]]:
    doing, queue = Activities(report, dies_in), f"test-{new_id()}"
    async with Worker(
        env.client,
        task_queue=queue,
        workflows=[PageWorkflow],
        activities=[doing.check_page, doing.fill_gap, doing.wake_held],
    ):
        handle = await env.client.start_workflow(
            PageWorkflow.run, PageWorkflowInput("1"), id=f"page/{new_id()}", task_queue=queue
        )
        yield doing, handle
        await handle.terminate()


async def checked(doing: Activities, times: int) -> None:
    async def enough() -> bool:
        return doing.names().count("check") >= times

    await eventually(enough)


async def test_a_page_that_works_is_checked_every_15_minutes_however_quiet(env: WorkflowEnvironment) -> None:
    async with watched(env, lambda _: WELL) as (doing, _):
        await checked(doing, 1)
        await env.sleep(timedelta(hours=2, minutes=1))
        await checked(doing, 9)
        assert doing.pauses() == [15 * MINUTE] * 8


async def test_one_that_does_not_is_checked_every_minute_until_it_does(env: WorkflowEnvironment) -> None:
    async with watched(env, lambda number: ILL if number < 4 else WELL) as (doing, _):
        await checked(doing, 1)
        await env.sleep(timedelta(minutes=20))
        await checked(doing, 5)
        assert doing.pauses() == [MINUTE, MINUTE, MINUTE, 15 * MINUTE]


async def test_a_doubt_has_it_checked_at_once(env: WorkflowEnvironment) -> None:
    async with watched(env, lambda _: WELL) as (doing, handle):
        await checked(doing, 1)
        await handle.signal(CHECK_SIGNAL)
        await checked(doing, 2)
        assert doing.pauses() == [timedelta(0)]


async def test_a_check_whose_worker_dies_is_made_again_within_seconds(env: WorkflowEnvironment) -> None:
    async with watched(env, lambda _: WELL, dies_in=1) as (doing, _):
        await checked(doing, 1)
        await env.sleep(timedelta(seconds=8))
        await checked(doing, 2)
        (first, again) = (when for _, when in doing.done)
        assert again - first < timedelta(seconds=8)


async def test_a_gap_is_read_and_looked_at_again_a_minute_later(env: WorkflowEnvironment) -> None:
    async with watched(env, lambda number: GAP if number < 3 else WELL) as (doing, _):
        await checked(doing, 1)
        await env.sleep(timedelta(minutes=3))
        await checked(doing, 3)
        assert doing.names() == ["check", "fill", "check", "fill", "check"]
        assert doing.pauses() == [MINUTE, MINUTE]


async def test_a_fill_that_fails_ends_nothing(env: WorkflowEnvironment) -> None:
    async with watched(env, lambda number: GAP if number < 3 else WELL) as (doing, _):
        doing.fails = True
        await checked(doing, 1)
        await env.sleep(timedelta(minutes=5))
        await checked(doing, 3)
        assert doing.names().count("fill") == 6


async def test_what_was_held_is_woken_when_the_page_may_send(env: WorkflowEnvironment) -> None:
    async with watched(env, lambda number: RELEASES if number == 1 else WELL) as (doing, _):
        await checked(doing, 1)
        await env.sleep(timedelta(minutes=16))
        await checked(doing, 2)
        assert doing.names() == ["check", "wake", "check"]


async def test_it_ends_with_its_page(env: WorkflowEnvironment) -> None:
    doing, queue = Activities(lambda number: ILL if number == 1 else GONE), f"test-{new_id()}"
    async with Worker(env.client, task_queue=queue, workflows=[PageWorkflow], activities=[doing.check_page]):
        handle = await env.client.start_workflow(
            PageWorkflow.run, PageWorkflowInput("1"), id=f"page/{new_id()}", task_queue=queue
        )
        await handle.result()
        assert doing.names() == ["check", "check"]
