"""Fetching the files of a message, try by try; F33: what breaks the worker is set aside after its tries."""

import asyncio
import io
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any
from unittest import mock

import httpx
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from sqlmodel import Session
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.attachments.attachments import AttachmentActivities
from activities.privacy.file_erasure import FileErasure
from base import clock
from base.failpoints import EXIT_STATUS
from base.settings import Settings
from domain.workstreams.conversation_settings import AutomatedTrigger
from ingest.inbox.inbox import InboxUnavailableError
from messenger.graph.client import GraphClient
from sandbox.media import sample_png
from store.attachments import rows as attachments
from store.attachments.object_store import FileGoneError, FileStore, FileStoreError
from store.attachments.rows import MAX_TRIES, TIMEOUT, inbound_row, shown
from store.conversations.messages import new_outbound_row
from store.db.database import Database
from store.db.sql import insert_or_ignore
from store.tables import Attachment, Customer, Message, Page, Thread
from support.children import environment
from support.fake_cdn import FakeCdn, fake_cdn
from support.store import ACCOUNT, PAGE_A, PSID, make_settings, seed
from worker import make_fetcher
from workflows.messages import TellRefused

PNG = sample_png(1)


def encoded_with_author(name: str) -> bytes:
    """A picture with metadata."""
    texts, into = PngInfo(), io.BytesIO()
    texts.add_text("Author", name)
    Image.new("RGB", (4, 4)).save(into, "PNG", pnginfo=texts)
    return into.getvalue()


class Files:
    """A store with messages that carry files, and the activities."""

    def __init__(self, settings: Settings, cdn: FakeCdn, http: httpx.AsyncClient) -> None:
        self.settings = settings
        self.cdn = cdn
        self.database = Database(settings.store_url)
        self.inbox = mock.AsyncMock()
        self.fetcher = make_fetcher(settings)
        graph = GraphClient(http, "https://graph.invalid", "v26.0")
        self.activities = AttachmentActivities(settings, self.database, graph, self.fetcher, self.inbox)

    async def has(self, message_id: str, *urls: str, **columns: Any) -> None:
        """A customer's message with files."""
        now = clock.now()
        rows = [
            inbound_row(
                id=f"{message_id}-{number}",
                message_id=message_id,
                page_id=PAGE_A,
                customer_id="c",
                position=number,
                kind="image",
                name="a.png",
                url=url,
                refused=None,
                at=now,
            )
            for number, url in enumerate(urls)
        ]
        message = new_outbound_row(
            id=message_id,
            page_id=PAGE_A,
            customer_id="c",
            conversation_id="conversation",
            sender_kind="customer",
            text=None,
            created_at=now,
        )
        message |= {"direction": "inbound", "status": None, "mid": f"m_{message_id}"}
        message |= {"attachments": [shown(**row) for row in rows], **columns}

        def work(session: Session) -> None:
            insert_or_ignore(session, Message, [message])
            insert_or_ignore(session, Attachment, rows)

        await self.database.write(work)

    async def fetch(self, message_id: str) -> AutomatedTrigger | None:
        """One try of the activity."""
        told: AutomatedTrigger | None = await ActivityEnvironment().run(
            self.activities.fetch_files, message_id
        )
        return told

    async def fetch_in_vain(self, message_id: str) -> None:
        with pytest.raises(ApplicationError, match="still to be fetched"):
            await self.fetch(message_id)

    async def file(self, file_id: str) -> tuple[str, str | None, int]:
        row = await self.database.read(lambda s: s.get_one(Attachment, file_id))
        return row.state, row.reason, row.attempts


def after_patience() -> datetime:
    return datetime.now(UTC) + TIMEOUT


@pytest.fixture
async def cdn() -> AsyncIterator[FakeCdn]:
    async with fake_cdn() as running:
        yield running


@pytest.fixture
def meta() -> list[httpx.Response]:
    """What the Graph API answers, in order; then that it knows nothing."""
    return []


