"""Finds the time-skipping test server, or gets one: by the SDK's download, else as Java archives.

The archives come from Maven Central, by a committed list with their hashes (`test_server_jars.txt`); Java 11
or later runs them behind a short script. Maven itself is not needed.
"""

import asyncio
import hashlib
import re
import shutil
from datetime import timedelta
from pathlib import Path

import httpx
from temporalio.converter import DataConverter
from temporalio.testing import WorkflowEnvironment

from local.processes.errors import ServerMissingError, SourceUnavailableError
from local.processes.progress import Progress
from local.temporal_server.class_archive import ARCHIVE, NO_ARCHIVE, make_class_archive
from local.temporal_server.installing import (
    answers,
    cache_directory,
    http_client,
    locked,
    only_file,
    put_in_place,
    staging_directory,
)

VERSION = "1.38.0"
DOWNLOAD_URL = "https://temporal.download/"
MAVEN_CENTRAL_URL = "https://repo.maven.apache.org/maven2/"

_OLDEST_JAVA = 11
_DOWNLOAD_SECONDS = 600
_DOWNLOADS_AT_ONCE = 6
_START_SECONDS = 60
_JARS = Path(__file__).with_name("test_server_jars.txt")
_LAUNCHER_NAME = "temporal-test-server"
_LAUNCHER = f"""#!/bin/sh
here=$(dirname "$0")
archive="$here/{ARCHIVE}"
[ -f "$archive" ] && archived="-XX:SharedArchiveFile=$archive"
exec java -XX:+UseSerialGC -XX:TieredStopAtLevel=1 ${{archived:+"$archived"}} -cp "$here/jars/*" \
io.temporal.testserver.TestServer "$@"
"""


async def start_time_skipping(
    progress: Progress | None = None, *, data_converter: DataConverter = DataConverter.default
) -> WorkflowEnvironment:
    """Start a time-skipping server of its own; shut the environment down when done.

    Time is global to the environment. Awaiting a workflow's result on its client skips time, awaiting an
    update does not.
    """
    binary = await find_or_build_test_server(progress or Progress())
    return await WorkflowEnvironment.start_time_skipping(
        test_server_existing_path=str(binary),
        test_server_startup_timeout=timedelta(seconds=_START_SECONDS),
        data_converter=data_converter,
    )


async def find_or_build_test_server(progress: Progress) -> Path:
    """The path of an executable test server; its arguments are a port and optionally --enable-time-skipping.

    It listens on all interfaces (https://github.com/temporalio/sdk-java/issues/1920). Safe to call from
    several processes at a time. Raises ServerMissingError, whose message says what was tried and what to do.
    """
    cache = cache_directory()
    native, java = cache / f"temporal-test-server-{VERSION}", cache / f"temporal-test-server-{VERSION}-java"
    if found := _found(native, java):
        return found
    async with locked(cache / f"temporal-test-server-{VERSION}.lock", progress):
        return _found(native, java) or await _install(native, java, progress)


def _found(native: Path, java: Path) -> Path | None:
    """The server that is ready: that of Java with its archive, or with the reason why it has none."""
    if native.exists():
        return native
    is_ready = any((java / name).exists() for name in (ARCHIVE, NO_ARCHIVE))
    return java / _LAUNCHER_NAME if is_ready else None


async def _install(native: Path, java: Path, progress: Progress) -> Path:
    found = await _get(native, java, progress)
    if found == java:
        found = await _launcher_in(java, progress)
    progress.say(f"Temporal's time-skipping test server is ready: {found}")
    return found


