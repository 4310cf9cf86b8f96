"""Agents who take what they are offered, and the places at which the processes die meanwhile."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any

import httpx

from base.failpoints import EXIT_STATUS
from chaos.offer_metrics import DECLINE_LIMIT
from chaos.processes import API, SECOND_WORKER, TEMPORAL, WORKER
from chaos.trial import Trial
from support.staff import Member, add_queue, hire, push_everything
from support.unfinished import describe_unfinished, in_words

UNITS = 3
_COUNTDOWN_SECONDS = 10
"""The shortest that there is: who does not answer is found out within the trial."""

POINTS = (
    "dispatch.claimed",
    "dispatch.told",
    "thread.projecting",
    "thread.projected",
    "thread.told.conversation.queued",
    "thread.told.offer.made",
    "thread.told.offer.accepted",
    "thread.told.offer.declined",
    "thread.told.conversation.wrap_up",
    "thread.told.session.closed",
)
"""Where the worker ends itself, from a customer's message to the slot that is free again."""

_AT_RANDOM = {
    "the worker": (WORKER,),
    "the second worker, beside the first": (SECOND_WORKER,),
    "the first worker, beside the second": (WORKER,),
    "the API": (API,),
    "the engine": (TEMPORAL,),
    "the worker and the API": (WORKER, API),
}
PLACES = (*POINTS, *_AT_RANDOM)
SMOKE_PLACES = ("dispatch.claimed", "dispatch.told", "thread.told.offer.made", "the API")

_RANDOM_SECONDS = 1.5
_PAUSE_SECONDS = (0.1, 0.4)
_DONE_WITHIN = 300.0
_LOOK_SECONDS = 0.5
_LATEST_TURN = 3
_UNFINISHED = ("open", "active", "wrap_up")


