"""Changed settings that nobody was told of: the page's workflow is signalled, and not over and over."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from temporalio.service import RPCError, RPCStatusCode

from background import settings_watcher
from background.settings_watcher import SettingsWatcher
from store.db.database import Database
from store.workstreams.settings_versions import note_told, raise_settings_versions
from support.store import PAGE_A, make_settings, seed
from workflows.messages import PAGE_WORKFLOW, SETTINGS_SIGNAL, page_workflow_id


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    settings = make_settings(tmp_path)
    database = Database(settings.store_url)
    await database.write(lambda session: seed(session, settings))
    yield database
    database.close()


class Engine:
    """A Temporal client that notes what it starts, and may be away."""

    def __init__(self) -> None:
        self.signalled: list[tuple[str, str, str, list[int]]] = []
        self.is_away = False
        self.client = mock.MagicMock(start_workflow=self._start)

    async def _start(self, name: str, _start: Any, *, id: str, **more: Any) -> None:  # noqa: A002 - the SDK's name
        if self.is_away:
            raise RPCError("away", RPCStatusCode.UNAVAILABLE, b"")
        self.signalled.append((name, id, more["start_signal"], more["start_signal_args"]))


def _signal(version: int) -> tuple[str, str, str, list[int]]:
    return (PAGE_WORKFLOW, page_workflow_id(PAGE_A), SETTINGS_SIGNAL, [version])


async def test_each_version_is_signalled_once_until_it_is_told(database: Database) -> None:
    engine = Engine()
    watcher = SettingsWatcher(database, engine.client)
    await watcher.look()
    assert engine.signalled == []
    await database.write(lambda session: raise_settings_versions(session, [PAGE_A]))
    await watcher.look()
    await watcher.look()
    assert engine.signalled == [_signal(2)]
    await database.write(lambda session: raise_settings_versions(session, [PAGE_A]))
    await watcher.look()
    assert engine.signalled == [_signal(2), _signal(3)]
    await database.write(lambda session: note_told(session, PAGE_A, 3))
    await watcher.look()
    assert engine.signalled == [_signal(2), _signal(3)]


async def test_what_temporal_did_not_take_is_signalled_at_the_next_look(database: Database) -> None:
    engine = Engine()
    watcher = SettingsWatcher(database, engine.client)
    await database.write(lambda session: raise_settings_versions(session, [PAGE_A]))
    engine.is_away = True
    await watcher.look()
    engine.is_away = False
    await watcher.look()
    assert engine.signalled == [_signal(2)]


async def test_a_version_that_stays_untold_is_signalled_again_after_a_while(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = Engine()
    watcher = SettingsWatcher(database, engine.client)
    await database.write(lambda session: raise_settings_versions(session, [PAGE_A]))
    await watcher.look()
    monkeypatch.setattr(settings_watcher, "REPEAT_AFTER_SECONDS", 0.0)
    await watcher.look()
    assert engine.signalled == [_signal(2)] * 2
