"""The retention workflow: once a day, each run behind the one before it."""

from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from temporalio import activity
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from base.ids import new_id
from support.eventually import eventually
from workflows.messages import RetentionInput, RetentionReport
from workflows.retention import RetentionWorkflow

pytestmark = pytest.mark.time_skipping


async def test_retention_runs_once_a_day_and_goes_on_where_it_was(env: WorkflowEnvironment) -> None:
    ran: list[tuple[int, datetime]] = []

    @activity.defn(name="enforce_retention")
    async def enforce(position: int) -> RetentionReport:
        ran.append((position, activity.info().started_time))
        return RetentionReport(position + 10)

    queue = new_id()
    async with Worker(env.client, task_queue=queue, workflows=[RetentionWorkflow], activities=[enforce]):
        handle = await env.client.start_workflow(
            RetentionWorkflow.run, RetentionInput(), id=queue, task_queue=queue
        )
        await env.sleep(timedelta(days=2, hours=1))

        async def three_runs() -> bool:
            return len(ran) == 3

        await eventually(three_runs)
        await handle.terminate()
    assert [position for position, _ in ran] == [0, 10, 20]
    gaps = [later - earlier for (_, earlier), (_, later) in pairwise(ran)]
    assert all(timedelta(days=1) <= gap < timedelta(days=1, minutes=1) for gap in gaps)
