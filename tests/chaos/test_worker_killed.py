"""F03, F04: the worker dies on the way from inbox to conversation. Nothing is lost, nothing doubles."""

import pytest

from chaos.loads import Load
from chaos.processes import WORKER
from chaos.trial import Trial

_BETWEEN = ("relay.routed", "signaller.signalled", "thread.projected")


@pytest.mark.parametrize("point", _BETWEEN)
async def test_f03_killed_at_a_point_of_the_way(trial: Trial, load: Load, point: str) -> None:
    people = await trial.meet(load.customers)
    for _ in range(load.strikes):
        trial.arm(WORKER, f"{point}:{trial.dice.randint(1, load.latest_turn)}")
        async with trial.customers.writing(people, load.per_second):
            await trial.died_at_its_point(WORKER)
        await trial.fleet.up(WORKER)
        await trial.verify()


async def test_f04_killed_at_random_under_load(trial: Trial, load: Load) -> None:
    people = await trial.meet(load.customers)
    async with trial.customers.writing(people, load.per_second), trial.agent.working(load.commands):
        for _ in range(load.strikes):
            await trial.some_time(up_to=1.0)
            trial.kill(WORKER)
            await trial.fleet.up(WORKER)
    await trial.verify()
