"""Trials share an installation for as long as each leaves it whole.

`PAGEDESK_CHAOS_SEED` repeats the lots of a run; `PAGEDESK_CHAOS_RUNS` repeats the long tests that often, each
with a seed of its own.
"""

import asyncio
import os
import secrets
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from chaos.installation import Installation, install
from chaos.loads import LONG, SMOKE, Load
from chaos.processes import SECOND_API, SECOND_WORKER
from chaos.report import Report
from chaos.tiers import TITLES, tier_of
from chaos.trial import Record, Trial, trial_on
from local.processes.progress import Progress
from local.temporal_server.dev_server import find_or_build_dev_server
from support.postgres import fresh_database
from support.postgres_server import PostgresServer, postgres_server

_report = pytest.StashKey[Report]()
_record = pytest.StashKey[Record]()


class Workshop:
    """The installation that is in use, if there is one that is whole."""

    def __init__(
        self, factory: pytest.TempPathFactory, temporal: Path, database_url: str | None = None
    ) -> None:
        self._factory = factory
        self._temporal = temporal
        self._database_url = database_url
        self._installation: Installation | None = None

    async def installation(self) -> Installation:
        """A whole one: everything runs, nothing is armed."""
        if self._installation is None:
            directory = self._factory.mktemp("desk")
            self._installation = await install(directory, self._temporal, self._database_url)
        fleet = self._installation.fleet
        await fleet.up(*(name for name in fleet.product if not fleet.runs(name)))
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


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--tier", choices=sorted(TITLES), help="of the long fault trials only these")


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_report] = Report(os.environ.get("PAGEDESK_CHAOS_SEED") or secrets.token_hex(4))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Count what belongs to each tier before anything is left out; without some files none is whole."""
    here = Path(__file__).parent
    trials = [
        item for item in items if item.path.parent == here and item.get_closest_marker("chaos") is not None
    ]
    if {item.path for item in items} >= set(here.glob("test_*.py")):
        for item in trials:
            config.stash[_report].expected.setdefault(tier_of(item.path.name), set()).add(item.name)
    if tier := config.getoption("--tier", default=None):
        others = {item for item in trials if tier_of(item.path.name) != tier}
        config.hook.pytest_deselected(items=list(others))
        items[:] = [item for item in items if item not in others]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Show the trials with their seeds; the long tiers are kept."""
    report = config.stash[_report]
    for line in report.lines():
        terminalreporter.write_line(line)
    report.keep()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """A trial that came to its end, or to a verdict against the desk, was not cut off."""
    try:
        yield
    except BaseException:
        record = item.stash.get(_record, None)
        if record is not None:
            record.judged = any(record.violations.values())
        raise
    record = item.stash.get(_record, None)
    if record is not None:
        record.judged = True


@pytest.fixture(scope="session")
def temporal() -> Path:
    return asyncio.run(find_or_build_dev_server(Progress()))


@pytest.fixture(scope="session")
def workshop(tmp_path_factory: pytest.TempPathFactory, temporal: Path) -> Iterator[Workshop]:
    workshop = Workshop(tmp_path_factory, temporal)
    yield workshop
    workshop.discard()


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A server of its own, to be hurt."""
    with postgres_server() as server:
        yield server


@pytest.fixture(scope="session")
def workshop_on_postgres(
    tmp_path_factory: pytest.TempPathFactory, temporal: Path, postgres: PostgresServer
) -> Iterator[Workshop]:
    with fresh_database(postgres.url) as url:
        workshop = Workshop(tmp_path_factory, temporal, url)
        yield workshop
        workshop.discard()


@pytest.fixture
def workshop_of_tier(request: pytest.FixtureRequest) -> Workshop:
    on_postgres = tier_of(request.path.name) == "postgres"
    found: Workshop = request.getfixturevalue("workshop_on_postgres" if on_postgres else "workshop")
    return found


@pytest.fixture
async def trial(
    request: pytest.FixtureRequest, workshop_of_tier: Workshop, load: Load
) -> AsyncIterator[Trial]:
    report = request.config.stash[_report]
    tier = tier_of(request.path.name)
    record = Record(request.node.name, load.name, f"{report.seed}/{request.node.name}", tier)
    report.records.append(record)
    request.node.stash[_record] = record
    began = time.monotonic()
    async with trial_on(await workshop_of_tier.installation(), record) as trial:
        yield trial
    record.seconds = time.monotonic() - began
    trial.fleet.kill(*{SECOND_API, SECOND_WORKER}.difference(trial.fleet.product))
    if not record.whole:
        workshop_of_tier.discard()
