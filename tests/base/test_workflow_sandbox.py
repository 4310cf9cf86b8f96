"""Runs in the sandbox: as strict as the SDK's, and our converter has no use for what is left out."""

import time
import uuid

import pytest
from temporalio import workflow
from temporalio.client import WorkflowFailureError
from temporalio.converter import WorkflowSerializationContext
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker
from temporalio.worker.workflow_sandbox import RestrictedWorkflowAccessError

from base.converter import data_converter
from base.workflow_sandbox import ContextFreeSandboxRunner


@workflow.defn
class AsksTheMachinesClock:
    """What no workflow may do."""

    @workflow.run
    async def run(self) -> float:
        """The machine's time."""
        return time.time()


@workflow.defn
class Doubles:
    """Takes a payload and gives one back."""

    @workflow.run
    async def run(self, number: int) -> int:
        """Twice the number."""
        return 2 * number


@pytest.mark.time_skipping
async def test_the_sandbox_refuses_the_machines_clock(time_skipping_env: WorkflowEnvironment) -> None:
    client, queue = time_skipping_env.client, f"sandbox-{uuid.uuid4()}"
    async with Worker(
        client,
        task_queue=queue,
        workflows=[AsksTheMachinesClock, Doubles],
        workflow_runner=ContextFreeSandboxRunner(),
        workflow_failure_exception_types=[RestrictedWorkflowAccessError],
    ):
        assert await client.execute_workflow(Doubles.run, 21, id=f"{queue}-2", task_queue=queue) == 42
        with pytest.raises(WorkflowFailureError) as caught:
            await client.execute_workflow(AsksTheMachinesClock.run, id=queue, task_queue=queue)
    assert "time.time" in str(caught.value.cause)


def test_our_converter_has_no_use_for_a_context() -> None:
    context = WorkflowSerializationContext(namespace="default", workflow_id="thread")
    with_context = data_converter.with_context(context)
    assert with_context.payload_converter is data_converter.payload_converter
    assert with_context.failure_converter is data_converter.failure_converter
    assert data_converter.payload_codec is None
    assert data_converter.external_storage is None
