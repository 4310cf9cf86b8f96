"""What a conversation costs in Temporal's history: events and bytes, counted from fetched histories."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from temporalio.api.enums.v1 import EventType

from bench.context import Bench, open_conversations
from bench.rows import BrokenError, Row, Target
from local.demo.seeding import PAGE_ID
from workflows.messages import conversation_workflow_id

_LOOKS = 100
_LOOK_SECONDS = 0.1
_AT_REST = (
    EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED,
    EventType.EVENT_TYPE_TIMER_STARTED,
    EventType.EVENT_TYPE_TIMER_CANCELED,
    EventType.EVENT_TYPE_MARKER_RECORDED,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_COMPLETED,
)


@dataclass(frozen=True, slots=True)
class HistorySize:
    """Events, and their bytes."""

    events: int
    size: int


async def measure(bench: Bench) -> list[Row]:
    """Per new conversation, per message that needs no answer, per agent's reply."""
    known = await open_conversations(bench, 1)
    psid = known.psids[0]
    conversation_id = known.conversation_id(bench, psid)
    workflow_id = conversation_workflow_id(PAGE_ID, known.customer_ids[psid])
    fresh = await at_rest(bench, workflow_id)
    message = await _grown(bench, workflow_id, lambda: bench.pagedesk.applied(psid, known.customer_ids[psid]))
    await bench.pagedesk.pick(conversation_id)
    reply = await _grown(bench, workflow_id, lambda: bench.pagedesk.replied(psid, conversation_id))
    await bench.store.quiet()
    return [
        *_rows("history per message into an existing conversation", message, Target("≤", 5, "value")),
        *_rows("history per agent's reply", reply, Target("≤", 14, "value")),
        *_rows("history per new conversation with its greeting", [fresh], None),
    ]


def _rows(name: str, sizes: list[HistorySize], target: Target | None) -> list[Row]:
    return [
        Row(name, "events", [float(size.events) for size in sizes], target=target),
        Row(name, "bytes", [float(size.size) for size in sizes]),
    ]


async def _grown(bench: Bench, workflow_id: str, step: Callable[[], Awaitable[object]]) -> list[HistorySize]:
    """How much each of a few steps adds, each taken when the one before has come to rest."""
    grown = []
    before = await at_rest(bench, workflow_id)
    for _ in range(bench.plan.history_steps):
        await step()
        after = await at_rest(bench, workflow_id, more_than=before.events)
        grown.append(HistorySize(after.events - before.events, after.size - before.size))
        before = after
    return grown


async def at_rest(bench: Bench, workflow_id: str, *, more_than: int = 0) -> HistorySize:
    """The history's size once it is longer than so many events and no task or activity is under way."""
    handle = bench.client.get_workflow_handle(workflow_id)
    former = None
    for _ in range(_LOOKS):
        await bench.store.quiet()
        history = await handle.fetch_history()
        size = HistorySize(len(history.events), sum(event.ByteSize() for event in history.events))
        if size == former and size.events > more_than and history.events[-1].event_type in _AT_REST:
            return size
        former = size
        await asyncio.sleep(_LOOK_SECONDS)
    raise BrokenError(f"{workflow_id} does not come to rest.")
