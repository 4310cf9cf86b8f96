"""The places at which a worker dies on the way of a send, and how it is made to die there.

Named points end the process themselves (`base/failpoints.py`). Where Meta's side decides the instant, the
sandbox holds the call and the worker is killed: after it was accepted (F06), or before it is looked at. Or
it is killed at a random instant.
"""

from collections.abc import Iterator
from typing import Any

from base.failpoints import EXIT_STATUS
from chaos.processes import WORKER
from chaos.trial import Trial
from support.eventually import eventually

ACCEPTED, UNSEEN, AT_RANDOM = "accepted by Meta", "written, not seen by Meta", "at random"
POINTS = (
    "send.asked",
    "send.marked",
    "send.first_byte",
    "send.written",
    "send.answering",
    "send.answered",
    "send.settled",
    "thread.projecting",
    "thread.projected",
)
LOOKS = ("read_back.asked", "read_back.answered", "read_back.settled")
"""Reached half a minute after a send that nobody knows of; armed beside another, and met by chance."""

PLACES = (*POINTS, ACCEPTED, UNSEEN, AT_RANDOM)

_HELD_AT_META: dict[str, dict[str, Any]] = {
    ACCEPTED: {"kind": "hang", "seconds": 30, "accept": True, "times": 1},
    UNSEEN: {"kind": "stall", "seconds": 30, "times": 1},
}
_RANDOM_SECONDS = 1.5
_LOOKS_EVERY = 3
_MET_WITHIN = 30.0


class Crashes:
    """Deaths of the worker, one after the other, while agents reply."""

    def __init__(self, trial: Trial) -> None:
        self._trial = trial
        self._places = self._drawn()

    async def strike(self) -> None:
        """Start the worker anew, have it die at the next place, and note where it did."""
        place = next(self._places)
        trial = self._trial
        if place not in POINTS:
            await self._kill_at(place)
            return
        armed = [f"{place}:{trial.dice.randint(1, 3)}"]
        if trial.dice.randrange(_LOOKS_EVERY) == 0:
            armed.append(f"{trial.dice.choice(LOOKS)}:1")
        trial.fleet.start(WORKER, failpoints=",".join(armed))
        assert await trial.fleet.ended(WORKER) == EXIT_STATUS, trial.fleet.last_words(WORKER)
        trial.struck(trial.fleet.failpoint_of(WORKER))

    def _drawn(self) -> Iterator[str]:
        """Every place in turn, in a new order each time."""
        while True:
            yield from self._trial.dice.sample(PLACES, len(PLACES))

    async def _kill_at(self, place: str) -> None:
        trial = self._trial
        await trial.fleet.up(WORKER)
        if place == AT_RANDOM:
            await trial.some_time(up_to=_RANDOM_SECONDS)
            trial.fleet.kill(WORKER)
        else:
            async with trial.faults(_HELD_AT_META[place]) as (fault,):
                await eventually(lambda: trial.has_fired(fault), within=_MET_WITHIN)
                trial.fleet.kill(WORKER)
        trial.struck(place)
