"""The worker is killed with conversations in its cache: how soon the first messages after it are handled."""

import asyncio

from bench.context import Bench, Known, open_conversations
from bench.rows import Row, Target
from bench.sides import now_ms, soon

_TARGET = Target("≤", 3.0, "value")
_THREADS = 10


async def measure(bench: Bench) -> list[Row]:
    """Messages that come while there is no worker, and messages that come when the new one is ready."""
    known = await open_conversations(bench, 2 * _THREADS)
    deaths = [await _death(bench, known) for _ in range(bench.plan.worker_deaths)]
    note = f"The slowest of {_THREADS} conversations; the start takes the program's own loading in."
    return [
        Row(
            "worker killed: message of meanwhile → applied, from the new worker's start",
            "s",
            [death[0] for death in deaths],
            target=_TARGET,
            note=note,
        ),
        Row(
            "worker killed: message to the new worker, once it is ready → applied",
            "s",
            [death[1] for death in deaths],
            target=_TARGET,
        ),
    ]


async def _death(bench: Bench, known: Known) -> tuple[float, float]:
    """Seconds for the slowest conversation, of both kinds."""
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
    return (early_done - started) / 1000, (late_done - ready) / 1000


async def _write(bench: Bench, known: Known, psids: list[str]) -> float:
    """One message of each; the instant at which the last is applied."""
    done = []
    for psid in psids:
        customer_id = known.customer_ids[psid]
        done.append(bench.store.applied(customer_id, bench.store.applied_seq(customer_id) + 1))
        await bench.pagedesk.post(psid)
    return max(await soon(asyncio.gather(*done), "a message after the worker's death"))
