"""The real dev server with the arguments that Pagedesk gives it."""

import asyncio
import sqlite3
import sys
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from temporalio import workflow
from temporalio.client import Client
from temporalio.worker import Worker

from local.processes.ports import Port, free_port, require_free
from local.processes.processes import ChildSpec, running
from local.processes.progress import Progress
from local.temporal_server.dev_server import find_or_build_dev_server
from local.temporal_server.dev_server_command import dev_server_arguments, discard_unfinished_database
from local.temporal_server.ready import temporal_is_ready
from support.paths import ROOT

pytestmark = pytest.mark.dev_server


@workflow.defn(sandboxed=False)  # this file imports far more than a workflow may
class Sleeper:
    @workflow.run
    async def run(self) -> str:
        await workflow.wait_condition(lambda: self.woken)
        return "woken"

    def __init__(self) -> None:
        self.woken = False

    @workflow.signal
    def wake(self) -> None:
        self.woken = True


async def _server(database: Path, port: int) -> ChildSpec:
    binary = await find_or_build_dev_server(Progress())
    return ChildSpec(
        name="temporal",
        argv=[str(binary), *dev_server_arguments(database=database, port=port, namespace="desk")],
        ready=lambda: temporal_is_ready(f"127.0.0.1:{port}", "desk"),
        remedy="",
        ready_timeout=60,
    )


async def test_workflows_go_on_after_the_server_was_killed(tmp_path: Path) -> None:
    database, port = tmp_path / "temporal.db", free_port()
    spec = await _server(database, port)
    async with running(spec, tmp_path) as server:
        client = await Client.connect(f"127.0.0.1:{port}", namespace="desk")
        await client.start_workflow(
            Sleeper.run, id="sleeper", task_queue="queue", task_timeout=timedelta(seconds=2)
        )
        server.kill()
        await server.wait()
    assert not discard_unfinished_database(database)
    await require_free([Port(port, "")], Progress())
    async with running(spec, tmp_path):
        client = await Client.connect(f"127.0.0.1:{port}", namespace="desk")
        async with Worker(client, task_queue="queue", workflows=[Sleeper]):
            handle = client.get_workflow_handle("sleeper", result_type=str)
            await handle.signal(Sleeper.wake)
            assert await handle.result() == "woken"
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


async def test_a_database_cut_off_in_its_first_start_is_no_obstacle(tmp_path: Path) -> None:
    """The server itself cannot start on it: `no such table: namespaces`."""
    database, port = tmp_path / "temporal.db", free_port()
    database.touch()
    assert discard_unfinished_database(database)
    async with running(await _server(database, port), tmp_path):
        assert await temporal_is_ready(f"127.0.0.1:{port}", "desk")


async def test_the_shared_server_is_ready(dev_server: str) -> None:
    assert await temporal_is_ready(dev_server)
    assert not await temporal_is_ready(dev_server, "no-such-namespace")


async def test_a_process_with_a_client_ends_with_its_own_status(dev_server: str) -> None:
    """Without the clean exit about one run in ten of this program ends with 134 instead."""
    program = (
        "import asyncio, atexit, sys\n"
        "from temporalio.client import Client\n"
        "from base.process.clean_exit import exit_process\n"
        "atexit.register(print, 'registered')\n"
        "asyncio.run(Client.connect(sys.argv[1]))\n"
        "print('used')\n"
        "exit_process(7)\n"
    )

    for _ in range(5):
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", program, dev_server), cwd=ROOT, stdout=asyncio.subprocess.PIPE
        )
        output, _ = await process.communicate()
        assert (process.returncode, output) == (7, b"used\nregistered\n")
