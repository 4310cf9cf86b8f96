"""What is slow keeps nothing waiting that must be quick, and every read ends; on both databases."""

import asyncio
import threading
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import text
from sqlmodel import Session

from store.db import database as store_database
from store.db.database import Database, ReadLane
from store.db.read_limits import ReadTooSlowError
from support.postgres import any_database
from support.store import add_customer, make_settings, seed

pytestmark = pytest.mark.any_store

NOW = datetime(2026, 11, 20, tzinfo=UTC)
# Each runs for hours.
ENDLESS = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n",
    "postgresql": "SELECT pg_sleep(10000)",
}


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    with any_database() as url:
        more: dict[str, Any] = {"database_url": url, "master_key": SecretStr("A" * 43 + "=")} if url else {}
        settings = make_settings(tmp_path, **more)
        database = Database(settings.store_url)
        await database.write(lambda session: seed(session, settings))
        yield database
        database.close()


def endless(session: Session) -> None:
    connection = session.connection()
    connection.execute(text(ENDLESS[connection.dialect.name])).all()


def quick(session: Session) -> int:
    return int(session.connection().execute(text("SELECT 1")).scalar_one())


def count_customers(session: Session) -> int:
    return int(session.connection().execute(text("SELECT count(*) FROM customer")).scalar_one())


def allow(monkeypatch: pytest.MonkeyPatch, lane: ReadLane, time: timedelta) -> None:
    limits = store_database._LANES
    monkeypatch.setitem(limits, lane, store_database._LaneLimits(limits[lane].threads, time))


async def test_a_read_that_takes_too_long_is_stopped_and_the_next_is_not(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    allow(monkeypatch, ReadLane.LONG, timedelta(milliseconds=100))
    for _ in range(3):
        with pytest.raises(ReadTooSlowError):
            await database.read(endless, ReadLane.LONG)
    allow(monkeypatch, ReadLane.LONG, timedelta(seconds=60))
    assert await database.read(quick, ReadLane.LONG) == 1


async def test_reads_that_nobody_waits_for_give_their_threads_back(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    allow(monkeypatch, ReadLane.LONG, timedelta(hours=1))
    begun = threading.Semaphore(0)

    def work(session: Session) -> None:
        begun.release()
        endless(session)

    left = [asyncio.create_task(database.read(work, ReadLane.LONG)) for _ in range(6)]
    for _ in range(2):
        await asyncio.to_thread(begun.acquire)
    for task in left:
        task.cancel()
    assert all(
        isinstance(each, asyncio.CancelledError)
        for each in await asyncio.gather(*left, return_exceptions=True)
    )
    assert await database.read(quick, ReadLane.LONG) == 1


async def test_long_reads_keep_no_other_waiting(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    allow(monkeypatch, ReadLane.LONG, timedelta(hours=1))
    searches = [asyncio.create_task(database.read(endless, ReadLane.LONG)) for _ in range(6)]
    await asyncio.sleep(0)
    assert await database.read(quick) == 1
    assert await database.read(quick, ReadLane.FIRST) == 1
    assert await database.write(quick) == 1
    for task in searches:
        task.cancel()
    await asyncio.gather(*searches, return_exceptions=True)


async def test_all_statements_of_a_read_show_one_picture(database: Database) -> None:
    def work(session: Session) -> tuple[int, int]:
        before = count_customers(session)
        database.write_now(lambda other: add_customer(other, "ada", NOW))
        return before, count_customers(session)

    assert await database.read(work) == (0, 0)
    assert await database.read(count_customers) == 1


async def test_the_log_of_writes_is_cut_after_it_had_to_grow(database: Database) -> None:
    """It grows beside a slow reader; where it is used anew, SQLite keeps no more of it than this."""

    def limit(session: Session) -> int:
        return int(session.connection().execute(text("PRAGMA journal_size_limit")).scalar_one())

    if database.dialect == "sqlite":
        assert await database.read(limit) == await database.write(limit) == 64 * 1024 * 1024


async def test_who_reads_next_has_what_the_last_one_read_in_its_cache(database: Database) -> None:
    """SQLite's cache is the connection's: the last one used is used again, however many are open."""

    def connection_of(session: Session) -> int:
        return id(session.connection().connection.driver_connection)

    both = threading.Barrier(2, timeout=10)

    def together(session: Session) -> int:
        both.wait()
        return connection_of(session)

    assert len({*await asyncio.gather(database.read(together), database.read(together))}) == 2
    if database.dialect == "sqlite":
        assert len({await database.read(connection_of) for _ in range(4)}) == 1
        cache = await database.read(
            lambda session: session.connection().execute(text("PRAGMA cache_size")).scalar_one()
        )
        assert cache == -32768  # KiB
