"""What transactions of the send path may do side by side on PostgreSQL. SQLite has one writer."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlmodel import Session

from store import gate, pace
from store.database import Database
from store.tables import Customer, Page
from support.postgres import SERVER, fresh_database
from support.store import PAGE_A, PSID, make_settings, seed

pytestmark = pytest.mark.skipif(SERVER is None, reason="PAGEDESK_TEST_POSTGRES_URL names no server")

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with fresh_database(str(SERVER)) as url:
        settings = make_settings(tmp_path, database_url=url)
        database = Database(settings.store_url)
        database.write_now(lambda session: seed(session, settings))
        yield database
        database.close()


@pytest.mark.parametrize(
    "change",
    [
        lambda session: gate.hold(session, PAGE_A, "token_invalid", NOW),
        lambda session: gate.pause(session, PAGE_A, "usage", NOW + timedelta(minutes=1), NOW),
        lambda session: pace.slow(session, PAGE_A, NOW + timedelta(minutes=1), NOW),
    ],
)
def test_rows_of_a_page_may_be_written_while_its_own_is_locked(
    database: Database, change: Callable[[Session], None]
) -> None:
    """Whoever changes a page may wait for the order of events, which a relay that writes such rows holds."""

    def work(session: Session) -> None:
        change(session)
        database.write_now(_new_customer)

    database.write_now(work)


def _new_customer(session: Session) -> None:
    session.connection().execute(text("SET LOCAL lock_timeout = '2s'"))
    assert session.get(Page, PAGE_A) is not None
    session.add(Customer(id="c", page_id=PAGE_A, psid=PSID, created_at=NOW))
