"""Every line of a process has one form: JSON, or on a terminal one that a person reads."""

import json
import os
import re
import subprocess
import sys

import pytest

from base.log_lines import readable
from support.paths import ROOT

_SPEAK = """
import logging, threading, warnings
from base.log import configure, get_logger
from base.telemetry import set_up_telemetry
configure("INFO")
set_up_telemetry()
get_logger("api").info("request", method="GET", path="/v1/me", status=200, ms=1.5)
logging.getLogger("temporalio.worker").warning("Task %s failed", 7)
logging.getLogger("temporalio.worker").info("chatter")
warnings.warn("old\\n  its words")
logging.getLogger("asyncio").error("Task exception was never retrieved\\nfuture: its words")
def refuse(said):
    try:
        int(said)
    except ValueError as error:
        raise KeyError(said) from error
def refuse_and_log(said):
    try:
        refuse(said)
    except KeyError:
        get_logger("ingest").exception("not_routed")
thread = threading.Thread(target=refuse, args=["its words"])
thread.start()
thread.join()
class Odd:
    def __del__(self):
        raise ValueError("its words")
Odd()
refuse_and_log("its words")
raise RuntimeError("the end")
"""


def _spoken() -> list[str]:
    ended = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", _SPEAK], capture_output=True, text=True, check=False, cwd=ROOT, env=os.environ
    )
    assert (ended.returncode, ended.stdout) == (1, "")
    return ended.stderr.splitlines()


@pytest.mark.slow
def test_our_lines_the_sdks_warnings_and_the_end_are_all_json() -> None:
    entries = [json.loads(line) for line in _spoken()]
    assert [(each["room"], each["level"]) for each in entries] == [
        ("api", "info"),
        ("temporalio.worker", "warning"),
        ("py.warnings", "warning"),
        ("asyncio", "error"),
        ("process", "error"),
        ("process", "error"),
        ("ingest", "error"),
        ("process", "critical"),
    ]
    assert entries[1]["event"] == "Task 7 failed"
    assert entries[2]["event"].endswith("UserWarning: old")
    assert entries[3]["event"] == "Task exception was never retrieved"
    assert entries[-1]["exception"].endswith("RuntimeError: the end")
    assert all(each["timestamp"].endswith("Z") for each in entries)


@pytest.mark.slow
def test_no_error_is_told_in_its_own_words() -> None:
    lines = _spoken()
    assert "its words" not in "".join(lines)
    entries = {entry["event"]: entry.get("exception", "") for entry in map(json.loads, lines)}
    for event, kinds in {
        "not_routed": ["ValueError", "KeyError"],
        "thread_died": ["ValueError", "KeyError"],
        "error_ignored": ["ValueError"],
    }.items():
        told = entries[event].splitlines()
        assert [line for line in told if line.endswith("Error")] == kinds
        assert sum(line.startswith("Traceback") for line in told) == len(kinds)


@pytest.mark.parametrize(
    ("entry", "line"),
    [
        (
            {"event": "request", "method": "POST", "path": "/v1/x/pick", "status": 200, "ms": 12.5},
            "api      POST /v1/x/pick → 200, 12.5 ms",
        ),
        (
            {"event": "webhook", "method": "POST", "path": "/webhooks/messenger/a", "status": 401, "ms": 1},
            "api      POST /webhooks/messenger/a → 401, 1 ms",
        ),
        (
            {"event": "temporal_unavailable", "level": "warning", "error": "UNAVAILABLE", "reason": None},
            "api      warning: temporal unavailable error=UNAVAILABLE",
        ),
        ({"event": "two\nlines", "level": "error"}, "api      error: two lines"),
        ({"event": "refused", "path": "/\x1b[31m"}, "api      refused path=/\\x1b[31m"),
        (
            {"event": "failed", "level": "warning", "exception": "Traceback:\n  at\nValueError: no"},
            "api      warning: failed (ValueError: no)",
        ),
        ({"event": "failed", "exception": "Traceback:\n  at"}, "api      failed\n    Traceback:\n      at"),
    ],
)
def test_a_person_reads_one_line_an_event(entry: dict[str, object], line: str) -> None:
    assert readable({"room": "api", **entry}) == "         " + line


def test_it_begins_with_the_time_of_day_and_the_process() -> None:
    shown = readable({"timestamp": "2026-11-20T12:00:01.5Z", "event": "worker_ready"}, "worker")
    assert re.fullmatch(r"\d\d:\d\d:01 worker   worker ready", shown)
