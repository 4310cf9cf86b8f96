"""PostgreSQL databases for tests, on the server of PAGEDESK_TEST_POSTGRES_URL (`make test-postgres`)."""

import contextlib
import os
import uuid
from collections.abc import Iterator
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from support.postgres_server import URL_VARIABLE

SERVER = os.environ.get(URL_VARIABLE)


def any_database() -> contextlib.AbstractContextManager[str | None]:
    """A new PostgreSQL database where the tests are told of a server; None, for SQLite, where not."""
    return fresh_database(SERVER) if SERVER else contextlib.nullcontext()


@contextlib.contextmanager
def fresh_database(server: str, *, copy_of: str | None = None) -> Iterator[str]:
    """The URL of a database that lives as long as the block: empty, or a copy of another one's URL."""
    name = f"pagedesk_test_{uuid.uuid4().hex}"
    template = urlsplit(copy_of).path.removeprefix("/") if copy_of else "template1"
    create = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(create)
    try:
        yield urlsplit(server)._replace(path=f"/{name}").geturl()
    finally:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
