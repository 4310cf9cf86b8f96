"""A file that says whether a process lives: the kernel frees its lock however the process ends."""

import fcntl
import os
from pathlib import Path
from typing import TextIO


class ProcessLock:
    """Held by one process of a data directory, from `hold` until it ends or `release`."""

    def __init__(self, directory: Path, process_id: str) -> None:
        self._path = _path(directory, process_id)
        self._file: TextIO | None = None

    def hold(self) -> None:
        """Say that this process lives. Again, it changes nothing."""
        if self._file is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._path.open("w")
            fcntl.flock(self._file, fcntl.LOCK_SH | fcntl.LOCK_NB)

    def release(self) -> None:
        """Say that it has ended."""
        if self._file is not None:
            self._path.unlink(missing_ok=True)
            self._file.close()
            self._file = None


def is_alive(directory: Path, process_id: str) -> bool:
    """Whether the process with this id holds its lock. What a dead one left is removed."""
    path = _path(directory, process_id)
    try:
        descriptor = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        path.unlink(missing_ok=True)
        return False
    finally:
        os.close(descriptor)


def _path(directory: Path, process_id: str) -> Path:
    return directory / "processes" / f"{process_id}.lock"
