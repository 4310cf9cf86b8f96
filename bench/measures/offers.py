"""An agent has room again: how soon the next conversation is on their event stream.

From the instant at which the workflow closed the session before, to the event `offer.made`.
"""

import asyncio
import random
from collections.abc import Sequence
from datetime import datetime

from bench.agent_streams import AgentStream, Told
from bench.bare_side import BareSide
from bench.context import Bench
from bench.interleaved import interleaved
from bench.measures.history import at_rest
from bench.push_desk import OFFER_MADE, SESSION_CLOSED, BenchAgent, PushDesk
from bench.rows import BrokenError, Row, Target, percentile
from bench.sides import now_ms, soon
from workflows.messages import conversation_workflow_id

_PER_SECOND = 20
_AGENTS_AT_RATE = 40
_MIN_PAUSE_SECONDS, _MAX_PAUSE_SECONDS = 0.08, 0.16
_FREED = "slot freed → offer on the agent's stream"


async def measure(bench: Bench) -> list[Row]:
    """Each on a page of its own: what is left of one waits in nobody's way."""
    return [
        *await _history(bench),
        *await _idle(bench),
        *await _at_rate(bench),
        *await _after_death(bench),
    ]


class _Desk:
    """An agent who takes one conversation after another."""

    def __init__(self, desk: PushDesk, agent: BenchAgent, stream: AgentStream) -> None:
        self._desk = desk
        self._agent = agent
        self._stream = stream
        self._conversation_id = ""

    async def accept(self) -> Told:
        """Accept what is offered, as soon as it is."""
        offer = await soon(self._stream.next_of(OFFER_MADE), "an offer")
        self._conversation_id = offer.event["conversation_id"]
        await self._desk.command(self._agent, self._conversation_id, "accept")
        return offer

    async def close_session(self) -> float:
        """Have room again; the instant of that in milliseconds since 1970."""
        closed = self._stream.next_of(SESSION_CLOSED)
        await self._desk.command(self._agent, self._conversation_id, "close-session")
        event = (await soon(closed, "a closed session")).event
        if event["conversation_id"] != self._conversation_id:
            raise BrokenError("Somebody else's session was closed.")
        return datetime.fromisoformat(event["at"]).timestamp() * 1000

    async def next(self) -> float:
        """Close the session and accept what is offered then; milliseconds between the two."""
        freed_ms = await self.close_session()
        return (await self.accept()).at_ms - freed_ms


async def _opened(
    bench: Bench, conversations: int, agents: int
) -> tuple[PushDesk, Sequence[BenchAgent], list[AgentStream]]:
    """A desk where so many conversations wait, and agents with one place each have come."""
    desk = await PushDesk.open(bench)
    await desk.conversations(conversations)
    found = await desk.agents(agents, units=1)
    return desk, found, await desk.come(found)


async def _history(bench: Bench) -> list[Row]:
    """Events of a first contact that is greeted and queued, and of its offer and acceptance."""
    first, offered = [], []
    for _ in range(bench.plan.rounds):
        desk = await PushDesk.open(bench)
        (psid,) = await desk.conversations(1)
        workflow_id = conversation_workflow_id(desk.page_id, bench.store.customer_ids([psid])[psid])
        queued = await at_rest(bench, workflow_id)
        (agent,) = await desk.agents(1, units=1)
        (stream,) = await desk.come([agent])
        await _Desk(desk, agent, stream).accept()
        accepted = await at_rest(bench, workflow_id, more_than=queued.events)
        await desk.go([stream])
        first.append(float(queued.events))
        offered.append(float(accepted.events - queued.events))
    return [
        Row("history per first contact: greeted and queued", "events", first, target=_at_most(13)),
        Row("history per offer and its acceptance", "events", offered, target=_at_most(15)),
    ]


