"""Agents of a running desk, from outside: a key, a client, and the stream that has each be there."""

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from support.eventually import eventually

_COMES_BACK_SECONDS = 0.2
_PRESENT_WITHIN = 60.0

ClientOf = Callable[[str], httpx.AsyncClient]
"""A client with this key."""


@dataclass
class Member:
    """An agent who works at the desk."""

    id: str
    name: str
    client: httpx.AsyncClient
    is_there: bool = False
    _stream: asyncio.Task[None] | None = field(default=None, repr=False)

    def comes(self) -> None:
        """Open the stream, and open it again whenever it breaks."""
        self.is_there = True
        self._stream = asyncio.create_task(self._listen())

    async def leaves(self) -> None:
        """Close it."""
        self.is_there = False
        if self._stream is not None:
            self._stream.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._stream
            self._stream = None

    async def command(
        self, conversation_id: str, action: str, body: Mapping[str, Any] | None = None
    ) -> httpx.Response | None:
        """Give a command; None where nobody answered."""
        return await self._post(f"/v1/conversations/{conversation_id}/{action}", body)

    async def pull(self, queue_id: str) -> httpx.Response | None:
        """Take what is first in a queue; None where nobody answered."""
        return await self._post(f"/v1/queues/{queue_id}/next")

    async def _post(self, path: str, body: Mapping[str, Any] | None = None) -> httpx.Response | None:
        try:
            return await self.client.post(path, json=body)
        except httpx.HTTPError:
            return None

    async def _listen(self) -> None:
        asked = {"presence": "true", "kind": "offer.made"}
        while True:
            with contextlib.suppress(httpx.HTTPError):
                async with self.client.stream("GET", "/v1/events", params=asked, timeout=30) as stream:
                    async for _ in stream.aiter_bytes():
                        pass
            await asyncio.sleep(_COMES_BACK_SECONDS)


async def hire(api: httpx.AsyncClient, client_of: ClientOf, count: int, units: int) -> list[Member]:
    """So many agents, each with so many units of capacity. Nobody is there yet."""
    return [await _hire(api, client_of, f"Agent {number + 1}", units) for number in range(count)]


async def _hire(api: httpx.AsyncClient, client_of: ClientOf, name: str, units: int) -> Member:
    agent_id = str((await asked(api, "POST", "/v1/agents", {"name": name, "role": "agent"}))["id"])
    key = await asked(api, "POST", f"/v1/agents/{agent_id}/keys", {"name": "desk"})
    await asked(api, "PUT", f"/v1/agents/{agent_id}/capacity", {"units": units})
    return Member(agent_id, name, client_of(key["key"]))


async def add_queue(api: httpx.AsyncClient, members: Sequence[Member], **settings: Any) -> str:
    """A queue that these agents serve; its id."""
    queue_id = str((await asked(api, "POST", "/v1/queues", settings))["id"])
    for member in members:
        await asked(api, "PUT", f"/v1/queues/{queue_id}/members/{member.id}", None)
    return queue_id


async def push_everything(api: httpx.AsyncClient, shares: Mapping[str, int], **settings: Any) -> None:
    """Have the workstream offer its conversations, from queues with these shares in per cent."""
    workstream_id = (await api.get("/v1/workstreams")).raise_for_status().json()["items"][0]["id"]
    path = f"/v1/workstreams/{workstream_id}"
    await asked(api, "PATCH", path, {"work_distribution": {"mode": "push", **settings}})
    targets = [{"queue_id": queue_id, "percent": percent} for queue_id, percent in shares.items()]
    rules = [{"name": "Shares", "targets": targets}]
    await asked(api, "POST", f"{path}/rule-sets", {"kind": "route", "name": "Shares", "rules": rules})


async def are_present(api: httpx.AsyncClient, members: Sequence[Member]) -> None:
    """Wait until the desk knows of each whether they are there."""

    async def look() -> bool:
        return not await strangers(api, members)

    await eventually(look, within=_PRESENT_WITHIN)


async def strangers(api: httpx.AsyncClient, members: Sequence[Member]) -> list[str]:
    """Who is there, and the desk does not know it, or the other way round."""
    return [
        member.name for member in members if await is_known_to_be_there(api, member) is not member.is_there
    ]


async def is_known_to_be_there(api: httpx.AsyncClient, member: Member) -> bool:
    """Whether the desk answers, and takes the agent for connected."""
    try:
        answer = await api.get(f"/v1/agents/{member.id}/presence")
    except httpx.HTTPError:
        return False
    return bool(answer.is_success and answer.json()["connected"])


async def asked(api: httpx.AsyncClient, method: str, path: str, body: Any) -> dict[str, Any]:
    """What the API answers, which must be a success."""
    answer = await api.request(method, path, json=body)
    if not answer.is_success:
        raise AssertionError(f"{method} {path} answered {answer.status_code}: {answer.text[:500]}")
    found: dict[str, Any] = answer.json()
    return found
