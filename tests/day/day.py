"""One day of a desk, with real processes that are killed while everybody is at work.

Everything is done from outside: customers write to the local Messenger, agents hear of their work and answer
over the API. What nobody answers, because a process was just killed, is done again a little later.
"""

import asyncio
import itertools
import random
import time
from datetime import timedelta
from functools import partial
from typing import Any, Protocol

import httpx
from chaos.driver import Customer
from chaos.installation import PAGES, Installation

from base import clock
from day.plan import EVENING_CLOSES, Load, Plan, answer_after, talk_for, wrap_up_for, writes_again_after
from day.queues import Queues
from day.schedule import Schedule
from day.story import Sample, Story
from support.staff import Member
from support.unfinished import describe_unfinished, in_words

_TICK_SECONDS = 0.25
_LOOKS_AFTER_SECONDS = 1.0
"""Of the clock: how often somebody looks at what is offered to nobody."""

_READY = frozenset({"available", "busy"})

_Step = tuple[str | None, ...]


class Judge(Protocol):
    """Who looks whether all is as it must be."""

    async def rests(self) -> None:
        """Wait until nothing is under way."""

    async def check(self) -> None:
        """Fail unless everything holds, once nothing is under way."""


class Day:
    """The hands of everybody. Now and then they rest, and the judge looks."""

    def __init__(
        self,
        installation: Installation,
        api: httpx.AsyncClient,
        sandbox: httpx.AsyncClient,
        staff: list[Member],
        queues: Queues,
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
        self._queues = queues
        self._story = Story(clock.now(), load.speed)
        self._schedule = Schedule(self._story)
        self._serial = itertools.count()
        self._planned: dict[str, _Step] = {}
        self._answers: dict[str, str] = {}
        self._look_failed: httpx.HTTPError | None = None
        self._looks_after_at = 0.0
        self._one_kill = asyncio.Lock()
        self._shown: dict[str, dict[str, Any]] = {}
        self._off: set[str] = set()
        self._unborn = len(plan.arrivals)

    async def run(self) -> Story:
        """The day, until every conversation is over; an AssertionError tells what never is."""
        self._plan_day()
        within = self._load.by_clock(self._load.length) + self._load.overtime_seconds
        try:
            async with asyncio.timeout(within) as limit:
                await self._live()
        except TimeoutError:
            if not limit.expired():
                raise
            raise AssertionError(f"not over after {within:.0f} s: {await self._what_is_left()}") from None
        finally:
            await self._schedule.give_up()
        self._story.length = self._schedule.now()
        return self._story

    async def _live(self) -> None:
        checks = [self._load.length * (n + 1) / (self._load.checks + 1) for n in range(self._load.checks)]
        while not await self._is_over():
            await asyncio.sleep(_TICK_SECONDS)
            await self._look()
            self._begin_what_is_due()
            if checks and self._schedule.now() >= checks[0]:
                checks.pop(0)
                await self._stand_still()
        await self._stand_still()

    async def _what_is_left(self) -> str:
        acting = self._schedule.under_way()
        hands = f"{self._unborn} customers to come, under way: {acting}, last look: {self._look_failed!r}"
        left = await describe_unfinished(self._api, self._shown.values(), self._staff, self._answers)
        return f"{hands}\n{left}"

    async def _is_over(self) -> bool:
        """Whether nothing is left, not even on the way in."""
        if self._has_something_to_do:
            return False
        await self._judge.rests()
        await self._look()
        return not self._has_something_to_do

    @property
    def _has_something_to_do(self) -> bool:
        return bool(self._unborn or self._shown or self._schedule.under_way())

    async def _stand_still(self) -> None:
        """Everybody holds on to what they have, until one has looked whether all is as it must be."""
        begin = clock.now()
        await self._schedule.stand_still()
        await self._judge.check()
        self._story.paused.append((begin, clock.now()))

    def _plan_day(self) -> None:
        for number, when in enumerate(self._plan.arrivals):
            self._schedule.at(when, partial(self._arrives, number))
        for member, shift in zip(self._members, self._plan.shifts, strict=True):
            self._schedule.at(shift.begins, partial(self._comes, member))
            if shift.ends is not None:
                self._schedule.at(shift.ends, partial(self._goes_home, member))
        for when, number, length in self._plan.laptops:
            member = self._members[number]
            self._schedule.at(when, partial(self._closes, member, length))
        for when, names in self._plan.kills:
            self._schedule.at(when, partial(self._kill, names))
        self._schedule.at(self._load.length * EVENING_CLOSES, self._closes_a_queue)

    def _begin_what_is_due(self) -> None:
        self._schedule.begin_what_is_due()
        if time.monotonic() >= self._looks_after_at:
            self._looks_after_at = time.monotonic() + _LOOKS_AFTER_SECONDS
            if any(each["status"] == "open" for each in self._shown.values()):
                self._schedule.begin(self._look_after)

    async def _kill(self, names: tuple[str, ...]) -> bool:
        """Processes die in the midst of whatever is under way, and are started again.

        One kill after the other: on a slow machine they would meet a process that is still starting.
        """
        fleet = self._installation.fleet
        async with self._one_kill:
            fleet.kill(*names)
            self._story.kills.append((self._schedule.now(), " and ".join(names)))
            await fleet.up(*names)
        return True

    # Customers

    async def _arrives(self, number: int) -> bool:
        page_id = PAGES[number % len(PAGES)]
        try:
            made = await self._sandbox.post("/_sandbox/customers", json={"page_id": page_id})
        except httpx.TransportError:
            return False  # an idle connection was closed in the moment in which it was taken
        customer = Customer(page_id, made.raise_for_status().json()["psid"])
        now = self._schedule.now()
        self._story.arrivals.append(now)
        if (again := writes_again_after(self._dice)) is not None:
            self._schedule.at(now + again, partial(self._writes, customer, "Are you there?"))
        self._schedule.at(now, partial(self._begins, customer))
        return True

    async def _begins(self, customer: Customer) -> bool:
        if not await self._writes(customer, "Good day."):
            return False
        self._unborn -= 1
        return True

    async def _writes(self, customer: Customer, text: str) -> bool:
        path = f"/_sandbox/customers/{customer.page_id}/{customer.psid}/say"
        try:
            said = await self._sandbox.post(path, json={"text": text})
        except httpx.TransportError:
            return False  # it may have been said: a customer may say the same thing twice
        said.raise_for_status()
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
        if await self._has_work(member):
            return False
        await member.leaves()
        return True

    async def _has_work(self, member: Member) -> bool:
        """Whether something is left, as far as the desk answers: what was seen last may be old."""
        try:
            work = (await member.client.get("/v1/me/work")).raise_for_status().json()
        except httpx.HTTPError:
            return True
        return bool(work["offers"] or work["conversations"])

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
        now = self._schedule.now()
        self._story.laptops.append(now)
        self._schedule.at(now + length, partial(self._comes, member))
        return True

    async def _closes_a_queue(self) -> bool:
        try:
            await self._queues.close_last(self._api)
        except httpx.HTTPError:
            return False
        return True

    async def _look_after(self) -> bool:
        """What nobody is offered is pulled: it is parked, or its queue has closed."""
        for queue_id in self._queues.ids:
            try:
                path = f"/v1/queues/{queue_id}/state"
                state = (await self._api.get(path)).raise_for_status().json()
            except httpx.HTTPError:
                return True  # nobody answers: one looks again
            for _, member in zip(range(_not_offered(state)), self._with_room(state), strict=False):
                await self._pulls(member, queue_id)
        return True

    def _with_room(self, state: dict[str, Any]) -> list[Member]:
        ready = [each for each in state["members"] if each["presence"] in _READY and each["free_units"] > 0]
        members = [self._staff[each["agent_id"]] for each in ready]
        return [member for member in members if member.is_there]

    async def _pulls(self, member: Member, queue_id: str) -> None:
        answer = await member.pull(queue_id)
        self._answers[queue_id] = f"pulled by {member.name}: {in_words(answer)}"

    async def _look(self) -> None:
        """What is to be done next, of everything that somebody has or is offered."""
        live: dict[str, dict[str, Any]] = {}
        try:
            for status in ("open", "active", "wrap_up"):
                live |= {each["id"]: each for each in await self._list(status)}
        except httpx.HTTPError as error:
            self._look_failed = error
            return  # nobody answers: one looks again
        self._look_failed = None
        self._shown, now = live, self._schedule.now()
        for each in live.values():
            if each["status"] != "open" and _step_of(each) != self._planned.get(each["id"]):
                self._take_up(each, now)
        # Of now alone: after a kill a conversation may be shown a step further than it is, and go back.
        self._planned = {each["id"]: _step_of(each) for each in live.values()}
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
            self._schedule.at(now + wrap_up_for(self._dice), partial(self._act, shown, "complete"))
        elif shown["phase"] == "awaiting_acceptance":
            action, after = answer_after(self._dice)
            if action != "miss":
                self._schedule.at(now + after, partial(self._act, shown, action))
        else:
            *replies, end = talk_for(self._dice)
            for after in replies:
                self._schedule.at(now + after, partial(self._replies, shown))
            self._schedule.at(now + end, partial(self._act, shown, "end"))

    async def _act(self, seen: dict[str, Any], action: str) -> bool:
        """As the agent who has it, if it is still as it was seen."""
        if not self._is_as_seen(seen):
            return True
        member = self._staff[seen["agent_id"]]
        if not member.is_there:
            return False
        answer = await member.command(seen["id"], action)
        self._answers[seen["id"]] = f"{action} by {member.name}: {in_words(answer)}"
        return answer is not None and answer.is_success  # what was refused is looked at again

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
        return now is not None and _step_of(now) == _step_of(seen)


def _step_of(shown: dict[str, Any]) -> _Step:
    """What has to change before something else is to be done: whose it is, and how far."""
    return _session_of(shown), shown["status"], shown["phase"], shown["agent_id"]


def _session_of(shown: dict[str, Any]) -> str | None:
    session = shown["session"]
    return str(session["id"]) if session is not None else None


def _not_offered(state: dict[str, Any]) -> int:
    """How much of a queue nobody is offered, until somebody does something about it."""
    return int(state["parked"]) + (0 if state["is_open"] else int(state["waiting"]))
