"""Waiting until a desk is at rest, and saying in words what is not when its time is over.

At rest: Meta has delivered everything, the inbox is routed, every conversation has applied its events, no
send is under way, and a second look finds nothing new. The databases are read for waiting only: what is
judged comes from the public API.
"""

import asyncio
import time
from typing import Any

import httpx
from sqlalchemy import text
from temporalio.api.enums.v1 import EventType, WorkflowTaskFailedCause
from temporalio.client import Client

from base.settings import Settings
from store.db.engines import make_engine

SETTLE_SECONDS = 60.0
PARKING_SECONDS = 60.0
_MAX_SECONDS = 300.0
_MAX_PARKING_SECONDS = 900.0
"""In a conversation one message of unknown outcome after the other is looked for, for a minute each."""

_PAUSE_SECONDS = 0.05
_INBOX = {"inbox events": "SELECT coalesce(max(id), 0) FROM inbox_event"}
_STORE = {
    "routed up to": "SELECT coalesce(min(position), 0) FROM relay_partition",
    "events not applied": """
        SELECT count(*) FROM thread_event JOIN thread USING (customer_id)
        WHERE seq > applied_seq AND NOT (kind = 'own_echo' AND
            facts->>'message_id' IN (SELECT id FROM message WHERE status = 'sent'))""",
    "sends under way": "SELECT count(*) FROM message WHERE status IN ('queued', 'sending')",
    "looked for": """
        SELECT count(*) FROM message
        WHERE status = 'unknown'
        AND id NOT IN (SELECT message_id FROM event WHERE kind = 'message.parked')""",
    "replays": "SELECT count(*) FROM unrouted_event WHERE disposition = 'replaying'",
}
# A task that meets a new event as it ends is given out again: no fault of anybody's.
_NO_FAULT = {WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_UNHANDLED_COMMAND}


async def settle(
    settings: Settings, sandbox: httpx.AsyncClient, *, within: float = SETTLE_SECONDS, parked: bool = False
) -> list[str]:
    """Return when the desk is at rest, or what still is under way after `within` seconds without a change.

    While something changes it waits on, for five minutes. `parked`: at rest is also that every message of
    unknown outcome is looked for no more; a minute more each, and a quarter of an hour.
    """
    patience = within + (PARKING_SECONDS if parked else 0)
    at_most = _MAX_PARKING_SECONDS if parked else _MAX_SECONDS
    begun = changed = time.monotonic()
    former: dict[str, int] | None = None
    before: list[str] = []
    while True:
        picture = await asyncio.to_thread(_look, settings)
        picture["deliveries"] = (await _get(sandbox, "/_sandbox/deliveries"))["pending"]
        picture["sends"] = (await _get(sandbox, "/_sandbox/ledger?name=graph&limit=0"))["seq"]
        unfinished = _unfinished(picture, parked=parked)
        if not unfinished and picture == former:
            return []
        now = time.monotonic()
        if unfinished != before:
            before, changed = unfinished, now
        if now > min(changed + patience, begun + at_most):
            return unfinished
        former = picture if not unfinished else None
        if unfinished:
            await asyncio.sleep(_PAUSE_SECONDS)


async def failed_workflow_tasks(temporal_address: str) -> list[str]:
    """Every workflow task that failed, in words."""
    client = await Client.connect(temporal_address)
    failures = []
    async for execution in client.list_workflows():
        handle = client.get_workflow_handle(execution.id, run_id=execution.run_id)
        async for event in handle.fetch_history_events():
            attributes = event.workflow_task_failed_event_attributes
            cause = attributes.cause
            if event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED and cause not in _NO_FAULT:
                name = WorkflowTaskFailedCause.Name(cause)
                why = f"{name}: {attributes.failure.message}"
                failures.append(f"workflow task {event.event_id} of {execution.id} failed: {why}")
    return failures


def _look(settings: Settings) -> dict[str, Any]:
    picture: dict[str, Any] = {}
    for url, questions in ((settings.inbox_url, _INBOX), (settings.store_url, _STORE)):
        engine = make_engine(url, writes=False)
        try:
            with engine.connect() as connection:
                for what, question in questions.items():
                    picture[what] = connection.execute(text(question)).scalar_one()
        finally:
            engine.dispose()
    return picture


def _unfinished(picture: dict[str, Any], *, parked: bool) -> list[str]:
    unfinished = [f"delivery {each['id']} of {each['keys'][:3]} waits" for each in picture["deliveries"]]
    if picture["routed up to"] < picture["inbox events"]:
        unfinished.append(f"inbox read up to {picture['routed up to']} of {picture['inbox events']}")
    counted = ["events not applied", "sends under way", "replays", *(["looked for"] if parked else [])]
    return unfinished + [f"{what}: {picture[what]}" for what in counted if picture[what]]


async def _get(sandbox: httpx.AsyncClient, path: str) -> Any:
    answer = await sandbox.get(path)
    answer.raise_for_status()
    return answer.json()
