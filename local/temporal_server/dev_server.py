"""Finds the Temporal dev server, or gets one: on the PATH, in the cache, by the SDK's download, built by Go.

What is built is verified by Go's checksum database; what the SDK downloads, by TLS alone. The binary is
Temporal's command line tool; its `server start-dev` is the server. The version that is fetched or built is
the one Pagedesk was measured with, and the last that `go install` accepts.
"""

import asyncio
import os
import re
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from temporalio.testing import WorkflowEnvironment

from local.processes.die_with_parent import leashed
from local.processes.errors import ServerMissingError, SourceUnavailableError
from local.processes.progress import Progress
from local.temporal_server.installing import (
    answers,
    cache_directory,
    home_directory,
    locked,
    only_file,
    put_in_place,
    staging_directory,
)

CLI_VERSION = "1.5.1"
GO_PACKAGE = f"github.com/temporalio/cli/cmd/temporal@v{CLI_VERSION}"
DOWNLOAD_URL = "https://temporal.download/"

# Updates and poller autoscaling work without switches from this server version on.
_OLDEST_SERVER = (1, 28)
_VERSION_SECONDS = 20
_DOWNLOAD_SECONDS = 600
_CHECKSUM_DATABASE = "sum.golang.org"
_UNVERIFIED = ("GONOSUMDB", "GONOSUMCHECK", "GOPRIVATE", "GOINSECURE")
_TAIL_LINES = 8


async def find_or_build_dev_server(progress: Progress) -> Path:
    """The path of a `temporal` binary with server 1.28 or later.

    Looks on the PATH, then in the cache, then downloads with the SDK if its host answers, then builds with
    Go, which takes some minutes once. Safe to call from several processes at a time. Raises
    ServerMissingError, whose message says what was tried and what to do.
    """
    if on_path := await _on_path(progress):
        return on_path
    cache = cache_directory()
    cached = cache / f"temporal-{CLI_VERSION}"
    if not cached.exists():
        async with locked(cache / f"temporal-{CLI_VERSION}.lock", progress):
            if not cached.exists():
                await _install(cached, progress)
    return cached


async def _on_path(progress: Progress) -> Path | None:
    found = shutil.which("temporal")
    if found is None:
        return None
    try:
        await _require_recent(Path(found))
    except SourceUnavailableError as reason:
        progress.say(f"{found} is passed over: {reason}")
        return None
    return Path(found)


async def _require_recent(binary: Path) -> None:
    """Raise SourceUnavailableError unless the binary runs and holds a server that is recent enough."""
    try:
        process = await asyncio.create_subprocess_exec(
            binary, "--version", stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
    except OSError as error:
        raise SourceUnavailableError(f"it does not run ({error.strerror}).") from error
    try:
        async with asyncio.timeout(_VERSION_SECONDS):
            output, _ = await process.communicate()
    except TimeoutError as error:
        process.kill()
        await process.wait()
        raise SourceUnavailableError(f"--version gave no answer in {_VERSION_SECONDS} s.") from error
    match = re.search(rb"Server (\d+)\.(\d+)", output)
    if match is None:
        raise SourceUnavailableError("--version names no server.")
    if (version := (int(match[1]), int(match[2]))) < _OLDEST_SERVER:
        raise SourceUnavailableError(f"it holds server {version[0]}.{version[1]}; 1.28 or later is needed.")


async def _install(target: Path, progress: Progress) -> None:
    closed: list[str] = []
    for source in (_download, _build):
        with staging_directory(target) as staging:
            try:
                made = await source(staging, progress)
                await _require_recent(made)
                put_in_place(made, target)
            except SourceUnavailableError as reason:
                closed.append(str(reason))
                continue
        progress.say(f"Temporal's dev server is ready: {target}")
        return
    raise ServerMissingError(
        "Pagedesk needs Temporal's dev server and cannot get one:\n"
        + "".join(f"  - {reason}\n" for reason in ("There is no usable `temporal` on the PATH.", *closed))
        + "What helps, any one of these:\n"
        "  - install the Temporal CLI (https://docs.temporal.io/cli/setup-cli), `temporal` on the PATH;\n"
        f"  - let this machine reach {DOWNLOAD_URL};\n"
        "  - install Go 1.25 or later (https://go.dev/dl/), with access to proxy.golang.org;\n"
        "  - use a Temporal server that runs elsewhere: PAGEDESK_TEMPORAL_ADDRESS=host:port."
    )


async def _download(staging: Path, progress: Progress) -> Path:
    """By the SDK: it only offers to download and start, so the server is started once and stopped."""
    if not await answers(DOWNLOAD_URL):
        raise SourceUnavailableError(f"{DOWNLOAD_URL} does not answer.")
    try:
        async with progress.working("Downloading Temporal's dev server"), asyncio.timeout(_DOWNLOAD_SECONDS):
            environment = await WorkflowEnvironment.start_local(
                download_dest_dir=str(staging),
                dev_server_download_version=f"v{CLI_VERSION}",
                dev_server_startup_timeout=timedelta(seconds=60),
            )
            await environment.shutdown()
    except (RuntimeError, TimeoutError) as error:
        raise SourceUnavailableError(f"The download from {DOWNLOAD_URL} failed: {error}") from error
    return only_file(staging)


async def _build(staging: Path, progress: Progress) -> Path:
    go = shutil.which("go")
    if go is None:
        raise SourceUnavailableError("Go is not installed, so it cannot be built.")
    async with progress.working("Building Temporal's dev server with Go, 3 to 6 minutes once") as step:
        process = await asyncio.create_subprocess_exec(
            *leashed([go, "install", "-v", "-ldflags", "-s -w", GO_PACKAGE]),
            env=_go_environment(staging),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            tail = await _follow(process, step)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
    if process.returncode != 0:
        raise SourceUnavailableError(
            "Building with Go failed:\n" + "\n".join(f"      {line}" for line in tail)
        )
    return staging / "bin" / "temporal"


async def _follow(process: asyncio.subprocess.Process, step: Callable[[str], None]) -> list[str]:
    """Report Go's lines as steps until it ends; its last lines."""
    assert process.stderr is not None  # noqa: S101 - a pipe was asked for
    tail: list[str] = []
    async for line in process.stderr:
        text = line.decode(errors="replace").strip()
        step(text)
        tail = [*tail[1 - _TAIL_LINES :], text]
    await process.wait()
    return tail


def _go_environment(staging: Path) -> dict[str, str]:
    """Go's own caches where there is a home for them, so that a second try is quick; else scratch space.

    Go verifies each module by the checksum database, whatever this user has switched off for modules of their
    own.
    """
    environment = os.environ | {"GOBIN": str(staging / "bin"), "CGO_ENABLED": "0"}
    if environment.get("GOSUMDB", "off") == "off":
        environment["GOSUMDB"] = _CHECKSUM_DATABASE
    for name in _UNVERIFIED:
        environment.pop(name, None)
    if home_directory() is None:
        environment |= {"GOPATH": str(staging / "path"), "GOCACHE": str(staging / "cache")}
        environment["GOFLAGS"] = f"{os.environ.get('GOFLAGS', '')} -modcacherw".strip()
    return environment
