"""Append-only records of what passed between the sandbox and the system under test.

`meta.jsonl` has one line per delivery attempt, `graph.jsonl` a request line before each decision, then the
decision, then one line per echo. A line is handed to the operating system before the answer it describes, so
that neither side's `kill -9` can lose it.
"""

import collections
import itertools
import os
from pathlib import Path
from typing import Any

import orjson

from sandbox.clock import Clock, wall_ms

KEPT_IN_MEMORY = 200_000


class Ledger:
    """One JSONL file, if a directory is given, and its newest lines in memory. `seq` outlives restarts."""

    def __init__(self, name: str, clock: Clock, directory: Path | None) -> None:
        self.name = name
        self._clock = clock
        self._lines: collections.deque[bytes] = collections.deque(maxlen=KEPT_IN_MEMORY)
        self._file: int | None = None
        self.seq = 0
        if directory is not None:
            directory.mkdir(parents=True, exist_ok=True)
            path = directory / f"{name}.jsonl"
            self.seq = _last_seq(path)
            self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def write(self, line: dict[str, Any]) -> int:
        """Append one line with its `seq`, `wall_ms` and `sandbox_ms`; returns the `seq`."""
        self.seq += 1
        data = orjson.dumps(
            {"seq": self.seq, "wall_ms": wall_ms(), "sandbox_ms": self._clock.now_ms(), **line},
            option=orjson.OPT_APPEND_NEWLINE,
        )
        if self._file is not None:
            os.write(self._file, data)
        self._lines.append(data)
        return self.seq

    def read(self, after: int = 0, limit: int = 10_000) -> list[dict[str, Any]]:
        """Lines in memory with `seq > after`, oldest first."""
        skip = max(0, len(self._lines) - (self.seq - after))
        return [orjson.loads(line) for line in itertools.islice(self._lines, skip, skip + limit)]

    def close(self) -> None:
        """Give the file back; later writes stay in memory."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


def _last_seq(path: Path) -> int:
    """The `seq` of the last whole line; a torn one is cut off, so that the next line stands alone."""
    if not path.exists():
        return 0
    data = path.read_bytes()
    whole = data[: data.rfind(b"\n") + 1]
    if len(whole) < len(data):
        os.truncate(path, len(whole))
    return int(orjson.loads(whole.splitlines()[-1])["seq"]) if whole else 0
