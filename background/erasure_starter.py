"""Starts the workflows of requested erasures. A request is durable as a row."""

import asyncio

from sqlalchemy.exc import SQLAlchemyError
from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.service import RPCError

from base.log import get_logger
from store.db.database import Database
from store.privacy.erasures import ErasureStatus, unfinished
from workflows.messages import (
    ERASURE_WORKFLOW,
    TASK_QUEUE,
    TASK_TIMEOUT,
    ErasureInput,
    erasure_workflow_id,
)

_LOOK_SECONDS = 1.0
_RPC_SECONDS = 10.0

_log = get_logger("ingest")


class ErasureStarter:
    """Looks for requests, for as long as the worker works."""

    def __init__(self, database: Database, client: Client, *, task_queue: str = TASK_QUEUE) -> None:
        self._database = database
        self._client = client
        self._task_queue = task_queue

    async def run(self) -> None:
        """Start until cancelled; first also those that a Temporal server that lost its data forgot."""
        statuses = [ErasureStatus.REQUESTED, ErasureStatus.RUNNING]
        while True:
            try:
                if await self.start(*statuses):
                    statuses = [ErasureStatus.REQUESTED]
            except SQLAlchemyError as error:
                _log.warning("erasures_postponed", error=type(error).__name__)
            await asyncio.sleep(_LOOK_SECONDS)

    async def start(self, *statuses: ErasureStatus) -> bool:
        """Start the workflow of every erasure in these states, unless it is under way.

        One that cannot be started keeps no other waiting. Returns whether all are started.
        """
        erasure_ids = await self._database.read(lambda session: unfinished(session, *statuses))
        return all([await self._is_started(each) for each in erasure_ids])

    async def _is_started(self, erasure_id: str) -> bool:
        try:
            async with asyncio.timeout(_RPC_SECONDS):
                await self._client.start_workflow(
                    ERASURE_WORKFLOW,
                    ErasureInput(erasure_id),
                    id=erasure_workflow_id(erasure_id),
                    task_queue=self._task_queue,
                    task_timeout=TASK_TIMEOUT,
                    id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                )
        except (RPCError, TimeoutError, RuntimeError) as error:
            _log.warning("erasure_not_started", erasure_id=erasure_id, error=type(error).__name__)
            return False
        return True
