import asyncio
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import pytest
from temporalio.testing import WorkflowEnvironment

import local.temporal_server.dev_server
from local.processes.errors import ServerMissingError
from local.processes.progress import Progress
from local.temporal_server.dev_server import CLI_VERSION, GO_PACKAGE, find_or_build_dev_server
from support.eventually import eventually
from support.paths import ROOT

PutProgram = Callable[[str, str], Path]

CACHED = f"temporal-{CLI_VERSION}"
RECENT = "echo 'temporal version 1.5.1 (Server 1.29.1, UI 2.42.1)'"
OLD = "echo 'temporal version 1.1.0 (Server 1.25.0, UI 2.30.3)'"
GO = f"""
echo "$@" >> "$GO_LOG"
while [ -e "$GO_LOG.wait" ]; do /bin/sleep 0.02; done
/bin/mkdir -p "$GOBIN"
printf '%s\\n' '#!/bin/sh' "{RECENT}" > "$GOBIN/temporal"
/bin/chmod +x "$GOBIN/temporal"
"""
FIND = """
import asyncio
import local.temporal_server.dev_server
from local.processes.progress import Progress

async def never(_): return False

local.temporal_server.dev_server.answers = never
print(asyncio.run(local.temporal_server.dev_server.find_or_build_dev_server(Progress())))
"""


class Transcript(Protocol):
    progress: Progress

    @property
    def text(self) -> str: ...


@pytest.fixture(autouse=True)
def go_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    log = tmp_path / "go.log"
    monkeypatch.setenv("GO_LOG", str(log))
    return log


@pytest.fixture(autouse=True)
def _host_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    _set_host_answer(monkeypatch, answer=False)


def _set_host_answer(monkeypatch: pytest.MonkeyPatch, *, answer: bool) -> None:
    async def answers(_: str) -> bool:
        return answer

    monkeypatch.setattr(local.temporal_server.dev_server, "answers", answers)


def _set_download(monkeypatch: pytest.MonkeyPatch, script: str | None) -> None:
    class Started:
        async def shutdown(self) -> None: ...

    async def start_local(*, download_dest_dir: str, **_: object) -> Started:
        if script is None:
            raise RuntimeError("connection reset half-way")
        _write_script(Path(download_dest_dir) / "temporal-v1.5.1", script)
        return Started()

    monkeypatch.setattr(WorkflowEnvironment, "start_local", start_local)
    _set_host_answer(monkeypatch, answer=True)


def _write_script(path: Path, body: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


def _names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir()) if directory.exists() else []


async def test_a_recent_binary_on_the_path_comes_first(
    put_program: PutProgram, cache: Path, transcript: Transcript
) -> None:
    on_path = put_program("temporal", RECENT)
    put_program("go", GO)
    assert await find_or_build_dev_server(transcript.progress) == on_path
    assert _names(cache) == []


@pytest.mark.parametrize(
    ("script", "reason"),
    [(OLD, "it holds server 1.25"), ("exit 1", "names no server"), ("echo hello", "names no server")],
)
async def test_an_unfit_binary_on_the_path_is_passed_over_with_the_reason(
    script: str, reason: str, put_program: PutProgram, cache: Path, transcript: Transcript
) -> None:
    put_program("temporal", script)
    put_program("go", GO)
    assert await find_or_build_dev_server(transcript.progress) == cache / CACHED
    assert reason in transcript.text


