"""Telling conversations of changed settings: all that are live, none that is closed, whatever one answers."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from sqlmodel import Session
from temporalio.service import RPCError, RPCStatusCode
from temporalio.testing import ActivityEnvironment

from activities.pages import settings_broadcast
from activities.pages.settings_broadcast import SettingsBroadcast
from domain.conversations.lifecycle import Status
from store import tables
from store.db.database import Database
from store.workstreams.settings_versions import raise_settings_versions, settings_versions
from support.store import PAGE_A, make_settings, seed
from workflows.messages import SETTINGS_SIGNAL, conversation_workflow_id

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    settings = make_settings(tmp_path)
    database = Database(settings.store_url)
    await database.write(lambda session: seed(session, settings))
    yield database
    database.close()


def _conversation(session: Session, customer_id: str, status: Status) -> None:
    session.add(tables.Customer(id=customer_id, page_id=PAGE_A, psid=customer_id, created_at=NOW))
    session.flush()
    row: dict[str, Any] = {
        "id": f"of-{customer_id}",
        "page_id": PAGE_A,
        "customer_id": customer_id,
        "workstream_id": session.get_one(tables.Page, PAGE_A).workstream_id,
        "status": status.value,
        "status_reason": "test",
        "status_changed_at": NOW,
        "opened_at": NOW,
        "version": 1,
    }
    session.add(tables.Conversation(**row))


class Told:
    """A Temporal client that notes whom it tells what, and fails as it is told."""

    def __init__(self, failures: dict[str, RPCStatusCode] | None = None) -> None:
        self.told: list[tuple[str, str, int]] = []
        self.failures = failures or {}
        self.client = mock.MagicMock(get_workflow_handle=self._handle)

    def _handle(self, workflow_id: str) -> mock.MagicMock:
        async def signal(name: str, version: int) -> None:
            if status := self.failures.get(workflow_id):
                raise RPCError("no", status, b"")
            self.told.append((workflow_id, name, version))

        return mock.MagicMock(signal=signal)


def _id(customer_id: str) -> str:
    return conversation_workflow_id(PAGE_A, customer_id)


async def _no_time(_seconds: float) -> None:
    """Nobody waits."""


async def _tell(database: Database, told: Told, pause: Callable[[float], Awaitable[None]] = _no_time) -> Any:
    broadcast = SettingsBroadcast(database, told.client, pause=pause)
    return await ActivityEnvironment().run(broadcast.tell_settings_changed, PAGE_A)


async def _versions(database: Database) -> tuple[int, int]:
    return await database.read(lambda session: settings_versions(session, PAGE_A))


async def test_who_is_not_closed_is_told_once_and_that_is_noted(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings_broadcast, "_BATCH", 2)
    live = [status for status in Status if status is not Status.CLOSED]

    def work(session: Session) -> None:
        for status in Status:
            _conversation(session, status.value, status)
        raise_settings_versions(session, [PAGE_A])

    await database.write(work)
    told = Told()
    assert await _tell(database, told) == 2
    assert told.told == [(_id(each), SETTINGS_SIGNAL, 2) for each in sorted(live)]
    assert await _versions(database) == (2, 2)
    assert await _tell(database, told) == 2
    assert len(told.told) == len(live)


async def test_one_that_has_ended_is_passed_over(database: Database) -> None:
    def work(session: Session) -> None:
        _conversation(session, "a", Status.OPEN)
        raise_settings_versions(session, [PAGE_A])

    await database.write(work)
    assert await _tell(database, Told({_id("a"): RPCStatusCode.NOT_FOUND})) == 2
    assert await _versions(database) == (2, 2)


async def test_one_that_cannot_be_told_keeps_no_other_waiting_and_is_told_at_the_next_try(
    database: Database,
) -> None:
    def work(session: Session) -> None:
        for customer_id in "abc":
            _conversation(session, customer_id, Status.OPEN)
        raise_settings_versions(session, [PAGE_A])

    await database.write(work)
    told = Told({_id("b"): RPCStatusCode.UNAVAILABLE})
    with pytest.raises(RPCError):
        await _tell(database, told)
    assert [each for each, *_ in told.told] == [_id("a"), _id("c")]
    assert await _versions(database) == (2, 1), "nobody may take it for told"
    told.failures.clear()
    await _tell(database, told)
    assert _id("b") in [each for each, *_ in told.told]
    assert await _versions(database) == (2, 2)


async def test_one_that_begins_meanwhile_with_older_settings_is_told_too(database: Database) -> None:
    await database.write(lambda session: raise_settings_versions(session, [PAGE_A]))

    async def begins(seconds: float) -> None:
        if seconds == settings_broadcast.LOOK_AGAIN_AFTER_SECONDS:
            await database.write(lambda session: _conversation(session, "late", Status.OPEN))

    told = Told()
    await _tell(database, told, begins)
    assert told.told == [(_id("late"), SETTINGS_SIGNAL, 2)]