@pytest.fixture
async def files(tmp_path: Path, cdn: FakeCdn, meta: list[httpx.Response]) -> AsyncIterator[Files]:
    settings = make_settings(tmp_path, attachment_hosts=cdn.origin)

    def answer(_: httpx.Request) -> httpx.Response:
        return meta.pop(0) if meta else httpx.Response(400, json={"error": {"code": 100, "message": "no"}})

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
        made = Files(settings, cdn, http)

        def work(session: Session) -> None:
            seed(session, settings)
            session.flush()
            session.get_one(Page, PAGE_A).attachments_for_customers = True
            session.add(Customer(id="c", page_id=PAGE_A, psid=PSID, created_at=clock.now()))
            session.flush()
            session.add(Thread(customer_id="c", page_id=PAGE_A))

        await made.database.write(work)
        yield made
        await made.fetcher.aclose()
        made.database.close()


async def _process(files: Files, message_id: str, **more: str) -> int:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "support.files_process", message_id),
        env=environment(files.settings, 8000, PAGEDESK_ATTACHMENT_HOSTS=files.cdn.origin, **more),
    )
    return await process.wait()


@pytest.mark.timeout(300)  # four processes, one after the other
async def test_f33_a_file_that_kills_the_worker_each_time_is_set_aside(files: Files, cdn: FakeCdn) -> None:
    await files.has("poison", cdn.file("/a", PNG), cdn.file("/b", PNG))
    for _ in range(MAX_TRIES):
        assert await _process(files, "poison", PAGEDESK_FAILPOINTS="files.trying:1") == EXIT_STATUS
    assert await files.file("poison-0") == ("pending", None, MAX_TRIES)

    assert await _process(files, "poison") == 0
    assert await files.file("poison-0") == ("quarantined", "processing_failed", MAX_TRIES)
    assert (await files.file("poison-1"))[0] == "ready"
    message = await files.database.read(lambda s: s.get_one(Message, "poison"))
    assert [each["state"] for each in message.attachments] == ["quarantined", "ready"]
    assert "set aside" in message.attachments[0]["notice"]


async def test_a_file_is_kept_as_it_came_and_its_link_is_forgotten(files: Files, cdn: FakeCdn) -> None:
    came = encoded_with_author("Anna")
    await files.has("m", cdn.file("/a", came))
    assert await files.fetch("m") is None
    row = await files.database.read(lambda s: s.get_one(Attachment, "m-0"))
    assert (row.state, row.url, row.size_bytes) == ("ready", None, len(came))
    kept = b"".join(
        [chunk async for chunk in await FileStore(files.settings.files_url).read(row.store_key or "")]
    )
    assert kept == came


async def test_fetching_again_fetches_nothing(files: Files, cdn: FakeCdn) -> None:
    await files.has("m", cdn.file("/a", PNG))
    await files.fetch("m")
    await files.fetch("m")
    assert cdn.asked == ["/a"]


async def test_a_file_that_does_not_come_is_given_up_after_its_tries(files: Files, cdn: FakeCdn) -> None:
    await files.has("m", cdn.status("/a", 503))
    with clock.taken_from(after_patience):
        for _ in range(MAX_TRIES - 1):
            await files.fetch_in_vain("m")
        assert await files.fetch("m") is None
    assert await files.file("m-0") == ("failed", "download_failed", MAX_TRIES)


async def test_an_outage_of_hours_costs_no_file(files: Files, cdn: FakeCdn) -> None:
    await files.has("m", cdn.status("/a", 503))
    for _ in range(MAX_TRIES + 1):
        await files.fetch_in_vain("m")
    assert await files.file("m-0") == ("pending", None, 0)
    cdn.file("/a", PNG)
    assert await files.fetch("m") is None
    assert (await files.file("m-0"))[0] == "ready"


