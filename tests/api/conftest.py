"""The API over a real SQLite store, with the engine replaced at its seam."""

import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from api.app import create_app
from base.settings import Settings
from store.database import Database
from store.migrate import migrate
from support.api import ADMIN_TOKEN, Api, FakeEngine, Seed


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with migrated databases, copied for each test."""
    directory = tmp_path_factory.mktemp("migrated")
    migrate(Settings(data_dir=directory))
    return directory


@pytest.fixture
def settings(migrated: Path, tmp_path: Path) -> Settings:
    directory = tmp_path / "data"
    shutil.copytree(migrated, directory)
    return Settings(data_dir=directory, admin_token=SecretStr(ADMIN_TOKEN))


@pytest.fixture
def database(settings: Settings) -> Iterator[Database]:
    opened = Database(settings.store_url)
    yield opened
    opened.close()


@pytest.fixture
def engine() -> FakeEngine:
    return FakeEngine()


@pytest.fixture
async def api(settings: Settings, database: Database, engine: FakeEngine) -> AsyncIterator[Api]:
    app = create_app(settings, database=database, engine=engine)
    async with app.router.lifespan_context(app):
        api = Api(app, settings, database, engine)
        yield api
        await api.close()


@pytest.fixture
def seed(api: Api) -> Seed:
    return Seed(api)
