"""The processes of an installation, as tests start them."""

import os
import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from base.settings import Settings
from local.processes.processes import ChildSpec
from local.temporal_server.ready import http_is_ready
from support.paths import ROOT
from worker import READY_FILE

READY_SECONDS = 60.0
"""A loaded machine with two cores takes its time."""


def environment(settings: Settings, port: int, **more: str) -> dict[str, str]:
    """Ours without settings of the person who runs the tests, and these."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PAGEDESK_")}
    return inherited | {
        "PAGEDESK_DATA_DIR": str(settings.data_dir),
        "PAGEDESK_PORT": str(port),
        "PAGEDESK_TEST_MODE": "1",
        "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "tests"))),
        **more,
    }


def api(env: Mapping[str, str]) -> ChildSpec:
    """`pagedesk api`."""
    address = f"http://127.0.0.1:{env['PAGEDESK_PORT']}/healthz"
    return _spec("api", [str(ROOT / "cli.py"), "api"], env, lambda: http_is_ready(address))


def worker(env: Mapping[str, str]) -> ChildSpec:
    """`pagedesk worker`."""
    return _spec("worker", [str(ROOT / "cli.py"), "worker"], env, _exists(env, READY_FILE))


def relay(env: Mapping[str, str]) -> ChildSpec:
    """A relay alone; see `support.relay_process`."""
    return _spec("relay", ["-m", "support.relay_process"], env, _exists(env, "relay.port"))


def sandbox(env: Mapping[str, str], port: int, ledger: Path) -> ChildSpec:
    """`pagedesk sandbox`."""
    argv = [str(ROOT / "cli.py"), "sandbox", "--port", str(port), "--ledger", str(ledger)]
    return _spec("sandbox", argv, env, lambda: http_is_ready(f"http://127.0.0.1:{port}/_sandbox/clock"))


def _spec(
    name: str, argv: list[str], env: Mapping[str, str], ready: Callable[[], Awaitable[bool]]
) -> ChildSpec:
    return ChildSpec(
        name=name,
        argv=[sys.executable, *argv],
        env=env,
        ready=ready,
        remedy="read the lines above.",
        ready_timeout=READY_SECONDS,
    )


def _exists(env: Mapping[str, str], name: str) -> Callable[[], Awaitable[bool]]:
    file = Path(env["PAGEDESK_DATA_DIR"]) / name

    async def look() -> bool:
        return file.exists()

    return look
