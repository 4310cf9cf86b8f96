"""The two Temporal servers, one of each to a pytest process, started when the first test asks for them.

Time is global to a time-skipping server, and everybody shares the namespace of a dev server: use ids and task
queues of your own, and only differences of time.
"""

import gc
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import hypothesis
import pytest
import pytest_asyncio
from temporalio.testing import WorkflowEnvironment

from base.process.clean_exit import exit_process
from local.processes.progress import Progress
from local.temporal_server.test_server import start_time_skipping
from support.engines import SUGGEST_CONTINUE_AS_NEW_AT, dev_server_at
from support.intake import Intake
from support.postgres import SERVER, fresh_database
from support.statements import share_compiled_statements
from support.store import make_settings, seed

_exit_status = pytest.StashKey[int]()

# How long an example takes says more about what else the machine does than about the code.
hypothesis.settings.register_profile("no deadline", deadline=None)
hypothesis.settings.load_profile("no deadline")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def dev_server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """host:port of a dev server as Pagedesk starts it, but quick to commit and to continue as new."""
    async with dev_server_at(tmp_path_factory.mktemp("dev-server"), SUGGEST_CONTINUE_AS_NEW_AT) as address:
        yield address


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def time_skipping_env() -> AsyncIterator[WorkflowEnvironment]:
    """A time-skipping Temporal server and its client."""
    environment = await start_time_skipping(Progress())
    yield environment
    await environment.shutdown()


@pytest.fixture
def postgres_url() -> Iterator[str]:
    """The URL of an empty PostgreSQL database, for tests marked `postgres`."""
    if SERVER is None:
        pytest.fail("It needs a PostgreSQL server: `make test-postgres` starts one.")
    with fresh_database(SERVER) as url:
        yield url


def pytest_configure() -> None:
    share_compiled_statements()
    # A test process has a million objects that live to its end: looking through them is a tenth of its work.
    gc.set_threshold(100_000, 50, 100)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The trials first: of tests side by side, none that takes minutes may be the last to begin."""
    items.sort(key=lambda item: "chaos" not in item.path.parts)


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    session.config.stash[_exit_status] = int(exitstatus)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """After the last line: what a Temporal client leaves behind must not turn a pass into an abort."""
    is_xdist_worker = hasattr(config, "workerinput")
    if "temporalio.bridge.runtime" in sys.modules and not is_xdist_worker and _exit_status in config.stash:
        exit_process(config.stash[_exit_status])


@pytest.fixture
async def intake(tmp_path: Path) -> AsyncIterator[Intake]:
    """A fresh way in."""
    settings = make_settings(tmp_path)
    intake = Intake(settings)
    await intake.store.write(lambda session: seed(session, settings))
    yield intake
    intake.close()
