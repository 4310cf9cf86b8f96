"""When which customer was called at the Graph API: read from the sandbox's ledger as it grows.

The sandbox writes a line, with its instant in whole milliseconds, when a request has arrived and before it is
judged. Reading the file costs the sandbox nothing.
"""

import asyncio
import os
from collections import deque
from pathlib import Path
from typing import Any

import orjson

from bench.rows import BrokenError

_LOOK_SECONDS = 0.002
_READ_BYTES = 1_000_000
_ROUNDED_DOWN_MS = 0.5


class GraphCalls:
    """Follows the ledger; one may wait for the next accepted message to a customer."""

    def __init__(self, ledger: Path) -> None:
        self._file = os.open(ledger / "graph.jsonl", os.O_RDONLY)
        self._rest = b""
        self._asked: dict[int, tuple[str, float]] = {}
        self._waiting: dict[str, deque[asyncio.Future[float]]] = {}
        self.accepted = 0

    def next_to(self, psid: str) -> asyncio.Future[float]:
        """The instant, in milliseconds since 1970, of the next message to this customer.

        Ask before it can be. Fails with BrokenError if the Graph API refuses it.
        """
        future: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(psid, deque()).append(future)
        return future

    async def follow(self) -> None:
        """Read until cancelled."""
        try:
            while True:
                self._read()
                await asyncio.sleep(_LOOK_SECONDS)
        finally:
            os.close(self._file)

    def _read(self) -> None:
        lines = (self._rest + os.read(self._file, _READ_BYTES)).split(b"\n")
        self._rest = lines.pop()
        for line in lines:
            self._take(orjson.loads(line))

    def _take(self, line: dict[str, Any]) -> None:
        if line["line"] == "request" and line.get("kind") == "text":
            self._asked[line["request"]] = (line["recipient"], line["wall_ms"] + _ROUNDED_DOWN_MS)
        elif line["line"] == "decision" and line["request"] in self._asked:
            psid, at_ms = self._asked.pop(line["request"])
            self.accepted += line.get("mid") is not None
            if waiting := self._waiting.get(psid):
                _settle(waiting.popleft(), at_ms, line)
                if not waiting:
                    del self._waiting[psid]


def _settle(future: asyncio.Future[float], at_ms: float, line: dict[str, Any]) -> None:
    if future.done():
        return
    if line.get("mid") is None:
        future.set_exception(BrokenError(f"The sandbox refused a message: {line['shown']}"))
    else:
        future.set_result(at_ms)
