"""`pagedesk demo` as a person starts it: a process with settings of its own, and what it prints."""

import asyncio
import contextlib
import os
import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path

from local.processes.ports import free_port
from local.processes.processes import Child, ChildSpec
from support.paths import ROOT

CLI = str(ROOT / "cli.py")
_PORTS = ("PORT", "TEMPORAL_PORT", "TEMPORAL_UI_PORT", "SANDBOX_PORT", "TRAVEL_PORT")


@contextlib.asynccontextmanager
async def running_demo(directory: Path, env: dict[str, str], *options: str) -> AsyncIterator[str]:
    """A demo that is ready; what it has said. It ends well when it is asked to."""
    log = directory / "up.log"

    async def greeted() -> bool:
        return "Ctrl-C stops it" in await asyncio.to_thread(log.read_text)

    argv = [sys.executable, CLI, "demo", *options]
    child = Child(ChildSpec("up", argv, greeted, "read the lines above.", env, ready_timeout=150), directory)
    await child.start()
    try:
        await child.until_ready()
        yield log.read_text()
    finally:
        assert await child.stop(asyncio.Event())
        assert child.exit_status == 0


def demo_environment(**more: str) -> dict[str, str]:
    """Ours without settings of the person who runs the tests, and with ports of our own."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PAGEDESK_")}
    ports = {f"PAGEDESK_{name}": str(free_port()) for name in _PORTS}
    return inherited | ports | more


def found(pattern: str, text: str) -> str:
    """The group of the pattern's first match."""
    match = re.search(pattern, text)
    assert match is not None, text
    return match[1]
