"""One trial: a load, faults drawn by a seeded lot, and the verdict of the checker over all ledgers."""

import asyncio
import contextlib
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import httpx

from base.failpoints import EXIT_STATUS
from chaos.checker import check
from chaos.driver import Agent, Customer, Customers, Poster
from chaos.final_state import export
from chaos.installation import APP_ID, PAGES, Installation
from chaos.ledgers import Book, Ledgers, Line, read_book
from chaos.processes import PRODUCT, Fleet
from chaos.replying import Replies
from chaos.settling import SETTLE_SECONDS, failed_workflow_tasks, settle
from store.db.database import Database
from store.inbox.unrouted import request_replay
from support.eventually import eventually

MUTE: dict[str, Any] = {"kind": "echo_never"}
"""Meta sends no echo."""

_WRITERS = 16


@dataclass(slots=True)
class Record:
    """What a trial adds to the report of its tier.

    `whole`: nothing was hurt since the last verdict, which was good. `judged`: it came to its last verdict;
    if not it was cut off, and what it found until then says nothing. `places`: where processes died.
    """

    test: str
    load: str
    seed: str
    tier: str = "inbound"
    whole: bool = False
    judged: bool = False
    seconds: float = 0.0
    strikes: int = 0
    messages: int = 0
    replies: int = 0
    places: Counter[str] = field(default_factory=Counter)
    violations: dict[str, list[str]] = field(default_factory=dict)
    measured: dict[str, list[float]] = field(default_factory=dict)

    def measure(self, what: str, value: float) -> None:
        """Note a measured value, in seconds."""
        self.measured.setdefault(what, []).append(value)


