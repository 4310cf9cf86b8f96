"""A child steps back with all that it has, once it is ready."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from local.processes.processes import ChildSpec, running

THREADS = """
import pathlib, sys, threading
thread = threading.Thread(target=threading.Event().wait, daemon=True)
thread.start()
pathlib.Path(sys.argv[1]).write_text(f"{threading.get_native_id()} {thread.native_id}")
thread.join()
"""


def _told(file: Path) -> list[int]:
    return [int(each) for each in file.read_text().split()] if file.exists() else []


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere threads have no niceness of their own")
async def test_a_child_steps_back_with_all_its_threads_and_its_session(tmp_path: Path) -> None:
    file = tmp_path / "threads"

    async def ready() -> bool:
        return len(await asyncio.to_thread(_told, file)) > 1

    argv = [sys.executable, "-c", THREADS, str(file)]
    async with running(ChildSpec("child", argv, ready, remedy="", niceness=7), tmp_path):
        threads = _told(file)
        assert [os.getpriority(os.PRIO_PROCESS, thread) for thread in threads] == [7, 7]
        autogroup = Path(f"/proc/{threads[0]}/autogroup")
        if autogroup.exists():
            assert autogroup.read_text().split()[-1] == "7"
