"""Starts what fetches and deletes files, without making the relay wait for Temporal or for a file."""

import asyncio

from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.service import RPCError

from base.log import get_logger
from base.tracebacks import without_values
from store.attachments.rows import messages_with_files_to_delete, messages_with_pending_files
from store.db.database import Database
from workflows.messages import FILES_TASK_QUEUE, FILES_WORKFLOW, TASK_TIMEOUT, FilesInput, files_workflow_id

_RPC_SECONDS = 10.0
_PAUSE_SECONDS = 1.0

_log = get_logger("ingest")


class FileStarter:
    """Starts one run per message, and another if the message is deleted: the first may be at its end then.

    What is to be done is in the store; memory only saves reading it.
    """

    def __init__(self, client: Client, database: Database) -> None:
        self._client = client
        self._database = database
        self._queue: asyncio.Queue[tuple[str, str]] = asyncio.Queue()

    def add(self, message_ids: list[str]) -> None:
        """Have the files of these messages fetched as soon as possible."""
        for message_id in message_ids:
            self._queue.put_nowait((message_id, files_workflow_id(message_id)))

    def add_deleted(self, message_ids: list[str]) -> None:
        """Have the files of these messages deleted as soon as possible."""
        for message_id in message_ids:
            self._queue.put_nowait((message_id, files_workflow_id(message_id, taken_back=True)))

    async def add_unfinished(self) -> None:
        """Add what an earlier process left, started or not: a run that exists already is left alone."""
        self.add(await self._database.read(messages_with_pending_files))
        self.add_deleted(await self._database.read(messages_with_files_to_delete))

    async def run(self) -> None:
        """Start until cancelled."""
        while True:
            message_id, workflow_id = await self._queue.get()
            if not await self._is_started(message_id, workflow_id):
                self._queue.put_nowait((message_id, workflow_id))
                await asyncio.sleep(_PAUSE_SECONDS)

    async def _is_started(self, message_id: str, workflow_id: str) -> bool:
        try:
            async with asyncio.timeout(_RPC_SECONDS):
                await self._client.start_workflow(
                    FILES_WORKFLOW,
                    FilesInput(message_id),
                    id=workflow_id,
                    task_queue=FILES_TASK_QUEUE,
                    task_timeout=TASK_TIMEOUT,
                    id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                )
        except (RPCError, TimeoutError) as error:
            _log.warning("files_not_started", message_id=message_id, error=without_values(error))
            return False
        return True
