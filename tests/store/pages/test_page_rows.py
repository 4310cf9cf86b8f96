"""The three rows of a page: they come and go together, and are locked in one order."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy.dialects import postgresql
from sqlmodel import Session

from store.db.database import Database
from store.pages import page_rows, pages
from store.tables import Page, PageHealth, PageSendState
from support.store import PAGE_A, PAGE_B, rows, seeded_store

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def _nothing_more(_session: Session) -> None:
    """The account and its pages will do."""


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Database]:
    async with seeded_store(tmp_path, _nothing_more) as store:
        yield store


def test_the_rows_are_locked_in_the_order_of_everybody() -> None:
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy's own has no types
    statement = str(page_rows.locking(PAGE_A).compile(dialect=dialect))
    assert statement.endswith("FOR NO KEY UPDATE OF page, page_health, page_send_state")


async def test_a_page_that_is_forgotten_takes_all_its_rows_along(store: Database) -> None:
    def forget(session: Session) -> None:
        pages.remove(session, PAGE_A, NOW)
        pages.erase(session, session.get_one(Page, PAGE_A))

    await store.write(forget)
    left = [
        [row.page_id for row in await rows(store, Page)],
        [row.page_id for row in await rows(store, PageHealth)],
        [row.page_id for row in await rows(store, PageSendState)],
    ]
    assert left == [[PAGE_B], [PAGE_B], [PAGE_B]]


async def test_locked_rows_are_as_they_are_now_whatever_was_read_before(store: Database) -> None:
    def work(session: Session) -> None:
        before = session.get_one(PageHealth, PAGE_A)
        session.connection().exec_driver_sql("UPDATE page_health SET checked_at = '2026-11-20 12:00:00'")
        locked = page_rows.lock(session, PAGE_A)
        assert locked is not None
        assert before.checked_at == NOW

    await store.write(work)
