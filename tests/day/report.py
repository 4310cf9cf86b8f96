"""What happened on a day, hour by hour, for the terminal and for docs/reports."""

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

from day.picture import draw_day
from day.plan import Load
from day.story import Story
from support.offer_facts import Line, standing, waits
from support.paths import DOCS

REPORTS = DOCS / "reports"
_NAME = "day"

_HEAD = """# A simulated day

Written by a finished run of `make day`. {agents} scripted agents serve four queues, {customers} customers
write in a curve with two peaks, and {kills} times the worker, the API or Temporal is killed with `kill -9`
while everybody is at work. All processes are real, and everything is done and seen from outside, over the
API and the local Messenger. The day goes {speed:g} times as fast as the clock; the times below are the day's.

{checks} times meanwhile and at the end, while everything rested, the eight invariants of work distribution
held, and nobody waited beside an agent who could have had them; at the end every conversation was over, and
the reports were equal to a recount of the log of events.

![who came, who waited, who talked]({name}.svg)
"""

_COLUMNS = (
    ("hour", "hour"),
    ("customers", "customers"),
    ("offers", "offer.made"),
    ("accepted", "offer.accepted"),
    ("declined", "offer.declined"),
    ("missed", "offer.timed_out"),
    ("withdrawn", "offer.withdrawn"),
)


@dataclass(frozen=True)
class DayReport:
    """One finished day."""

    story: Story
    facts: list[Line]
    load: Load
    seed: str
    real_seconds: float

    def table(self) -> list[str]:
        """A line for each hour, as Markdown."""
        names = [*(name for name, _ in _COLUMNS), "wait (median, longest)", "kills"]
        hours = range(int(self._length / timedelta(hours=1)) + 1)
        rows = [*(self._row(hour) for hour in hours), self._sums()]
        head = ["| " + " | ".join(names) + " |", "|" + "---|" * len(names)]
        return [*head, *("| " + " | ".join(map(str, row)) + " |" for row in rows)]

    def keep(self) -> None:
        """Write the page and its picture."""
        REPORTS.mkdir(parents=True, exist_ok=True)
        load = self.load
        head = _HEAD.format(
            agents=load.agents,
            customers=load.customers,
            kills=load.kills,
            name=_NAME,
            speed=load.speed,
            checks=load.checks,
        )
        where = f"{platform.system()}, {os.cpu_count()} cores, Python {platform.python_version()}"
        day = datetime.now(UTC).date()
        again = f"`PAGEDESK_DAY_SEED={self.seed} make day` draws the same lots."
        took = f"Run of {day}, {self.real_seconds / 60:.0f} minutes, on {where}. {again}"
        (REPORTS / f"{_NAME}.md").write_text("\n".join([head, took, "", *self.table()]) + "\n")
        (REPORTS / f"{_NAME}.svg").write_text(draw_day(self.story, self._length / timedelta(hours=1)))

    @property
    def _length(self) -> timedelta:
        return self.story.length

    def _hour_of(self, instant: datetime) -> int:
        return int(self.story.at(instant) / timedelta(hours=1))

    def _row(self, hour: int) -> list[Any]:
        told = [
            each for each in standing(self.facts) if self._hour_of(datetime.fromisoformat(each["at"])) == hour
        ]
        came = sum(int(at / timedelta(hours=1)) == hour for at in self.story.arrivals)
        waited = [length for began, length in self._waits() if int(began / timedelta(hours=1)) == hour]
        kills = [what for at, what in self.story.kills if int(at / timedelta(hours=1)) == hour]
        return [f"{hour + 1}", came, *_counts(told), _spread(waited), ", ".join(kills)]

    def _waits(self) -> list[tuple[timedelta, timedelta]]:
        """Of each wait for an agent, when it began and how long it was, in the day's time."""
        return [
            (self.story.at(began), self.story.at(began + timedelta(seconds=seconds)) - self.story.at(began))
            for began, seconds in waits(self.facts)
        ]

    def _sums(self) -> list[Any]:
        waited = [length for _, length in self._waits()]
        counts = _counts(standing(self.facts))
        return ["all", len(self.story.arrivals), *counts, _spread(waited), len(self.story.kills)]


def _counts(facts: Sequence[Line]) -> list[int]:
    return [sum(each["kind"] == kind for each in facts) for _, kind in _COLUMNS[2:]]


def _spread(lengths: Sequence[timedelta]) -> str:
    minutes = [length / timedelta(minutes=1) for length in lengths]
    return f"{median(minutes):.1f} min, {max(minutes):.1f} min" if minutes else ""
