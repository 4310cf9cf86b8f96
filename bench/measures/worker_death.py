"""The worker is killed with conversations in its cache: how soon the first messages after it are handled."""

import asyncio
from dataclasses import dataclass

from bench.context import Bench, Known, open_conversations
from bench.rows import Row, Target
from bench.sides import now_ms, soon

_TARGET = Target("≤", 3.0, "value")
_THREADS = 10


async def measure(bench: Bench) -> list[Row]:
    """Messages that come while there is no worker, and messages that come when the new one is ready."""
    known = await open_conversations(bench, 2 * _THREADS)
    deaths = [await _death(bench, known) for _ in range(bench.plan.worker_deaths)]
    return [
        Row(
            "worker killed: first message of meanwhile → applied, from the new worker's start",
            "s",
            [death.first for death in deaths],
            target=_TARGET,
            note="The start takes the program's own loading in.",
        ),
        Row(
            f"worker killed: the slowest of the first messages into {_THREADS} conversations",
            "s",
            [death.early for death in deaths],
        ),
        Row(
            "worker killed: message to the new worker, once it is ready → applied",
            "s",
            [death.late for death in deaths],
            target=_TARGET,
            note=f"The slowest of {_THREADS} conversations that the dead one had in its cache.",
        ),
    ]


@dataclass(frozen=True, slots=True)
class _Death:
    """Seconds from the new worker's start: to the first message and the slowest of those that waited for it.

    late: from its being ready to the slowest of those that came then.
    """

    first: float
    early: float
    late: float


async def _death(bench: Bench, known: Known) -> _Death:
    await _write(bench, known, known.psids)  # so that they are in the cache
    bench.stack.worker.kill()
    await bench.stack.worker.wait()
    early, late = known.psids[:_THREADS], known.psids[_THREADS:]
    waiting = asyncio.create_task(_write(bench, known, early))
    await asyncio.sleep(0)
    started = now_ms()
    await bench.stack.worker.up()
    ready = now_ms()
    late_done = await _write(bench, known, late)
    early_done = await waiting
    await bench.store.quiet()
    return _Death(
        first=(early_done[0] - started) / 1000,
        early=(max(early_done) - started) / 1000,
        late=(max(late_done) - ready) / 1000,
    )


async def _write(bench: Bench, known: Known, psids: list[str]) -> list[float]:
    """One message of each, one after another; the instants at which they are applied."""
    done = []
    for psid in psids:
        customer_id = known.customer_ids[psid]
        done.append(bench.store.applied(customer_id, bench.store.applied_seq(customer_id) + 1))
        await bench.pagedesk.post(psid)
    return await soon(asyncio.gather(*done), "a message after the worker's death")
