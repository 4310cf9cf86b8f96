"""F24, F25: the same events many times, at once, in any order, over two API processes."""

import asyncio
from typing import Any

from chaos.ledgers import Line
from chaos.loads import Load
from chaos.processes import API, SECOND_API
from chaos.trial import Trial

_MAX_REPEATS = 50
_REPEATED = 12
_MAX_BATCH_SIZE = 40
_AT_ONCE = 32
_ANSWERED_WITHIN_MS = 5_000

Batch = list[dict[str, Any]]


async def test_f24_f25_everything_many_times_in_any_order(trial: Trial, load: Load) -> None:
    people = await trial.meet(load.customers)
    events = await trial.hold_messages(people, load.batch)
    assert len(events) == load.batch
    await trial.fleet.up(SECOND_API)

    lines = await _post_all(trial, _batches(trial, events))

    assert {line["result"] for line in lines} == {"2xx"}
    assert max(line["ms"] for line in lines) <= _ANSWERED_WITHIN_MS
    for line in lines:
        trial.record.measure("answered", line["ms"] / 1000)
    await trial.verify_and_repeat(batch=_MAX_BATCH_SIZE)


def _batches(trial: Trial, events: Batch) -> list[Batch]:
    """One body with everything; everything again in batches of any size; some alone, up to 50 times."""
    dice = trial.dice
    batches = [_shuffled(trial, events)]
    again = _shuffled(trial, events)
    while again:
        size = dice.randint(1, _MAX_BATCH_SIZE)
        batches.append(again[:size])
        again = again[size:]
    for event in dice.sample(events, _REPEATED):
        batches += [[event]] * dice.randint(1, _MAX_REPEATS)
    return _shuffled(trial, batches)


def _shuffled(trial: Trial, items: list[Any]) -> list[Any]:
    return trial.dice.sample(items, len(items))


async def _post_all(trial: Trial, batches: list[Batch]) -> list[Line]:
    slots = asyncio.Semaphore(_AT_ONCE)

    async def post(batch: Batch) -> Line:
        url = trial.fleet.url(trial.dice.choice((API, SECOND_API)))
        async with slots:
            return await trial.poster.post(url, batch)

    return await asyncio.gather(*(post(batch) for batch in batches))
