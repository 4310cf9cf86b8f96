"""Starting erasures: one that Temporal does not take keeps no other waiting."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from temporalio.service import RPCError, RPCStatusCode

from background import erasure_starter as erasures
from background.erasure_starter import ErasureStarter
from store.db.database import Database
from store.privacy.erasures import ErasureStatus
from support.store import make_settings


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Database]:
    database = Database(make_settings(tmp_path).store_url)
    yield database
    database.close()


@pytest.mark.parametrize(
    "failure", [RPCError("no", RPCStatusCode.INVALID_ARGUMENT, b""), TimeoutError(), RuntimeError("no")]
)
async def test_one_that_cannot_be_started_keeps_no_other_waiting(
    store: Database, monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    monkeypatch.setattr(erasures, "unfinished", lambda *_: ["a", "b", "c"])
    client, started = mock.MagicMock(), []

    async def start(_name: str, start: Any, **_: Any) -> None:
        if start.erasure_id == "a":
            raise failure
        started.append(start.erasure_id)

    client.start_workflow = start
    starter = ErasureStarter(store, client)
    assert not await starter.start(ErasureStatus.REQUESTED)
    assert started == ["b", "c"]
