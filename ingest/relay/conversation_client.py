"""Brings events to the conversation of a thread: to its open run, or to one that is started for them.

A run that a dead worker had in its cache is taken from it. Temporal gives a conversation's tasks to the
worker that had the last one, for `worker.STICKY_TIMEOUT` each, and takes that worker for dead only 10 s after
it last asked for work (https://github.com/temporalio/temporal/pull/2811). After a relay has taken over
another's work, it resets the sticky task queue of each conversation that it tells something. A living worker
that loses a conversation so reads its history again.
"""

import asyncio
from functools import partial
from typing import Any

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import ResetStickyTaskQueueRequest
from temporalio.client import Client, WorkflowHandle
from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from workflows.messages import (
    CONVERSATION_WORKFLOW,
    EVENTS_SIGNAL,
    TASK_QUEUE,
    TASK_TIMEOUT,
    ConversationWorkflowInput,
    ThreadEvents,
    conversation_workflow_id,
)

DEAD_WORKER_SECONDS = 10.0
"""How long Temporal may take a dead worker for a living one."""


class ConversationClient:
    """Signals conversations, and starts them. Raises what Temporal's client raises."""

    def __init__(self, client: Client, *, task_queue: str = TASK_QUEUE) -> None:
        self._client = client
        self._task_queue = task_queue
        self._sticky_reset = StickyCacheReset(client)

    def worker_may_be_dead(self) -> None:
        """For a while, take each conversation that is told something from the worker that had it last."""
        self._sticky_reset.begin()

    async def deliver(self, page_id: str, customer_id: str, batch: ThreadEvents) -> bool:
        """Tell the workflow of events; False where there is no run and none of them opens work."""
        workflow_id = conversation_workflow_id(page_id, customer_id)
        if not batch.fresh:
            await self._sticky_reset.reset(workflow_id)
        if any(event.opens_work for event in batch.events):
            await self.start_or_signal(page_id, customer_id, batch)
            return True
        try:
            handle = self._client.get_workflow_handle(workflow_id)
            await handle.signal(EVENTS_SIGNAL, ThreadEvents(batch.events))
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return False
            raise
        return True

    async def start_or_signal(
        self, page_id: str, customer_id: str, batch: ThreadEvents
    ) -> WorkflowHandle[Any, Any]:
        """Tell the thread's open run of events, or one that is started for them.

        The events of a fresh thread go with the start itself: Temporal then gives the run's first task back
        with the answer, to the worker that shares this client, and no poll has to fetch it (eager workflow
        start). A thread that ever had a run is not fresh, whatever the batch says: another relay may have
        told its events meanwhile.
        """
        start = partial(
            self._client.start_workflow,
            CONVERSATION_WORKFLOW,
            id=conversation_workflow_id(page_id, customer_id),
            task_queue=self._task_queue,
            task_timeout=TASK_TIMEOUT,
        )
        if batch.fresh:
            try:
                return await start(
                    ConversationWorkflowInput(page_id, customer_id, first=batch),
                    id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                    request_eager_start=True,
                )
            except WorkflowAlreadyStartedError:
                batch = ThreadEvents(batch.events)  # somebody has told it something before
        return await start(
            ConversationWorkflowInput(page_id, customer_id),
            start_signal=EVENTS_SIGNAL,
            start_signal_args=[batch],
        )


class StickyCacheReset:
    """Has Temporal offer conversations to all workers, each once in `DEAD_WORKER_SECONDS` after `begin`."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._done: set[str] = set()
        self._ends_at = 0.0

    def begin(self) -> None:
        """A worker may have died a moment ago."""
        self._done.clear()
        self._ends_at = asyncio.get_running_loop().time() + DEAD_WORKER_SECONDS

    async def reset(self, workflow_id: str) -> None:
        """Have the next task of a conversation offered to all workers."""
        if workflow_id in self._done or asyncio.get_running_loop().time() >= self._ends_at:
            return
        request = ResetStickyTaskQueueRequest(
            namespace=self._client.namespace, execution=WorkflowExecution(workflow_id=workflow_id)
        )
        try:
            await self._client.workflow_service.reset_sticky_task_queue(request)
        except RPCError:
            return  # no such run, or no Temporal: what it is to be told meets the same error, and raises it
        self._done.add(workflow_id)
