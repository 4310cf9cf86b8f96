"""Agents who answer customers, each reply under a key of its own until it has been answered for."""

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator, Sequence
from typing import Any

import httpx

from chaos.ledgers import Book
from support.eventually import eventually

_RETRY_SECONDS = 0.2
_PICKED_WITHIN = 60.0
_TAKEN_WITHIN = 180.0
_AT_ONCE = 8
_ON_ITS_WAY = frozenset({"queued", "sending", "unknown"})


class Replies:
    """Replies to the conversations of some people; the driver's ledger has a line for each try."""

    def __init__(self, api: httpx.AsyncClient, book: Book, dice: random.Random) -> None:
        self._api = api
        self._book = book
        self._dice = dice

    async def pick(self, psids: Sequence[str]) -> dict[str, str]:
        """Take the conversations of these people, who have all written: psid → conversation id."""
        found: dict[str, str] = {}

        async def look() -> bool:
            answer = await self._api.get("/v1/conversations", params={"status": "open", "limit": "200"})
            items = answer.raise_for_status().json()["items"]
            found.update((each["customer"]["psid"], each["id"]) for each in items)
            return found.keys() >= set(psids)

        await eventually(look, within=_PICKED_WITHIN)
        picked = {psid: found[psid] for psid in psids}
        slots = asyncio.Semaphore(_AT_ONCE)
        await asyncio.gather(*(self._pick(each, slots) for each in picked.values()))
        return picked

    async def _pick(self, conversation_id: str, slots: asyncio.Semaphore) -> None:
        async with slots:
            (await self._api.post(f"/v1/conversations/{conversation_id}/pick")).raise_for_status()

    async def reply(self, conversation_id: str) -> str:
        """Say something that nobody else says; the message's id. Asks again under the same key until told."""
        key = f"{self._dice.getrandbits(64):x}"
        until = time.monotonic() + _TAKEN_WITHIN
        while True:
            status, body = await self._ask(conversation_id, key)
            message_id = body.get("id")
            self._book.write(
                line="replied", key=key, conversation=conversation_id, status=status, message=message_id
            )
            if message_id is not None:
                return str(message_id)
            if status is not None and status < 500:
                raise AssertionError(f"a reply was answered {status}: {body}")
            if time.monotonic() > until:
                raise AssertionError(f"not taken within {_TAKEN_WITHIN:.0f} s: {key}, last {status}: {body}")
            await asyncio.sleep(_RETRY_SECONDS)

    async def to_all(self, conversations: Sequence[str], *, pause_s: float = 0) -> list[str]:
        """One reply to each, begun so many seconds after the one before; the messages' ids in this order."""

        async def later(place: int, conversation_id: str) -> str:
            await asyncio.sleep(place * pause_s)
            return await self.reply(conversation_id)

        return await asyncio.gather(*(later(place, each) for place, each in enumerate(conversations)))

    @contextlib.asynccontextmanager
    async def going_on(
        self, conversations: Sequence[str], per_second: float, *, patience: float
    ) -> AsyncIterator[None]:
        """Replies to conversations drawn by lot, for as long as the block lasts; then each is answered for.

        `patience`: the share of replies whose agent first waits for the outcome of the one before.
        """
        stop = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._go_on(group, conversations, per_second, patience, stop))
            try:
                yield
            finally:
                stop.set()

    async def _go_on(
        self,
        group: asyncio.TaskGroup,
        conversations: Sequence[str],
        per_second: float,
        patience: float,
        stop: asyncio.Event,
    ) -> None:
        busy: set[str] = set()
        while not stop.is_set():
            free = [each for each in conversations if each not in busy]
            if free:
                drawn = self._dice.choice(free)
                busy.add(drawn)
                waits = self._dice.random() < patience
                group.create_task(self._one(drawn, busy, waits=waits))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), self._dice.expovariate(per_second))

    async def _one(self, conversation_id: str, busy: set[str], *, waits: bool) -> None:
        """One agent types one thing at a time in a conversation."""
        try:
            if not waits or await self._is_at_rest(conversation_id):
                await self.reply(conversation_id)
        finally:
            busy.discard(conversation_id)

    async def _is_at_rest(self, conversation_id: str) -> bool:
        answer = await self._api.get(f"/v1/conversations/{conversation_id}/messages", params={"limit": "200"})
        return all(each["status"] not in _ON_ITS_WAY for each in answer.raise_for_status().json()["items"])

    async def _ask(self, conversation_id: str, key: str) -> tuple[int | None, dict[str, Any]]:
        try:
            answer = await self._api.post(
                f"/v1/conversations/{conversation_id}/messages",
                json={"text": f"reply {key}"},
                headers={"Idempotency-Key": key},
            )
            body: dict[str, Any] = answer.json()
        except (httpx.HTTPError, ValueError):
            return None, {}
        return answer.status_code, body
