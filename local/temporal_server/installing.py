"""Where found and built servers are kept, and how they get there: whole, and once.

A server is made in a staging directory beside its final place and renamed into it, under a file lock: a
process that dies half-way leaves no half server, and of two that start together one builds while the other
waits.
"""

import asyncio
import fcntl
import os
import shutil
import ssl
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import IO

import certifi
import httpx

from local.processes.errors import ServerMissingError, SourceUnavailableError
from local.processes.progress import Progress

_PROBE_SECONDS = 3
_LOCK_POLL_SECONDS = 0.2


def cache_directory(environment: Mapping[str, str] = os.environ) -> Path:
    """`$XDG_CACHE_HOME/pagedesk`, else `~/.cache/pagedesk`, else `.cache/pagedesk` here; made if missing.

    Raises ServerMissingError if none of them can be written.
    """
    for base in _cache_bases(environment):
        directory = base / "pagedesk"
        try:
            directory.mkdir(parents=True, exist_ok=True)
        except OSError:
            continue
        if os.access(directory, os.W_OK | os.X_OK):
            return directory
    raise ServerMissingError(
        "No cache directory can be written. Set XDG_CACHE_HOME to a directory that you may write to."
    )


def home_directory(environment: Mapping[str, str] = os.environ) -> Path | None:
    """The home directory, or None where the variable is unset, empty or points nowhere."""
    home = Path(environment.get("HOME", ""))
    return home if home.is_absolute() and home.is_dir() else None


def _cache_bases(environment: Mapping[str, str]) -> Iterator[Path]:
    configured = Path(environment.get("XDG_CACHE_HOME", ""))
    if configured.is_absolute():
        yield configured
    if home := home_directory(environment):
        yield home / ".cache"
    yield Path(".cache").resolve()


@asynccontextmanager
async def locked(file: Path, progress: Progress) -> AsyncIterator[None]:
    """Hold `file`'s lock; the kernel frees it when the holder dies, however it dies."""
    with file.open("a") as stream:
        if not _try_lock(stream):
            async with progress.working(f"Waiting for another process that prepares {file.stem}"):
                while not _try_lock(stream):  # noqa: ASYNC110 - another process holds it
                    await asyncio.sleep(_LOCK_POLL_SECONDS)
        yield


def _try_lock(stream: IO[str]) -> bool:
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def staging_directory(target: Path) -> Iterator[Path]:
    """A scratch directory beside `target`, removed afterwards, as are those of makers that died.

    Call it under the lock of `target`.
    """
    prefix = f"staging-{target.name}-"
    for leftover in target.parent.glob(f"{prefix}*"):
        shutil.rmtree(leftover, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=prefix, ignore_cleanup_errors=True) as name:
        yield Path(name)


def put_in_place(made: Path, target: Path) -> Path:
    """Make `made`, a file or directory on the same file system, appear at `target` in one step."""
    if made.is_file():
        made.chmod(0o755)
        with made.open("rb") as stream:
            os.fsync(stream.fileno())
    made.replace(target)
    return target


def only_file(directory: Path) -> Path:
    """The one file that a download left there; raises SourceUnavailableError if it is not one."""
    files = list(directory.iterdir())
    if len(files) != 1:
        raise SourceUnavailableError(f"The download left {len(files)} files instead of one.")
    return files[0]


async def answers(url: str) -> bool:
    """Whether the host of `url` gives any HTTP answer within three seconds; proxies are honoured."""
    try:
        async with asyncio.timeout(_PROBE_SECONDS), http_client() as client:
            await client.head(url)
    except (httpx.HTTPError, TimeoutError):
        return False
    return True


def http_client() -> httpx.AsyncClient:
    """A client that trusts what the system trusts and, where that is nothing, the usual authorities."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return httpx.AsyncClient(verify=context, follow_redirects=True, timeout=30)