async def _get(native: Path, java: Path, progress: Progress) -> Path:
    """One of both, whichever is there or can be had."""
    closed: list[str] = []
    for source, target in ((_download, native), (_assemble, java)):
        if target.exists():
            return target
        with staging_directory(target) as staging:
            try:
                return put_in_place(await source(staging, progress), target)
            except SourceUnavailableError as reason:
                closed.append(str(reason))
    raise ServerMissingError(
        "Temporal's time-skipping test server cannot be had:\n"
        + "".join(f"  - {reason}\n" for reason in closed)
        + "What helps, any one of these:\n"
        f"  - let this machine reach {DOWNLOAD_URL};\n"
        f"  - install Java {_OLDEST_JAVA} or later (Debian: apt install default-jre-headless; macOS: brew "
        f"install openjdk) and let this machine reach {MAVEN_CENTRAL_URL}."
    )


async def _launcher_in(java: Path, progress: Progress) -> Path:
    """The script that starts the archives, and starts them quickly: written here, as it has to fit both."""
    launcher = java / _LAUNCHER_NAME
    launcher.write_text(_LAUNCHER)
    launcher.chmod(0o755)
    await make_class_archive(launcher, progress)
    return launcher


async def _download(staging: Path, progress: Progress) -> Path:
    """By the SDK: it only offers to download and start, so the server is started once and stopped."""
    if not await answers(DOWNLOAD_URL):
        raise SourceUnavailableError(f"{DOWNLOAD_URL} does not answer.")
    try:
        async with (
            progress.working("Downloading Temporal's time-skipping test server"),
            asyncio.timeout(_DOWNLOAD_SECONDS),
        ):
            environment = await WorkflowEnvironment.start_time_skipping(
                download_dest_dir=str(staging),
                test_server_download_version=f"v{VERSION}",
                test_server_startup_timeout=timedelta(seconds=_START_SECONDS),
            )
            await environment.shutdown()
    except (RuntimeError, TimeoutError) as error:
        raise SourceUnavailableError(f"The download from {DOWNLOAD_URL} failed: {error}") from error
    return only_file(staging)


async def _assemble(staging: Path, progress: Progress) -> Path:
    """The archives, in a directory."""
    await _require_java()
    directory = staging / "server"
    jars = directory / "jars"
    jars.mkdir(parents=True)
    async with progress.working("Downloading Temporal's time-skipping test server from Maven Central, 38 MB"):
        await _fetch_all(jars)
    return directory


async def _require_java() -> None:
    java = shutil.which("java")
    if java is None:
        raise SourceUnavailableError("Java is not installed, so the archives from Maven Central cannot run.")
    process = await asyncio.create_subprocess_exec(
        java, "-version", stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await process.communicate()
    # `version "17.0.15"`, but `version "1.8.0_402"` before Java 9.
    match = re.search(rb'version "(\d+)', output)
    if match is None or int(match[1]) < _OLDEST_JAVA:
        shown = output.decode(errors="replace").strip().splitlines()[:1]
        raise SourceUnavailableError(f"Java {_OLDEST_JAVA} or later is needed; {java} says: {shown}.")


async def _fetch_all(jars: Path) -> None:
    lines = [line.split() for line in _JARS.read_text().splitlines() if not line.startswith("#")]
    slots = asyncio.Semaphore(_DOWNLOADS_AT_ONCE)
    failure: BaseException | None = None
    async with http_client() as client:
        try:
            async with asyncio.TaskGroup() as group:
                for digest, path in lines:
                    group.create_task(_fetch(client, slots, path, digest, jars))
        except* (httpx.HTTPError, OSError, SourceUnavailableError) as failures:
            failure = failures.exceptions[0]
    if failure is not None:
        raise SourceUnavailableError(
            f"The download from {MAVEN_CENTRAL_URL} failed: {failure!r}"
        ) from failure


async def _fetch(
    client: httpx.AsyncClient, slots: asyncio.Semaphore, path: str, digest: str, jars: Path
) -> None:
    async with slots:
        response = await client.get(MAVEN_CENTRAL_URL + path)
    response.raise_for_status()
    if hashlib.sha256(response.content).hexdigest() != digest:
        raise SourceUnavailableError(f"{path} is not the file it should be.")
    (jars / path.rpartition("/")[2]).write_bytes(response.content)
