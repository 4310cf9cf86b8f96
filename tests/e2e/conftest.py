"""The whole product on a real dev server."""

import contextlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from temporalio.client import Client

from support.postgres import SERVER, fresh_database
from support.whole import Whole, whole_product


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.any_store)


@pytest.fixture
def database_url() -> Iterator[str | None]:
    """An empty PostgreSQL database if PAGEDESK_TEST_POSTGRES_URL names a server; SQLite if not."""
    with fresh_database(SERVER) if SERVER else contextlib.nullcontext() as url:
        yield url


@pytest.fixture
async def whole(tmp_path: Path, dev_server: str, database_url: str | None) -> AsyncIterator[Whole]:
    """Sandbox, API and worker, with two Running pages."""
    engine = await Client.connect(dev_server)
    async with whole_product(tmp_path, engine, database_url) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def product(tmp_path_factory: pytest.TempPathFactory, dev_server: str) -> AsyncIterator[Whole]:
    """As `whole`, one for all tests of a file; mark them with the session's loop."""
    engine = await Client.connect(dev_server)
    with fresh_database(SERVER) if SERVER else contextlib.nullcontext() as url:
        async with whole_product(tmp_path_factory.mktemp("product"), engine, url) as running:
            yield running
