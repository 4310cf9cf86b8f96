"""The steps of an erasure that an engine is not needed for."""

import asyncio
import io
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from sqlmodel import Session
from temporalio.testing import ActivityEnvironment

from activities.privacy.erasures import ErasureActivities
from activities.privacy.file_erasure import FileErasure
from base import clock
from base.settings import Settings
from ingest.inbox.inbox import SqliteInboxWriter
from store.attachments.object_store import FileGoneError, FileStore
from store.attachments.rows import inbound_row, store_key
from store.db import free_space
from store.db.database import Database
from store.db.sql import insert_or_ignore
from store.privacy import erasures
from store.tables import Attachment, Customer, Erasure
from support.store import ACCOUNT, PAGE_A, PSID, make_settings, seed
from workflows.messages import ErasureTarget


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return make_settings(tmp_path)


@pytest.fixture
async def store(settings: Settings) -> AsyncIterator[Database]:
    database = Database(settings.store_url)
    await database.write(lambda session: seed(session, settings))
    yield database
    database.close()


async def asked(store: Database, settings: Settings) -> str:
    """An erasure of the one customer there is."""

    def work(session: Session) -> str:
        now = clock.now()
        session.add(Customer(id="ada", page_id=PAGE_A, psid=PSID, created_at=now))
        session.flush()
        vault = settings.vault
        return erasures.request_for_customer(session, vault, "ada", agent_id="eve", at=now).id

    return await store.write(work)


def inbox_row(key: str, raw: bytes = b"{}") -> tuple[Any, ...]:
    return (ACCOUNT, PAGE_A, key, 3, "messaging", "message", PSID, 1, 2, b"digest", raw)


def sent_by_ada(file_id: str) -> dict[str, Any]:
    return inbound_row(
        id=file_id,
        message_id="m",
        page_id=PAGE_A,
        customer_id="ada",
        position=0,
        kind="image",
        name="cat.png",
        url="https://cdn.example/cat.png",
        refused=None,
        at=clock.now(),
    )


def steps(store: Database, settings: Settings) -> ErasureActivities:
    files = FileErasure(store, FileStore(settings.files_url))
    return ErasureActivities(store, mock.Mock(), mock.Mock(), settings, files)


@pytest.mark.parametrize("writes_again", [True, False])
async def test_the_inbox_in_use_is_never_written_anew(
    store: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch, *, writes_again: bool
) -> None:
    """A message that came after the erasure began holds the id by right; the next start sees to the rest."""
    inbox = settings.data_dir / "inbox.db"
    with closing(SqliteInboxWriter(inbox)) as writer:
        writer.write([inbox_row("mid:again", f'"{PSID}"'.encode() if writes_again else b"{}")])
        writer.write([("a", PAGE_A, "mid:x", 3, "messaging", "message", None, 1, 2, b"digest", b"{}")])
        if not writes_again:
            with closing(sqlite3.connect(inbox)) as connection, connection:
                connection.execute("PRAGMA secure_delete=ON")
                connection.execute("DELETE FROM inbox_event WHERE customer_psid IS NOT NULL")
    rewritten: list[Path] = []
    monkeypatch.setattr(free_space, "rewrite", rewritten.append)

    await ActivityEnvironment().run(steps(store, settings).clear_free_space, await asked(store, settings))

    assert rewritten == [settings.data_dir / "pagedesk.db"]
    assert free_space.rewrite_is_asked_for(inbox) is writes_again


@pytest.mark.parametrize("step", ["erase_files", "erase_late_files"])
async def test_the_engine_hears_of_deletions_that_take_long(
    store: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """A slow bucket with thousands of files of the person."""
    target = ErasureTarget(await asked(store, settings), PAGE_A, "ada")
    await store.write(lambda s: insert_or_ignore(s, Attachment, [sent_by_ada("f")]))
    if step == "erase_late_files":
        await ActivityEnvironment().run(steps(store, settings).erase_rows, target)
    heard = asyncio.Event()

    async def slow(_: FileStore, _key: str) -> None:
        await asyncio.wait_for(heard.wait(), 30)

    monkeypatch.setattr(FileStore, "delete", slow)
    environment = ActivityEnvironment()
    environment.on_heartbeat = lambda *_: heard.set()
    await environment.run(getattr(steps(store, settings), step), target)
    assert heard.is_set()


async def test_a_file_that_comes_between_the_files_and_the_rows_goes_too(
    store: Database, settings: Settings
) -> None:
    target = ErasureTarget(await asked(store, settings), PAGE_A, "ada")
    erasing, files, run = steps(store, settings), FileStore(settings.files_url), ActivityEnvironment().run
    await run(erasing.erase_files, target)
    await store.write(lambda s: insert_or_ignore(s, Attachment, [sent_by_ada("late")]))
    key = await store.read(lambda s: store_key(s.get_one(Attachment, "late")))
    await files.put(key, io.BytesIO(b"the cat"))

    await run(erasing.erase_rows, target)
    for _ in range(2):
        await run(erasing.erase_late_files, target)

    with pytest.raises(FileGoneError):
        await files.read(key)
    assert (await store.read(lambda s: s.get_one(Erasure, target.erasure_id))).counts["files"] == 1
