"""A Temporal dev server as Pagedesk starts it, but quick to commit and to continue as new."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from local.processes.ports import free_port
from local.processes.processes import ChildSpec, running
from local.processes.progress import Progress
from local.temporal_server.dev_server import find_or_build_dev_server
from local.temporal_server.dev_server_command import dev_server_arguments
from local.temporal_server.ready import temporal_is_ready

# The server's default is 4,096 events; with fewer, conversations in tests continue as new as old ones do.
SUGGEST_CONTINUE_AS_NEW_AT = 200


@contextlib.asynccontextmanager
async def dev_server_at(directory: Path, suggest_continue_as_new_at: int) -> AsyncIterator[str]:
    """host:port of a server that suggests to continue as new after so many events."""
    port = free_port()
    arguments = dev_server_arguments(
        database=directory / "temporal.db",
        port=port,
        synchronous="normal",
        suggest_continue_as_new_at=suggest_continue_as_new_at,
    )
    address = f"127.0.0.1:{port}"
    spec = ChildSpec(
        name="temporal",
        argv=[str(await find_or_build_dev_server(Progress())), *arguments],
        ready=lambda: temporal_is_ready(address),
        remedy="read the lines above.",
        ready_timeout=60,
    )
    async with running(spec, directory):
        yield address
