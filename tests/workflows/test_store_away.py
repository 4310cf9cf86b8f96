"""A store that is away for seconds: no workflow task is held for it, and replay sees one order."""

from typing import Any

import pytest
from sqlalchemy.exc import OperationalError
from temporalio.api.enums.v1 import EventType
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Replayer

from base.converter import data_converter
from support.desk import Desk
from support.eventually import eventually
from workflows.conversation import ConversationWorkflow

pytestmark = pytest.mark.time_skipping


async def test_what_cannot_be_written_at_once_waits_as_an_activity_and_commands_are_taken_meanwhile(
    desk: Desk, env: WorkflowEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.customer_writes(await env.get_current_time())

    async def greeted() -> bool:
        return [message.status for message in await desk.messages("outbound")] == ["sent"]

    await eventually(greeted)
    conversation = await desk.conversation()
    write, away, refused = desk.store.write, False, 0

    async def sometimes(work: Any) -> Any:
        nonlocal refused
        if away:
            refused += 1
            raise OperationalError("BEGIN", None, Exception("the database system is starting up"))
        return await write(work)

    monkeypatch.setattr(desk.store, "write", sometimes)
    away = True
    await desk.command("pick", agent="tom")
    assert refused > 0
    assert (await desk.conversation()).status == conversation.status
    away = False

    async def written() -> bool:
        return (await desk.conversation()).agent_id == "tom"

    await eventually(written)
    (history,) = await desk.histories()
    scheduled = [
        event.activity_task_scheduled_event_attributes.activity_type.name
        for event in history.events
        if event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED
    ]
    assert scheduled.count("project_thread") == 1
    replayer = Replayer(workflows=[ConversationWorkflow], data_converter=data_converter)
    await replayer.replay_workflow(history)
