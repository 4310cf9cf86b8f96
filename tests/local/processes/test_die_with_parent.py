"""Nothing that is started outlives who started it, even by `kill -9`."""

import asyncio
import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import psutil
import pytest

from support.eventually import eventually
from support.paths import ROOT

SLEEPS = (
    "import os, pathlib, signal, sys; pathlib.Path(sys.argv[1]).write_text(str(os.getpid())); signal.pause()"
)
HOLDS = f"""
import pathlib, subprocess, sys
from local.processes.die_with_parent import leashed
subprocess.run(leashed([sys.executable, "-c", {SLEEPS!r}, sys.argv[1]]))
"""
WATCHES = f"""
import os, sys
from local.processes.die_with_parent import watch
if os.fork() == 0:
    parent = os.getppid()
    sys.exit(watch(parent, [sys.executable, "-c", {SLEEPS!r}, sys.argv[1]]))
os.wait()
"""
SUPERVISES = f"""
import asyncio, pathlib, sys
from local.processes.processes import ChildSpec
from local.processes.progress import Progress
from local.processes.supervisor import supervise

directory = pathlib.Path(sys.argv[1])

def child(name):
    file = directory / name
    async def ready():
        return file.exists()
    return ChildSpec(name=name, argv=[sys.executable, "-c", {SLEEPS!r}, str(file)], ready=ready, remedy="")

async def on_ready():
    print("all ready", flush=True)

specs = [child("first"), child("second")]
sys.exit(asyncio.run(supervise(specs, on_ready, log_directory=directory, progress=Progress())))
"""


def _is_dead(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def _read_pid(file: Path) -> int | None:
    return int(text) if file.exists() and (text := file.read_text()) else None


def _start(program: str, argument: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-c", program, str(argument)], cwd=ROOT, stdout=subprocess.PIPE
    )


@pytest.mark.parametrize("program", [HOLDS, WATCHES])
async def test_a_child_dies_with_its_killed_parent(program: str, tmp_path: Path) -> None:
    with _start(program, tmp_path / "pid") as parent:
        pid = await eventually(lambda: asyncio.to_thread(_read_pid, tmp_path / "pid"))
        assert pid is not None
        assert not _is_dead(pid)
        parent.kill()
    await eventually(lambda: asyncio.to_thread(_is_dead, pid))


async def test_a_watched_child_is_told_to_stop(tmp_path: Path) -> None:
    with _start(WATCHES, tmp_path / "pid") as grandparent:
        pid = await eventually(lambda: asyncio.to_thread(_read_pid, tmp_path / "pid"))
        [watcher] = psutil.Process(grandparent.pid).children()
        watcher.terminate()
        assert await asyncio.to_thread(grandparent.wait, 10) == 0
    assert pid is not None
    assert _is_dead(pid)


async def test_a_killed_supervisor_leaves_no_children_and_can_be_started_again(tmp_path: Path) -> None:
    for directory in (tmp_path / "once", tmp_path / "again"):
        directory.mkdir()
        with _start(SUPERVISES, directory) as supervisor:
            await asyncio.to_thread(_read_until_ready, supervisor)
            pids = [_read_pid(directory / name) or 0 for name in ("first", "second")]
            assert not any(_is_dead(pid) for pid in pids)
            supervisor.kill()
        for pid in pids:
            await eventually(partial(asyncio.to_thread, _is_dead, pid))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
async def test_asked_to_stop_it_ends_with_zero_and_no_children(number: int, tmp_path: Path) -> None:
    with _start(SUPERVISES, tmp_path) as supervisor:
        await asyncio.to_thread(_read_until_ready, supervisor)
        os.kill(supervisor.pid, number)
        assert await asyncio.to_thread(supervisor.wait, 20) == 0
    for name in ("first", "second"):
        pid = _read_pid(tmp_path / name)
        assert pid is not None
        assert _is_dead(pid)


def _read_until_ready(supervisor: subprocess.Popen[bytes]) -> None:
    assert supervisor.stdout is not None
    assert any(line == b"all ready\n" for line in supervisor.stdout)