@dataclass(frozen=True, slots=True)
class Trial:
    """What a fault test works with."""

    installation: Installation
    dice: random.Random
    record: Record
    driver: Book
    direct: Book
    sandbox: httpx.AsyncClient
    api: httpx.AsyncClient
    customers: Customers
    poster: Poster
    agent: Agent
    replies: Replies

    @property
    def fleet(self) -> Fleet:
        """The processes."""
        return self.installation.fleet

    def kill(self, *names: str) -> None:
        """`kill -9` these processes at one instant, and note it."""
        instant = time.time_ns() // 1_000_000
        self.fleet.kill(*names)
        everything = set(PRODUCT) <= set(names)
        self.driver.write(line="killed", processes=list(names), everything=everything, wall_ms=instant)
        self.record.strikes += 1
        self.record.whole = False

    def arm(self, name: str, failpoints: str) -> None:
        """Start a process anew with failpoints."""
        self.fleet.kill(name)
        self.fleet.start(name, failpoints=failpoints)
        self.record.strikes += 1
        self.record.whole = False

    async def died_at_its_point(self, name: str) -> None:
        """Wait until an armed process has died."""
        assert await self.fleet.ended(name) == EXIT_STATUS

    def begun(self, fault: str) -> None:
        """Note that a fault is under way; `struck` notes its end."""
        self.driver.write(line="begun", fault=fault)
        self.record.whole = False

    def struck(self, place: str) -> None:
        """Note where a process has died, or another fault has struck."""
        self.driver.write(line="struck", place=place)
        self.record.places[place] += 1
        self.record.strikes += 1
        self.record.whole = False

    @contextlib.asynccontextmanager
    async def faults(self, *wanted: dict[str, Any]) -> AsyncIterator[list[str]]:
        """Have Meta fail like this, for the length of a block; the faults' ids."""
        made = []
        for fault in wanted:
            answer = await self.sandbox.post("/_sandbox/faults", json=fault)
            assert answer.is_success, answer.text
            made.append(str(answer.json()["id"]))
        try:
            yield made
        finally:
            for fault_id in made:
                await self.sandbox.delete(f"/_sandbox/faults/{fault_id}")

    async def has_fired(self, fault_id: str) -> bool:
        """Whether a fault has struck."""
        answer = (await self.sandbox.get("/_sandbox/faults")).raise_for_status().json()
        return any(str(each["id"]) == fault_id and each["fired"] for each in answer["faults"])

    @contextlib.asynccontextmanager
    async def blind(self) -> AsyncIterator[None]:
        """Have Meta tell nothing of what it accepted, for the length of a block: no echo, no conversation."""
        unreadable = {"kind": "error", "code": 2, "status": 503, "calls": ["conversations"]}
        async with self.faults(MUTE, unreadable):
            self.driver.write(line="blind")
            try:
                yield
            finally:
                self.driver.write(line="seeing")

    async def kill_token(self, page_id: str) -> None:
        """Have a Page's access token expire."""
        self.record.whole = False
        await self._token(page_id, invalid_subcode=463)

    async def renew_token(self, page_id: str) -> None:
        """Have the token work again, and tell the desk so."""
        await self._token(page_id, invalid_subcode=None)
        token = self.installation.token_of(page_id)
        answer = await self.api.post(f"/v1/pages/{page_id}/reauthorize", json={"access_token": token})
        assert answer.is_success, answer.text

    async def are_held(self, message_ids: Sequence[str], *, how_many: int) -> None:
        """Wait until so many of these messages are held."""

        async def look() -> bool:
            answer = await self.api.get("/v1/messages", params={"status": "held", "limit": "200"})
            held = {each["id"] for each in answer.raise_for_status().json()["items"]}
            return len(held.intersection(message_ids)) == how_many

        await eventually(look, within=SETTLE_SECONDS)

    async def _token(self, page_id: str, *, invalid_subcode: int | None) -> None:
        token = self.installation.token_of(page_id)
        await self._tell_sandbox("tokens", access_token=token, app_id=APP_ID, invalid_subcode=invalid_subcode)

    async def leave(self, person: Customer, state: str) -> None:
        """Have a person be out of reach: `blocked`, `unavailable` or `deleted`."""
        await self._tell_sandbox("customers", page_id=person.page_id, psid=person.psid, unreachable=state)

    async def talking(self, count: int) -> dict[Customer, str]:
        """New people who have written and whose conversations an agent has taken, each with its id."""
        people = await self.meet(count)
        await asyncio.gather(*(self.customers.write(person) for person in people))
        picked = await self.replies.pick([person.psid for person in people])
        return {person: picked[person.psid] for person in people}

    async def meet(self, count: int) -> list[Customer]:
        """New people, on both Pages by turns."""
        return await self.customers.meet(PAGES, count)

    async def hold_messages(self, people: list[Customer], count: int) -> list[dict[str, Any]]:
        """So many messages, their writers drawn by lot, that the sandbox keeps back; as Meta's events."""
        await self._tell_sandbox("deliveries/hold", kinds=["message", "postback"])
        mids: set[str] = set()
        while len(mids) < count:
            writers = self.dice.choices(people, k=min(_WRITERS, count - len(mids)))
            mids.update(await asyncio.gather(*(self.customers.write(person) for person in writers)))
        return await self.customers.events_of(people, mids)

    async def replay_quarantined(self) -> None:
        """Ask for everything that was set aside to be handled once more."""
        database = Database(self.fleet.settings().store_url)
        try:
            for event in (await export(self.api, [])).unrouted:
                if event["disposition"] == "quarantined":
                    assert await database.write(partial(request_replay, inbox_id=event["inbox_id"]))
        finally:
            database.close()

    async def some_time(self, up_to: float) -> None:
        """Let a random time pass, in seconds, so that the fault meets the work at any place."""
        await asyncio.sleep(self.dice.uniform(0, up_to))

    async def some_time_between(self, least: float, most: float) -> None:
        """Let a random time pass, in seconds, that is long enough for what the fault is to outlast."""
        await asyncio.sleep(self.dice.uniform(least, most))

    async def verify_and_repeat(self, batch: int = 1) -> None:
        """Verify; then have the sandbox deliver what it kept back and the poster delivered; verify again.

        Only in this order: the repetition would hide what was answered and lost.
        """
        await self.verify()
        await self.release(batch)
        await self.verify()

    async def release(self, batch: int = 1) -> None:
        """Have the sandbox deliver what it kept back, in any order, so many events to a POST."""
        seed = self.dice.getrandbits(32)
        await self._tell_sandbox("deliveries/release", order="shuffled", seed=seed, batch=batch)

    async def delivered(self) -> None:
        """Wait until the sandbox has delivered everything."""
        await self._tell_sandbox("wait", what="delivered_all", timeout=SETTLE_SECONDS)

    async def move_clock(self, *, minutes: float) -> None:
        """Move Meta's clock."""
        await self._tell_sandbox("clock", advance_seconds=minutes * 60)

    async def _tell_sandbox(self, path: str, **body: Any) -> None:
        answer = await self.sandbox.post(f"/_sandbox/{path}", json=body, timeout=2 * SETTLE_SECONDS)
        assert answer.is_success, answer.text

    async def settle(self, *, parked: bool = False) -> list[str]:
        """Wait until the desk is at rest, `parked` for every unknown message too; what is not in time."""
        return await settle(self.fleet.settings(), self.sandbox, parked=parked)

    async def ledgers(self, *, parked: bool = False) -> Ledgers:
        """All ledgers as they are when the desk is at rest."""
        unfinished = await self.settle(parked=parked)
        self.fleet.require_alive()
        unfinished += await failed_workflow_tasks(self.fleet.temporal_address)
        directory = self.installation.directory
        return Ledgers(
            meta=read_book(directory / "ledger" / "meta.jsonl") + read_book(directory / "direct.jsonl"),
            graph=read_book(directory / "ledger" / "graph.jsonl"),
            driver=read_book(directory / "driver.jsonl"),
            final=await export(self.api, unfinished),
        )

    async def verify(self, *, parked: bool = False) -> Ledgers:
        """Settle, and fail with every violation and the seed unless all metrics are zero."""
        ledgers = await self.ledgers(parked=parked)
        self.record.messages = sum(1 for line in self.driver.lines if line["line"] == "wrote")
        self.record.replies = len({line["key"] for line in self.driver.lines if line["line"] == "replied"})
        for name, found in check(ledgers).items():
            self.record.violations.setdefault(name, []).extend(found)
        broken = {name: found for name, found in self.record.violations.items() if found}
        assert not broken, f"seed {self.record.seed}: {broken}"
        self.record.whole = True
        return ledgers

    def tries_since(self, instant_ms: float) -> list[Line]:
        """The sandbox's delivery attempts that ended after an instant."""
        lines = read_book(self.installation.directory / "ledger" / "meta.jsonl")
        return [line for line in lines if line["wall_ms"] >= instant_ms]


@contextlib.asynccontextmanager
async def trial_on(installation: Installation, record: Record) -> AsyncIterator[Trial]:
    """A trial on a running installation."""
    dice = random.Random(record.seed)  # noqa: S311 - repeatable on purpose
    directory: Path = installation.directory
    driver, direct = Book(directory / "driver.jsonl"), Book(directory / "direct.jsonl")
    poster = Poster(
        direct, app_id=APP_ID, app_secret=installation.app_secret, account_id=installation.account_id
    )
    async with installation.sandbox() as sandbox, installation.api() as api:
        try:
            yield Trial(
                installation,
                dice,
                record,
                driver,
                direct,
                sandbox,
                api,
                Customers(sandbox, driver, dice),
                poster,
                Agent(api, driver, dice),
                Replies(api, driver, dice),
            )
        finally:
            await poster.close()
            driver.close()
            direct.close()
