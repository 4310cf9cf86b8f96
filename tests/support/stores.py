"""A store on each of the two databases, for tests of what both must do alike."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from base.settings import Settings
from store.database import Database
from support.postgres import SERVER, fresh_database
from support.store import make_settings, seed

BOTH = [pytest.param("sqlite"), pytest.param("postgresql", marks=pytest.mark.postgres)]


@contextlib.asynccontextmanager
async def store_on(kind: str, data_dir: Path) -> AsyncIterator[tuple[Database, Settings]]:
    """A migrated store with an account and its pages, on this kind of database."""
    with contextlib.ExitStack() as stack:
        more: dict[str, Any] = {}
        if kind == "postgresql":
            assert SERVER is not None
            more["database_url"] = SecretStr(stack.enter_context(fresh_database(SERVER)))
        settings = make_settings(data_dir, **more)
        database = Database(settings.store_url)
        try:
            await database.write(lambda session: seed(session, settings))
            yield database, settings
        finally:
            database.close()
