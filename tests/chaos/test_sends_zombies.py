"""F07, F08: a worker that was given up for lost, and does not know it. It sends nothing a second time."""

import pytest

from chaos.loads import Load
from chaos.processes import SECOND_WORKER, WORKER
from chaos.proxy import Proxy
from chaos.trial import Trial

# More than the silence after which the workflow gives a send up, and than the longest a send may take.
_GIVEN_UP_SECONDS = 7.0
_START_TO_CLOSE_SECONDS = 31.0
_TALKS = 12


@pytest.mark.parametrize(
    "point",
    [
        "send.marked",
        pytest.param("send.first_byte", marks=pytest.mark.chaos),
        pytest.param("send.answering", marks=pytest.mark.chaos),
        pytest.param("send.settled", marks=pytest.mark.chaos),
    ],
)
async def test_f07_a_worker_that_stood_still_during_a_send(trial: Trial, load: Load, point: str) -> None:
    talks = await trial.talking(_TALKS)
    trial.fleet.kill(WORKER)
    trial.fleet.start(WORKER, failpoints=f"{point}:1/stop")
    async with trial.replies.going_on(list(talks.values()), load.replies, patience=load.patient):
        await trial.fleet.stands_still(WORKER)
        trial.struck(f"stood still: {point}")
        await trial.fleet.up(SECOND_WORKER)  # only now: a conversation's sends go to the worker that has it
        await trial.some_time_between(
            _GIVEN_UP_SECONDS, _START_TO_CLOSE_SECONDS if load.parked else _GIVEN_UP_SECONDS
        )
        trial.fleet.go_on(WORKER)
    await trial.verify(parked=load.parked)


async def test_f08_of_two_workers_one_has_lost_the_engine(trial: Trial, load: Load) -> None:
    async with Proxy(trial.fleet.ports["temporal"]).serving() as network:
        trial.fleet.start(SECOND_WORKER, temporal=network.address)
        await trial.fleet.ready(SECOND_WORKER)
        talks = await trial.talking(load.talks)  # now, so that each worker has some
        slow = {"kind": "stall", "seconds": 1.5, "probability": 0.3, "seed": trial.dice.getrandbits(32)}
        async with (
            trial.faults(slow),
            trial.replies.going_on(list(talks.values()), load.replies, patience=load.patient),
        ):
            for _ in range(load.strikes):
                await trial.some_time_between(0.5, 1.5)
                trial.dice.choice([network.cut, network.swallow])()
                trial.struck("lost Temporal")
                await trial.some_time_between(_GIVEN_UP_SECONDS, 1.5 * _GIVEN_UP_SECONDS)
                network.heal()
        await trial.verify(parked=load.parked)
        trial.fleet.kill(SECOND_WORKER)
