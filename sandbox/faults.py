"""Faults on purpose: which are set, which one strikes now, and its line in the ledger.

Everything that a fault can spoil asks here, and strikes are drawn in that order by the seed of each fault, so
the same calls meet the same faults. What a fault then does is said where it does it: `fault_answers`,
`fault_echoes`, `fault_media`, `fanout`.
"""

import asyncio
import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sandbox import fault_kinds
from sandbox.fault_kinds import ALL, CALLS, KINDS

if TYPE_CHECKING:
    from sandbox.world import World

SECOND_MS = 1000


@dataclass(frozen=True, slots=True)
class Target:
    """What a fault may strike. `what`: the kind of call or event, or a media file's name."""

    what: str
    page_id: str | None = None
    recipient: str | None = None
    request: int | None = None  # the call's number in the ledger


@dataclass(slots=True)
class Bucket:
    """A token bucket on the sandbox's clock."""

    per_second: float
    burst: float
    tokens: float
    at_ms: int

    def take(self, now_ms: int) -> bool:
        """Take a token, if there is one."""
        self.tokens = min(self.burst, self.tokens + (now_ms - self.at_ms) * self.per_second / SECOND_MS)
        self.at_ms = now_ms
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True

    def percent(self) -> int:
        """How much of it is used."""
        return round(100 * (1 - self.tokens / self.burst))


@dataclass(slots=True)
class Fault:
    """One fault that is set: its values, and how often it was met and struck."""

    id: str
    kind: str
    values: dict[str, Any]
    until_ms: float | None
    random: random.Random
    met: int = 0
    fired: int = 0
    lifted: asyncio.Event = field(default_factory=asyncio.Event)
    buckets: dict[str | None, Bucket] = field(default_factory=dict)

    def over(self, now_ms: int) -> bool:
        """Whether it will strike no more."""
        used_up = self.values["times"] is not None and self.fired >= self.values["times"]
        return used_up or (self.until_ms is not None and now_ms >= self.until_ms)

    def catches(self, target: Target) -> bool:
        """Whether it is meant for this."""
        values = self.values
        return (
            values.get("page_id") in {None, target.page_id}
            and values.get("recipient") in {None, target.recipient}
            and values.get("name") in {None, target.what}
            and ("calls" not in values or target.what in self._calls())
            and (not values.get("events") or target.what in values["events"])
        )

    def _calls(self) -> tuple[str, ...] | list[str]:
        calls: list[str] = self.values["calls"]
        return CALLS if ALL in calls else calls

    def strikes(self, target: Target, now_ms: int) -> bool:
        """Whether it strikes this that it is meant for; counts, draws, and empties the bucket."""
        self.met += 1
        if self.met <= self.values["skip"]:
            return False
        if self.values["probability"] < 1 and self.random.random() >= self.values["probability"]:
            return False
        return not (self.values.get("per_second") and self._bucket(target, now_ms).take(now_ms))

    def used_percent(self, target: Target) -> int:
        """How near a throttle is to refusing; 100 for one that refuses always."""
        bucket = self.buckets.get(target.page_id)
        return bucket.percent() if bucket else 0 if self.values.get("per_second") else 100

    def _bucket(self, target: Target, now_ms: int) -> Bucket:
        rate = self.values["per_second"]
        burst = self.values["burst"] or max(1, rate)
        return self.buckets.setdefault(target.page_id, Bucket(rate, burst, burst, now_ms))

    def as_json(self, now_ms: int) -> dict[str, Any]:
        """For the control API."""
        counts = {"met": self.met, "fired": self.fired, "over": self.over(now_ms)}
        return {"id": self.id, "kind": self.kind, **self.values, **counts}


class Faults:
    """The faults of one world, oldest first; a restart forgets them."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._faults: dict[str, Fault] = {}
        self._count = 0

    # -- setting them ------------------------------------------------------------------------------------

    def add(self, given: dict[str, Any]) -> Fault:
        """Set a fault. Raises `ValueError` for one that cannot be, `LookupError` for an unknown Page."""
        kind, values = fault_kinds.read(given)
        if values.get("page_id") is not None:
            self._world.page(values["page_id"])
        if values["seed"] is None:
            values["seed"] = int(self._world.ids.number())
        span = values["for_seconds"]
        self._count += 1
        fault = Fault(
            id=f"f{self._count}",
            kind=kind,
            values=values,
            until_ms=None if span is None else self._world.clock.now_ms() + span * SECOND_MS,
            random=random.Random(values["seed"]),  # noqa: S311 - repeatable on purpose
        )
        self._faults[fault.id] = fault
        self._world.changes.notify()
        return fault

    def all(self) -> list[dict[str, Any]]:
        """Every fault that was not cleared, those that are over too."""
        now = self._world.clock.now_ms()
        return [fault.as_json(now) for fault in self._faults.values()]

    def clear(self, fault_id: str | None = None) -> int:
        """Lift one fault or all; whatever waits in one goes on. Raises `LookupError` for an unknown one."""
        if fault_id is not None and fault_id not in self._faults:
            raise LookupError(f"no fault {fault_id}")
        gone = list(self._faults) if fault_id is None else [fault_id]
        for each in gone:
            self._faults.pop(each).lifted.set()
        self._world.changes.notify()
        return len(gone)

    # -- striking ----------------------------------------------------------------------------------------

    def waiting(self, stage: str, target: Target) -> list[Fault]:
        """Those that are meant for this and not over; nothing is drawn."""
        now = self._world.clock.now_ms() if self._faults else 0
        return [
            fault
            for fault in self._faults.values()
            if KINDS[fault.kind].stage == stage and not fault.over(now) and fault.catches(target)
        ]

    def first(self, stage: str, target: Target, *, accept: bool = False) -> Fault | None:
        """The oldest fault that strikes this, if one does. `accept`: of those that let a call be accepted."""
        for fault in self.waiting(stage, target):
            if fault.values.get("accept", False) == accept and self._strike(fault, target):
                return fault
        return None

    def every(self, stage: str, target: Target) -> list[Fault]:
        """All faults that strike this, oldest first."""
        return [fault for fault in self.waiting(stage, target) if self._strike(fault, target)]

    def _strike(self, fault: Fault, target: Target) -> bool:
        if not fault.strikes(target, self._world.clock.now_ms()):
            return False
        fault.fired += 1
        line = {"line": "fault", "fault": fault.id, "kind": fault.kind, "fired": fault.fired}
        struck = {"what": target.what, "page": target.page_id, "recipient": target.recipient}
        self._world.graph.write({**line, "request": target.request, **struck})
        self._world.changes.notify()
        return True
