"""The whole product on a real dev server."""

import os
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import sql
from temporalio.client import Client

from support.whole import Whole, whole_product


@pytest.fixture
def database_url() -> Iterator[str | None]:
    """An empty PostgreSQL database if PAGEDESK_TEST_POSTGRES_URL names a server; SQLite if not."""
    server = os.environ.get("PAGEDESK_TEST_POSTGRES_URL")
    if server is None:
        yield None
        return
    name = f"pagedesk_test_{uuid.uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    yield urlsplit(server)._replace(path=f"/{name}").geturl()
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
async def whole(tmp_path: Path, dev_server: str, database_url: str | None) -> AsyncIterator[Whole]:
    """Sandbox, API and worker, with two Running pages."""
    engine = await Client.connect(dev_server)
    async with whole_product(tmp_path, engine, database_url) as running:
        yield running
