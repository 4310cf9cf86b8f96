"""`scripts/setup` in a bare project, with a uv that only pretends."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from support.paths import ROOT

PutProgram = Callable[[str, str], Path]

SCRIPT = ROOT / "scripts" / "setup"
TOOLS = ("awk", "cat", "cksum", "df", "dirname", "mkdir", "mktemp", "rm")
UV = """
if [ "$1" = --version ]; then echo "uv {version}"; exit; fi
echo "$@" >>uv.calls
mkdir -p .venv/bin
printf '#!/bin/sh\\n' >.venv/bin/python
/bin/chmod +x .venv/bin/python
"""
PYTHON_WITHOUT_VENV = f"""
case "$*" in
*sys.executable*) echo "$0" ;;
*"-m venv"*) echo "ensurepip is not available" >&2; exit 1 ;;
*) exec {sys.executable} "$@" ;;
esac
"""


@pytest.fixture
def project(tmp_path: Path, put_program: PutProgram) -> Path:
    project = tmp_path / "project"
    (project / "scripts").mkdir(parents=True)
    shutil.copy(SCRIPT, project / "scripts" / "setup")
    (project / "uv.lock").write_text("locked\n")
    (project / "pyproject.toml").write_text("project\n")
    for tool in TOOLS:
        found = shutil.which(tool, path=os.defpath)
        assert found, tool
        put_program(tool, f'exec {found} "$@"')
    return project


def _setup(project: Path) -> tuple[int, str]:
    done = subprocess.run(  # noqa: S603 - our own script
        [project / "scripts" / "setup"], capture_output=True, text=True, check=False, env=dict(os.environ)
    )
    return done.returncode, done.stdout + done.stderr


def _syncs(project: Path) -> int:
    calls = project / "uv.calls"
    return len(calls.read_text().splitlines()) if calls.exists() else 0


def test_it_syncs_once_and_then_does_nothing(project: Path, put_program: PutProgram) -> None:
    put_program("python3", f'exec {sys.executable} "$@"')
    put_program("uv", UV.format(version="99.1.0"))
    assert _setup(project)[0] == 0
    assert _setup(project) == (0, "")
    assert _syncs(project) == 1


@pytest.mark.parametrize("changed", ["uv.lock", "pyproject.toml"])
def test_it_syncs_again_when_something_changed(changed: str, project: Path, put_program: PutProgram) -> None:
    put_program("python3", f'exec {sys.executable} "$@"')
    put_program("uv", UV.format(version="99.1.0"))
    assert _setup(project)[0] == 0
    (project / changed).write_text("other\n")
    assert _setup(project)[0] == 0
    assert _syncs(project) == 2


def test_an_environment_without_its_python_is_made_anew(project: Path, put_program: PutProgram) -> None:
    put_program("python3", f'exec {sys.executable} "$@"')
    put_program("uv", UV.format(version="99.1.0"))
    assert _setup(project)[0] == 0
    (project / ".venv" / "bin" / "python").unlink()
    assert _setup(project)[0] == 0
    assert _syncs(project) == 2


def test_without_python_it_says_which_is_needed(project: Path) -> None:
    status, output = _setup(project)
    assert status == 1
    assert "Python 3.11 or later is needed" in output


def test_an_old_python_is_none(project: Path, put_program: PutProgram) -> None:
    put_program("python3", "exit 1")
    status, output = _setup(project)
    assert status == 1
    assert "Python 3.11 or later is needed" in output


@pytest.mark.parametrize("uv", [None, "0.4.30"])
def test_without_the_venv_module_it_names_the_package(
    uv: str | None, project: Path, put_program: PutProgram
) -> None:
    """A uv that is too old for the lock file is as good as none."""
    put_program("python3", PYTHON_WITHOUT_VENV)
    if uv:
        put_program("uv", UV.format(version=uv))
    status, output = _setup(project)
    assert status == 1
    assert "apt install python3-venv" in output
    assert not (project / ".uv").exists()


@pytest.mark.parametrize(
    ("words", "remedy"),
    [
        ("error: dns error", "Check the network"),
        ("error: No space left on device (os error 28)", "The disk is full"),
        ("The lockfile at `uv.lock` needs to be updated", "Run 'uv lock'"),
    ],
)
def test_a_failed_sync_is_explained(words: str, remedy: str, project: Path, put_program: PutProgram) -> None:
    put_program("python3", f'exec {sys.executable} "$@"')
    put_program("uv", f'if [ "$1" = --version ]; then echo "uv 99.1.0"; exit; fi\necho "{words}" >&2; exit 2')
    status, output = _setup(project)
    assert status == 1
    assert remedy in output
    assert not (project / ".venv" / ".pagedesk-setup").exists()
