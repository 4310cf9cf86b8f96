"""What transactions of the send path may do side by side on PostgreSQL. SQLite has one writer."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlmodel import Session

from domain.sending.delivery import MessageStatus
from store.conversations.messages import settle
from store.db.database import Database
from store.sending import gate
from store.sending import rate_limit as pace
from store.tables import Customer, Message, Page
from support.store import PAGE_A, PSID, add_message, make_settings, seed

pytestmark = pytest.mark.postgres

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def database(tmp_path: Path, postgres_url: str) -> Iterator[Database]:
    settings = make_settings(tmp_path, database_url=postgres_url)
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


def test_an_outcome_is_judged_by_what_the_row_is_now_not_by_what_was_read_before(database: Database) -> None:
    database.write_now(_new_customer)
    database.write_now(_new_message)

    def work(session: Session) -> bool:
        before = session.get_one(Message, "m")
        assert before.status == "queued"
        database.write_now(lambda other: settle(other, "m", MessageStatus.CANCELLED, NOW))
        changed = settle(session, "m", MessageStatus.FAILED, NOW, reason="attachment_store_unavailable")
        assert before.status == "cancelled"
        return changed

    assert not database.write_now(work)
    assert database.write_now(lambda session: session.get_one(Message, "m").status) == "cancelled"


def _new_message(session: Session) -> None:
    add_message(session, "m", "c", NOW)


def _new_customer(session: Session) -> None:
    session.connection().execute(text("SET LOCAL lock_timeout = '2s'"))
    assert session.get(Page, PAGE_A) is not None
    session.add(Customer(id="c", page_id=PAGE_A, psid=PSID, created_at=NOW))
