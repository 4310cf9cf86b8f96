"""The histories of a workflow's runs, oldest first."""

from temporalio.api.history.v1 import HistoryEvent, WorkflowExecutionStartedEventAttributes
from temporalio.client import Client, WorkflowHistory


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
