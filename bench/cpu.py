"""Where the processor time goes: by process, per item of work."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from bench.stack import Stack

_NEXT_TO_NOTHING = 0.01


@dataclass(slots=True)
class CpuMeter:
    """Sums over the blocks that are metered."""

    stack: Stack
    items: int = 0
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def metering(self) -> Iterator[None]:
        """Meter a block. Add the items that were worked off in it to `items`."""
        before = self.stack.cpu_seconds()
        yield
        for name, used in self.stack.cpu_seconds().items():
            self.seconds[name] = self.seconds.get(name, 0.0) + max(0.0, used - before[name])

    def per_item_ms(self) -> dict[str, float]:
        """Milliseconds per item, without those that did next to nothing."""
        shares = {name: seconds / self.items * 1000 for name, seconds in self.seconds.items()}
        least = sum(shares.values()) * _NEXT_TO_NOTHING
        return {name: share for name, share in shares.items() if share >= least}
