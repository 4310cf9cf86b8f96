"""D: the final state of a desk, as its public API tells it."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import httpx

from support.offer_facts import standing

_PAGE = 200
_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class FinalState:
    """Everything that the checker knows of the desk.

    conversations: as the API shows them, each with its `messages`, its `log`, which is its timeline, oldest
        first, and its `timeline` without what was retracted.
    unrouted: events that went to no thread.
    listed_unknown: ids of the messages that are listed as unknown.
    unfinished: what was still under way when the settle time was over, in words.
    """

    conversations: list[dict[str, Any]]
    unrouted: list[dict[str, Any]] = field(default_factory=list)
    unfinished: list[str] = field(default_factory=list)
    listed_unknown: frozenset[str] = frozenset()


async def export(api: httpx.AsyncClient, unfinished: list[str]) -> FinalState:
    """Read all of it. The client carries an admin's key."""
    conversations = await _all(api, "/v1/conversations")
    slots = asyncio.Semaphore(_AT_ONCE)

    async def whole(conversation: dict[str, Any]) -> dict[str, Any]:
        path = f"/v1/conversations/{conversation['id']}"
        async with slots:
            log = await _all(api, f"{path}/timeline")
            messages = await _all(api, f"{path}/messages")
            return conversation | {"messages": messages, "log": log, "timeline": standing(log)}

    return FinalState(
        conversations=await asyncio.gather(*(whole(each) for each in conversations)),
        unrouted=await _all(api, "/v1/webhook-events/unrouted"),
        unfinished=unfinished,
        listed_unknown=frozenset(each["id"] for each in await _all(api, "/v1/messages", status="unknown")),
    )


async def _all(api: httpx.AsyncClient, path: str, **filters: str) -> list[dict[str, Any]]:
    """Every item of a list."""
    items: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        query = filters | {"limit": str(_PAGE)} | ({"cursor": cursor} if cursor else {})
        answer = await api.get(path, params=query)
        answer.raise_for_status()
        items += answer.json()["items"]
        cursor = answer.json()["next_cursor"]
        if cursor is None:
            return items