class Offers:
    """Some agents who serve two queues, and everything that they have answered, in the driver's ledger."""

    def __init__(self, trial: Trial, staff: list[Member]) -> None:
        self._trial = trial
        self.staff = staff
        self._answers: dict[str, str] = {}

    @classmethod
    async def open(cls, trial: Trial, agents: int) -> "Offers":
        """Hire them, and have the desk push its conversations to them."""
        fleet = trial.fleet

        def client(key: str) -> httpx.AsyncClient:
            limits, headers = httpx.Limits(keepalive_expiry=3.0), {"Authorization": f"Bearer {key}"}
            return httpx.AsyncClient(
                base_url=fleet.url(API), headers=headers, trust_env=False, timeout=30, limits=limits
            )

        staff = await hire(trial.api, client, agents, UNITS)
        for member in staff:
            trial.driver.write(line="hired", agent=member.id, units=UNITS)
        assignment = {"decline_limit": DECLINE_LIMIT}
        queues = [
            await add_queue(trial.api, staff[:-1], name="First", assignment=assignment),
            await add_queue(trial.api, staff[1:], name="Second", assignment=assignment, priority=50),
        ]
        notification = {"reject_button": True, "countdown_seconds": _COUNTDOWN_SECONDS}
        shares = {queues[0]: 50, queues[1]: 50}
        await push_everything(trial.api, shares, notification=notification, affinity=False)
        return cls(trial, staff)

    @contextlib.asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """Everybody is there and works, for as long as the block lasts."""
        for member in self.staff:
            member.comes()
        working = [asyncio.create_task(self._work(member)) for member in self.staff]
        try:
            yield
        finally:
            for task in working:
                task.cancel()
            outcomes = await asyncio.gather(*working, return_exceptions=True)
            for member in self.staff:
                await member.leaves()
        for outcome in outcomes:
            if isinstance(outcome, Exception):
                raise outcome

    async def everything_is_done(self) -> None:
        """Wait until no conversation is left; an AssertionError tells what never is over."""
        try:
            async with asyncio.timeout(_DONE_WITHIN):
                while not await self._nothing_is_left():  # noqa: ASYNC110 - there is no event to wait for
                    await asyncio.sleep(_LOOK_SECONDS)
        except TimeoutError:
            left = await self._what_is_left()
            raise AssertionError(f"not over after {_DONE_WITHIN:.0f} s: {left}") from None

    async def close(self) -> None:
        """Give the connections back."""
        for member in self.staff:
            await member.client.aclose()

    async def _what_is_left(self) -> str:
        shown: list[dict[str, Any]] = []
        for status in _UNFINISHED:
            answer = await self._trial.api.get("/v1/conversations", params={"status": status})
            shown += answer.raise_for_status().json()["items"]
        staff = {member.id: member for member in self.staff}
        return await describe_unfinished(self._trial.api, shown, staff, self._answers)

    async def _nothing_is_left(self) -> bool:
        for status in _UNFINISHED:
            asked = {"status": status, "limit": "1"}
            try:
                answer = await self._trial.api.get("/v1/conversations", params=asked)
            except httpx.HTTPError:
                return False
            if not answer.is_success or answer.json()["items"]:
                return False
        return True

    async def _work(self, member: Member) -> None:
        dice = self._trial.dice
        while True:
            await asyncio.sleep(dice.uniform(*_PAUSE_SECONDS))
            work = await _work_of(member)
            for offer in work["offers"]:
                if (drawn := dice.random()) < 0.9:
                    await self._answer(member, offer, "accept" if drawn < 0.8 else "decline")
            for conversation in work["conversations"]:
                await self._go_on(member, conversation)

    async def _answer(self, member: Member, offer: dict[str, Any], action: str) -> None:
        answer = await self._command(member, offer["id"], action)
        self._trial.driver.write(
            line="answered",
            conversation=offer["id"],
            agent=member.id,
            action=action,
            status=answer.status_code if answer is not None else None,
        )

    async def _go_on(self, member: Member, conversation: dict[str, Any]) -> None:
        if conversation["status"] == "wrap_up":
            await self._command(member, conversation["id"], "complete")
        elif self._trial.dice.random() < 0.1:
            await self._command(member, conversation["id"], "release")
        elif self._trial.dice.random() < 0.5:
            await self._command(member, conversation["id"], "end")

    async def _command(self, member: Member, conversation_id: str, action: str) -> httpx.Response | None:
        answer = await member.command(conversation_id, action)
        self._answers[conversation_id] = f"{action} by {member.name}: {in_words(answer)}"
        return answer


async def _work_of(member: Member) -> dict[str, Any]:
    nothing: dict[str, Any] = {"offers": [], "conversations": []}
    try:
        answer = await member.client.get("/v1/me/work")
    except httpx.HTTPError:
        return nothing
    return dict(answer.json()) if answer.is_success else nothing


class Deaths:
    """Kills, one after the other; each is over when it is noted. Leaves everything running."""

    def __init__(self, trial: Trial, places: Sequence[str]) -> None:
        self._trial = trial
        self._places = self._drawn(places)

    async def strike(self) -> None:
        """The next one, from its beginning to its end."""
        place = next(self._places)
        fleet = self._trial.fleet
        self._trial.begun(place)
        if place in POINTS:
            fleet.kill(WORKER, SECOND_WORKER)
            fleet.start(WORKER, failpoints=f"{place}:{self._trial.dice.randint(1, _LATEST_TURN)}")
            assert await fleet.ended(WORKER) == EXIT_STATUS, fleet.last_words(WORKER)
            await fleet.up(WORKER)
        else:
            if "second" in place and not fleet.runs(SECOND_WORKER):
                await fleet.up(SECOND_WORKER)
            await self._trial.some_time(up_to=_RANDOM_SECONDS)
            fleet.kill(*_AT_RANDOM[place])
            await self._trial.some_time(up_to=_RANDOM_SECONDS)
            await fleet.up(*(name for name in _AT_RANDOM[place] if name != SECOND_WORKER))
        self._trial.struck(place)

    def _drawn(self, places: Sequence[str]) -> Iterator[str]:
        """Every place in turn, in a new order each time."""
        while True:
            yield from self._trial.dice.sample(list(places), len(places))
