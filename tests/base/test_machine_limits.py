"""The sizes follow from the machine, and from the limits of a container where there are some."""

from pathlib import Path

import pytest

from base import machine_limits as machine
from base.settings import Settings

GB = 1024**3


@pytest.fixture
def cgroup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The limits of a container on a machine of 8 processors and 64 GB."""
    monkeypatch.setattr(machine, "_CGROUP", tmp_path)
    monkeypatch.setattr(machine, "_affinity", lambda: set(range(8)))
    pages = {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": 64 * GB // 4096}
    monkeypatch.setattr("base.machine_limits.os.sysconf", pages.__getitem__)
    return tmp_path


def _limit(cgroup: Path, processors: str, memory: str) -> None:
    (cgroup / "cpu.max").write_text(f"{processors}\n")
    (cgroup / "memory.max").write_text(f"{memory}\n")


@pytest.mark.usefixtures("cgroup")
def test_without_limits_the_whole_machine_counts() -> None:
    assert (machine.usable_processors(), machine.memory_bytes()) == (8, 64 * GB)
    settings = Settings()
    assert (settings.cached_conversations, settings.store_readers, settings.store_writers) == (10_000, 16, 32)


@pytest.mark.parametrize(
    ("processors", "memory", "expected"),
    [
        ("max 100000", "max", (10_000, 16, 32)),
        ("100000 100000", str(GB), (1_431, 4, 8)),
        ("50000 100000", str(256 * 1024**2), (1_000, 4, 8)),
        ("300000 100000", str(4 * GB), (5_726, 6, 12)),
    ],
)
def test_a_containers_limits_count(
    cgroup: Path, processors: str, memory: str, expected: tuple[int, int, int]
) -> None:
    _limit(cgroup, processors, memory)
    settings = Settings()
    assert (settings.cached_conversations, settings.store_readers, settings.store_writers) == expected


def test_what_is_set_counts_before_what_is_found(cgroup: Path) -> None:
    _limit(cgroup, "100000 100000", str(GB))
    assert Settings(cached_conversations=5_000).cached_conversations == 5_000
