"""How each process of a run is started: Pagedesk's own as `pagedesk demo` does it, and the baselines.

Child processes die with this one (local/processes/die_with_parent.py).
"""

import asyncio
import fcntl
import os
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import psutil

from base.settings import Settings
from local.child_processes import PROCESSING_NICENESS
from local.processes.processes import Child, ChildSpec
from local.temporal_server.dev_server_command import dev_server_arguments
from local.temporal_server.ready import http_is_ready, temporal_is_ready
from worker import READY_FILE

_ROOT = Path(__file__).parent.parent
_LOOPBACK = "127.0.0.1"
_PROCESSING = ("temporal", "worker", "baseline worker")
_PREFIX = "PAGEDESK_"
# Without bytecode every start, and every conversation's fresh import of its workflow, compiles it anew.
_NOT_PASSED_ON = (_PREFIX, "PYTHONDONTWRITEBYTECODE")
_READY_SECONDS = 60.0


class Process(Child):
    """A child whose processor time can be read."""

    @property
    def name(self) -> str:
        """What the results call it."""
        return self.spec.name

    async def up(self) -> None:
        """Start it and wait until it is ready."""
        await self.start()
        await self.until_ready()

    async def down(self) -> None:
        """Stop it as the supervisor would."""
        await self.stop(asyncio.Event())

    def cpu_seconds(self) -> float:
        """Processor time that the current run has used; 0 while it is down."""
        if self._process is None or self.exit_status is not None:
            return 0.0
        times = psutil.Process(self._process.pid).cpu_times()
        return times.user + times.system


def temporal(binary: Path, settings: Settings, logs: Path) -> Process:
    """The dev server with Pagedesk's tuning, on a database file."""
    arguments = dev_server_arguments(
        database=settings.data_dir / "temporal.db",
        port=settings.temporal_port,
        synchronous=settings.temporal_synchronous,
    )
    target = settings.temporal_target
    return _process("temporal", [str(binary), *arguments], lambda: temporal_is_ready(target), settings, logs)


def sandbox(settings: Settings, ledger: Path, logs: Path) -> Process:
    """The local Messenger. It keeps its ledger, from which the instants of calls are read, and no state."""
    port = str(settings.sandbox_port)
    url = f"http://{_LOOPBACK}:{port}/_sandbox/clock"
    argv = _ours("sandbox", "--port", port, "--ledger", str(ledger))
    return _process("sandbox", argv, lambda: http_is_ready(url), settings, logs)


def api(settings: Settings, logs: Path, name: str = "api") -> Process:
    """The API."""
    url = f"http://{_LOOPBACK}:{settings.port}/healthz"
    return _process(name, _ours("api"), lambda: http_is_ready(url), settings, logs)


def worker(settings: Settings, logs: Path) -> Process:
    """The worker with its relay."""
    return _process("worker", _ours("worker"), _lock_is_held(settings), settings, logs)


def baseline_worker(settings: Settings, logs: Path) -> Process:
    """The worker of the minimal workflow."""
    argv = [sys.executable, "-m", "bench.baseline_worker"]
    return _process("baseline worker", argv, _lock_is_held(settings), settings, logs)


def baseline_webhook(settings: Settings, logs: Path) -> Process:
    """The FastAPI route that stores nothing."""
    argv = [sys.executable, "-m", "bench.baseline_webhook"]
    url = f"http://{_LOOPBACK}:{settings.port}/docs"
    return _process("baseline webhook", argv, lambda: http_is_ready(url), settings, logs)


def _process(
    name: str, argv: Sequence[str], ready: Callable[[], Awaitable[bool]], settings: Settings, logs: Path
) -> Process:
    """A process as `pagedesk up` runs it: what processes steps back for what acknowledges, on both sides."""
    spec = ChildSpec(
        name=name,
        argv=argv,
        ready=ready,
        remedy="read the lines above.",
        env=_environment(settings),
        ready_timeout=_READY_SECONDS,
        niceness=PROCESSING_NICENESS if name in _PROCESSING else 0,
    )
    return Process(spec, logs)


def _ours(*arguments: str) -> list[str]:
    return [sys.executable, str(_ROOT / "cli.py"), *arguments]


def _environment(settings: Settings) -> dict[str, str]:
    """Our own environment with these settings and no others."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_NOT_PASSED_ON)}
    given = {name: getattr(settings, name) for name in settings.model_fields_set}
    secrets = {"admin_token": settings.admin_token.get_secret_value()} if settings.admin_token else {}
    return kept | {_PREFIX + name.upper(): str(value) for name, value in (given | secrets).items()}


def _lock_is_held(settings: Settings) -> Callable[[], Awaitable[bool]]:
    async def held() -> bool:
        with (settings.data_dir / READY_FILE).open("a") as stream:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False

    return held
