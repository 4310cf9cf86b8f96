"""Everything that is kept for a time only is deleted after it, and nothing else."""

import io
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session, select
from temporalio.testing import ActivityEnvironment

from activities.privacy.retention import RetentionActivities
from base.settings import Settings
from domain.attachments.refusals import FileReason, FileState
from domain.routing.capacity import Origin
from ingest.inbox.inbox import SqliteInboxWriter
from store.attachments.object_store import FileGoneError, FileStore
from store.attachments.rows import KeptFile, inbound_row, keep_file, keep_upload
from store.db.database import Database
from store.db.sql import insert_or_ignore
from store.privacy import retention
from store.tables import (
    Agent,
    Attachment,
    AttachmentUpload,
    DailyMetrics,
    Event,
    IdempotencyRecord,
    InboxEvent,
    Message,
    Opening,
    PresenceChange,
    QueueStay,
    RelayPartition,
    SignIn,
    Slot,
    SummedDay,
    UnroutedEvent,
)
from support.report_rows import BEGIN, Duty, Talk, Turn, add_work
from support.store import ACCOUNT, PAGE_A, PSID, add_customer, add_message, make_settings, rows, seed

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
PARTITION = 3


def ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return make_settings(
        tmp_path,
        retention_inbox_days=30,
        retention_unrouted_days=90,
        retention_event_days=400,
        retention_metrics_days=397,
        retention_opening_days=30,
        retention_idempotency_days=30,
        retention_sign_in_days=30,
        retention_upload_days=7,
        retention_file_days=730,
    )


@pytest.fixture
async def store(settings: Settings) -> AsyncIterator[Database]:
    database = Database(settings.store_url)

    def work(session: Session) -> None:
        seed(session, settings)
        session.flush()
        add_customer(session, "ada", ago(800))
        session.add(Agent(id="mia", name="Mia", role="agent", created_at=ago(800)))

    await database.write(work)
    yield database
    database.close()


@pytest.fixture
async def inbox(settings: Settings) -> AsyncIterator[Database]:
    database = Database(settings.inbox_url)
    yield database
    database.close()


@pytest.fixture
def files(settings: Settings) -> FileStore:
    return FileStore(settings.files_url)


async def enforce(store: Database, files: FileStore, settings: Settings, position: int = 0) -> int:
    """One run at NOW; how far the inbox was looked through."""
    environment = ActivityEnvironment()
    environment.info = replace(environment.info, started_time=NOW)
    activities = RetentionActivities(store, files, settings)
    report = await environment.run(activities.enforce_retention, position)
    return report.inbox_position


def receive(settings: Settings, *received: tuple[str, datetime]) -> None:
    """Events in the inbox by their keys, received at these instants."""
    writer = SqliteInboxWriter(settings.data_dir / "inbox.db")
    writer.write(
        [
            (ACCOUNT, PAGE_A, key, PARTITION, "messaging", "message", PSID, 1, ms(at), b"digest", b"words")
            for key, at in received
        ]
    )
    writer.close()


async def read_up_to(store: Database, position: int) -> None:
    await store.write(lambda session: session.merge(RelayPartition(partition=PARTITION, position=position)))


async def content(inbox: Database) -> dict[str, bytes]:
    return {row.event_key: row.raw for row in await rows(inbox, InboxEvent)}


async def test_the_inbox_forgets_words_and_keeps_keys(
    store: Database, inbox: Database, files: FileStore, settings: Settings
) -> None:
    receive(settings, ("old", ago(30.1)), ("new", ago(29.9)))
    await read_up_to(store, 2)
    assert await enforce(store, files, settings) == 1
    assert await content(inbox) == {"old": b"", "new": b"words"}
    assert {row.digest for row in await rows(inbox, InboxEvent)} == {b"digest"}


async def test_an_event_that_the_relay_has_not_read_keeps_its_words(
    store: Database, inbox: Database, files: FileStore, settings: Settings
) -> None:
    receive(settings, ("read", ago(60)), ("unread", ago(50)), ("after it", ago(40)))
    await read_up_to(store, 1)
    assert await enforce(store, files, settings) == 1
    assert await content(inbox) == {"read": b"", "unread": b"words", "after it": b"words"}


