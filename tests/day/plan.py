"""What is to happen on a day, drawn by a seeded lot.

A day of many hours passes in some minutes: instants and lengths are those of the day, and `Load.speed` says
how many times as fast it goes as the clock. What the product times by itself goes by the clock: an offer is
open for ten seconds, and who is gone for 150 loses their conversations.
"""

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

QUEUES = (("General", 40), ("Orders", 30), ("Returns", 20), ("Evening", 10))
"""Each with its share of the customers, in per cent."""
UNITS = 3
"""How many conversations an agent has at once."""
DECLINE_LIMIT = 3

EVENING_CLOSES = 0.75
"""Of the day has passed when the last queue closes."""

COUNTDOWN_SECONDS = 10
"""Of the clock: the shortest that a workstream may have."""
_GONE_SECONDS = 165
"""Of the clock: long enough to lose one's conversations."""

_KINDS = (("worker",), ("api",), ("worker", "api"), ("worker",), ("temporal",))


@dataclass(frozen=True)
class Load:
    """How much happens. `checks`: how often all come to rest meanwhile, so that one can look.

    `overtime_seconds`: of the clock; how long what is left after the day may take, until it is a failure.
    """

    customers: int
    agents: int
    kills: int
    closed_laptops: int
    checks: int
    length: timedelta
    speed: float
    overtime_seconds: float

    def by_clock(self, length: timedelta) -> float:
        """How many seconds of the clock a length of the day is."""
        return length.total_seconds() / self.speed


WHOLE = Load(2000, 40, 10, 12, 5, timedelta(hours=12), speed=36, overtime_seconds=900)
"""Twenty minutes."""
SHORT = Load(30, 6, 1, 1, 0, timedelta(minutes=40), speed=120, overtime_seconds=360)
"""Twenty seconds, on a quick machine."""


@dataclass(frozen=True)
class Shift:
    """When an agent works, and the queues of `QUEUES` that they serve. `ends` None: once all is done."""

    begins: timedelta
    ends: timedelta | None
    serves: tuple[int, ...]


@dataclass(frozen=True)
class Plan:
    """One day. `laptops`: when which agent closes theirs, and for how long; `kills`: when what is killed."""

    arrivals: tuple[timedelta, ...]
    shifts: tuple[Shift, ...]
    laptops: tuple[tuple[timedelta, int, timedelta], ...]
    kills: tuple[tuple[timedelta, tuple[str, ...]], ...]


def draw(load: Load, dice: random.Random) -> Plan:
    """The day of this seed."""
    length = load.length
    return Plan(
        tuple(sorted(_two_peaks(load, dice))),
        tuple(_shifts(load, dice)),
        tuple(
            sorted(
                (
                    length * dice.uniform(0.1, 0.8),
                    dice.randrange(load.agents),
                    timedelta(seconds=load.speed * (_GONE_SECONDS if number % 3 else dice.uniform(1, 15))),
                )
                for number in range(load.closed_laptops)
            )
        ),
        tuple(
            (length * (0.08 + 0.84 * (number + dice.random()) / load.kills), _KINDS[number % len(_KINDS)])
            for number in range(load.kills)
        ),
    )


def _two_peaks(load: Load, dice: random.Random) -> Iterator[timedelta]:
    """A peak in the late morning and a lower one in the afternoon, over an even flow."""
    for _ in range(load.customers):
        kind = dice.random()
        if kind < 0.25:
            part = dice.random()
        else:
            middle, width = (0.28, 0.09) if kind < 0.65 else (0.66, 0.1)
            part = min(max(dice.gauss(middle, width), 0.0), 0.999)
        yield load.length * part


def _shifts(load: Load, dice: random.Random) -> Iterator[Shift]:
    """Every queue is served all day: four agents, and some others, stay until all is done."""
    for number in range(load.agents):
        serves = tuple(sorted({number % len(QUEUES), dice.randrange(len(QUEUES))}))
        if number < len(QUEUES) or number % 5 == 0:
            yield Shift(timedelta(0), None, serves)
        else:
            begins, ends = dice.uniform(0.0, 0.35), dice.uniform(0.6, 1.0)
            yield Shift(load.length * begins, load.length * ends, serves)


def _minutes(dice: random.Random, least: float, most: float) -> timedelta:
    return timedelta(minutes=dice.uniform(least, most))


def answer_after(dice: random.Random) -> tuple[str, timedelta]:
    """What an agent does with an offer, and after which time: now and then nothing at all."""
    kind = dice.random()
    if kind < 0.05:
        return "decline", timedelta(seconds=dice.uniform(5, 60))
    if kind < 0.09:
        return "miss", timedelta(0)
    return "accept", timedelta(seconds=math.exp(dice.gauss(3.0, 0.6)))


def talk_for(dice: random.Random) -> list[timedelta]:
    """When an agent writes in a conversation, and at last when they end it."""
    replies = [timedelta(seconds=dice.uniform(15, 90))]
    if dice.random() < 0.3:
        replies.append(replies[-1] + _minutes(dice, 1, 4))
    return [*replies, replies[-1] + _minutes(dice, 1, 6)]


def wrap_up_for(dice: random.Random) -> timedelta:
    """How long the notes take."""
    return timedelta(seconds=dice.uniform(10, 60))


def writes_again_after(dice: random.Random) -> timedelta | None:
    """When a customer writes once more; most do not."""
    return _minutes(dice, 1, 12) if dice.random() < 0.25 else None
