"""Event streams of agents, read with next to nothing, and who waits for what comes on them."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import orjson

from bench.rows import BrokenError
from bench.wire import render

_LOOPBACK = "127.0.0.1"
_OPEN_SECONDS = 30.0
_OF_AN_AGENT = b'"agent_id":'


@dataclass(frozen=True, slots=True)
class Told:
    """An event that came on a stream, and when, in milliseconds since 1970."""

    at_ms: float
    event: dict[str, Any]


class AgentStream:
    """One agent's open stream. Events are told to who waits for their kind, else kept in order.

    What is about another agent is let by: members of a queue are told of each other's offers.
    """

    def __init__(self, agent_id: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._own = f'"agent_id":"{agent_id}"'.encode()
        self._kept: dict[str, list[Told]] = defaultdict(list)
        self._waiting: dict[str, asyncio.Future[Told]] = {}
        self._reading = asyncio.create_task(self._read(reader, writer))

    @classmethod
    async def open(cls, port: int, agent_id: str, key: str, kinds: Iterable[str]) -> "AgentStream":
        """A stream of these kinds from now on, which makes the agent connected."""
        query = "&".join(["presence=1", *(f"kind={kind}" for kind in kinds)])
        reader, writer = await asyncio.open_connection(_LOOPBACK, port)
        writer.write(render("GET", f"/v1/events?{query}", b"", {"Authorization": f"Bearer {key}"}))
        async with asyncio.timeout(_OPEN_SECONDS):
            head = await reader.readline()
            if not head.startswith(b"HTTP/1.1 200"):
                raise BrokenError(f"The event stream was answered {head.decode().strip()}")
            await reader.readuntil(b"event: hello")
        return cls(agent_id, reader, writer)

    def next_of(self, kind: str) -> asyncio.Future[Told]:
        """The first event of this kind that nobody has been given yet. One may wait at a time."""
        future: asyncio.Future[Told] = asyncio.get_running_loop().create_future()
        if self._kept[kind]:
            future.set_result(self._kept[kind].pop(0))
        else:
            self._waiting[kind] = future
        return future

    async def close(self) -> None:
        """Close it; its agent is gone after some seconds."""
        self._reading.cancel()
        await asyncio.wait({self._reading})

    def _take(self, told: Told) -> None:
        kind = told.event.get("kind", "")
        waiting = self._waiting.pop(kind, None)
        if waiting is not None and not waiting.done():
            waiting.set_result(told)
        else:
            self._kept[kind].append(told)

    async def _read(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take every event, until cancelled or the server ends the stream."""
        try:
            while line := await reader.readline():
                if line.startswith(b"data: ") and (self._own in line or _OF_AN_AGENT not in line):
                    self._take(Told(time.time() * 1000, orjson.loads(line[6:])))
        finally:
            writer.close()
