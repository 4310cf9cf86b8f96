import asyncio
import hashlib
import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Protocol

import httpx
import pytest
from temporalio.testing import WorkflowEnvironment

import local.temporal_server.test_server
from local.processes.errors import ServerMissingError
from local.processes.progress import Progress
from local.temporal_server.class_archive import ARCHIVE, NO_ARCHIVE
from local.temporal_server.test_server import VERSION, find_or_build_test_server, start_time_skipping

PutProgram = Callable[[str, str], Path]

NATIVE = f"temporal-test-server-{VERSION}"
JAVA_17 = """echo 'openjdk version "17.0.15" 2025-04-15' >&2"""
JAVA_8 = """echo 'java version "1.8.0_402"' >&2"""
ARCHIVES = {"io/temporal/a/1/a-1.jar": b"first", "org/b/2/b-2.jar": b"second"}


class Transcript(Protocol):
    progress: Progress

    @property
    def text(self) -> str: ...


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What Maven Central, which has two archives here, was asked for; the SDK's host is silent."""
    listed = tmp_path / "jars.txt"
    listed.write_text(
        "".join(f"{hashlib.sha256(body).hexdigest()}  {path}\n" for path, body in ARCHIVES.items())
    )
    paths: list[str] = []

    def maven_central(request: httpx.Request) -> httpx.Response:
        path = str(request.url).removeprefix(local.temporal_server.test_server.MAVEN_CENTRAL_URL)
        paths.append(path)
        return httpx.Response(200, content=ARCHIVES[path])

    async def silent(_: str) -> bool:
        return False

    monkeypatch.setattr(local.temporal_server.test_server, "_JARS", listed)
    monkeypatch.setattr(local.temporal_server.test_server, "answers", silent)
    _set_client(monkeypatch, maven_central)
    return paths


def _set_client(monkeypatch: pytest.MonkeyPatch, handler: Callable[[httpx.Request], httpx.Response]) -> None:
    monkeypatch.setattr(
        local.temporal_server.test_server,
        "http_client",
        lambda: httpx.AsyncClient(transport=httpx.MockTransport(handler)),
    )


def _names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir()) if directory.exists() else []


async def test_the_archives_stand_behind_a_script(
    put_program: PutProgram, cache: Path, transcript: Transcript, asked: list[str]
) -> None:
    put_program("java", JAVA_17)
    found = await find_or_build_test_server(transcript.progress)
    assert found == cache / f"{NATIVE}-java" / "temporal-test-server"
    assert _names(found.parent / "jars") == ["a-1.jar", "b-2.jar"]
    assert sorted(asked) == sorted(ARCHIVES)
    assert "will start slowly, without an archive" in transcript.text  # this Java is none
    assert (found.parent / NO_ARCHIVE).exists()


async def test_a_server_that_was_made_before_there_were_archives_is_used_on(
    put_program: PutProgram, cache: Path, transcript: Transcript, asked: list[str]
) -> None:
    put_program("java", JAVA_17)
    old = cache / f"{NATIVE}-java"
    (old / "jars").mkdir(parents=True)
    (old / "temporal-test-server").write_text("#!/bin/sh\nexit 1\n")
    found = await find_or_build_test_server(transcript.progress)
    assert found.parent == old
    assert "classes.jsa" in found.read_text()
    assert asked == []


@pytest.mark.usefixtures("cache")
async def test_a_second_time_nothing_is_fetched(
    put_program: PutProgram, transcript: Transcript, asked: list[str]
) -> None:
    put_program("java", JAVA_17)
    first = await find_or_build_test_server(transcript.progress)
    asked.clear()
    assert await find_or_build_test_server(transcript.progress) == first
    assert asked == []


@pytest.mark.usefixtures("asked")
async def test_the_sdks_download_comes_first(
    cache: Path, transcript: Transcript, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Started:
        async def shutdown(self) -> None: ...

    async def start(*, download_dest_dir: str, **_: object) -> Started:
        (Path(download_dest_dir) / "temporal-test-server-v1").write_bytes(b"native")
        return Started()

    async def loud(_: str) -> bool:
        return True

    monkeypatch.setattr(WorkflowEnvironment, "start_time_skipping", start)
    monkeypatch.setattr(local.temporal_server.test_server, "answers", loud)
    assert await find_or_build_test_server(transcript.progress) == cache / NATIVE


@pytest.mark.usefixtures("asked")
@pytest.mark.parametrize(
    ("java", "reason"),
    [(None, "Java is not installed"), (JAVA_8, "Java 11 or later is needed"), ("exit 1", "Java 11 or later")],
)
async def test_without_a_fit_java_the_message_says_so(
    java: str | None, reason: str, put_program: PutProgram, cache: Path, transcript: Transcript
) -> None:
    if java is not None:
        put_program("java", java)
    with pytest.raises(ServerMissingError, match=reason):
        await find_or_build_test_server(transcript.progress)
    assert _names(cache) == [f"{NATIVE}.lock"]


@pytest.mark.usefixtures("asked")
@pytest.mark.parametrize(
    ("answer", "reason"),
    [(httpx.Response(503), "503"), (httpx.Response(200, content=b"else"), "is not the file it should be")],
)
async def test_a_wrong_archive_is_refused(
    answer: httpx.Response,
    reason: str,
    put_program: PutProgram,
    cache: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    put_program("java", JAVA_17)
    _set_client(monkeypatch, lambda _: answer)
    with pytest.raises(ServerMissingError, match=reason):
        await find_or_build_test_server(Progress())
    assert _names(cache) == [f"{NATIVE}.lock"]


@pytest.mark.time_skipping
async def test_java_starts_it_from_an_archive_of_its_classes() -> None:
    server = await find_or_build_test_server(Progress())
    if not (server.parent / ARCHIVE).exists():
        pytest.skip("the server is a program of its own, or its Java writes no archives")
    process = await asyncio.create_subprocess_exec(
        server,
        env=os.environ | {"JAVA_TOOL_OPTIONS": "-Xshare:auto -Xlog:class+load:stdout"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    loaded, _ = await process.communicate()  # without a port it ends at once
    assert b"io.temporal.testserver.TestServer source: shared objects file (top)" in loaded


@pytest.mark.time_skipping
async def test_the_real_server_skips_a_week() -> None:
    environment = await start_time_skipping()
    try:
        before = await environment.get_current_time()
        await environment.sleep(timedelta(days=7))
        passed = await environment.get_current_time() - before
    finally:
        await environment.shutdown()
    assert timedelta(days=7) <= passed < timedelta(days=7, minutes=1)
