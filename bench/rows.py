"""One line of the result: what was measured on both sides, their ratio, and whether the target is met."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any, Literal


class BrokenError(Exception):
    """Something did not work at all, so there is nothing to measure; the run ends with exit status 1."""


@dataclass(frozen=True, slots=True)
class Target:
    """A bound on the median of the ratios or of Pagedesk's own values."""

    sign: Literal["≥", "≤"]
    bound: float
    of: Literal["ratio", "value"] = "ratio"

    def met_by(self, value: float) -> bool:
        """Whether a value keeps the bound."""
        return value >= self.bound if self.sign == "≥" else value <= self.bound


@dataclass(frozen=True, slots=True)
class Row:
    """Values of one measure, one per round; `pagedesk[i]` and `baseline[i]` are of the same round.

    `cpu_ms`: processor time per item and process, of Pagedesk's side and of the baseline's.
    """

    name: str
    unit: str
    pagedesk: Sequence[float]
    baseline: Sequence[float] = ()
    target: Target | None = None
    note: str = ""
    cpu_ms: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    @property
    def ratios(self) -> list[float]:
        """Pagedesk ÷ baseline, round by round; empty without a baseline."""
        return [ours / theirs for ours, theirs in zip(self.pagedesk, self.baseline, strict=False) if theirs]

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None without one."""
        if self.target is None:
            return None
        return self.target.met_by(median(self.ratios if self.target.of == "ratio" else self.pagedesk))

    def as_json(self) -> dict[str, Any]:
        """The row as the result file keeps it."""
        return {
            "name": self.name,
            "unit": self.unit,
            "pagedesk": spread(self.pagedesk),
            "baseline": spread(self.baseline),
            "ratio": spread(self.ratios),
            "target": asdict(self.target) if self.target else None,
            "met": self.met,
            "note": self.note,
            "cpu_ms": {side: dict(shares) for side, shares in self.cpu_ms.items()},
        }


def spread(values: Sequence[float]) -> dict[str, float] | None:
    """Median, lowest and highest; None of nothing."""
    if not values:
        return None
    return {"median": median(values), "low": min(values), "high": max(values), "rounds": len(values)}


def percentile(values: Sequence[float], percent: float) -> float:
    """The value below which so many percent of the values are (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]
