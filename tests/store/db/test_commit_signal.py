"""Who listens is told of committed events by every process, and of nothing else."""

import asyncio
import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlmodel import Session

from domain.conversations.changes import Fact
from domain.conversations.lifecycle import ActorKind
from domain.events.kinds import FactKind
from store.db.commit_signal import PORT_FILE
from store.db.database import Database
from store.db.migrate import migrate
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
        async with reading.commits.received() as committed:
            committed.clear()
            for database in (writing, reading):
                await database.write(_append)
                await _told(committed)
            await asyncio.gather(*(writing.write(_append) for _ in range(20)))
            await _told(committed)


async def test_committed_events_are_told(tmp_path: Path) -> None:
    await _check(make_settings(tmp_path).store_url)
    assert not (tmp_path / PORT_FILE).exists()


@pytest.mark.postgres
async def test_committed_events_are_told_on_postgresql(postgres_url: str, tmp_path: Path) -> None:
    settings = make_settings(tmp_path).model_copy(update={"database_url": postgres_url})
    migrate(settings)
    await _check(settings.store_url)


async def test_other_work_and_work_that_fails_tell_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str] = []
    with _two_processes(make_settings(tmp_path).store_url) as (database, _):
        monkeypatch.setattr(database.commits, "send", lambda: sent.append("told"))
        await database.write(ping)
        with pytest.raises(LookupError):
            await database.write(_append_and_fail)
        assert sent == []
        await database.write(_append)
        await database.write(ping)
        assert sent == ["told"]


async def test_where_no_port_can_be_written_only_the_poll_is_left(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'not there' / 'pagedesk.db'}")
    async with database.commits.received() as committed:
        assert not committed.is_set()
    database.commits.send()
    database.close()