async def test_a_meta_that_gives_no_answer_does_not_end_an_expired_link(
    files: Files, cdn: FakeCdn, meta: list[httpx.Response]
) -> None:
    await files.has("m", cdn.status("/old", 403))
    meta.append(httpx.Response(400, json={"error": {"code": 4}}))
    meta.append(httpx.Response(502))
    for _ in range(2):
        await files.fetch_in_vain("m")
    meta.append(
        httpx.Response(200, json={"attachments": {"data": [{"image_data": {"url": cdn.file("/new", PNG)}}]}})
    )
    await files.fetch_in_vain("m")
    assert await files.fetch("m") is None
    assert (await files.file("m-0"))[0] == "ready"


async def test_an_expired_link_is_renewed_by_meta(
    files: Files, cdn: FakeCdn, meta: list[httpx.Response]
) -> None:
    await files.has("m", cdn.file("/0", PNG), cdn.status("/old", 403))
    data = [{"image_data": {"url": "x"}}, {"image_data": {"url": cdn.file("/new", PNG)}}]
    meta.append(httpx.Response(200, json={"id": "m_m", "attachments": {"data": data}}))
    await files.fetch_in_vain("m")
    assert await files.fetch("m") is None
    assert (await files.file("m-1"))[0] == "ready"
    assert cdn.asked == ["/0", "/old", "/new"]


async def test_an_attachment_store_that_is_away_costs_no_try(
    files: Files, cdn: FakeCdn, monkeypatch: pytest.MonkeyPatch
) -> None:
    await files.has("m", cdn.file("/a", PNG))
    with monkeypatch.context() as away:
        away.setattr(FileStore, "put", mock.AsyncMock(side_effect=FileStoreError("away")))
        for _ in range(MAX_TRIES + 1):
            await files.fetch_in_vain("m")
    assert await files.fetch("m") is None
    assert (await files.file("m-0"))[0] == "ready"


async def test_a_scanner_that_never_tells_has_the_file_set_aside(files: Files, cdn: FakeCdn) -> None:
    files.activities._checks._scanner = "/no/such/scanner"
    await files.has("m", cdn.file("/a", PNG))
    with clock.taken_from(after_patience):
        for _ in range(MAX_TRIES - 1):
            await files.fetch_in_vain("m")
        assert await files.fetch("m") is None
    assert await files.file("m-0") == ("quarantined", "scan_failed", MAX_TRIES)


async def test_a_switch_turned_off_meanwhile_counts(files: Files, cdn: FakeCdn) -> None:
    await files.has("m", cdn.file("/a", PNG))
    await files.database.write(
        lambda s: s.get_one(Page, PAGE_A).sqlmodel_update({"attachments_for_customers": False})
    )
    assert await files.fetch("m") is AutomatedTrigger.UNSUPPORTED_MESSAGE
    assert (await files.file("m-0"))[:2] == ("blocked", "disabled")
    assert cdn.asked == []


async def test_in_standby_nobody_is_told(files: Files, cdn: FakeCdn) -> None:
    await files.has("m", cdn.file("/a", b"<html>"), standby=True)
    assert await files.fetch("m") is None
    assert (await files.file("m-0"))[0] == "unsafe"


async def test_of_several_the_one_too_large_is_what_is_told(files: Files, cdn: FakeCdn) -> None:
    await files.has("m", cdn.file("/a", b"<html>"), cdn.file("/b", b"x", declared=10**9))
    assert await files.fetch("m") is AutomatedTrigger.FILE_TOO_LARGE


async def test_the_thread_is_told_through_the_inbox_with_the_same_key_each_time(files: Files) -> None:
    await files.has("m", conversation_id=None)
    request = TellRefused("m", AutomatedTrigger.FILE_TOO_LARGE)
    for _ in range(2):
        await ActivityEnvironment().run(files.activities.tell_refused_files, request)
    (account_id, [first]), (_, [second]) = (call.args for call in files.inbox.await_args_list)
    assert (account_id, first.page_id, first.customer_psid) == (ACCOUNT, PAGE_A, PSID)
    assert (first.channel, first.kind) == ("pagedesk", "files_refused")
    assert first.raw == b'{"message_id":"m","trigger":"file_too_large"}'
    assert (first.key, first.raw) == (second.key, second.raw)


