"""How much a trial does: in `make test`, and in `make chaos`."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Load:
    """How much a trial does: people who write so many messages a second, agents who give so many commands.

    A fault strikes `strikes` times. At a named point a process dies at its first turn, or at one up to
    `latest_turn`; only the first is sure to find all the work undone. `batch` is the size of a big delivery.
    On the way out: `talks` conversations, in which `replies` are said per second; a `patient` share of them
    after the former one's outcome is known; `rounds` times thirty crashes; whether unknown ones are followed
    until they are `parked`.
    """

    name: str
    customers: int
    per_second: float
    commands: float
    strikes: int
    latest_turn: int
    batch: int
    talks: int
    replies: float
    patient: float
    rounds: int
    parked: bool


SMOKE = Load(
    "smoke",
    customers=4,
    per_second=20,
    commands=5,
    strikes=1,
    latest_turn=1,
    batch=300,
    talks=60,
    replies=10,
    patient=1.0,
    rounds=1,
    parked=False,
)
LONG = Load(
    "long",
    customers=20,
    per_second=10,
    commands=5,
    strikes=8,
    latest_turn=3,
    batch=1000,
    talks=60,
    replies=10,
    patient=0.7,
    rounds=3,
    parked=True,
)