async def test_the_cache_comes_before_download_and_build(
    put_program: PutProgram,
    cache: Path,
    transcript: Transcript,
    go_log: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    put_program("go", GO)
    _set_download(monkeypatch, RECENT)
    _write_script(cache / CACHED, "echo the one from last time")
    assert await find_or_build_dev_server(transcript.progress) == cache / CACHED
    assert _lines(cache / CACHED)[-1] == "echo the one from last time"
    assert _lines(go_log) == []


async def test_the_sdks_download_comes_before_the_build(
    put_program: PutProgram,
    cache: Path,
    transcript: Transcript,
    go_log: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    put_program("go", GO)
    _set_download(monkeypatch, RECENT)
    found = await find_or_build_dev_server(transcript.progress)
    assert found == cache / CACHED
    assert _lines(found)[-1] == RECENT
    assert _lines(go_log) == []


@pytest.mark.parametrize("download", [None, OLD])
@pytest.mark.usefixtures("cache")
async def test_a_failed_download_leads_to_the_build(
    download: str | None,
    put_program: PutProgram,
    transcript: Transcript,
    go_log: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    put_program("go", GO)
    _set_download(monkeypatch, download)
    assert _lines(await find_or_build_dev_server(transcript.progress))[-1] == RECENT
    assert len(_lines(go_log)) == 1


async def test_go_builds_the_pinned_version_and_leaves_only_the_binary(
    put_program: PutProgram, cache: Path, transcript: Transcript, go_log: Path
) -> None:
    put_program("go", GO)
    found = await find_or_build_dev_server(transcript.progress)
    assert found == cache / CACHED
    assert _lines(go_log)[0].split()[-1] == GO_PACKAGE
    assert _names(cache) == [CACHED, f"{CACHED}.lock"]
    assert "Building Temporal's dev server with Go" in transcript.text


@pytest.mark.usefixtures("cache")
@pytest.mark.parametrize(
    ("given", "used"), [(None, "sum.golang.org"), ("off", "sum.golang.org"), ("sum.own", "sum.own")]
)
async def test_what_go_fetches_is_always_verified(
    given: str | None,
    used: str,
    put_program: PutProgram,
    transcript: Transcript,
    go_log: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("GONOSUMDB", "GONOSUMCHECK", "GOPRIVATE", "GOINSECURE"):
        monkeypatch.setenv(name, "*")
    monkeypatch.delenv("GOSUMDB", raising=False)
    if given is not None:
        monkeypatch.setenv("GOSUMDB", given)
    put_program("go", 'echo "$GOSUMDB/$GONOSUMDB$GONOSUMCHECK$GOPRIVATE$GOINSECURE" >> "$GO_LOG"; ' + GO)
    await find_or_build_dev_server(transcript.progress)
    assert _lines(go_log)[0] == f"{used}/"


async def test_where_nothing_works_the_message_says_what_was_tried_and_what_helps(
    put_program: PutProgram, cache: Path, transcript: Transcript
) -> None:
    put_program("go", "echo 'dial tcp: lookup proxy.golang.org: no such host' >&2; exit 1")
    with pytest.raises(ServerMissingError) as refusal:
        await find_or_build_dev_server(transcript.progress)
    message = str(refusal.value)
    assert "no such host" in message
    assert "temporal.download/ does not answer" in message
    assert "PAGEDESK_TEMPORAL_ADDRESS" in message
    assert _names(cache) == [f"{CACHED}.lock"]


@pytest.mark.usefixtures("put_program", "cache")
async def test_without_go_the_message_says_so(transcript: Transcript) -> None:
    with pytest.raises(ServerMissingError, match="Go is not installed"):
        await find_or_build_dev_server(transcript.progress)


@pytest.fixture
def build_waits(go_log: Path) -> Iterator[Path]:
    """The build goes on when this file is gone."""
    wait = go_log.with_name(f"{go_log.name}.wait")
    wait.touch()
    yield wait
    wait.unlink(missing_ok=True)


def _let_go(build_waits: Path) -> None:
    build_waits.unlink()


async def _find_elsewhere() -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", FIND), stdout=asyncio.subprocess.PIPE, cwd=ROOT
    )


async def test_of_two_that_start_together_one_builds(
    put_program: PutProgram, cache: Path, go_log: Path, build_waits: Path
) -> None:
    put_program("go", GO)
    finders = [await _find_elsewhere(), await _find_elsewhere()]
    await eventually(lambda: asyncio.to_thread(go_log.exists))
    _let_go(build_waits)
    outputs = [(await finder.communicate())[0].decode() for finder in finders]
    assert all(output.splitlines()[-1] == str(cache / CACHED) for output in outputs)
    assert len(_lines(go_log)) == 1


async def test_a_builder_killed_half_way_leaves_nothing_and_blocks_nobody(
    put_program: PutProgram, cache: Path, go_log: Path, build_waits: Path, transcript: Transcript
) -> None:
    put_program("go", GO)
    finder = await _find_elsewhere()
    await eventually(lambda: asyncio.to_thread(go_log.exists))
    finder.kill()
    await finder.communicate()
    assert CACHED not in _names(cache)
    _let_go(build_waits)
    assert await find_or_build_dev_server(transcript.progress) == cache / CACHED
    assert _names(cache) == [CACHED, f"{CACHED}.lock"]
