"""Halves the time in which Java's test server starts and warms up: an archive of the classes that it needs.

Java, from version 13 on, writes it at the end of a process that has used them. One that does not fit, because
Java was renewed, is passed over by Java itself.

It takes a server of its own that is used and ends by itself. Neither can be left out: the SDK kills its
servers, so that a flag in the launcher writes nothing; and an archive of a server that was only started
saves less. Start and first workflow on a busy machine, medians of two trials: 10 s with this archive beside
25 s with none; 17 s with this one beside 22 s with the other.
"""

import asyncio
import os
from asyncio.subprocess import DEVNULL, Process
from pathlib import Path

from temporalio.client import Client
from temporalio.exceptions import TemporalError
from temporalio.worker import Worker

from local.processes.ports import free_port
from local.processes.progress import Progress
from local.temporal_server.exercise import Exercise, nothing
from local.temporal_server.installing import put_in_place

ARCHIVE = "classes.jsa"
NO_ARCHIVE = "no-classes.txt"
"""Says why there is none, so that it is not tried again."""

_TASK_QUEUE = "exercise"
_TIMEOUT_SECONDS = 60
_LOOK_SECONDS = 0.1


class _NoServerError(Exception):
    """It ended before it answered."""


async def make_class_archive(launcher: Path, progress: Progress) -> None:
    """Use the server once and have its classes archived beside it. Without that it is slow, but works."""
    draft = launcher.with_name(f"{ARCHIVE}.draft")
    draft.unlink(missing_ok=True)  # of one that died here
    try:
        async with (
            progress.working("Preparing the time-skipping test server to start quickly"),
            asyncio.timeout(_TIMEOUT_SECONDS),
        ):
            await _use(launcher, draft)
        put_in_place(draft, launcher.with_name(ARCHIVE))
    except FileNotFoundError:
        _do_without(launcher, "its Java writes none; versions from 13 on do", progress)
    except (_NoServerError, TemporalError, RuntimeError, TimeoutError) as error:
        _do_without(launcher, repr(error), progress)


def _do_without(launcher: Path, reason: str, progress: Progress) -> None:
    progress.say(f"The time-skipping test server will start slowly, without an archive: {reason}")
    launcher.with_name(NO_ARCHIVE).write_text(f"{reason}\n")


async def _use(launcher: Path, draft: Path) -> None:
    """Have a server of its own write the archive at its end."""
    port = free_port()
    options = {"JAVA_TOOL_OPTIONS": f'-XX:ArchiveClassesAtExit="{draft}"'}
    process = await asyncio.create_subprocess_exec(
        launcher, str(port), env=os.environ | options, stdout=DEVNULL, stderr=DEVNULL
    )
    try:
        await _exercise(await _client(port, process))
        process.terminate()
        await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def _client(port: int, process: Process) -> Client:
    """A client, as soon as the server answers."""
    while process.returncode is None:
        try:
            return await Client.connect(f"127.0.0.1:{port}")
        except RuntimeError:
            await asyncio.sleep(_LOOK_SECONDS)
    raise _NoServerError(f"it ended with status {process.returncode}")


async def _exercise(client: Client) -> None:
    """Have it do once what tests ask of it."""
    async with Worker(client, task_queue=_TASK_QUEUE, workflows=[Exercise], activities=[nothing]):
        handle = await client.start_workflow(
            Exercise.run, 1, id="exercise", task_queue=_TASK_QUEUE, start_signal="signal"
        )
        await handle.execute_update(Exercise.update)
        await handle.result()
        await handle.describe()
        await handle.fetch_history()
