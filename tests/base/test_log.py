"""Every line of a process has one form: JSON, or on a terminal one that a person reads."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from base.log_lines import readable

ROOT = Path(__file__).parents[2]
_SPEAK = """
import logging, warnings
from base.log import configure, get_logger
from base.telemetry import set_up_telemetry
configure("INFO")
set_up_telemetry()
get_logger("api").info("request", method="GET", path="/v1/me", status=200, ms=1.5)
logging.getLogger("temporalio.worker").warning("Task %s failed", 7)
logging.getLogger("temporalio.worker").info("chatter")
warnings.warn("old")
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
        ("process", "critical"),
    ]
    assert entries[1]["event"] == "Task 7 failed"
    assert entries[3]["exception"].endswith("RuntimeError: the end")
    assert all(each["timestamp"].endswith("Z") for each in entries)


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
            {"event": "engine_away", "level": "warning", "error": "UNAVAILABLE", "reason": None},
            "api      warning: engine away error=UNAVAILABLE",
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
