"""F01, F02: the API dies while it takes deliveries. Meta's next try succeeds, nothing is there twice."""

import asyncio
import time

from chaos.loads import Load
from chaos.processes import API
from chaos.trial import Trial

_AT_ONCE = 8
_WITHIN_SECONDS = 0.05
"""After the connect; a delivery is answered in a few milliseconds, a start of the API takes longer."""


async def test_f01_killed_at_random_while_it_takes_deliveries(trial: Trial, load: Load) -> None:
    people = await trial.meet(load.customers)
    url = trial.fleet.url(API)
    for _ in range(load.strikes * 2):
        written = await trial.hold_messages(people, _AT_ONCE)
        posts = [asyncio.create_task(trial.poster.deliver(url, [each])) for each in written]
        await asyncio.sleep(trial.dice.uniform(0, _WITHIN_SECONDS))
        trial.kill(API)
        killed_at = time.monotonic()
        await trial.fleet.up(API)
        await asyncio.gather(*posts)
        trial.record.measure("API killed → all answered", time.monotonic() - killed_at)
    await trial.verify_and_repeat()


async def test_f02_killed_between_commit_and_answer(trial: Trial, load: Load) -> None:
    people = await trial.meet(load.customers)
    for _ in range(load.strikes):
        began_ms = time.time_ns() // 1_000_000
        trial.arm(API, f"inbox.committed:{trial.dice.randint(1, load.latest_turn)}")
        async with trial.customers.writing(people, load.per_second):
            await trial.died_at_its_point(API)
        await trial.fleet.up(API)
        await trial.verify()
        results = [line["result"] for line in trial.tries_since(began_ms)]
        assert "no-answer" in results
