"""Starts the retention workflow, unless it runs already."""

import asyncio

from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.service import RPCError

from base.log import get_logger
from workflows.messages import (
    RETENTION_WORKFLOW,
    RETENTION_WORKFLOW_ID,
    TASK_QUEUE,
    TASK_TIMEOUT,
    RetentionInput,
)

_RETRY_SECONDS = 10.0
_RPC_SECONDS = 10.0

_log = get_logger("ingest")


async def start_retention(client: Client) -> None:
    """Start it and return; while Temporal is down, try again."""
    while True:
        try:
            async with asyncio.timeout(_RPC_SECONDS):
                await client.start_workflow(
                    RETENTION_WORKFLOW,
                    RetentionInput(),
                    id=RETENTION_WORKFLOW_ID,
                    task_queue=TASK_QUEUE,
                    task_timeout=TASK_TIMEOUT,
                    id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                )
        except (RPCError, TimeoutError, RuntimeError) as error:
            _log.warning("retention_postponed", error=type(error).__name__)
            await asyncio.sleep(_RETRY_SECONDS)
        else:
            return
