"""The processes of an installation on one machine: how each is started, and when it is ready."""

import asyncio
import fcntl
import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from base.settings import Settings
from local.processes.ports import Port
from local.processes.processes import ChildSpec
from local.processes.progress import Progress
from local.temporal_server.dev_server import find_or_build_dev_server
from local.temporal_server.dev_server_command import dev_server_arguments, discard_unfinished_database
from local.temporal_server.ready import http_is_ready, temporal_is_ready
from local.temporal_server.test_server import find_or_build_test_server
from worker import READY_FILE

# Acknowledging a delivery comes before processing it: Meta waits five seconds, the inbox any time.
PROCESSING_NICENESS = 5
_ROOT = Path(__file__).parent.parent


async def temporal(settings: Settings, progress: Progress) -> ChildSpec:
    """The dev server, persistent in the data directory."""
    binary = await find_or_build_dev_server(progress)
    database = settings.data_dir.resolve() / "temporal.db"
    discard_unfinished_database(database)
    arguments = dev_server_arguments(
        database=database,
        port=settings.temporal_port,
        ui_port=settings.temporal_ui_port,
        synchronous=settings.temporal_synchronous,
        namespace=settings.temporal_namespace,
    )
    return ChildSpec(
        name="temporal",
        argv=[str(binary), *arguments],
        ready=lambda: temporal_is_ready(settings.temporal_target, settings.temporal_namespace),
        remedy="if its database is damaged, put back a backup of temporal.db.",
        niceness=PROCESSING_NICENESS,
        ports=[
            Port(settings.temporal_port, "PAGEDESK_TEMPORAL_PORT"),
            *_web_page(settings),
        ],
    )


async def skipping_engine(settings: Settings, progress: Progress) -> ChildSpec:
    """The time-skipping server. It keeps everything in memory, so nothing outlives it."""
    return ChildSpec(
        name="temporal",
        argv=[str(await find_or_build_test_server(progress)), str(settings.temporal_port)],
        ready=lambda: temporal_is_ready(settings.temporal_target),
        remedy="start again; what was there is gone with it.",
        ports=[Port(settings.temporal_port, "PAGEDESK_TEMPORAL_PORT")],
        replaceable=False,
    )


def api(settings: Settings, environment: Mapping[str, str]) -> ChildSpec:
    """`pagedesk api`."""
    return ChildSpec(
        name="api",
        argv=_ours("api"),
        env=environment,
        ready=lambda: http_is_ready(f"{settings.local_url}/healthz"),
        remedy="read the lines above; PAGEDESK_HOST and PAGEDESK_PORT choose another address.",
        ports=[Port(settings.port, "PAGEDESK_PORT", settings.host)],
    )


def worker(settings: Settings, environment: Mapping[str, str]) -> ChildSpec:
    """`pagedesk worker`."""
    return ChildSpec(
        name="worker",
        argv=_ours("worker"),
        env=environment,
        ready=_lock_is_held(settings.data_dir / READY_FILE),
        remedy="read the lines above; the worker needs Temporal and the databases.",
        niceness=PROCESSING_NICENESS,
    )


def sandbox(settings: Settings, environment: Mapping[str, str], *options: str) -> ChildSpec:
    """`pagedesk sandbox` with what it is told besides."""
    data = settings.data_dir.resolve()
    return ChildSpec(
        name="sandbox",
        argv=[
            *_ours("sandbox"),
            "--port", str(settings.sandbox_port),
            "--ledger", str(data / "ledger"),
            "--state", str(data / "sandbox.state"),
            *options,
        ],
        env=environment,
        ready=lambda: http_is_ready(f"{settings.sandbox_url}/_sandbox/clock"),
        remedy="read the lines above.",
        ports=[Port(settings.sandbox_port, "PAGEDESK_SANDBOX_PORT")],
    )  # fmt: skip


def _web_page(settings: Settings) -> list[Port]:
    port = settings.temporal_ui_port
    return [Port(port, "PAGEDESK_TEMPORAL_UI_PORT")] if port is not None else []


def _ours(command: str) -> list[str]:
    return [sys.executable, str(_ROOT / "cli.py"), command]


def _lock_is_held(file: Path) -> Callable[[], Awaitable[bool]]:
    def held() -> bool:
        with file.open("a") as stream:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False

    return lambda: asyncio.to_thread(held)
