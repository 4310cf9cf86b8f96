"""What happened on a day, as its hands tell it."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta


@dataclass(frozen=True)
class Sample:
    """How the desk stood at an instant of the day."""

    at: timedelta
    waiting: int
    talking: int
    present: int


@dataclass
class Story:
    """What happened. `paused`: the spans of the clock in which the day stood still, and all rested."""

    began_at: datetime
    speed: float
    length: timedelta = timedelta(0)
    samples: list[Sample] = field(default_factory=list)
    arrivals: list[timedelta] = field(default_factory=list)
    kills: list[tuple[timedelta, str]] = field(default_factory=list)
    laptops: list[timedelta] = field(default_factory=list)
    paused: list[tuple[datetime, datetime]] = field(default_factory=list)

    def at(self, instant: datetime) -> timedelta:
        """Which time of the day an instant of the clock was."""
        stood = sum(
            (min(end, instant) - begin for begin, end in self.paused if begin < instant), timedelta(0)
        )
        return (instant - self.began_at - stood) * self.speed
