"""The API over a real SQLite store, with Temporal replaced at its seam."""

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from api.app import create_app
from base.settings import Settings
from store.db.database import Database
from store.db.migrate import migrate
from support.api import ADMIN_TOKEN, Api, FakeEngine, FakeMeta, Seed
from support.postgres import SERVER, fresh_database


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """A migrated store, copied for each test: SQLite, or PostgreSQL where the tests are told of a server."""
    with fresh_database(SERVER) if SERVER else contextlib.nullcontext() as url:
        settings = Settings(data_dir=tmp_path_factory.mktemp("migrated"), database_url=url)
        migrate(settings)
        yield settings


@pytest.fixture
def settings(migrated: Settings, tmp_path: Path) -> Iterator[Settings]:
    directory = tmp_path / "data"
    shutil.copytree(migrated.data_dir, directory)
    copied = fresh_database(SERVER, copy_of=migrated.database_url) if SERVER else contextlib.nullcontext()
    with copied as url:
        # A copy: reading the environment for each of a thousand tests takes seconds.
        yield migrated.model_copy(
            update={"data_dir": directory, "database_url": url, "admin_token": SecretStr(ADMIN_TOKEN)}
        )


@pytest.fixture
def database(settings: Settings) -> Iterator[Database]:
    opened = Database(settings.store_url)
    yield opened
    opened.close()


async def _never(_services: object) -> None:
    await asyncio.Event().wait()


@pytest.fixture
def engine() -> FakeEngine:
    return FakeEngine()


@pytest.fixture
async def api(
    settings: Settings, database: Database, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Api]:
    # These would ask the store and Temporal whenever they like; their own tests run them.
    monkeypatch.setattr("api.app.sweep_forever", _never)
    monkeypatch.setattr("api.security.refused_requests.RefusedRequests.run", _never)
    meta = FakeMeta()
    app = create_app(settings, database=database, workflow_client=engine, graph_transport=meta.transport)
    async with app.router.lifespan_context(app):
        api = Api(app, settings, database, engine, meta)
        yield api
        await api.close()


@pytest.fixture
def seed(api: Api) -> Seed:
    return Seed(api)
