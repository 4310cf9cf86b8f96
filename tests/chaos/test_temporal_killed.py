"""F09, F10: Temporal is away. Meta does not notice, agents wait, the backlog drains."""

import asyncio
import time

import pytest

from chaos.loads import Load
from chaos.processes import TEMPORAL
from chaos.trial import Trial

_MINUTES_AWAY = 70
_EVERY_MINUTES = 5


async def test_f09_killed_and_back(trial: Trial, load: Load) -> None:
    people = await trial.meet(load.customers)
    for person in people:
        await trial.customers.write(person)
    (conversation, *_) = (await trial.verify()).final.conversations
    trial.kill(TEMPORAL)
    killed_ms = time.time_ns() // 1_000_000
    for person in [*people, *await trial.meet(load.customers)]:
        await trial.customers.write(person)
    picking = asyncio.create_task(trial.agent.command(conversation["id"], "pick"))
    await trial.delivered()
    await trial.fleet.up(TEMPORAL)
    assert await picking == 200  # it was asked again
    assert {line["result"] for line in trial.tries_since(killed_ms)} == {"2xx"}
    await trial.verify()


@pytest.mark.chaos
async def test_f09_killed_at_random_under_load(trial: Trial, load: Load) -> None:
    people = await trial.meet(load.customers)
    async with trial.customers.writing(people, load.per_second), trial.agent.working(load.commands):
        for _ in range(load.strikes):
            await trial.some_time(up_to=2.0)
            trial.kill(TEMPORAL)
            await trial.some_time(up_to=5.0)
            await trial.fleet.up(TEMPORAL)
    await trial.verify()


async def test_f10_away_for_longer_than_meta_has_patience(trial: Trial, load: Load) -> None:
    people = await trial.meet(load.customers)
    await trial.move_clock(minutes=-_MINUTES_AWAY)
    trial.kill(TEMPORAL)
    for _ in range(0, _MINUTES_AWAY, _EVERY_MINUTES):
        for person in people:
            await trial.customers.write(person)
        await trial.delivered()
        await trial.move_clock(minutes=_EVERY_MINUTES)
    subscriptions = (await trial.sandbox.get("/_sandbox/deliveries")).json()["subscriptions"]
    assert [(each["active"], each["failing_since"]) for each in subscriptions] == [(True, None)] * 2
    await trial.fleet.up(TEMPORAL)
    await trial.verify()
