"""Connections to PostgreSQL that wait in the pool: an ended one is found, and a good one is not asked."""

import select
import time
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from sqlalchemy import Engine, make_url, text

from store.db.engines import make_engine

pytestmark = pytest.mark.postgres

_PID = text("SELECT pg_backend_pid()")


@pytest.fixture
def engine(postgres_url: str) -> Iterator[Engine]:
    url = make_url(postgres_url).set(drivername="postgresql+psycopg")
    engine = make_engine(url.render_as_string(hide_password=False), pool_size=3)
    yield engine
    engine.dispose()


def _fill(engine: Engine) -> list[int]:
    """Leave three connections in the pool; the ids of their processes at the server."""
    connections = [engine.connect() for _ in range(3)]
    pids = [connection.execute(_PID).scalar_one() for connection in connections]
    for connection in connections:
        connection.close()
    return pids


def _end(url: str, pids: list[int]) -> None:
    with psycopg.connect(url, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = ANY(%s)", [pids])
        while other.execute("SELECT 1 FROM pg_stat_activity WHERE pid = ANY(%s)", [pids]).fetchone():
            time.sleep(0.01)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is asked of connections by the driver's own `execute`, as the pool would."""
    said: list[str] = []
    execute = psycopg.Cursor.execute

    def noted(cursor: psycopg.Cursor, query: Any, *more: Any, **options: Any) -> psycopg.Cursor:
        said.append(str(query))
        return execute(cursor, query, *more, **options)

    monkeypatch.setattr(psycopg.Cursor, "execute", noted)
    return said


def test_connections_that_the_server_ended_are_replaced_before_they_are_used(
    engine: Engine, postgres_url: str
) -> None:
    ended = _fill(engine)
    _end(postgres_url, ended)
    for _ in range(4):
        with engine.begin() as connection:
            assert connection.execute(_PID).scalar_one() not in ended


def test_nothing_is_asked_of_a_connection_that_only_waited(engine: Engine, asked: list[str]) -> None:
    _fill(engine)
    asked.clear()
    for _ in range(3):
        engine.raw_connection().close()
    assert asked == []


def test_a_connection_that_was_told_something_is_asked_once_and_used_again(
    engine: Engine, postgres_url: str, asked: list[str]
) -> None:
    with engine.begin() as connection:
        connection.execute(text("LISTEN news"))
        pid = connection.execute(_PID).scalar_one()
        waiting: Any = connection.connection.dbapi_connection
    with psycopg.connect(postgres_url, autocommit=True) as other:
        other.execute("NOTIFY news")
    assert select.select([waiting.fileno()], [], [], 5)[0], "the news has come"
    asked.clear()
    for _ in range(2):
        engine.raw_connection().close()
    assert asked == ["SELECT 1"]
    with engine.begin() as connection:
        assert connection.execute(_PID).scalar_one() == pid
