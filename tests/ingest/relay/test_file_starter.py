"""Which runs are started for files: one to fetch them, and another one to delete them."""

import asyncio
from typing import Any
from unittest import mock

from sqlmodel import Session
from temporalio.client import Client

from base import clock
from ingest.relay.file_starter import FileStarter
from store.attachments.rows import inbound_row, take_back
from store.db.sql import insert_or_ignore
from store.tables import Attachment, Customer
from support.intake import Intake
from support.store import PAGE_A, PSID


async def test_what_an_earlier_process_left_is_fetched_or_deleted_by_runs_of_their_own(
    intake: Intake,
) -> None:
    now = clock.now()

    def work(session: Session) -> None:
        session.add(Customer(id="c", page_id=PAGE_A, psid=PSID, created_at=now))
        session.flush()
        insert_or_ignore(session, Attachment, [_row("pending"), _row("taken-back")])
        assert take_back(session, "taken-back", now)

    def _row(message_id: str) -> dict[str, Any]:
        return inbound_row(
            id=f"{message_id}-0",
            message_id=message_id,
            page_id=PAGE_A,
            customer_id="c",
            position=0,
            kind="image",
            name="a.png",
            url="https://scontent.xx.fbcdn.net/a.png",
            refused=None,
            at=now,
        )

    await intake.store.write(work)
    started: asyncio.Queue[tuple[str, str]] = asyncio.Queue()

    async def start(_: str, start: Any, **options: Any) -> None:
        await started.put((start.message_id, options["id"]))

    client = mock.create_autospec(Client)
    client.start_workflow = start
    starter = FileStarter(client, intake.store)
    await starter.add_unfinished()
    running = asyncio.create_task(starter.run())
    assert await started.get() == ("pending", "files/pending")
    assert await started.get() == ("taken-back", "files/taken-back/taken-back")
    running.cancel()
