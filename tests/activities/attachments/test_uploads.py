"""An agent's file that must be with Meta before its message, and the store that it comes from."""

import asyncio
from collections.abc import AsyncIterator
from io import BytesIO

import pytest

import activities.attachments.uploads
from activities.attachments.uploads import Uploads
from activities.sending.concurrency_limit import _TIMEOUT
from base import clock
from messenger.graph.call import UPLOAD_TIMEOUT_SECONDS
from messenger.graph.results import NotSent
from store.attachments.object_store import FileStore
from store.attachments.rows import KeptFile, keep_upload
from store.attachments.uploads import WantedUpload
from store.tables import Attachment
from support.page_desk import PageDesk
from support.store import PAGE_A
from workflows.activity_calls import SEND_TIMEOUT


async def wanted(desk: PageDesk) -> WantedUpload:
    kept = KeptFile("plan.pdf", 4, "application/pdf", "sha", "agents/f")
    await FileStore(desk.settings.files_url).put("agents/f", BytesIO(b"%PDF"))
    await desk.store.write(lambda session: keep_upload(session, "f", "agent", kept, desk.now()))
    return WantedUpload(PAGE_A, "f", await desk.store.read(lambda session: session.get(Attachment, "f")))


class SlowStore(FileStore):
    """Gives the first bytes and no more."""

    async def read(self, key: str) -> AsyncIterator[bytes]:
        whole = await super().read(key)

        async def some() -> AsyncIterator[bytes]:
            async for chunk in whole:
                yield chunk
                await asyncio.Event().wait()

        return some()


async def test_a_store_that_is_too_slow_costs_a_try_and_not_the_whole_time_of_a_send(
    desk: PageDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(activities.attachments.uploads, "STORE_TIMEOUT_SECONDS", 0.1)
    uploads = Uploads(desk.store, desk.graph, desk.settings.vault, SlowStore(desk.settings.files_url))
    outcome = await uploads.upload(await wanted(desk), clock.now)
    assert outcome == NotSent("attachment_store_unavailable")


async def test_the_time_of_a_send_is_enough_for_every_wait_of_an_upload() -> None:
    longest = (
        _TIMEOUT.total_seconds()
        + activities.attachments.uploads.STORE_TIMEOUT_SECONDS
        + UPLOAD_TIMEOUT_SECONDS
    )
    assert longest < SEND_TIMEOUT.total_seconds()
