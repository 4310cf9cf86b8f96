"""A failpoint strikes when it is armed and at its turn, and is nothing otherwise."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from base import failpoints

ROOT = Path(__file__).parents[2]
THREE_TURNS = """
from base import failpoints
for turn in (1, 2, 3):
    print(turn, flush=True)
    failpoints.reach("inbox.committed")
    failpoints.reach("relay.routed")
failpoints.trip("router.event", "7421")
"""


def run(armed: Mapping[str, str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", THREE_TURNS],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), **armed},
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
    ],
)
def test_a_process_ends_at_the_turn_that_was_asked_for(
    armed: dict[str, str], status: int, turns: list[int]
) -> None:
    ended = run(armed)
    assert (ended.returncode, [int(line) for line in ended.stdout.split()]) == (status, turns)


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
