import os
import subprocess
import sys
from pathlib import Path

import pytest

from local.processes.data_lock import data_directory_lock
from local.processes.errors import AlreadyRunningError
from support.paths import ROOT

HOLD = """
import sys, pathlib, local.processes.data_lock
with local.processes.data_lock.data_directory_lock(pathlib.Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_start_is_refused_by_the_pid_of_the_first(tmp_path: Path) -> None:
    with (
        data_directory_lock(tmp_path),
        pytest.raises(AlreadyRunningError) as refusal,
        data_directory_lock(tmp_path),
    ):
        pass
    assert f"(pid {os.getpid()})" in str(refusal.value)
    assert "PAGEDESK_DATA_DIR" in str(refusal.value)


def test_the_directory_is_made(tmp_path: Path) -> None:
    with data_directory_lock(tmp_path / "new" / "data"):
        assert (tmp_path / "new" / "data").is_dir()


def test_it_can_be_held_again_after_it_is_let_go(tmp_path: Path) -> None:
    for _ in range(2):
        with data_directory_lock(tmp_path):
            pass
    assert (tmp_path / "pagedesk.lock").read_text() == str(os.getpid())


def test_a_holder_killed_holds_nothing(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLD, str(tmp_path)]

    with subprocess.Popen(  # noqa: S603 - our own program
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(AlreadyRunningError, match=f"pid {holder.pid}"), data_directory_lock(tmp_path):
            pass
        holder.kill()
    with data_directory_lock(tmp_path):
        pass
