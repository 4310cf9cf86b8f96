"""One Pagedesk to a data directory."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local.processes.errors import AlreadyRunningError

_FILE = "pagedesk.lock"


def is_held(data_directory: Path) -> bool:
    """Whether a Pagedesk runs on this directory now."""
    try:
        with (data_directory / _FILE).open() as stream:
            fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False  # there is none, or none that we may see
    return False


@contextmanager
def data_directory_lock(data_directory: Path) -> Iterator[None]:
    """Hold the directory, made if missing, for the length of the block.

    The kernel frees the lock when the holder dies, however it dies, so nothing stale is ever left behind.
    Raises AlreadyRunningError.
    """
    data_directory.mkdir(parents=True, exist_ok=True)
    with (data_directory / _FILE).open("a+") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            stream.seek(0)
            raise AlreadyRunningError(
                f"Pagedesk already runs on {data_directory.resolve()} (pid {stream.read().strip()}).\n"
                "Stop it first (Ctrl-C in its terminal), or use another directory: PAGEDESK_DATA_DIR=…"
            ) from error
        stream.truncate(0)
        stream.write(str(os.getpid()))
        stream.flush()
        yield
