"""One day of a desk, with real processes that are killed while everybody is at work.

Everything is done from outside: customers write to the local Messenger, agents hear of their work and answer
over the API. What nobody answers, because a process was just killed, is done again a little later.
"""

import asyncio
import heapq
import itertools
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

import httpx
from chaos.driver import Customer
from chaos.installation import PAGES, Installation

from base import clock
from day.plan import Load, Plan, answer_after, talk_for, wrap_up_for, writes_again_after
from support.staff import Member

_TICK_SECONDS = 0.25
_AGAIN_AFTER_SECONDS = 1.0
_OVERTIME_SECONDS = 900.0
"""How long what is left after the last customer may take."""

Act = Callable[[], Awaitable[bool]]
"""Does something; False where it has to be done again."""


class Judge(Protocol):
    """Who looks whether all is as it must be."""

    async def rests(self) -> None:
        """Wait until nothing is under way."""

    async def check(self) -> None:
        """Fail unless everything holds, once nothing is under way."""


@dataclass(frozen=True)
class Sample:
    """How the desk stood at an instant of the day."""

    at: timedelta
    waiting: int
    talking: int
    present: int


@dataclass
class Story:
    """What happened. `paused`: the spans of the clock in which the day stood still, and all rested."""

    began_at: datetime
    speed: float
    length: timedelta = timedelta(0)
    samples: list[Sample] = field(default_factory=list)
    arrivals: list[timedelta] = field(default_factory=list)
    kills: list[tuple[timedelta, str]] = field(default_factory=list)
    laptops: list[timedelta] = field(default_factory=list)
    paused: list[tuple[datetime, datetime]] = field(default_factory=list)

    def at(self, instant: datetime) -> timedelta:
        """Which time of the day an instant of the clock was."""
        stood = sum(
            (min(end, instant) - begin for begin, end in self.paused if begin < instant), timedelta(0)
        )
        return (instant - self.began_at - stood) * self.speed