async def test_more_than_one_batch_is_emptied_and_the_next_run_goes_on_behind_it(
    store: Database, inbox: Database, files: FileStore, settings: Settings
) -> None:
    receive(settings, *((f"old {number}", ago(50)) for number in range(1100)))
    await read_up_to(store, 1100)
    position = await enforce(store, files, settings)
    assert position == 1100
    assert set((await content(inbox)).values()) == {b""}
    assert await enforce(store, files, settings, position) == 1100


async def test_an_event_that_went_to_no_thread_keeps_its_words_while_it_is_listed(
    store: Database, inbox: Database, files: FileStore, settings: Settings
) -> None:
    receive(settings, ("forgotten", ago(100)), ("listed", ago(80)))
    await read_up_to(store, 2)

    def set_aside(session: Session) -> None:
        for inbox_id, at in ((1, ago(100)), (2, ago(80))):
            session.add(
                UnroutedEvent(
                    inbox_id=inbox_id,
                    disposition="quarantined",
                    reason="ValueError in routing",
                    kind="message",
                    account_id=ACCOUNT,
                    page_id=PAGE_A,
                    at=at,
                )
            )

    await store.write(set_aside)
    await enforce(store, files, settings)
    assert await content(inbox) == {"forgotten": b"", "listed": b"words"}
    assert [row.inbox_id for row in await rows(store, UnroutedEvent)] == [2]


async def test_records_go_after_their_periods(store: Database, files: FileStore, settings: Settings) -> None:
    def work(session: Session) -> None:
        for number, (event, short) in enumerate(((401, 31), (399, 29))):
            session.add(Event(id=number + 1, at=ago(event), kind="page.alarm", actor_kind="system", data={}))
            session.add(
                Opening(
                    inbox_id=number,
                    customer_id="ada",
                    kind="message",
                    received_at=ago(short),
                    at=ago(short),
                    standard_until=ago(short - 1),
                )
            )
            session.add(
                IdempotencyRecord(
                    principal_id="mia",
                    key=str(number),
                    request_hash="hash",
                    created_at=ago(short),
                )
            )
            session.add(
                SignIn(
                    id=str(number),
                    agent_id="mia",
                    digest=str(number),
                    created_at=ago(short),
                    expires_at=ago(short),
                    ends_at=ago(short),
                )
            )

    await store.write(work)
    await enforce(store, files, settings)
    assert [row.id for row in await rows(store, Event)] == [2]
    assert [row.inbox_id for row in await rows(store, Opening)] == [1]
    assert [row.key for row in await rows(store, IdempotencyRecord)] == ["1"]
    assert [row.id for row in await rows(store, SignIn)] == ["1"]


async def test_the_newest_line_of_the_log_stays_however_old_it_is(
    store: Database, files: FileStore, settings: Settings
) -> None:
    def work(session: Session) -> None:
        for number in range(1, 1201):
            session.add(Event(id=number, at=ago(500), kind="page.alarm", actor_kind="system", data={}))

    await store.write(work)
    await enforce(store, files, settings)
    assert [row.id for row in await rows(store, Event)] == [1200]


def kept(key: str) -> KeptFile:
    return KeptFile("plan.png", 3, "image/png", "sha", key)


async def upload(store: Database, files: FileStore, file_id: str, at: datetime) -> None:
    await files.put(file_id, io.BytesIO(b"png"))
    await store.write(lambda session: keep_upload(session, file_id, "mia", kept(file_id), at))


async def is_stored(files: FileStore, key: str) -> bool:
    try:
        await files.read(key)
    except FileGoneError:
        return False
    return True


async def test_an_upload_that_was_never_sent_goes_after_a_week(
    store: Database, files: FileStore, settings: Settings
) -> None:
    await upload(store, files, "forgotten", ago(8))
    await upload(store, files, "fresh", ago(6))
    await enforce(store, files, settings)
    assert [row.id for row in await rows(store, Attachment)] == ["fresh"]
    assert not await is_stored(files, "forgotten")
    assert await is_stored(files, "fresh")


