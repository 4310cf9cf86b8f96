"""How a worker gets at the conversations that a dead one had in its cache.

The engine gives a conversation's tasks to the worker that had the last one, for `worker.STICKY_TIMEOUT`
each, and finds out that it is dead ten seconds after it last asked for work. A relay that has taken another's
work over need not wait: whatever conversation it tells of something is taken from whoever had it. A living
worker that loses one so reads its history once more.
"""

import asyncio

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import ResetStickyTaskQueueRequest
from temporalio.client import Client
from temporalio.service import RPCError

SECONDS = 10.0


class StickyCacheReset:
    """Takes conversations over, each once, for as long as the engine may believe in a dead worker."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._taken: set[str] = set()
        self._ends_at = 0.0

    def begin(self) -> None:
        """Somebody else's work has been taken over; its worker may have died a moment ago."""
        self._taken.clear()
        self._ends_at = asyncio.get_running_loop().time() + SECONDS

    async def take(self, workflow_id: str) -> None:
        """Have the engine offer a conversation's next task to all workers."""
        if workflow_id in self._taken or asyncio.get_running_loop().time() >= self._ends_at:
            return
        request = ResetStickyTaskQueueRequest(
            namespace=self._client.namespace, execution=WorkflowExecution(workflow_id=workflow_id)
        )
        try:
            await self._client.workflow_service.reset_sticky_task_queue(request)
        except RPCError:
            return  # there is no such run, or no engine: what it is to be told meets the same, and says so
        self._taken.add(workflow_id)
