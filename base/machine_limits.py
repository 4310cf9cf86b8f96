"""What this process may use of its machine or container, and the sizes that follow from it."""

import os
from pathlib import Path

_CGROUP = Path("/sys/fs/cgroup")
_CONVERSATION_BYTES = 75_000
"""What a cached conversation costs a worker (reference figure of the benchmark: 74 kB)."""


def usable_processors() -> int:
    """How many processors this process may use; at least one."""
    return max(1, min(len(_affinity()), _cgroup_processors() or len(_affinity())))


def memory_bytes() -> int:
    """How much memory there is for this process and its neighbours."""
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min(physical, _cgroup_memory() or physical)


def cached_conversations() -> int:
    """A tenth of the memory's worth, 1,000 to 10,000."""
    return min(10_000, max(1_000, memory_bytes() // 10 // _CONVERSATION_BYTES))


def store_readers() -> int:
    """Two a processor, 4 to 16."""
    return min(16, max(4, 2 * usable_processors()))


def store_writers() -> int:
    """Four a processor, 8 to 32."""
    return min(32, max(8, 4 * usable_processors()))


def _affinity() -> set[int] | range:
    # macOS has no such call.
    return os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1)


def _cgroup_processors() -> int | None:
    """`max 100000` or `200000 100000`: microseconds of processor time in each period."""
    quota, _, period = _read(_CGROUP / "cpu.max").partition(" ")
    return max(1, int(quota) // int(period)) if quota.isdigit() and period.isdigit() else None


def _cgroup_memory() -> int | None:
    limit = _read(_CGROUP / "memory.max")
    return int(limit) if limit.isdigit() else None


def _read(file: Path) -> str:
    try:
        return file.read_text().strip()
    except OSError:
        return ""
