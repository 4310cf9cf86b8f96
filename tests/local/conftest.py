import io
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from local.processes.progress import Progress

_ANY_WIDTH = 1000


class Transcript:
    """A progress that keeps what it says."""

    def __init__(self) -> None:
        self._file = io.StringIO()
        self.progress = Progress(Console(file=self._file, width=_ANY_WIDTH))

    @property
    def text(self) -> str:
        return self._file.getvalue()


@pytest.fixture
def transcript() -> Transcript:
    return Transcript()


@pytest.fixture
def put_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], Path]:
    """Puts a shell script on the PATH, where there is nothing else."""
    directory = tmp_path / "programs"
    directory.mkdir()
    monkeypatch.setenv("PATH", str(directory))

    def put(name: str, body: str) -> Path:
        script = directory / name
        script.write_text(f"#!/bin/sh\n{body}\n")
        script.chmod(0o755)
        return script

    return put


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where servers are kept: the cache of a home that is new and empty."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    return home / ".cache" / "pagedesk"
