"""Pages that never ran are woken when a worker starts, also when its store is away at first."""

import sqlite3
from unittest import mock

import pytest
from sqlalchemy.exc import OperationalError

from background import page_waker as page_wake
from background.page_waker import PageWaker
from support.eventually import eventually
from support.intake import Intake
from support.store import PAGE_A, PAGE_B


async def test_a_store_that_is_away_at_the_start_is_waited_for(
    intake: Intake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_wake, "_PAUSE_SECONDS", 0.01)
    away = OperationalError("BEGIN", None, sqlite3.OperationalError("database is locked"))
    read = intake.store.read
    monkeypatch.setattr(intake.store, "read", mock.AsyncMock(side_effect=[away, away, await read(_seeded)]))
    client = mock.Mock(start_workflow=mock.AsyncMock())
    await PageWaker(client, intake.store).wake_unsettled()

    async def woken() -> bool:
        return {call.args[1].page_id for call in client.start_workflow.await_args_list} == {PAGE_A, PAGE_B}

    await eventually(woken)


def _seeded(_session: object) -> list[str]:
    return [PAGE_A, PAGE_B]
