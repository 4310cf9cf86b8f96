"""Readers of the event stream, at the level of ASGI."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import orjson
from starlette.types import Message

from support.api import ADMIN_TOKEN, Api
from support.eventually import eventually

OF_THE_STREAM = {"hello", "ping", "reset", "goodbye", "counts", "directory"}


@dataclass
class Stream:
    """One reader, at the level of ASGI: httpx would wait for the end of the answer."""

    status: int | None = None
    text: str = ""
    ended: bool = False
    left: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def blocks(self) -> list[dict[str, Any]]:
        """The whole blocks that have arrived, by the names of their fields."""
        blocks = [
            dict(line.split(": ", 1) for line in block.split("\n")) for block in self.text.split("\n\n")[:-1]
        ]
        return [{**block, "data": orjson.loads(block["data"])} for block in blocks]

    @property
    def events(self) -> list[dict[str, Any]]:
        """The events that have arrived."""
        return [block for block in self.blocks if block["event"] not in OF_THE_STREAM]

    def told(self, event: str) -> list[dict[str, Any]]:
        """The blocks of one name."""
        return [block for block in self.blocks if block["event"] == event]

    @property
    def position(self) -> str:
        """What a browser would send as Last-Event-ID."""
        ids: list[str] = [block["id"] for block in self.blocks if "id" in block]
        return ids[-1]

    async def receive(self) -> Message:
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
        else:
            self.text += message.get("body", b"").decode()
            self.ended = not message.get("more_body", False)

    async def has(self, count: int) -> list[dict[str, Any]]:
        """Wait for so many events."""

        async def enough() -> bool:
            return len(self.events) >= count

        await eventually(enough)
        return self.events


@contextlib.asynccontextmanager
async def listening(
    api: Api, query: str = "", *, token: str | None = ADMIN_TOKEN, headers: dict[str, str] | None = None
) -> AsyncIterator[Stream]:
    """A stream that is open as long as the block. Without a token, `headers` say who listens."""
    stream = Stream()
    given = {**({"authorization": f"Bearer {token}"} if token else {}), **(headers or {})}
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/v1/events",
        "raw_path": b"/v1/events",
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(name.encode(), value.encode("utf-8")) for name, value in given.items()],
    }
    serving = asyncio.create_task(api.app(scope, stream.receive, stream.send))

    async def begun() -> bool:
        return "event: hello" in stream.text or stream.ended

    await eventually(begun)
    yield stream
    stream.left.set()
    await asyncio.wait_for(serving, 30)
