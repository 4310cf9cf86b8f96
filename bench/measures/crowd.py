"""A morning: 10,000 conversations wait, and 200 agents come at once; then nobody is free any more."""

import asyncio
import itertools

from bench.agent_streams import AgentStream, Told
from bench.backlog import add_backlog, ages, claims_in_order
from bench.context import Bench
from bench.push_desk import CONTEXT_CHANGED, OFFER_MADE, PushDesk, admin_headers
from bench.rows import BrokenError, Row, Target, percentile
from bench.sides import now_ms, soon

_UNITS = 5
_WAITING = 10_000
_SETTLE_SECONDS = 5.0
_CHANGE_PAUSE_SECONDS = 0.15


async def measure(bench: Bench) -> list[Row]:
    """One morning: what takes part in it is too much to be made anew for each round."""
    agents, offers = bench.plan.crowd_agents, bench.plan.crowd_agents * _UNITS
    desk = await PushDesk.open(bench)
    await desk.conversations(offers)
    come = await desk.agents(agents, units=_UNITS)
    before = await _worker_percent(bench)
    store_url, left = bench.stack.settings.store_url, _WAITING - offers
    await asyncio.to_thread(add_backlog, store_url, desk.queue_id, left)
    waited_since = await asyncio.to_thread(ages, store_url, desk.queue_id)
    began = now_ms()
    streams = await desk.come(come)
    arrived = await asyncio.gather(*(_offers(stream) for stream in streams))
    seconds = (max(offer.at_ms for offer in itertools.chain(*arrived)) - began) / 1000
    await bench.store.quiet()
    if not await asyncio.to_thread(claims_in_order, store_url, waited_since):
        raise BrokenError("A conversation was offered before one that had waited for longer.")
    after = await _worker_percent(bench)
    conversation_id = arrived[0][0].event["conversation_id"]
    reached = [await _changes(bench, desk, streams, conversation_id) for _ in range(bench.plan.rounds)]
    await desk.go(streams)
    return [
        Row(
            f"{_WAITING:,} wait, {agents} agents with {_UNITS} places come at once: {offers:,} offers",
            "s",
            [seconds],
            target=Target("≤", 30.0, "value"),
            note="From the first stream that is opened to the last offer on its agent's stream. Each claim "
            f"took what had waited longest. {offers:,} of the conversations have workflows.",
        ),
        Row(
            f"{left:,} waiting, nobody free: processor of the worker beyond that with nothing waiting",
            "% of one",
            [max(0.0, after - before)],
            target=Target("≤", 1.0, "value"),
            note=f"With nothing waiting the worker used {before:.2f} % of one processor.",
        ),
        Row(
            f"a change → {agents} connected streams, p95, from the request",
            "ms",
            reached,
            target=Target("≤", 200.0, "value"),
        ),
    ]


async def _offers(stream: AgentStream) -> list[Told]:
    """As many as the agent has room for."""
    return [await soon(stream.next_of(OFFER_MADE), "an offer") for _ in range(_UNITS)]


async def _worker_percent(bench: Bench) -> float:
    """What the worker uses of a processor while nothing happens."""
    await bench.store.quiet()
    await asyncio.sleep(_SETTLE_SECONDS)
    used, began = bench.stack.worker.cpu_seconds(), now_ms()
    await asyncio.sleep(bench.plan.rest_seconds)
    return (bench.stack.worker.cpu_seconds() - used) / (now_ms() - began) * 100_000


async def _changes(bench: Bench, desk: PushDesk, streams: list[AgentStream], conversation_id: str) -> float:
    """The p95 of all streams and several changes, in milliseconds."""
    latencies: list[float] = []
    for number in range(bench.plan.stream_changes):
        coming = [stream.next_of(CONTEXT_CHANGED) for stream in streams]
        began = now_ms()
        body = {"variables": {"Number": f"{began:.0f}-{number}"}}
        path = f"/v1/conversations/{conversation_id}/context"
        await desk.api.call("PATCH", path, body, admin_headers(bench))
        told = await soon(asyncio.gather(*coming), "a change on every stream")
        latencies += [each.at_ms - began for each in told]
        await asyncio.sleep(_CHANGE_PAUSE_SECONDS)
    return percentile(latencies, 95)
