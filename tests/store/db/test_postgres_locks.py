"""What transactions of the send path may do side by side on PostgreSQL. SQLite has one writer."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, select

from domain.sending.delivery import MessageStatus
from store.conversations.messages import begin_attempt, settle
from store.db.database import Database
from store.db.refusals import StoreRefusalError
from store.db.sql import FOR_NO_KEY_UPDATE
from store.pages.traffic import note_heard
from store.quick_replies import quick_replies
from store.quick_replies.quick_replies import Content
from store.sending import rate_limit as pace
from store.sending import send_gate
from store.sending.send_rows import rows_for
from store.tables import Agent, Customer, Message, Page, PageHealth, QuickReply
from support.store import PAGE_A, PSID, add_customer, add_message, make_settings, seed

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
        lambda session: send_gate.hold(session, PAGE_A, "token_invalid", NOW),
        lambda session: send_gate.pause(session, PAGE_A, "usage", NOW + timedelta(minutes=1), NOW),
        lambda session: pace.slow(session, PAGE_A, NOW + timedelta(minutes=1), NOW),
    ],
)
def test_rows_of_a_page_may_be_written_while_its_own_is_locked(
    database: Database, change: Callable[[Session], None]
) -> None:
    """They refer to it, and a relay that writes them waits for no change of a page."""

    def work(session: Session) -> None:
        change(session)
        database.write_now(_new_customer)

    database.write_now(work)


def queue_message(session: Session) -> None:
    add_customer(session, "c", NOW)
    add_message(session, "m", "c", NOW)


def begin_send(session: Session) -> None:
    """What a send does to the store before it calls Meta."""
    rows = rows_for(session, "m")
    assert rows is not None
    pace.take_slot(rows.send_state, {"text": "Hello!"}, pace.USUAL, NOW, near=timedelta(seconds=2))
    begin_attempt(session, rows.message, "standard", NOW)
    session.flush()


def change_settings(session: Session) -> None:
    """As an administrator renames a page, or gives it a new token."""
    session.get_one(Page, PAGE_A, with_for_update=FOR_NO_KEY_UPDATE).name = "New name"
    session.flush()


def hear(session: Session) -> None:
    """As the relay notes that something came for the page."""
    note_heard(session, session.get_one(PageHealth, PAGE_A), NOW, standby=False)
    session.flush()


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param(change_settings, begin_send, id="settings, send"),
        pytest.param(begin_send, change_settings, id="send, settings"),
        pytest.param(hear, begin_send, id="health, send"),
        pytest.param(begin_send, hear, id="send, health"),
        pytest.param(change_settings, hear, id="settings, health"),
        pytest.param(hear, change_settings, id="health, settings"),
    ],
)
def test_sends_settings_and_health_of_a_page_do_not_wait_for_each_other(
    database: Database, first: Callable[[Session], None], second: Callable[[Session], None]
) -> None:
    database.write_now(queue_message)

    def work(session: Session) -> None:
        first(session)
        database.write_now(lambda other: _impatiently(other, second))

    database.write_now(work)


def test_a_send_waits_for_whoever_changes_the_gate(database: Database) -> None:
    database.write_now(queue_message)

    def work(session: Session) -> None:
        send_gate.hold(session, PAGE_A, "token_invalid", NOW)
        session.flush()
        with pytest.raises(OperationalError, match="lock timeout"):
            database.write_now(lambda other: _impatiently(other, begin_send, "50ms"))

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


def _impatiently(session: Session, work: Callable[[Session], None], limit: str = "2s") -> None:
    session.connection().execute(text(f"SET LOCAL lock_timeout = '{limit}'"))
    work(session)


def _new_message(session: Session) -> None:
    add_message(session, "m", "c", NOW)


def _new_customer(session: Session) -> None:
    session.connection().execute(text("SET LOCAL lock_timeout = '2s'"))
    assert session.get(Page, PAGE_A) is not None
    session.add(Customer(id="c", page_id=PAGE_A, psid=PSID, created_at=NOW))


def _reply(number: int) -> Content:
    return Content(f"r{number}", "Reply", {"en": "Hi"}, None, [], [])


@pytest.mark.parametrize("owner_id", [None, "mia"])
def test_what_is_counted_is_counted_by_one_at_a_time(
    database: Database, owner_id: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two who add the last one at the same instant would both find room for it."""
    monkeypatch.setattr(quick_replies, "MAX_SHARED", 1)
    monkeypatch.setattr(quick_replies, "MAX_PERSONAL", 1)
    if owner_id is not None:
        database.write_now(lambda s: s.add(Agent(id="mia", name="Mia", role="agent", created_at=NOW)))

    def add(number: int, session: Session) -> None:
        quick_replies.add(session, f"r{number}", owner_id, _reply(number), NOW)

    with ThreadPoolExecutor(max_workers=1) as other:

        def first(session: Session) -> Future[None]:
            add(1, session)
            later = other.submit(database.write_now, partial(add, 2))
            _wait_until_somebody_waits(database)
            return later

        later = database.write_now(first)
        with pytest.raises(StoreRefusalError):
            later.result(timeout=30)
    kept = database.write_now(lambda s: list(s.exec(select(QuickReply.id))))
    assert kept == ["r1"]


def _wait_until_somebody_waits(database: Database) -> None:
    waiting = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
    until = time.monotonic() + 30
    while not database.write_now(lambda s: s.connection().execute(waiting).scalar_one()):
        assert time.monotonic() < until, "Nobody waited for their turn."
        time.sleep(0.02)
