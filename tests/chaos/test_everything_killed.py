"""F40: everything is killed at the instant of a 2xx, and started in every order. Nobody has to help."""

import asyncio
from itertools import permutations

from chaos.loads import SMOKE, Load
from chaos.processes import API, PRODUCT, TEMPORAL, WORKER
from chaos.trial import Trial

_AT_ONCE = 8
_ORDERS = list(permutations(PRODUCT))
_SMOKE_ORDERS = _ORDERS[::2]
"""Each process is the first once."""


async def test_f40_killed_at_once_and_started_in_every_order(trial: Trial, load: Load) -> None:
    people = await trial.meet(load.customers)
    for order in _SMOKE_ORDERS if load is SMOKE else _ORDERS * 3:
        written = await trial.hold_messages([*people, *await trial.meet(1)], _AT_ONCE)
        posts = [asyncio.create_task(trial.poster.deliver(trial.fleet.url(API), [each])) for each in written]
        async with trial.agent.working(load.commands):
            await asyncio.wait(posts, return_when=asyncio.FIRST_COMPLETED)
            trial.kill(*PRODUCT)
            for name in order:
                await _start(trial, name)
            await asyncio.gather(*posts)
        await trial.verify_and_repeat()


async def _start(trial: Trial, name: str) -> None:
    """Start it and wait until it works, or until it has got as far as it can without Temporal."""
    trial.fleet.start(name)
    if name == WORKER and not trial.fleet.runs(TEMPORAL):
        await trial.fleet.says(WORKER, "temporal_unavailable")
    else:
        await trial.fleet.ready(name)
