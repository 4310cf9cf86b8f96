"""What the trials found, for the terminal; the long tier's is kept in docs/reports/, a page for each part."""

import os
import platform
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from statistics import quantiles

from chaos.checker import METRICS
from chaos.tiers import TITLES
from chaos.trial import Record
from support.paths import DOCS

REPORTS = DOCS / "reports"

_HEAD = """
Written by a finished run of `make chaos TIER={tier}`. Real processes (Temporal's dev server, workers,
APIs, with the sandbox as Meta) are killed with `kill -9`, at random instants or at named points, and judged
from ledgers outside of them (`tests/chaos/checker.py`). The goal of every metric is zero.
"""


@dataclass(slots=True)
class Report:
    """The trials of one run, all seeded from one seed."""

    seed: str
    records: list[Record] = field(default_factory=list)
    expected: dict[str, set[str]] = field(default_factory=dict)
    """The trials of each whole tier, by their names."""

    def lines(self) -> list[str]:
        """One line for each trial."""
        if not self.records:
            return []
        head = f"fault trials, PAGEDESK_CHAOS_SEED={self.seed}"
        return [head, *(f"  {record.test}: {_in_words(record)}" for record in self.records)]

    def keep(self) -> None:
        """Write the reports of the tiers that have run whole: every trial, each to its last verdict."""
        for tier, expected in self.expected.items():
            records = [each for each in self.records if each.tier == tier and each.test in expected]
            if len(records) == len(expected) and all(record.judged for record in records):
                REPORTS.mkdir(parents=True, exist_ok=True)
                head = [f"# {TITLES[tier]}", _HEAD.format(tier=tier), *self._conditions(tier, records)]
                lines = [*head, *_totals(records), *_places(records), *_table(records)]
                (REPORTS / f"chaos-{tier}.md").write_text("\n".join(lines) + "\n")

    def _conditions(self, tier: str, records: list[Record]) -> list[str]:
        minutes = sum(record.seconds for record in records) / 60
        day, cores = datetime.now(UTC).date(), os.cpu_count()
        where = f"{platform.system()}, {cores} cores, Python {platform.python_version()}"
        again = f"PAGEDESK_CHAOS_SEED={self.seed} make chaos TIER={tier}"
        return [f"Run of {day}, {minutes:.0f} minutes, on {where}. `{again}` draws the same lots.", ""]


def _totals(records: list[Record]) -> list[str]:
    faults = sum(record.strikes for record in records)
    passed = sum(record.whole for record in records)
    messages, replies = (
        sum(record.messages for record in records),
        sum(record.replies for record in records),
    )
    bound = f"{300 / max(faults, 1):.2g} %"
    counts = f"{faults} faults, {messages} messages, {replies} replies"
    return [
        f"**{passed} of {len(records)} trials passed: {counts}.**",
        f"No failure in {faults} independent faults bounds its rate at about {bound} (95 % confidence).",
        "",
        "| metric | found |",
        "|---|---|",
        *(f"| {metric} | {_found(records, metric)} |" for metric in METRICS),
        "",
    ]


def _places(records: list[Record]) -> list[str]:
    places = sum((record.places for record in records), Counter[str]())
    if not places:
        return []
    head = ["| where a process died, or what else struck | times |", "|---|---|"]
    return [*head, *(f"| {place} | {count} |" for place, count in sorted(places.items())), ""]


def _found(records: list[Record], metric: str) -> int:
    return sum(len(record.violations.get(metric, ())) for record in records)


def _table(records: list[Record]) -> list[str]:
    head = ["| trial | faults | messages | replies | measured (seconds: median, p95, most) |"]
    return [*head, "|---|---|---|---|---|"] + [
        f"| {record.test} | {record.strikes} | {record.messages} | {record.replies} | {_measures(record)} |"
        for record in records
    ]


def _in_words(record: Record) -> str:
    verdict = "whole" if record.whole else "BROKEN"
    places = "".join(f" {place} {count}," for place, count in sorted(record.places.items()))
    counts = f"{record.strikes} faults,{places} {record.messages} messages, {record.replies} replies"
    return f"{verdict}, {counts}. {_measures(record)}"


def _measures(record: Record) -> str:
    return "; ".join(f"{what} {_spread(values)}" for what, values in record.measured.items())


def _spread(values: Iterable[float]) -> str:
    ordered = sorted(values)
    if len(ordered) == 1:
        return f"{ordered[0]:.2f}"
    return f"{p50(ordered):.2f}, {p95(ordered):.2f}, {ordered[-1]:.2f} (n={len(ordered)})"


def p50(values: list[float]) -> float:
    """The median."""
    return quantiles(values, n=2, method="inclusive")[0] if len(values) > 1 else values[0]


def p95(values: list[float]) -> float:
    """The value that 95 of 100 do not exceed."""
    return quantiles(values, n=20, method="inclusive")[-1] if len(values) > 1 else values[0]
