"""Trials share an installation for as long as each leaves it whole.

`PAGEDESK_CHAOS_SEED` repeats the lots of a run; `PAGEDESK_CHAOS_RUNS` repeats the long tests that often, each
with a seed of its own.
"""

import asyncio
import os
import secrets
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from chaos.installation import Installation, install
from chaos.loads import LONG, SMOKE, Load
from chaos.processes import PRODUCT, SECOND_API, SECOND_WORKER
from chaos.report import Report
from chaos.trial import Record, Trial, trial_on
from engine.dev_server import find_or_build_dev_server
from engine.progress import Progress

_report = pytest.StashKey[Report]()


class Workshop:
    """The installation that is in use, if there is one that is whole."""

    def __init__(self, factory: pytest.TempPathFactory, temporal: Path) -> None:
        self._factory = factory
        self._temporal = temporal
        self._installation: Installation | None = None

    async def installation(self) -> Installation:
        """A whole one: everything runs, nothing is armed."""
        if self._installation is None:
            self._installation = await install(self._factory.mktemp("desk"), self._temporal)
        fleet = self._installation.fleet
        await fleet.up(*(name for name in PRODUCT if not fleet.runs(name)))
        return self._installation

    def discard(self) -> None:
        """End every process; the next trial gets a new installation."""
        if self._installation is not None:
            self._installation.fleet.kill_all()
        self._installation = None


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that takes a load runs in the smoke tier, and `PAGEDESK_CHAOS_RUNS` times in the long one."""
    if "load" in metafunc.fixturenames:
        runs = int(os.environ.get("PAGEDESK_CHAOS_RUNS", "1"))
        long = [pytest.param(LONG, id=f"long-{run}", marks=pytest.mark.chaos) for run in range(1, runs + 1)]
        smoke = pytest.param(SMOKE, id="smoke", marks=[pytest.mark.dev_server, pytest.mark.timeout(600)])
        only_long = metafunc.definition.get_closest_marker("chaos") is not None
        metafunc.parametrize("load", long if only_long else [smoke, *long])


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_report] = Report(os.environ.get("PAGEDESK_CHAOS_SEED") or secrets.token_hex(4))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Show the trials with their seeds; the long tier also keeps them."""
    report = config.stash[_report]
    for line in report.lines():
        terminalreporter.write_line(line)
    report.keep()


@pytest.fixture(scope="session")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workshop]:
    temporal = asyncio.run(find_or_build_dev_server(Progress()))
    workshop = Workshop(tmp_path_factory, temporal)
    yield workshop
    workshop.discard()


@pytest.fixture
async def trial(request: pytest.FixtureRequest, workshop: Workshop, load: Load) -> AsyncIterator[Trial]:
    report = request.config.stash[_report]
    part = "sends" if request.path.name.startswith("test_sends") else "inbound"
    record = Record(request.node.name, load.name, f"{report.seed}/{request.node.name}", part)
    report.records.append(record)
    async with trial_on(await workshop.installation(), record) as trial:
        yield trial
    trial.fleet.kill(SECOND_API, SECOND_WORKER)
    if not record.whole:
        workshop.discard()
