"""Rows that a discarded task has written: who puts them right, and that the workflow answers what is so."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowExecutionStatus
from temporalio.testing import WorkflowEnvironment

from domain.conversations.changes import Change
from domain.conversations.conversation import decide
from domain.conversations.lifecycle import Status
from domain.conversations.projection import LastWritten
from domain.conversations.state import ThreadState
from store import tables
from store.conversations.projection import project
from support.commands import make_command
from support.desk import Desk
from support.eventually import eventually
from support.histories import finished_events
from support.store import PUBLIC_URL, rows
from workflows.deterministic_ids import ids_of
from workflows.messages import STATE_QUERY, WRITE_DOWN_SIGNAL, CommandResult

pytestmark = pytest.mark.time_skipping

_AGES = timedelta(days=400)


async def opened(desk: Desk, env: WorkflowEnvironment) -> datetime:
    """A customer wrote and was greeted."""
    now = await env.get_current_time()
    await desk.customer_writes(now)

    async def greeted() -> bool:
        return [message.status for message in await desk.messages("outbound")] == ["sent"]

    await eventually(greeted)
    return now


async def discarded(
    desk: Desk, action: str, *, agent: str = "tom", later: timedelta = timedelta(milliseconds=1)
) -> None:
    """A task takes a command, projects, and is discarded; nobody repeats the command."""
    conversation = await desk.conversation()
    state = await desk.projected()
    assert state.written_at is not None
    ids = ids_of(conversation.customer_id, "command/lost")
    command = make_command(action, "lost", conversation.id, agent)
    outcome = decide(state, command, state.written_at, ids)
    assert isinstance(outcome, Change)
    change = outcome.caused_by("command/lost")
    written = replace(change.state.with_next_version(), written_at=state.written_at + later)
    refused_by = await desk.store.write(
        lambda session: project(
            session,
            conversation.page_id,
            conversation.customer_id,
            replace(change, state=written),
            LastWritten.of(state),
            public_url=PUBLIC_URL,
        )
    )
    assert refused_by is None


async def known(desk: Desk) -> ThreadState:
    """What the workflow answers of itself."""
    state: ThreadState = await (await desk.handle()).query(STATE_QUERY, result_type=ThreadState)
    return state


def status_is(desk: Desk, status: Status) -> Callable[[], Awaitable[bool]]:
    async def look() -> bool:
        return (await desk.conversation()).status == status

    return look


async def told(desk: Desk) -> list[tuple[str, str]]:
    """Sessions with their reasons."""
    return [
        (row.agent_id or "", row.closure_reason or "") for row in await rows(desk.store, tables.AgentSession)
    ]


async def test_a_run_that_is_asked_to_writes_its_rows_anew(desk: Desk, env: WorkflowEnvironment) -> None:
    await opened(desk, env)
    await discarded(desk, "pick")
    assert (await desk.conversation()).status == Status.ACTIVE
    state = await known(desk)
    assert state.conversation is not None
    assert state.conversation.status is Status.OPEN

    await (await desk.handle()).signal(WRITE_DOWN_SIGNAL)
    await eventually(status_is(desk, Status.OPEN))

    assert await told(desk) == [("tom", "never_was")]
    retracted = {event.data["kind"] for event in await desk.events("event.retracted")}
    assert retracted == {"session.started", "conversation.active"}
    assert (await desk.projected()).conversation == (await known(desk)).conversation


async def test_the_next_task_takes_back_what_a_discarded_one_wrote(
    desk: Desk, env: WorkflowEnvironment
) -> None:
    await opened(desk, env)
    await discarded(desk, "pick")
    assert isinstance(await desk.command("pick", agent="mia"), CommandResult)
    assert (await desk.conversation()).agent_id == "mia"
    assert sorted(await told(desk)) == [("mia", ""), ("tom", "never_was")]


async def test_a_clock_that_went_back_delays_the_rows_and_no_more(
    desk: Desk, env: WorkflowEnvironment
) -> None:
    """The rows have a date that Temporal's clock will not reach for long."""
    await opened(desk, env)
    await discarded(desk, "pick", later=_AGES)
    answer = await desk.command("pick", agent="mia")
    assert isinstance(answer, CommandResult), answer

    async def is_hers() -> bool:
        return (await desk.conversation()).agent_id == "mia"

    await eventually(is_hers)
    assert sorted(await told(desk)) == [("mia", ""), ("tom", "never_was")]
    assert (await desk.thread()).written_at > datetime.now(UTC) + _AGES / 2  # type: ignore[operator]
    await desk.command("close_session", agent="mia")  # dated after those rows, at once
    assert (await desk.conversation()).status == Status.WAITING


async def test_a_run_leaves_no_rows_that_are_not_so(desk: Desk, env: WorkflowEnvironment) -> None:
    """Its last task has nothing to record; an earlier attempt of it may have had."""
    await desk.set_workstream(reopen_closed_within_seconds=3600)
    await opened(desk, env)
    await desk.command("pick")
    await desk.command("end")
    await desk.command("complete")
    await discarded(desk, "reopen", agent="mia")
    assert (await desk.conversation()).status == Status.ACTIVE

    await env.sleep(timedelta(hours=2))
    handle = await desk.handle()

    async def is_over() -> bool:
        return (await handle.describe()).status is WorkflowExecutionStatus.COMPLETED

    await eventually(is_over)
    assert (await desk.conversation()).status == Status.CLOSED
    assert sorted(await told(desk)) == [("mia", "completed_by_agent"), ("mia", "never_was")]


async def test_asking_a_run_to_write_costs_five_events(desk: Desk, env: WorkflowEnvironment) -> None:
    await opened(desk, env)
    handle = await desk.handle()

    async def nothing_is_on_its_way() -> bool:
        return not (await known(desk)).outbox

    await eventually(nothing_is_on_its_way)
    before, written_at = len(await finished_events(handle)), (await desk.thread()).written_at
    await handle.signal(WRITE_DOWN_SIGNAL)

    async def is_written() -> bool:
        return (await desk.thread()).written_at != written_at

    await eventually(is_written)
    assert (await finished_events(handle))[before:] == [
        EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED,
        EventType.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED,
        EventType.EVENT_TYPE_WORKFLOW_TASK_STARTED,
        EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED,
        EventType.EVENT_TYPE_MARKER_RECORDED,
    ]
