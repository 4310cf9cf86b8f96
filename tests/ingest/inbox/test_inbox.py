"""The inbox: what comes together is stored in one commit, whole or not at all."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from ingest.inbox.inbox import Inbox, InboxUnavailableError, Row, SqliteInboxWriter
from support.store import make_settings


class Groups:
    """Remembers what was written together."""

    def __init__(self, error: Exception | None = None) -> None:
        self.written: list[list[str]] = []
        self._error = error

    def write(self, rows: list[Row]) -> None:
        if self._error is not None:
            raise self._error
        self.written.append([row[2] for row in rows])

    def close(self) -> None:
        pass


def row(key: str, partition: int | None = 0) -> Row:
    return ("account", "page", key, partition, "messaging", "text", "psid", 1, 1, b"digest", b"{}")  # type: ignore[return-value]  # None is what the table refuses


async def test_deliveries_of_one_turn_of_the_loop_are_one_commit() -> None:
    groups = Groups()
    with closing(Inbox(groups, lambda: None)) as inbox:
        await asyncio.gather(*(inbox.store([row(f"{number}")]) for number in range(20)))
        await inbox.store([row("later")])
    assert groups.written == [[f"{number}" for number in range(20)], ["later"]]


async def test_closing_stores_what_was_gathered() -> None:
    groups = Groups()
    inbox = Inbox(groups, lambda: None)
    storing = asyncio.create_task(inbox.store([row("last")]))
    asyncio.get_running_loop().call_soon(inbox.close)  # after the task's first step, before the hand-over
    await storing
    assert groups.written == [["last"]]


async def test_all_of_a_group_are_told_that_it_could_not_be_stored() -> None:
    with closing(Inbox(Groups(sqlite3.OperationalError("disk full")), lambda: None)) as inbox:
        answers = await asyncio.gather(
            *(inbox.store([row(f"{number}")]) for number in range(3)), return_exceptions=True
        )
    assert [type(answer) for answer in answers] == [InboxUnavailableError] * 3


@pytest.mark.parametrize("count", [2, 90, 91, 300])
def test_a_group_is_stored_whole_or_not_at_all(tmp_path: Path, count: int) -> None:
    file = make_settings(tmp_path).data_dir / "inbox.db"
    with closing(SqliteInboxWriter(file)) as writer, closing(sqlite3.connect(file)) as reader:
        good = [row(f"{number}") for number in range(count)]
        with pytest.raises(sqlite3.IntegrityError):
            writer.write([*good[:-1], row("bad", None)])
        assert reader.execute("SELECT count(*) FROM inbox_event").fetchone() == (0,)
        writer.write(good)
        assert reader.execute("SELECT count(*) FROM inbox_event").fetchone() == (count,)
