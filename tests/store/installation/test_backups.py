"""Backups are one picture of several databases; restored stores send nothing twice."""

import sqlite3
import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import Session

from domain.pages.page_problems import RESTORED
from store.db.database import Database
from store.installation.backups import begin_restored, copy_databases
from store.pages.pages import get_rows
from store.tables import Agent, Message, SignIn, SignInCode
from support.store import PAGE_A, add_customer, add_message, make_settings, rows, seed

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
BACKED_UP = NOW - timedelta(hours=3)


def open_in_wal(file: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(file, isolation_level=None, timeout=30)
    connection.execute("PRAGMA journal_mode=WAL")
    return connection


def last(file: Path) -> int:
    with closing(sqlite3.connect(file)) as connection:
        return int(connection.execute("SELECT max(n) FROM t").fetchone()[0])


def test_databases_are_copied_as_they_were_at_one_instant(tmp_path: Path) -> None:
    first, second = tmp_path / "first.db", tmp_path / "second.db"
    for file in (first, second):
        with closing(open_in_wal(file)) as connection:
            connection.execute("CREATE TABLE t (n INTEGER)")
            connection.execute("INSERT INTO t VALUES (0)")
    stop, wrote = threading.Event(), threading.Event()

    def write() -> None:
        """Commits n to the first, then to the second: at each instant the second is one behind at most."""
        with closing(open_in_wal(first)) as one, closing(open_in_wal(second)) as two:
            n = 0
            while not stop.is_set():
                n += 1
                one.execute("INSERT INTO t VALUES (?)", (n,))
                two.execute("INSERT INTO t VALUES (?)", (n,))
                if n > 50:
                    wrote.set()

    thread = threading.Thread(target=write)
    thread.start()
    try:
        assert wrote.wait(30)
        for number in range(20):
            folder = tmp_path / str(number)
            folder.mkdir()
            copy_databases([first, second], folder)
            ahead = last(folder / "first.db") - last(folder / "second.db")
            assert ahead in (0, 1), f"copy {number}"
    finally:
        stop.set()
        thread.join()


@pytest.fixture
def store(tmp_path: Path) -> Database:
    settings = make_settings(tmp_path)
    database = Database(settings.store_url)

    def work(session: Session) -> None:
        seed(session, settings)
        session.flush()
        add_customer(session, "ada", NOW)
        for status in ("queued", "sending", "held", "sent", "failed"):
            add_message(session, status, "ada", NOW, status=status)
        session.add(Agent(id="mia", name="Mia", role="agent", created_at=NOW))
        session.flush()
        later = NOW + timedelta(hours=1)
        session.add(
            SignIn(id="s", agent_id="mia", digest="d", created_at=NOW, expires_at=later, ends_at=later)
        )
        session.add(SignInCode(digest="c", expires_at=later))

    database.write_now(work)
    return database


async def test_what_was_on_its_way_is_unknown_after_a_restore(store: Database) -> None:
    await store.write(lambda session: begin_restored(session, BACKED_UP, NOW))
    assert {each.id: each.status for each in await rows(store, Message)} == {
        "queued": "unknown",
        "sending": "unknown",
        "held": "held",
        "sent": "sent",
        "failed": "failed",
    }
    store.close()


async def test_pages_wait_until_what_was_said_since_is_read(store: Database) -> None:
    await store.write(lambda session: begin_restored(session, BACKED_UP, NOW))
    page = await store.read(lambda session: get_rows(session, PAGE_A))
    assert (page.send_state.send_gate, page.send_state.send_gate_reason) == ("held", RESTORED)
    assert page.health.gap_since == BACKED_UP - timedelta(minutes=5)
    assert [each["code"] for each in page.health.problems] == [RESTORED]
    store.close()


async def test_a_sign_in_does_not_come_back_with_a_backup(store: Database) -> None:
    await store.write(lambda session: begin_restored(session, BACKED_UP, NOW))
    assert [each.expires_at for each in await rows(store, SignIn)] == [NOW]
    assert await rows(store, SignInCode) == []
    store.close()
