"""Baseline of offers, driven: how long from a bare signal to the local activity that it causes."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from temporalio import activity
from temporalio.client import Client, WorkflowHandle
from temporalio.worker import Worker

from bench.bare_signal import (
    BARE_ACTIVITY,
    BARE_SIGNAL,
    BARE_TASK_QUEUE,
    BARE_WORKFLOW,
    BareSignalWorkflow,
)
from bench.sides import now_ms, soon


class BareSide:
    """A workflow that is idle, and a worker of the driver's own that has it in its cache."""

    def __init__(self) -> None:
        self._handle: WorkflowHandle[BareSignalWorkflow, None] | None = None
        self._noted: dict[str, asyncio.Future[float]] = {}
        self._notes = itertools.count()

    @classmethod
    @asynccontextmanager
    async def running(cls, client: Client) -> "AsyncIterator[BareSide]":
        """Ready, with its first signal behind it."""
        side = cls()
        worker = Worker(
            client, task_queue=BARE_TASK_QUEUE, workflows=[BareSignalWorkflow], activities=[side.note]
        )
        async with worker:
            side._handle = await client.start_workflow(
                BARE_WORKFLOW, id=f"{BARE_TASK_QUEUE}-{now_ms():.0f}", task_queue=BARE_TASK_QUEUE
            )
            await side.told()
            yield side
            await side._handle.terminate()

    async def told(self) -> float:
        """Signal; milliseconds until the local activity is done."""
        assert self._handle is not None
        note = str(next(self._notes))
        noted: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._noted[note] = noted
        began = now_ms()
        await self._handle.signal(BARE_SIGNAL, note)
        return await soon(noted, "a bare signal") - began

    @activity.defn(name=BARE_ACTIVITY)
    async def note(self, note: str) -> None:
        """The local activity."""
        self._noted.pop(note).set_result(now_ms())
