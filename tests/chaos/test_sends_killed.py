"""F05, F06: the worker dies at every step of a send. Nothing is sent twice, lost, or told falsely."""

import contextlib

import pytest

from chaos.crashing import Crashes
from chaos.installation import PAGES
from chaos.loads import Load
from chaos.processes import WORKER
from chaos.trial import MUTE, Trial

_CRASHES = 30
_ROUNDS_WITHOUT_ECHOES = 2
_HELD = 12


async def crashed(trial: Trial, load: Load) -> None:
    """One round: agents reply while the worker dies over and over; the verdict when all is at rest again."""
    talks = await trial.talking(load.talks)
    crashes = Crashes(trial)
    trial.fleet.kill(WORKER)
    async with trial.replies.going_on(list(talks.values()), load.replies, patience=load.patient):
        for _ in range(_CRASHES):
            await crashes.strike()
        await trial.fleet.up(WORKER)
    await trial.verify(parked=load.parked)


async def test_f05_f06_killed_at_every_step_of_a_send(trial: Trial, load: Load) -> None:
    for _ in range(load.rounds):
        await crashed(trial, load)


async def test_killed_while_it_wakes_what_a_dead_token_held(trial: Trial, load: Load) -> None:
    talks = await trial.talking(_HELD)
    page_id = PAGES[0]
    for _ in range(load.strikes):
        await trial.kill_token(page_id)
        said = await trial.replies.to_all(
            [conversation for person, conversation in talks.items() if person.page_id == page_id]
        )
        await trial.are_held(said, how_many=len(said))
        trial.fleet.kill(WORKER)
        trial.fleet.start(WORKER, failpoints=f"held.woken:{trial.dice.randint(1, len(said) - 1)}")
        await trial.renew_token(page_id)
        await trial.died_at_its_point(WORKER)
        trial.struck("held.woken")
        await trial.fleet.up(WORKER)
        await trial.are_held(said, how_many=0)
        await trial.verify()


@pytest.mark.chaos
@pytest.mark.parametrize("tells", ["nothing", "its conversations"])
async def test_killed_at_every_step_while_meta_sends_no_echo_and_shows(
    trial: Trial, load: Load, tells: str
) -> None:
    silence = trial.blind() if tells == "nothing" else trial.faults(MUTE)
    async with contextlib.AsyncExitStack() as stack:
        await stack.enter_async_context(silence)
        for _ in range(_ROUNDS_WITHOUT_ECHOES):
            await crashed(trial, load)
