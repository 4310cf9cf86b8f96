"""Waking conversations when a page's gate opens."""

from datetime import UTC, datetime
from pathlib import Path
from unittest import mock

from sqlmodel import Session
from temporalio.testing import ActivityEnvironment

from activities.pages.release_held import WakingActivities
from store import tables
from store.db.database import Database
from support.store import PAGE_A, add_message, make_settings, seed
from workflows.messages import conversation_workflow_id

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


async def test_who_could_not_know_yet_of_what_is_held_is_told_again(tmp_path: Path) -> None:
    settings = make_settings(tmp_path)
    database = Database(settings.store_url)
    await database.write(lambda session: seed(session, settings))
    await database.write(lambda session: _held(session, "first"))
    told: list[str] = []
    client = mock.MagicMock()

    def handle(workflow_id: str) -> mock.MagicMock:
        async def signal(_name: str) -> None:
            if not told:
                await database.write(lambda session: _held(session, "late"))
            told.append(workflow_id)

        return mock.MagicMock(signal=signal)

    client.get_workflow_handle = handle
    woken = await ActivityEnvironment().run(WakingActivities(database, client).wake_held, PAGE_A)
    database.close()
    ids = [conversation_workflow_id(PAGE_A, customer) for customer in ("first", "late")]
    assert (woken, told) == (2, [ids[0], *ids])


def _held(session: Session, customer_id: str) -> None:
    session.add(tables.Customer(id=customer_id, page_id=PAGE_A, psid=customer_id, created_at=NOW))
    session.flush()
    add_message(session, f"of-{customer_id}", customer_id, NOW, status="held", reason="page_token_invalid")
