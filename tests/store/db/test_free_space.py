"""What erasures leave in the files of the embedded databases, and who waits while it is cleared."""

import asyncio
import io
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from unittest import mock

import pytest
from rich.console import Console

from base.settings import Settings
from ingest.inbox.inbox import SqliteInboxWriter
from local.launch import _finish_erasures
from local.processes.progress import Progress
from store.db import free_space
from store.db.free_space import INBOX_PATIENCE_SECONDS, FileBusyError
from support.store import ACCOUNT, PAGE_A, PSID, make_settings


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    return make_settings(tmp_path).data_dir / "inbox.db"


def receive(writer: SqliteInboxWriter, key: str, psid: str = PSID, raw: bytes = b"{}") -> None:
    writer.write([(ACCOUNT, PAGE_A, key, 3, "messaging", "message", psid, 1, 2, b"digest", raw)])


@pytest.mark.slow
async def test_deliveries_come_in_while_the_log_waits_for_a_reader(inbox: Path) -> None:
    with closing(SqliteInboxWriter(inbox)) as writer, closing(sqlite3.connect(inbox)) as reader:
        receive(writer, "mid:before")
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM inbox_event").fetchone()
        receive(writer, "mid:0")
        cutting = asyncio.create_task(asyncio.to_thread(free_space.cut_log, inbox, INBOX_PATIENCE_SECONDS))
        began, number = time.monotonic(), 0
        while not cutting.done() or time.monotonic() - began < INBOX_PATIENCE_SECONDS:
            number += 1
            await asyncio.to_thread(receive, writer, f"mid:{number}")
        with pytest.raises(FileBusyError):
            await cutting
        reader.rollback()
        free_space.cut_log(inbox, INBOX_PATIENCE_SECONDS)
    assert not inbox.with_name("inbox.db-wal").exists()


def test_pages_of_the_inbox_that_split_leave_no_copies_behind(
    inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some builds of SQLite overwrite what is deleted, others only when they are told to."""
    connect = sqlite3.connect

    def careless(*given: object, **more: object) -> sqlite3.Connection:
        connection = connect(*given, **more)  # type: ignore[call-overload]
        connection.execute("PRAGMA secure_delete=OFF")
        assert isinstance(connection, sqlite3.Connection)
        return connection

    with monkeypatch.context() as patched:
        patched.setattr(sqlite3, "connect", careless)
        writer = SqliteInboxWriter(inbox)
    with closing(writer):
        for number in range(600):
            psid = PSID if number % 10 == 0 else str(7_000_000_000_000_000 + number * 7919 % 1000)
            receive(writer, f"read:{psid}:{number}", psid, psid.encode() * (1 + number % 60))
    with closing(sqlite3.connect(inbox)) as connection, connection:
        connection.execute("PRAGMA secure_delete=ON")
        connection.execute(
            "UPDATE inbox_event SET raw = x'', customer_psid = NULL, event_key = 'erased:' || id "
            "WHERE customer_psid = ?",
            (PSID,),
        )
    free_space.cut_log(inbox)
    assert not free_space.holds(inbox, PSID.encode())


def test_what_was_asked_for_is_done_once_and_until_it_is_done(
    inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(SqliteInboxWriter(inbox)) as writer:
        receive(writer, "mid:1", raw=b"words" * 2000)
        writer._connection.execute("PRAGMA secure_delete=OFF")
        writer._connection.execute("DELETE FROM inbox_event")
    free_space.cut_log(inbox)
    assert free_space.holds(inbox, b"words"), "Nothing is left that could be cleared."
    assert not free_space.rewrite_is_asked_for(inbox)

    free_space.ask_for_rewrite(inbox)
    with monkeypatch.context() as patched:
        patched.setattr(free_space, "cut_log", lambda _: (_ for _ in ()).throw(FileBusyError("inbox.db")))
        with pytest.raises(FileBusyError):
            free_space.rewrite_as_asked(inbox)
    assert free_space.rewrite_is_asked_for(inbox)

    free_space.rewrite_as_asked(inbox)
    assert not free_space.rewrite_is_asked_for(inbox)
    assert not free_space.holds(inbox, b"words")


def test_a_start_goes_on_though_the_inbox_cannot_be_written_anew(
    inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, said = Settings(data_dir=inbox.parent), io.StringIO()
    free_space.ask_for_rewrite(inbox)
    with monkeypatch.context() as patched:
        full = mock.Mock(side_effect=sqlite3.OperationalError("database or disk is full"))
        patched.setattr(free_space, "rewrite", full)
        _finish_erasures(settings, Progress(Console(file=said)))
    assert "disk is full" in said.getvalue()
    assert free_space.rewrite_is_asked_for(inbox)

    _finish_erasures(settings, Progress(Console(file=said)))
    assert not free_space.rewrite_is_asked_for(inbox)


@pytest.mark.parametrize("place", [0, 2**20 - 5, 2**20, 2 * 2**20 - 1, 3 * 2**20 - 4])
def test_words_are_found_wherever_they_are(tmp_path: Path, place: int) -> None:
    file = tmp_path / "some.db"
    file.write_bytes(b"-" * place + b"words" + b"-" * 2**20)
    assert free_space.holds(file, b"words")
    assert not free_space.holds(file, b"words ")
    file.write_bytes(b"")
    assert not free_space.holds(file, b"words")
