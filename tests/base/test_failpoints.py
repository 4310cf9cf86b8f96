"""A failpoint strikes when it is armed and at its turn, and is nothing otherwise."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Mapping

import httpx
import pytest

from base import failpoints
from support.paths import ROOT

THREE_TURNS = """
from base import failpoints
for turn in (1, 2, 3):
    print(turn, flush=True)
    failpoints.reach("inbox.committed")
    failpoints.reach("relay.routed")
failpoints.trip("router.event", "7421")
"""

_TEST = {**os.environ, "PYTHONPATH": str(ROOT), "PAGEDESK_TEST_MODE": "1"}


def run(armed: Mapping[str, str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", THREE_TURNS],
        cwd=ROOT,
        env={**_TEST, **armed},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("armed", "status", "turns"),
    [
        ({}, 0, [1, 2, 3]),
        ({"PAGEDESK_FAILPOINTS": ""}, 0, [1, 2, 3]),
        ({"PAGEDESK_FAILPOINTS": "inbox.committed:2"}, failpoints.EXIT_STATUS, [1, 2]),
        ({"PAGEDESK_FAILPOINTS": "inbox.committed:4, router.event=7422"}, 0, [1, 2, 3]),
        ({"PAGEDESK_FAILPOINTS": "inbox.committed:3, relay.routed:1"}, failpoints.EXIT_STATUS, [1]),
        ({"PAGEDESK_FAILPOINTS": "router.event=7421"}, 1, [1, 2, 3]),
        ({"PAGEDESK_FAILPOINTS": "inbox.committed:2", "PAGEDESK_TEST_MODE": ""}, 0, [1, 2, 3]),
    ],
)
def test_a_process_ends_at_the_turn_that_was_asked_for(
    armed: dict[str, str], status: int, turns: list[int]
) -> None:
    ended = run(armed)
    assert (ended.returncode, [int(line) for line in ended.stdout.split()]) == (status, turns)


def test_it_stands_still_where_that_was_asked_for_and_goes_on_when_told() -> None:
    with subprocess.Popen(  # noqa: S603 - our own code
        [sys.executable, "-c", THREE_TURNS],
        cwd=ROOT,
        env={**_TEST, "PAGEDESK_FAILPOINTS": "relay.routed:2/stop"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        _, status = os.waitpid(process.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status)
        process.send_signal(signal.SIGCONT)
        said, _ = process.communicate()
    assert (process.returncode, [int(line) for line in said.split()]) == (0, [1, 2, 3])


@pytest.mark.parametrize(
    ("point", "has_left"), [("send.first_byte", False), ("send.written", True), ("send.answering", True)]
)
async def test_the_steps_of_a_send_are_reached_in_the_transport(
    monkeypatch: pytest.MonkeyPatch, point: str, *, has_left: bool
) -> None:
    received: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        received.set_result(await reader.read(10_000))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        writer.close()

    class Ended(Exception):  # noqa: N818 - no error
        """Instead of the end of this process."""

    def end(_: int) -> None:
        raise Ended

    monkeypatch.setattr(os, "_exit", end)
    monkeypatch.setattr(failpoints, "_left", {point: (1, False)})
    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with httpx.AsyncClient(event_hooks=failpoints.http_hooks(), trust_env=False) as http:
            with pytest.raises(Ended):
                await http.post(f"http://127.0.0.1:{port}/v26.0/1/messages", content=b"{}")
        assert bool(await received) is has_left


def test_without_a_wish_nothing_watches_the_transport() -> None:
    assert failpoints.http_hooks() == {}


def test_its_last_words_name_the_point() -> None:
    assert run({"PAGEDESK_FAILPOINTS": "relay.routed:1"}).stderr == "failpoint relay.routed\n"


def test_a_step_fails_for_the_named_subject_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(failpoints, "_failing", failpoints._read("router.event=7421")[1])
    failpoints.trip("router.event", "7422")
    failpoints.trip("other.step", "7421")
    with pytest.raises(failpoints.InjectedFaultError):
        failpoints.trip("router.event", "7421")


def test_a_turn_that_is_no_number_stops_the_process_at_its_start() -> None:
    assert "ValueError" in run({"PAGEDESK_FAILPOINTS": "inbox.committed:often"}).stderr
