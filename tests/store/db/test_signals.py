"""Who listens is told of commits by every process, of each kind alone, and once for many."""

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlmodel import Session

from domain.conversations.changes import Fact
from domain.conversations.lifecycle import ActorKind
from domain.events.kinds import FactKind
from store.db import signals
from store.db.database import Database
from store.db.migrate import migrate
from store.db.signals import EVENTS_APPENDED, INBOX_WRITTEN, RELAYS_CHANGED, Signal, signal_commit
from store.db.sql import ping
from store.events.events import append_events, event_row
from support.store import make_settings

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
WITHIN_SECONDS = 10.0


def _append(session: Session) -> None:
    append_events(session, [event_row(Fact(FactKind.PAGE_ALARM, NOW, ActorKind.SYSTEM), None, None, None)])


def _append_and_fail(session: Session) -> None:
    _append(session)
    raise LookupError


async def _told(committed: asyncio.Event) -> None:
    async with asyncio.timeout(WITHIN_SECONDS):
        await committed.wait()
    committed.clear()


@contextlib.contextmanager
def _two_processes(url: str) -> Iterator[tuple[Database, Database]]:
    reading, writing = Database(url), Database(url)
    yield reading, writing
    reading.close()
    writing.close()


async def _check(url: str) -> None:
    with _two_processes(url) as (reading, writing):
        await writing.write(_append)  # nobody listens
        committed = asyncio.Event()
        async with reading.signals.listening({EVENTS_APPENDED: committed.set}) as announce:
            announce()
            if reading.dialect == "postgresql":
                await _told(committed)  # it listens now
            for database in (writing, reading):
                await database.write(_append)
                await _told(committed)
            await asyncio.gather(*(writing.write(_append) for _ in range(20)))
            await _told(committed)


async def test_committed_events_are_told(tmp_path: Path) -> None:
    await _check(make_settings(tmp_path).store_url)
    assert not (tmp_path / str(EVENTS_APPENDED.port_file)).exists()


@pytest.mark.postgres
async def test_committed_events_are_told_on_postgresql(postgres_url: str, tmp_path: Path) -> None:
    settings = make_settings(tmp_path).model_copy(update={"database_url": postgres_url})
    migrate(settings)
    await _check(settings.store_url)


@pytest.mark.postgres
async def test_a_process_that_stops_still_tells_that_its_partitions_are_free(postgres_url: str) -> None:
    url = _of_sqlalchemy(postgres_url)
    with contextlib.closing(Database(url)) as other:
        changed, woken = asyncio.Event(), asyncio.Event()
        async with other.signals.listening({RELAYS_CHANGED: changed.set, INBOX_WRITTEN: woken.set}):
            await _told(changed)  # it listens now
            woken.clear()
            stopping = Database(url)
            await stopping.write(lambda session: signal_commit(session, RELAYS_CHANGED))
            await asyncio.to_thread(stopping.close)
            await _told(changed)
            assert not woken.is_set()


@pytest.mark.postgres
async def test_it_is_told_again_when_the_server_is_back(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signals, "_RECONNECT_SECONDS", 0.05)
    with _two_processes(_of_sqlalchemy(postgres_url)) as (reading, writing):
        woken = asyncio.Event()
        async with reading.signals.listening({INBOX_WRITTEN: woken.set}):
            await _told(woken)
            writing.signals.send((INBOX_WRITTEN,))
            await _told(woken)
            reading.write_now(_end_other_connections)
            await _told(woken)  # it listens anew, and may have missed one
            writing.signals.send((INBOX_WRITTEN,))
            await _told(woken)


def _of_sqlalchemy(postgres_url: str) -> str:
    return postgres_url.replace("postgresql://", "postgresql+psycopg://", 1)


def _end_other_connections(session: Session) -> None:
    session.connection().execute(
        text(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    )


class _Counting(signals.Signals):
    """Notes what is sent, and takes its time."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.sent: list[str] = []
        self.threads: set[int] = set()
        self._seconds = seconds

    def listening(self, handlers: object) -> contextlib.AbstractAsyncContextManager[Callable[[], None]]:
        raise NotImplementedError

    def _deliver(self, signal: Signal) -> bool:
        self.sent.append(signal.channel)
        self.threads.add(threading.get_ident())
        time.sleep(self._seconds)
        return True

    def _disconnect(self) -> None:
        pass


def test_a_thousand_commits_are_told_by_few_signals_and_no_writer_waits_for_one() -> None:
    counting = _Counting(0.05)
    began = time.perf_counter()
    for _ in range(1000):
        counting.send((EVENTS_APPENDED,))
        counting.send(())
    assert time.perf_counter() - began < 1.0  # 50 if it waited for each
    counting.send((INBOX_WRITTEN,))
    counting.close()
    assert counting.sent.count("pagedesk_inbox") == 1
    assert 1 <= counting.sent.count("pagedesk_events") <= 20
    assert len(counting.threads - {threading.get_ident()}) == 1


def test_what_is_signalled_while_one_is_being_sent_is_sent_after_it() -> None:
    """Its receiver may have looked before that was committed."""
    counting = _Counting(0.2)
    counting.send((INBOX_WRITTEN,))
    _wait_until(lambda: counting.sent == ["pagedesk_inbox"])
    counting.send((INBOX_WRITTEN,))
    counting.close()
    assert counting.sent == ["pagedesk_inbox", "pagedesk_inbox"]


def _wait_until(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + WITHIN_SECONDS
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.001)


async def test_other_work_and_work_that_fails_tell_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[Signal] = []
    with _two_processes(make_settings(tmp_path).store_url) as (database, _):
        monkeypatch.setattr(database.signals, "send", sent.extend)
        await database.write(ping)
        with pytest.raises(LookupError):
            await database.write(_append_and_fail)
        assert sent == []
        await database.write(_append)
        await database.write(ping)
        assert sent == [EVENTS_APPENDED]


async def test_where_no_port_can_be_written_only_the_poll_is_left(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'not there' / 'pagedesk.db'}")
    committed = asyncio.Event()
    async with database.signals.listening({EVENTS_APPENDED: committed.set}) as announce:
        announce()
        assert not committed.is_set()
    database.signals.send((EVENTS_APPENDED,))
    database.close()
