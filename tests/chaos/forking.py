"""Starts Pagedesk's commands from a process that has already imported every library they use.

A start then takes a third of the time, so that a run can afford many more kills. Only libraries are shared:
Pagedesk's own modules, its environment and its threads are as new as in any other start. Where start-up time
itself is measured, `processes.Fleet` executes the command from scratch instead.
"""

import ctypes
import os
import runpy
import signal
import sys
from collections.abc import Mapping, Sequence
from multiprocessing import get_context
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from support.paths import ROOT

CLI = ROOT / "cli.py"

_PR_SET_PDEATHSIG = 1
_LIBRARIES = [
    "alembic",
    "argon2",
    "cryptography.hazmat.primitives.ciphers.aead",
    "fastapi",
    "fastapi.openapi.models",
    "httpx",
    "orjson",
    "prometheus_client",
    "psycopg",
    "pydantic_settings",
    "sqlalchemy.dialects.sqlite",
    "sqlmodel",
    "structlog",
    "temporalio.worker",
    "typer",
    "uvicorn.protocols.http.httptools_impl",
    "uvloop",
]

_context = get_context("forkserver")
_context.set_forkserver_preload(_LIBRARIES)


def start(command: Sequence[str], environment: Mapping[str, str], log: Path) -> ForkServerProcess:
    """Start `pagedesk <command…>` in a session of its own; it dies with this process, however this dies."""
    process = _context.Process(target=_run, args=(list(command), dict(environment), log), daemon=True)
    process.start()
    return process


def _run(command: list[str], environment: dict[str, str], log: Path) -> None:
    os.setsid()
    _die_with_parent()
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for number in (1, 2):
        os.dup2(descriptor, number)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = [str(CLI), *command]
    runpy.run_path(str(CLI), run_name="__main__")


def _die_with_parent() -> None:
    """The parent is the library holder, which ends when the tests' process does. Linux only."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
