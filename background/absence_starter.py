"""Starts the workflows of absences. An absence is durable as a row."""

import asyncio

from temporalio.client import Client
from temporalio.service import RPCError

from base.log import get_logger
from workflows.messages import (
    ABSENCE_WORKFLOW,
    ABSENT_SIGNAL,
    TASK_QUEUE,
    TASK_TIMEOUT,
    AbsenceInput,
    absence_workflow_id,
)

_RPC_SECONDS = 10.0

_log = get_logger("ingest")


class AbsenceStarter:
    """Tells an agent's absence to its workflow, which is started if need be."""

    def __init__(self, client: Client, *, task_queue: str = TASK_QUEUE) -> None:
        self._client = client
        self._task_queue = task_queue

    async def start(self, agent_id: str) -> bool:
        """Signal-with-start; whether Temporal has taken it. Repeated, it does no harm."""
        try:
            async with asyncio.timeout(_RPC_SECONDS):
                await self._client.start_workflow(
                    ABSENCE_WORKFLOW,
                    AbsenceInput(agent_id),
                    id=absence_workflow_id(agent_id),
                    task_queue=self._task_queue,
                    task_timeout=TASK_TIMEOUT,
                    start_signal=ABSENT_SIGNAL,
                )
        except (RPCError, TimeoutError, RuntimeError) as error:
            _log.warning("absence_not_started", agent_id=agent_id, error=type(error).__name__)
            return False
        return True
