"""The histories of a workflow's runs, oldest first."""

from typing import Any

from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent, WorkflowExecutionStartedEventAttributes
from temporalio.client import Client, WorkflowHandle, WorkflowHistory

from support.eventually import eventually

_TASK_SCHEDULED = EventType.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED
_TASK_STARTED = EventType.EVENT_TYPE_WORKFLOW_TASK_STARTED
_TASK_COMPLETED = EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED
_TASK_LOST = (
    EventType.EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT,
    EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED,
)


async def finished_events(handle: WorkflowHandle[Any, Any]) -> list[EventType.ValueType]:
    """The kinds of a run's events so far, once no workflow task is open: its commands are still to come.

    Without the tasks that a busy machine did not finish in time: they are done again.
    """

    async def look() -> list[EventType.ValueType]:
        events: list[EventType.ValueType] = []
        async for event in handle.fetch_history_events():
            events.append(event.event_type)
            if event.event_type in _TASK_LOST:
                _drop_last_task(events)
        tasks = [each for each in events if each in (_TASK_SCHEDULED, _TASK_STARTED, _TASK_COMPLETED)]
        return events if tasks and tasks[-1] == _TASK_COMPLETED else []

    return await eventually(look)


def _drop_last_task(events: list[EventType.ValueType]) -> None:
    events.pop()
    for kind in (_TASK_STARTED, _TASK_SCHEDULED):
        del events[len(events) - 1 - events[::-1].index(kind)]


async def chain(client: Client, workflow_id: str, run_id: str) -> list[tuple[str, WorkflowHistory]]:
    """Every run, with its id, of the chain of continue-as-news that a run belongs to."""
    runs = [(run_id, await _history(client, workflow_id, run_id))]
    while before := _started(runs[0][1]).continued_execution_run_id:
        runs.insert(0, (before, await _history(client, workflow_id, before)))
    while after := _last(
        runs[-1][1]
    ).workflow_execution_continued_as_new_event_attributes.new_execution_run_id:
        runs.append((after, await _history(client, workflow_id, after)))
    return runs


async def chains(client: Client, workflow_id: str, run_ids: list[str]) -> list[tuple[str, WorkflowHistory]]:
    """Every run of the chains that some runs belong to, each once."""
    found: dict[str, WorkflowHistory] = {}
    for run_id in run_ids:
        if run_id not in found:
            found.update(await chain(client, workflow_id, run_id))
    return list(found.items())


async def _history(client: Client, workflow_id: str, run_id: str) -> WorkflowHistory:
    return await client.get_workflow_handle(workflow_id, run_id=run_id).fetch_history()


def _started(history: WorkflowHistory) -> WorkflowExecutionStartedEventAttributes:
    return history.events[0].workflow_execution_started_event_attributes


def _last(history: WorkflowHistory) -> HistoryEvent:
    return history.events[-1]
