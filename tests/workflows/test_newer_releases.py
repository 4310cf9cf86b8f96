"""A worker that meets what a newer release wrote stands still, says why, and loses nothing."""

from typing import Any

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowExecutionStatus, WorkflowHandle
from temporalio.testing import WorkflowEnvironment

from domain.conversations.state import SCHEMA_VERSION
from support.desk import Desk
from support.eventually import eventually
from support.life import greeted, statuses
from support.store import PAGE_A
from workflows.messages import (
    CONVERSATION_WORKFLOW,
    EVENTS_SIGNAL,
    PAGE_WORKFLOW,
    TASK_TIMEOUT,
    ConversationWorkflowInput,
    PageWorkflowInput,
    ThreadEvents,
    conversation_workflow_id,
)

pytestmark = pytest.mark.time_skipping

_NEWER = SCHEMA_VERSION + 1


async def task_failure(handle: WorkflowHandle[Any, Any]) -> str:
    """Why the run's workflow task failed; empty while none has."""
    async for event in handle.fetch_history_events():
        if event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED:
            failure = event.workflow_task_failed_event_attributes.failure
            return f"{failure.message} {failure.cause.message}"
    return ""


async def runs(handle: WorkflowHandle[Any, Any]) -> bool:
    return (await handle.describe()).status is WorkflowExecutionStatus.RUNNING


async def test_a_run_of_a_newer_schema_waits_for_a_newer_worker(
    desk: Desk, env: WorkflowEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = await env.get_current_time()
    (routed,) = await desk.take({"message": {"mid": "m_new", "text": "hello"}}, now)
    handle = await desk.client.start_workflow(
        CONVERSATION_WORKFLOW,
        ConversationWorkflowInput(routed.page_id, routed.customer_id, schema_version=_NEWER),
        id=conversation_workflow_id(routed.page_id, routed.customer_id),
        task_queue=desk.task_queue,
        task_timeout=TASK_TIMEOUT,
        start_signal=EVENTS_SIGNAL,
        start_signal_args=[ThreadEvents(routed.events)],
    )
    why = await eventually(lambda: task_failure(handle))
    assert f"schema version {_NEWER}" in why
    assert "nothing is lost" in why
    assert await runs(handle)
    assert await desk.conversations() == []

    monkeypatch.setattr("workflows.messages.SCHEMA_VERSION", _NEWER)
    await eventually(lambda: statuses(desk, "sent"), within=30)
    (message,) = await desk.messages("inbound")
    assert message.conversation_id == (await desk.conversation()).id


async def test_the_run_of_a_page_waits_as_well(desk: Desk) -> None:
    handle = await desk.client.start_workflow(
        PAGE_WORKFLOW,
        PageWorkflowInput(PAGE_A, schema_version=_NEWER),
        id=f"page/{desk.task_queue}",
        task_queue=desk.task_queue,
        task_timeout=TASK_TIMEOUT,
    )
    assert f"schema version {_NEWER}" in await eventually(lambda: task_failure(handle))
    assert await runs(handle)
    await handle.terminate()


async def test_a_signal_that_this_worker_cannot_read_is_kept_not_dropped(
    desk: Desk, env: WorkflowEnvironment
) -> None:
    """The SDK itself would drop it: the message would never have a conversation."""
    await greeted(desk, env)
    handle = await desk.handle()
    at = (await env.get_current_time()).isoformat()
    of_the_future = {"seq": 2, "kind": "hologram", "at": at, "message_id": "m_2"}
    await handle.signal(EVENTS_SIGNAL, {"events": [of_the_future]})
    assert "ValidationError: enum" in await eventually(lambda: task_failure(handle))
    assert await runs(handle)
    assert (await desk.thread()).applied_seq == 1
