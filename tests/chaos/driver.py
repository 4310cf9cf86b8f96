"""Customers who write, agents who work, and a second Meta that posts what it likes in the order it likes."""

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from chaos.ledgers import Book, Line
from sandbox import events, wire
from sandbox.model import Message

ANSWER_SECONDS = 5.0
_RETRY_SECONDS = 0.1
_TAKEN_WITHIN = 180.0
_TAPS = 0.1
_NEXT_STEPS = (("open", "pick"), ("active", "end"), ("wrap_up", "complete"))
_HEADERS = {"Content-Type": "application/json"}


@dataclass(frozen=True, slots=True)
class Customer:
    """A person on a Page."""

    page_id: str
    psid: str


class Customers:
    """People who write through the sandbox; the driver's ledger has a line for each message."""

    def __init__(self, sandbox: httpx.AsyncClient, book: Book, dice: random.Random) -> None:
        self._sandbox = sandbox
        self._book = book
        self._dice = dice

    async def meet(self, page_ids: Sequence[str], count: int) -> list[Customer]:
        """New people, spread over the Pages."""
        return [await self._meet(page_ids[index % len(page_ids)]) for index in range(count)]

    async def write(self, customer: Customer) -> str:
        """One message, now and then the tap of a button; its mid."""
        said = f"message {self._dice.getrandbits(48):x}"
        taps = self._dice.random() < _TAPS
        action, body = ("postback", {"payload": said}) if taps else ("say", {"text": said})
        path = f"/_sandbox/customers/{customer.page_id}/{customer.psid}/{action}"
        mid = str((await _post(self._sandbox, path, body))["mid"])
        self._book.write(line="wrote", page=customer.page_id, customer=customer.psid, mid=mid)
        return mid

    @contextlib.asynccontextmanager
    async def writing(self, customers: Sequence[Customer], per_second: float) -> AsyncIterator[None]:
        """Messages of people drawn by lot, at random instants, for as long as the block lasts."""
        async with asyncio.TaskGroup() as group:
            task = group.create_task(self._write_on(group, customers, per_second))
            try:
                yield
            finally:
                task.cancel()

    async def events_of(self, customers: Sequence[Customer], mids: Collection[str]) -> list[dict[str, Any]]:
        """Messages of these people as Meta's events, person by person."""
        found = []
        for customer in customers:
            answer = await self._sandbox.get(f"/_sandbox/threads/{customer.page_id}/{customer.psid}")
            answer.raise_for_status()
            messages = [Message(**each) for each in answer.json()["messages"]]
            found += [events.from_customer(message) for message in messages if message.mid in mids]
        return found

    async def _meet(self, page_id: str) -> Customer:
        made = await _post(self._sandbox, "/_sandbox/customers", {"page_id": page_id})
        return Customer(page_id, made["psid"])

    async def _write_on(
        self, group: asyncio.TaskGroup, customers: Sequence[Customer], per_second: float
    ) -> None:
        while True:
            group.create_task(self._write_one(self._dice.choice(customers)))
            await asyncio.sleep(self._dice.expovariate(per_second))

    async def _write_one(self, customer: Customer) -> None:
        await self.write(customer)


class Poster:
    """A second Meta: posts signed bodies straight to the API. M has a line for each try, as the sandbox's."""

    def __init__(self, book: Book, *, app_id: str, app_secret: str, account_id: str) -> None:
        self._book = book
        self._app_id = app_id
        self._app_secret = app_secret
        self._path = f"/webhooks/messenger/{account_id}"
        # A connection that idles as long as the server's own patience is closed just as it is used again.
        limits = httpx.Limits(max_connections=100, keepalive_expiry=1)
        self._http = httpx.AsyncClient(trust_env=False, limits=limits)
        self._number = 0

    async def post(self, url: str, batch: Sequence[dict[str, Any]]) -> Line:
        """Try once to deliver some events in one body; the ledger's line tells how it went."""
        self._number += 1
        body = wire.encode({"object": "page", "entry": [_entry(event) for event in batch]})
        signed = wire.signature_headers(body, self._app_secret)
        began, status, error = time.perf_counter(), None, None
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                answer = await self._http.post(url + self._path, content=body, headers=_HEADERS | signed)
            status = answer.status_code
        except (httpx.HTTPError, TimeoutError) as cause:
            error = repr(cause)
        return self._book.write(
            delivery=f"direct-{self._number}",
            app=self._app_id,
            events=[events.facts(event, _page_id(event)) for event in batch],
            result="no-answer" if status is None else "2xx" if status // 100 == 2 else "non2xx",
            status=status,
            error=error,
            ms=round((time.perf_counter() - began) * 1000, 2),
        )

    async def deliver(self, url: str, batch: Sequence[dict[str, Any]]) -> Line:
        """Try until it is answered 2xx, as Meta would; the line of the last try."""
        until = time.monotonic() + _TAKEN_WITHIN
        while (line := await self.post(url, batch))["result"] != "2xx":
            assert time.monotonic() < until, f"a delivery was not taken within {_TAKEN_WITHIN:.0f} s: {line}"
            await asyncio.sleep(_RETRY_SECONDS)
        return line

    async def close(self) -> None:
        """Give the connections back."""
        await self._http.aclose()


class Agent:
    """Works conversations off: pick, end, complete. Refusals and a missing engine are all in a day's work."""

    def __init__(self, api: httpx.AsyncClient, book: Book, dice: random.Random) -> None:
        self._api = api
        self._book = book
        self._dice = dice

    async def command(self, conversation_id: str, action: str) -> int | None:
        """Give a command; the status it was answered with, None for no answer."""
        try:
            answer = await self._api.post(f"/v1/conversations/{conversation_id}/{action}")
            status = answer.status_code
        except httpx.HTTPError:
            status = None
        self._book.write(line="commanded", conversation=conversation_id, action=action, status=status)
        return status

    @contextlib.asynccontextmanager
    async def working(self, per_second: float) -> AsyncIterator[None]:
        """Conversations drawn by lot are moved on, for as long as the block lasts."""
        task = asyncio.create_task(self._work_on(per_second))
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _work_on(self, per_second: float) -> None:
        while True:
            await asyncio.sleep(self._dice.expovariate(per_second))
            status, action = self._dice.choice(_NEXT_STEPS)
            conversation_id = await self._one_that_is(status)
            if conversation_id is not None:
                await self.command(conversation_id, action)

    async def _one_that_is(self, status: str) -> str | None:
        try:
            answer = await self._api.get("/v1/conversations", params={"status": status, "limit": "20"})
        except httpx.HTTPError:
            return None
        if not answer.is_success:
            return None
        found = answer.json()["items"]
        return str(self._dice.choice(found)["id"]) if found else None


def _entry(event: dict[str, Any]) -> dict[str, Any]:
    return {"id": _page_id(event), "time": event["timestamp"], "messaging": [event]}


def _page_id(event: dict[str, Any]) -> str:
    return str(event["recipient"]["id"])


async def _post(sandbox: httpx.AsyncClient, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = await sandbox.post(path, json=body)
    answer.raise_for_status()
    made: dict[str, Any] = answer.json()
    return made
