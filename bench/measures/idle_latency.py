"""One message at a time on an idle machine: how long from the webhook to the Graph API."""

import asyncio
import random
from collections.abc import Awaitable, Callable

from bench.context import Bench, open_conversations
from bench.interleaved import interleaved
from bench.rows import Row, Target, percentile

_TARGET = Target("≤", 2.0)
_THREADS = 4
_MIN_PAUSE_SECONDS, _MAX_PAUSE_SECONDS = 0.08, 0.16

Shot = Callable[[], Awaitable[float]]


async def measure(bench: Bench) -> list[Row]:
    """New against new, existing against existing; the medians of each round."""
    shots = await _shots(bench)
    pauses = random.Random(1)  # noqa: S311 - no shot may keep step with a poll of ours or of Temporal
    results: dict[str, list[float]] = {name: [] for name in shots}
    for _ in range(bench.plan.rounds):
        taken = await interleaved(
            bench.plan.idle_shots, {name: _after_pause(shot, pauses) for name, shot in shots.items()}
        )
        for name, latencies in taken.items():
            results[name].append(percentile(latencies, 50))
    await bench.store.quiet()

    def row(name: str, ours: str, theirs: str, note: str = "") -> Row:
        return Row(name, "ms", results[ours], results[theirs], _TARGET, note)

    return [
        row("idle: new customer's message → greeting at the Graph API", "greeted", "baseline new"),
        row("idle: agent's reply → Graph API", "replied", "baseline existing", "From the POST to our API."),
        row("idle: message into an existing conversation → applied", "applied", "baseline existing"),
    ]


async def _shots(bench: Bench) -> dict[str, Shot]:
    known = await open_conversations(bench, 2 * _THREADS)
    writing, answered = known.psids[:_THREADS], known.psids[_THREADS:]
    conversations = {psid: known.conversation_id(bench, psid) for psid in answered}
    for conversation_id in conversations.values():
        await bench.pagedesk.pick(conversation_id)
    baseline = await bench.customers.new(_THREADS)
    for psid in baseline:
        await bench.baseline.answered(psid)
    count = bench.plan.rounds * bench.plan.idle_shots
    new = iter(await bench.customers.new(2 * count))
    turns = random.Random(2)  # noqa: S311 - which conversation is next

    async def applied() -> float:
        psid = turns.choice(writing)
        return await bench.pagedesk.applied(psid, known.customer_ids[psid])

    async def replied() -> float:
        psid = turns.choice(answered)
        return await bench.pagedesk.replied(psid, conversations[psid])

    return {
        "greeted": lambda: bench.pagedesk.greeted(next(new)),
        "baseline new": lambda: bench.baseline.answered(next(new)),
        "applied": applied,
        "replied": replied,
        "baseline existing": lambda: bench.baseline.answered(turns.choice(baseline)),
    }


def _after_pause(shot: Shot, pauses: random.Random) -> Shot:
    async def run() -> float:
        await asyncio.sleep(pauses.uniform(_MIN_PAUSE_SECONDS, _MAX_PAUSE_SECONDS))
        return await shot()

    return run
