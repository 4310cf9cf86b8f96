"""The four records by which a trial is judged, all written outside of the system under test.

M: every delivery attempt with the answer that Meta was shown. The sandbox's `meta.jsonl`, and lines of the
same form for what the driver posts itself. G: every call to the Graph API, with its decision (`graph.jsonl`).
C: what the driver did: customers' messages, agents' commands, kills. D: the final state, read through the
public API (`final_state.py`).
"""

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from chaos.final_state import FinalState

Line = dict[str, Any]
MessageKey = tuple[str, str]
"""(page id, mid)"""


class Book:
    """An append-only file of JSON lines; each is with the operating system before `write` returns."""

    def __init__(self, file: Path) -> None:
        self._file = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self.lines: list[Line] = []

    def write(self, **line: Any) -> Line:
        """Append one line, with the machine's time in milliseconds."""
        stamped = {"wall_ms": time.time_ns() // 1_000_000, **line}
        os.write(self._file, orjson.dumps(stamped, option=orjson.OPT_APPEND_NEWLINE))
        self.lines.append(stamped)
        return stamped

    def close(self) -> None:
        """Give the file back."""
        os.close(self._file)


def read_book(file: Path) -> list[Line]:
    """The whole lines of a book that another process may be writing."""
    data = file.read_bytes()
    return [orjson.loads(line) for line in data[: data.rfind(b"\n") + 1].splitlines()]


@dataclass(frozen=True, slots=True)
class Ledgers:
    """M, G, C and D."""

    meta: list[Line]
    graph: list[Line]
    driver: list[Line]
    final: FinalState

    def attempts(self) -> Iterator[tuple[Line, Line]]:
        """Every event of every delivery attempt: (the attempt's line, the event's facts)."""
        for line in self.meta:
            for event in line["events"]:
                yield line, event

    def driven(self, kind: str) -> Iterator[Line]:
        """The driver's lines of one kind: `wrote`, `killed`, `commanded`."""
        return (line for line in self.driver if line["line"] == kind)

    def sends(self) -> Iterator[Line]:
        """Accepted messages at the Graph API: their request lines, with `mid`."""
        asked = {line["request"]: line for line in self.graph if line["line"] == "request"}
        for line in self.graph:
            if line["line"] == "decision" and line.get("mid"):
                yield {**asked[line["request"]], "mid": line["mid"]}


def page_of(event: Line) -> str:
    """The Page of an event: the first part of its key."""
    return str(event["key"]).split(":", 1)[0]
