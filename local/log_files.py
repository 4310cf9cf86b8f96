"""The log files of an installation on one machine, as a person reads them, later or while it runs.

Each process of `pagedesk up` writes `logs/<process>.log` in the data directory: one JSON object a line, and
from Temporal's server what it writes.
"""

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from base.log_lines import printable, readable
from local.processes.progress import Progress

DIRECTORY = "logs"
_POLL_SECONDS = 0.2
_MAX_TAIL_BYTES = 4_000_000
_MAX_READ_BYTES = 1_000_000

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a process's log. `entry` is None where it is no JSON object."""

    process: str
    text: str
    entry: dict[str, Any] | None

    @classmethod
    def of(cls, process: str, text: str) -> "Line":
        """The line as it was written."""
        try:
            found = json.loads(text)
        except ValueError:
            found = None
        return cls(process, text, found if isinstance(found, dict) else None)

    @property
    def at(self) -> datetime | None:
        """When it was written, where it says so."""
        try:
            return datetime.fromisoformat(str((self.entry or {})["timestamp"]))
        except (KeyError, ValueError):
            return None

    def shown(self, *, as_json: bool) -> str:
        """As JSON, or as a person reads it."""
        if as_json:
            return self.text if self.entry else json.dumps({"process": self.process, "event": self.text})
        if self.entry is None:
            return f"         {self.process:8} {printable(self.text)}"
        return readable(self.entry, self.process)


def newest_lines(directory: Path, count: int) -> list[Line]:
    """The newest lines of all processes, in the order of their instants."""
    found = [line for file in sorted(directory.glob("*.log")) for line in _tail(file, count)]
    found.sort(key=lambda pair: pair[0])
    return [line for _, line in found[-count:]]


def _tail(file: Path, count: int) -> Iterator[tuple[float, Line]]:
    """The last lines of a file; one without an instant has that of the line before."""
    with file.open("rb") as stream:
        stream.seek(max(0, file.stat().st_size - _MAX_TAIL_BYTES))
        lines = stream.read().decode(errors="replace").splitlines()
    at = 0.0
    for text in lines[-count:]:
        line = Line.of(file.stem, text)
        at = line.at.timestamp() if line.at else at
        yield at, line


class Follower:
    """Reads what is written to log files from now on, of processes that may start later."""

    def __init__(self, directory: Path, processes: Sequence[str] | None = None) -> None:
        self._directory = directory
        self._processes = processes
        self._read_to = {file: file.stat().st_size for file in self._files()}
        self._begun: dict[Path, bytes] = {}

    async def run(self, tell: Callable[[Line], None]) -> None:
        """Tell each new line until cancelled."""
        while True:
            for line in await asyncio.to_thread(lambda: list(self.new_lines())):
                tell(line)
            await asyncio.sleep(_POLL_SECONDS)

    def new_lines(self) -> Iterator[Line]:
        """What has come since the last look; a line that is not finished is kept for the next."""
        for file in self._files():
            position = self._read_to.get(file, 0)
            if file.stat().st_size < position:  # begun anew
                position = 0
            with file.open("rb") as stream:
                stream.seek(position)
                content = self._begun.pop(file, b"") + stream.read(_MAX_READ_BYTES)
                self._read_to[file] = stream.tell()
            *whole, begun = content.split(b"\n")
            self._begun[file] = begun
            for each in whole:
                yield Line.of(file.stem, each.decode(errors="replace"))

    def _files(self) -> list[Path]:
        return [
            file
            for file in sorted(self._directory.glob("*.log"))
            if self._processes is None or file.stem in self._processes
        ]


def show_logs(directory: Path, count: int, *, follow: bool, as_json: bool) -> None:
    """Write the newest lines, and if wanted those that come, to standard output."""
    follower = Follower(directory)

    def tell(line: Line) -> None:
        sys.stdout.write(f"{line.shown(as_json=as_json)}\n")
        sys.stdout.flush()

    for line in newest_lines(directory, count):
        tell(line)
    if follow:
        asyncio.run(follower.run(tell))


@contextlib.asynccontextmanager
async def showing_logs(directory: Path, processes: Sequence[str], progress: Progress) -> AsyncIterator[None]:
    """For the length of the block say what these processes log, if there is a terminal to say it on."""
    if not progress.is_terminal:
        yield
        return
    follower = Follower(directory, processes)
    task = asyncio.create_task(follower.run(lambda line: progress.say(line.shown(as_json=False))))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})