async def test_an_inbox_that_is_away_is_tried_again(files: Files) -> None:
    await files.has("m")
    files.inbox.side_effect = InboxUnavailableError("away")
    with pytest.raises(InboxUnavailableError):
        await ActivityEnvironment().run(
            files.activities.tell_refused_files, TellRefused("m", AutomatedTrigger.FILE_TOO_LARGE)
        )


async def test_of_an_erased_customer_nobody_is_told(files: Files) -> None:
    request = TellRefused("gone", AutomatedTrigger.FILE_TOO_LARGE)
    await ActivityEnvironment().run(files.activities.tell_refused_files, request)
    files.inbox.assert_not_awaited()


async def test_an_erased_customer_has_no_files_left(files: Files, cdn: FakeCdn) -> None:
    store = FileStore(files.settings.files_url)
    await files.has("kept", cdn.file("/a", PNG), cdn.file("/b", b"<html>"))
    await files.fetch("kept")
    key = f"{PAGE_A}/kept-0"
    assert b"".join([chunk async for chunk in await store.read(key)]) == PNG

    assert await FileErasure(files.database, store)("c") == 2
    assert await FileErasure(files.database, store)("c") == 0
    with pytest.raises(FileGoneError):
        await store.read(key)
    assert await files.fetch("kept") is None


async def take_back(files: Files, message_id: str) -> None:
    assert await files.database.write(lambda s: attachments.take_back(s, message_id, clock.now()))


async def test_files_of_a_message_that_was_taken_back_are_deleted(files: Files, cdn: FakeCdn) -> None:
    store = FileStore(files.settings.files_url)
    await files.has("m", cdn.file("/a", PNG), cdn.file("/b", b"<html>"))
    await files.fetch("m")
    await take_back(files, "m")
    assert await files.database.read(attachments.messages_with_files_to_delete) == ["m"]
    with mock.patch.object(FileStore, "delete", side_effect=FileStoreError("away")):
        await files.fetch_in_vain("m")
    assert await files.fetch("m") is None
    assert await files.database.read(attachments.messages_with_files_to_delete) == []
    with pytest.raises(FileGoneError):
        await store.read(f"{PAGE_A}/m-0")
    row = await files.database.read(lambda s: s.get_one(Attachment, "m-0"))
    assert (row.state, row.name, row.url, row.sha256, row.store_key) == ("deleted", None, None, None, None)


async def test_a_file_whose_message_is_taken_back_while_it_comes_is_not_kept(
    files: Files, cdn: FakeCdn, monkeypatch: pytest.MonkeyPatch
) -> None:
    await files.has("m", cdn.file("/a", PNG))
    put = FileStore.put

    async def put_late(self: FileStore, key: str, file: IO[bytes]) -> None:
        await take_back(files, "m")
        await put(self, key, file)

    monkeypatch.setattr(FileStore, "put", put_late)
    assert await files.fetch("m") is None
    assert (await files.file("m-0"))[0] == "deleted"
    with pytest.raises(FileGoneError):
        await FileStore(files.settings.files_url).read(f"{PAGE_A}/m-0")


async def test_a_file_that_comes_during_the_erasure_is_not_kept(
    files: Files, cdn: FakeCdn, monkeypatch: pytest.MonkeyPatch
) -> None:
    await files.has("m", cdn.file("/a", PNG))
    store = FileStore(files.settings.files_url)
    put = FileStore.put

    async def put_late(self: FileStore, key: str, file: IO[bytes]) -> None:
        await FileErasure(files.database, store)("c")
        await put(self, key, file)

    monkeypatch.setattr(FileStore, "put", put_late)
    assert await files.fetch("m") is None
    with pytest.raises(FileGoneError):
        await store.read(f"{PAGE_A}/m-0")