class Day:
    """The hands of everybody. Now and then they rest, and the judge looks."""

    def __init__(
        self,
        installation: Installation,
        api: httpx.AsyncClient,
        sandbox: httpx.AsyncClient,
        staff: list[Member],
        load: Load,
        plan: Plan,
        dice: random.Random,
        judge: Judge,
    ) -> None:
        self._installation = installation
        self._api = api
        self._sandbox = sandbox
        self._staff = {member.id: member for member in staff}
        self._members = staff
        self._load = load
        self._plan = plan
        self._dice = dice
        self._judge = judge
        self._heap: list[tuple[timedelta, int, Act]] = []
        self._serial = itertools.count()
        self._planned: set[str] = set()
        self._shown: dict[str, dict[str, Any]] = {}
        self._off: set[str] = set()
        self._unborn = len(plan.arrivals)
        self._acting: set[asyncio.Task[None]] = set()

    async def run(self) -> Story:
        """The day, until every conversation is over."""
        self._story = Story(clock.now(), self._load.speed)
        self._plan_day()
        until = time.monotonic() + self._load.by_clock(self._load.length) + _OVERTIME_SECONDS
        checks = [self._load.length * (n + 1) / (self._load.checks + 1) for n in range(self._load.checks)]
        while not await self._is_over():
            assert time.monotonic() < until, f"after hours there is still {list(self._shown.values())[:5]}"
            await asyncio.sleep(_TICK_SECONDS)
            await self._look()
            self._begin_what_is_due()
            for task in [task for task in self._acting if task.done()]:
                self._acting.remove(task)
                task.result()
            if checks and self._now() >= checks[0]:
                checks.pop(0)
                await self._stand_still()
        await self._stand_still()
        self._story.length = self._now()
        return self._story

    async def _is_over(self) -> bool:
        """Whether nothing is left, not even on the way in."""
        if self._has_something_to_do:
            return False
        await self._judge.rests()
        await self._look()
        return not self._has_something_to_do

    @property
    def _has_something_to_do(self) -> bool:
        return bool(self._unborn or self._shown or self._acting)

    def _now(self) -> timedelta:
        return self._story.at(clock.now())

    async def _stand_still(self) -> None:
        """Everybody holds on to what they have, until one has looked whether all is as it must be."""
        begin = clock.now()
        for task in list(self._acting):
            await task
        self._acting.clear()
        await self._judge.check()
        self._story.paused.append((begin, clock.now()))

    def _at(self, when: timedelta, act: Act) -> None:
        heapq.heappush(self._heap, (when, next(self._serial), act))

    def _plan_day(self) -> None:
        for number, when in enumerate(self._plan.arrivals):
            self._at(when, lambda number=number: self._arrives(number))  # type: ignore[misc]  # bound now
        for member, shift in zip(self._members, self._plan.shifts, strict=True):
            self._at(shift.begins, lambda member=member: self._comes(member))  # type: ignore[misc]
            if shift.ends is not None:
                self._at(shift.ends, lambda member=member: self._goes_home(member))  # type: ignore[misc]
        for when, number, length in self._plan.laptops:
            member = self._members[number]
            self._at(when, lambda member=member, length=length: self._closes(member, length))  # type: ignore[misc]
        for when, names in self._plan.kills:
            self._at(when, lambda names=names: self._kill(names))  # type: ignore[misc]

    def _begin_what_is_due(self) -> None:
        now = self._now()
        while self._heap and self._heap[0][0] <= now:
            act = heapq.heappop(self._heap)[2]
            self._acting.add(asyncio.create_task(self._do(act)))

    async def _do(self, act: Act) -> None:
        if not await act():
            self._at(self._now() + self._load.speed * timedelta(seconds=_AGAIN_AFTER_SECONDS), act)

    async def _kill(self, names: tuple[str, ...]) -> bool:
        """Processes die in the midst of whatever is under way, and are started again."""
        fleet = self._installation.fleet
        fleet.kill(*names)
        self._story.kills.append((self._now(), " and ".join(names)))
        await fleet.up(*names)
        return True

    # Customers

    async def _arrives(self, number: int) -> bool:
        page_id = PAGES[number % len(PAGES)]
        made = await self._sandbox.post("/_sandbox/customers", json={"page_id": page_id})
        customer = Customer(page_id, made.raise_for_status().json()["psid"])
        self._unborn -= 1
        now = self._now()
        self._story.arrivals.append(now)
        if (again := writes_again_after(self._dice)) is not None:
            self._at(now + again, lambda: self._writes(customer, "Are you there?"))
        return await self._writes(customer, "Good day.")

    async def _writes(self, customer: Customer, text: str) -> bool:
        path = f"/_sandbox/customers/{customer.page_id}/{customer.psid}/say"
        (await self._sandbox.post(path, json={"text": text})).raise_for_status()
        return True

    # Agents

    async def _comes(self, member: Member) -> bool:
        member.comes()
        return True

    async def _goes_home(self, member: Member) -> bool:
        """Take nothing more, and close the laptop once nothing is left."""
        if member.id not in self._off:
            if not await self._is_away(member):
                return False
            self._off.add(member.id)
        if any(each["agent_id"] == member.id for each in self._shown.values()):
            return False
        await member.leaves()
        return True

    async def _is_away(self, member: Member) -> bool:
        try:
            answer = await member.client.put("/v1/me/presence", json={"presence": "away"})
        except httpx.HTTPError:
            return False
        return answer.is_success

    async def _closes(self, member: Member, length: timedelta) -> bool:
        """A laptop is closed, and opened again later."""
        if not member.is_there or member.id in self._off:
            return True
        await member.leaves()
        now = self._now()
        self._story.laptops.append(now)
        self._at(now + length, lambda: self._comes(member))
        return True

    async def _look(self) -> None:
        """What is to be done next, of everything that somebody has or is offered."""
        live: dict[str, dict[str, Any]] = {}
        try:
            for status in ("open", "active", "wrap_up"):
                live |= {each["id"]: each for each in await self._list(status)}
        except httpx.HTTPError:
            return  # nobody answers: one looks again
        self._shown, now = live, self._now()
        for each in live.values():
            step = f"{_session_of(each)}/{each['status']}/{each['phase']}"
            if each["status"] != "open" and step not in self._planned:
                self._planned.add(step)
                self._take_up(each, now)
        waiting = sum(each["status"] == "open" for each in live.values())
        present = sum(member.is_there for member in self._members)
        self._story.samples.append(Sample(now, waiting, len(live) - waiting, present))

    async def _list(self, status: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        asked: dict[str, str] = {"status": status, "limit": "200"}
        while True:
            page = (await self._api.get("/v1/conversations", params=asked)).raise_for_status().json()
            found += page["items"]
            if page["next_cursor"] is None:
                return found
            asked["cursor"] = page["next_cursor"]

    def _take_up(self, shown: dict[str, Any], now: timedelta) -> None:
        if shown["status"] == "wrap_up":
            self._at(now + wrap_up_for(self._dice), lambda: self._act(shown, "complete"))
        elif shown["phase"] == "awaiting_acceptance":
            action, after = answer_after(self._dice)
            if action != "miss":
                self._at(now + after, lambda: self._act(shown, action))
        else:
            *replies, end = talk_for(self._dice)
            for after in replies:
                self._at(now + after, lambda: self._replies(shown))
            self._at(now + end, lambda: self._act(shown, "end"))

    async def _act(self, seen: dict[str, Any], action: str) -> bool:
        """As the agent who has it, if it is still as it was seen."""
        if not self._is_as_seen(seen):
            return True
        member = self._staff[seen["agent_id"]]
        if not member.is_there:
            return False
        answer = await member.command(seen["id"], action)
        if answer is None or answer.status_code >= 500:
            return False
        return answer.is_success or answer.json()["code"] != "conversation_busy"

    async def _replies(self, seen: dict[str, Any]) -> bool:
        if not self._is_as_seen(seen):
            return True
        member = self._staff[seen["agent_id"]]
        if not member.is_there:
            return False
        key = f"{_session_of(seen)}-{next(self._serial)}"
        try:
            answer = await member.client.post(
                f"/v1/conversations/{seen['id']}/messages",
                json={"text": "Let me see."},
                headers={"Idempotency-Key": key},
            )
        except httpx.HTTPError:
            return True  # it may have been sent: nobody says the same thing twice
        return answer.status_code < 500

    def _is_as_seen(self, seen: dict[str, Any]) -> bool:
        now = self._shown.get(seen["id"])
        if now is None or _session_of(now) != _session_of(seen):
            return False
        return all(now[name] == seen[name] for name in ("status", "phase", "agent_id"))


def _session_of(shown: dict[str, Any]) -> str | None:
    session = shown["session"]
    return str(session["id"]) if session is not None else None
