"""How the relay takes over what an earlier one left."""

import sqlite3
from contextlib import closing
from typing import Any
from unittest import mock

import pytest
from sqlalchemy.exc import OperationalError

from ingest.leases import MachineLock
from ingest.reader import InboxReader
from ingest.relay import Relay


async def test_what_was_left_is_taken_over_though_the_store_is_away_for_a_moment(intake: Any) -> None:
    away = OperationalError("BEGIN", None, sqlite3.OperationalError("database is locked"))
    signaller = mock.Mock(add_unfinished=mock.AsyncMock(side_effect=[away, None]))
    files = mock.Mock(add_unfinished=mock.AsyncMock())
    with closing(MachineLock(intake.settings.data_dir)) as lock:
        relay = Relay(
            database=intake.store,
            reader=InboxReader(intake.inbox_store),
            signaller=signaller,
            alarm=mock.Mock(),
            wake_page=mock.AsyncMock(),
            machine_lock=lock,
            files=files,
        )
        with pytest.raises(OperationalError):
            await relay._step()
        assert await relay._step() is False
        assert await relay._step() is False
        assert signaller.add_unfinished.await_count == 2
        assert files.add_unfinished.await_count == 1
