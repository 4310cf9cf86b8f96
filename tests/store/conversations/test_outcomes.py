"""What an attempt reports is written only where the table of statuses lets it follow."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlmodel import Session

from domain.conversations.changes import StatusChange
from domain.sending.delivery import NEXT, MessageStatus
from store.conversations.messages import decide_status, settle
from store.db.database import Database
from store.tables import Customer, Message, Thread
from support.store import PAGE_A, PSID, add_message, make_settings, seed

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
# What the customer has seen is told by the thread's watermarks, and is no outcome of a send.
OUTCOMES = [each for each in MessageStatus if each not in (MessageStatus.DELIVERED, MessageStatus.READ)]
PAIRS = [(former, outcome) for former in MessageStatus for outcome in OUTCOMES if former is not outcome]


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    settings = make_settings(tmp_path)
    database = Database(settings.store_url)

    def work(session: Session) -> None:
        seed(session, settings)
        session.flush()
        session.add(Customer(id="c", page_id=PAGE_A, psid=PSID, created_at=NOW))
        session.flush()
        session.add(Thread(customer_id="c", page_id=PAGE_A))
        for former, outcome in PAIRS:
            add_message(session, f"{former}-{outcome}", "c", NOW, status=former.value, attempt=1)

    await database.write(work)
    yield database
    database.close()


async def test_an_outcome_is_written_where_the_table_of_statuses_has_it(database: Database) -> None:
    def work(session: Session) -> set[tuple[MessageStatus, MessageStatus]]:
        return {
            (former, outcome)
            for former, outcome in PAIRS
            if settle(session, f"{former}-{outcome}", outcome, NOW, attempt=1)
            and session.get_one(Message, f"{former}-{outcome}").status == outcome
        }

    allowed = {pair for pair in PAIRS if pair[1] in NEXT.get(pair[0], ())}
    assert await database.write(work) == allowed


async def test_what_was_said_again_is_not_queued_by_an_attempt_that_wakes_late(database: Database) -> None:
    resent_then_queued = "resent-queued"
    changed = await database.write(
        lambda session: settle(session, resent_then_queued, MessageStatus.QUEUED, NOW, attempt=1)
    )
    row = await database.read(lambda session: session.get_one(Message, resent_then_queued))
    assert (changed, row.status) == (False, "resent")


@pytest.mark.parametrize("former", [MessageStatus.UNKNOWN, MessageStatus.QUEUED])
async def test_what_an_agent_says_again_is_not_tried_any_more(
    database: Database, former: MessageStatus
) -> None:
    row_id = f"{former}-{MessageStatus.CANCELLED}"
    await database.write(lambda session: decide_status(session, StatusChange(row_id, MessageStatus.RESENT)))
    row = await database.read(lambda session: session.get_one(Message, row_id))
    assert row.status == "resent"


@pytest.mark.parametrize("former", [MessageStatus.SENDING, MessageStatus.SENT, MessageStatus.FAILED])
async def test_what_has_ended_or_is_under_way_keeps_its_status_when_it_is_said_again(
    database: Database, former: MessageStatus
) -> None:
    row_id = f"{former}-{MessageStatus.CANCELLED}"
    await database.write(lambda session: decide_status(session, StatusChange(row_id, MessageStatus.RESENT)))
    row = await database.read(lambda session: session.get_one(Message, row_id))
    assert row.status == former


@pytest.mark.parametrize("former", [MessageStatus.QUEUED, MessageStatus.HELD])
async def test_what_is_parked_shows_that_nobody_waits_for_it(
    database: Database, former: MessageStatus
) -> None:
    row_id = f"{former}-{MessageStatus.CANCELLED}"
    parked = StatusChange(row_id, MessageStatus.UNKNOWN, "page_busy")
    await database.write(lambda session: decide_status(session, parked))
    row = await database.read(lambda session: session.get_one(Message, row_id))
    assert (row.status, row.reason) == ("unknown", "page_busy")