async def old_file_of_a_customer(store: Database, files: FileStore, at: datetime) -> None:
    await files.put("theirs", io.BytesIO(b"png"))

    def work(session: Session) -> None:
        row: dict[str, Any] = inbound_row(
            id="file",
            message_id="m",
            page_id=PAGE_A,
            customer_id="ada",
            position=0,
            kind="image",
            name="cat.png",
            url="https://cdn.example/cat.png",
            refused=None,
            at=at,
        )
        add_message(session, "m", "ada", at, direction="inbound", attachments=[{"id": "file"}])
        insert_or_ignore(session, Attachment, [row])
        keep_file(session, "file", kept("theirs"), at)

    await store.write(work)


async def test_an_old_file_goes_and_its_message_says_so(
    store: Database, files: FileStore, settings: Settings
) -> None:
    await old_file_of_a_customer(store, files, ago(731))
    await enforce(store, files, settings)
    assert not await is_stored(files, "theirs")
    [message] = await rows(store, Message)
    [shown] = message.attachments
    assert (shown["state"], shown["reason"]) == (FileState.EXPIRED, FileReason.RETENTION_EXPIRED)
    assert shown["url"] is None
    [file] = await rows(store, Attachment)
    assert file.store_key is None


async def test_a_file_is_deleted_by_the_next_run_where_the_store_was_away(
    store: Database, files: FileStore, settings: Settings
) -> None:
    await old_file_of_a_customer(store, files, ago(731))

    class Away(FileStore):
        async def delete(self, key: str) -> None:
            raise OSError(key)

    with pytest.raises(OSError, match="theirs"):
        await enforce(store, Away(settings.files_url), settings)
    await enforce(store, files, settings)
    assert not await is_stored(files, "theirs")


async def test_an_old_file_that_was_sent_lately_stays(
    store: Database, files: FileStore, settings: Settings
) -> None:
    await upload(store, files, "price list", ago(800))

    def sent(session: Session) -> None:
        session.get_one(Attachment, "price list").message_id = "m"
        session.add(
            AttachmentUpload(
                attachment_id="price list", page_id=PAGE_A, meta_id="1", expires_at=NOW + timedelta(days=1)
            )
        )

    await store.write(sent)
    await enforce(store, files, settings)
    assert await is_stored(files, "price list")
    assert [row.id for row in await store.read(lambda s: list(s.exec(select(Attachment))))] == ["price list"]


async def test_days_are_summed_up_once_before_what_they_were_made_of_goes(
    store: Database, files: FileStore, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that fails between the two is gone on with by the next, and counts nothing twice."""
    in_seconds = int((ago(400) - BEGIN).total_seconds())
    days = 86_400
    turn = Turn("mia", 60, Origin.PUSH, 10, 600)
    talks = [Talk(in_seconds, turns=(turn,)), Talk(in_seconds + 5 * days, turns=(turn,))]
    await store.write(
        lambda session: add_work(session, talks, [Duty("mia", in_seconds, 3600), Duty("mia", 0, None)])
    )

    def fails(_: Session) -> int:
        raise OSError("no room")

    with monkeypatch.context() as patch:
        patch.setattr(retention, "delete_summed_stays", fails)
        with pytest.raises(OSError, match="no room"):
            await enforce(store, files, settings)
    kept = await rows(store, DailyMetrics)
    assert {row.queue_id: row.measures.get("waits") for row in kept} == {"default": 1, "": None}
    assert len(await rows(store, QueueStay)) == 2

    for _ in range(2):
        await enforce(store, files, settings)
        assert [row.model_dump() for row in await rows(store, DailyMetrics)] == [
            row.model_dump() for row in kept
        ]
    # From noon 400 days ago to the last day of UTC that is over for 397 days.
    assert [row.day for row in await rows(store, SummedDay)] == [ago(days).date() for days in (400, 399, 398)]
    assert [row.conversation_id for row in await rows(store, QueueStay)] == ["c1"]
    assert [row.id for row in await rows(store, Slot)] == ["c1-1"]
    assert [row.until for row in await rows(store, PresenceChange)] == [None]