async def _idle(bench: Bench) -> list[Row]:
    """One agent, one offer at a time, by turns with the baseline."""
    shots, rounds = bench.plan.offer_shots, bench.plan.rounds
    desk, (agent,), (stream,) = await _opened(bench, shots * rounds + 1, 1)
    at_desk, pauses = _Desk(desk, agent, stream), random.Random(1)  # noqa: S311 - no shot keeps step with a poll
    await at_desk.accept()
    ours: list[float] = []
    bare: list[float] = []
    async with BareSide.running(bench.client) as side:

        async def offered() -> float:
            await asyncio.sleep(pauses.uniform(_MIN_PAUSE_SECONDS, _MAX_PAUSE_SECONDS))
            return await at_desk.next()

        async def told() -> float:
            await asyncio.sleep(pauses.uniform(_MIN_PAUSE_SECONDS, _MAX_PAUSE_SECONDS))
            return await side.told()

        for _ in range(rounds):
            taken = await interleaved(shots, {"offered": offered, "told": told})
            ours.append(percentile(taken["offered"], 95))
            bare.append(percentile(taken["told"], 95))
    await desk.go([stream])
    return [
        Row(f"idle: {_FREED}, p95", "ms", ours, target=_at_most(250)),
        Row("the same beside a bare signal → local activity, p95", "ms", ours, bare, Target("≤", 3.0)),
    ]


async def _at_rate(bench: Bench) -> list[Row]:
    """Twenty sessions a second are closed, by agents in turn."""
    count = int(bench.plan.offer_seconds * _PER_SECOND)
    p95, reached = [], []
    for _ in range(bench.plan.rounds):
        desk, agents, streams = await _opened(bench, _AGENTS_AT_RATE + count, _AGENTS_AT_RATE)
        desks = [_Desk(desk, agent, stream) for agent, stream in zip(agents, streams, strict=True)]
        await asyncio.gather(*(each.accept() for each in desks))
        began, under_way = now_ms(), [asyncio.create_task(asyncio.sleep(0, 0.0)) for _ in desks]
        latencies: list[float] = []
        for number in range(count):
            await asyncio.sleep(max(0.0, (began + number * 1000 / _PER_SECOND - now_ms()) / 1000))
            place = number % len(desks)
            if number >= len(desks):
                latencies.append(await under_way[place])
            under_way[place] = asyncio.create_task(desks[place].next())
        latencies += await asyncio.gather(*under_way[: min(count, len(desks))])
        reached.append(count / (now_ms() - began) * 1000)
        p95.append(percentile(latencies, 95))
        await desk.go(streams)
    note = f"{_AGENTS_AT_RATE} agents; {min(reached):.3g} offers a second were reached at least."
    return [Row(f"{_PER_SECOND} offers a second: {_FREED}, p95", "ms", p95, target=_at_most(1000), note=note)]


async def _after_death(bench: Bench) -> list[Row]:
    """An agent gets room while there is no worker; seconds from the new worker's start to the offer."""
    deaths = bench.plan.worker_deaths
    desk, (agent,), (stream,) = await _opened(bench, deaths + 1, 1)
    at_desk = _Desk(desk, agent, stream)
    await at_desk.accept()
    seconds = []
    for _ in range(deaths):
        await desk.set_units(agent, 0)
        await at_desk.close_session()
        bench.stack.worker.kill()
        await bench.stack.worker.wait()
        await desk.set_units(agent, 1)
        started = now_ms()
        await bench.stack.worker.up()
        seconds.append(((await at_desk.accept()).at_ms - started) / 1000)
    await desk.go([stream])
    await bench.store.quiet()
    return [
        Row(
            "worker killed: room that came meanwhile → offer, from the new worker's start",
            "s",
            seconds,
            target=Target("≤", 3.0, "value"),
            note="The start takes the program's own loading in. On PostgreSQL another worker takes over.",
        )
    ]


def _at_most(bound: float) -> Target:
    return Target("≤", bound, "value")
