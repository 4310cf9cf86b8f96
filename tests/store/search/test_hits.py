"""What a search finds is looked up by what its index of words names, however much more there is."""

from collections.abc import AsyncIterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import text
from sqlmodel import Session

from store.access.visibility import Reader
from store.db.database import Database
from store.db.ranges import Span
from store.db.sql import insert_or_ignore, row_of
from store.search import contact_words, hits
from store.search import texts as search_texts
from store.search.hits import HitKind, SearchFilter
from store.tables import Contact, ContactLink, Conversation, Customer, Message, Note
from support.plans import plans_of
from support.postgres import any_database
from support.store import PAGE_A, add_customer, make_settings, seed

pytestmark = pytest.mark.any_store

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
MIA = Reader("mia", sees_all=False, at=NOW)
CUSTOMERS = 300
TABLES = ("message", "note", "customer", "contact", "conversation", "search_text", "contact_words")


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Database]:
    with any_database() as url:
        more: dict[str, Any] = {"database_url": url, "master_key": SecretStr("A" * 43 + "=")} if url else {}
        settings = make_settings(tmp_path, **more)
        with closing(Database(settings.store_url)) as database:
            await database.write(lambda session: seed(session, settings))
            await database.write(_fill)
        with closing(Database(settings.store_url)) as database:  # with the new setting
            yield database


def _fill(session: Session) -> None:
    """Customers, each with a conversation of Mia's, a message, a note and a contact."""
    for number in range(CUSTOMERS):
        _fill_one(session, f"{number:03}", NOW + timedelta(minutes=number))
    if session.get_bind().dialect.name == "postgresql":
        session.connection().execute(text("ANALYZE"))
        # Of so few rows PostgreSQL would read all in any case: now it does where there is no index.
        name = session.connection().execute(text("SELECT current_database()")).scalar_one()
        session.connection().execute(text(f'ALTER DATABASE "{name}" SET enable_seqscan = off'))


def _fill_one(session: Session, number: str, at: datetime) -> None:
    customer_id = f"c{number}"
    of: dict[str, Any] = {"page_id": PAGE_A, "customer_id": customer_id}
    add_customer(session, customer_id, at, psid=number, name=f"word{number}")
    search_texts.replace_name(session, session.get_one(Customer, customer_id))
    conversation: dict[str, Any] = {
        "status": "open",
        "status_reason": "customer_wrote",
        "status_changed_at": at,
    }
    session.add(Conversation(id=f"v{number}", agent_id="mia", opened_at=at, **of, **conversation))
    said = {"direction": "inbound", "sender_kind": "customer", "text": f"word{number} again"}
    message = row_of(
        Message, id=f"m{number}", conversation_id=f"v{number}", occurred_at=at, created_at=at, **of, **said
    )
    note = Note(
        id=f"n{number}",
        conversation_id=f"v{number}",
        agent_id="mia",
        text=f"word{number}",
        created_at=at,
        **of,
    )
    session.add_all([note, Contact(id=f"k{number}", name=f"word{number}", created_at=at, changed_at=at)])
    session.flush()
    session.add(ContactLink(customer_id=customer_id, contact_id=f"k{number}", at=at))
    insert_or_ignore(session, Message, [message])
    search_texts.keep_messages(session, [message])
    search_texts.replace_note(session, note)
    contact_words.replace(session, f"k{number}", [f"word{number}"])


async def test_no_table_is_read_whole(store: Database) -> None:
    span = Span(21, newest_first=True, before=(NOW + timedelta(days=1), "x"))

    def look(session: Session) -> list[str]:
        with plans_of(session) as plan:
            found = hits.find(session, SearchFilter("word117"), MIA, span)
        assert {hit.kind for hit in found} == set(HitKind)
        return plan

    plan = await store.read(look)
    starts = ("SCAN ", "Seq Scan on ", "->  Seq Scan on ", "->  Parallel Seq Scan on ")
    read_whole = [
        step for step in plan for start in starts for table in TABLES if step.startswith(start + table)
    ]
    assert read_whole == []
    assert not [step for step in plan if "ix_message_occurred" in step or "ix_contact_created" in step]


async def test_one_list_by_time_from_any_place_on(store: Database) -> None:
    def read(session: Session, span: Span[hits.Place]) -> list[str]:
        return [hit.id for hit in hits.find(session, SearchFilter("word"), MIA, span)]

    def both(session: Session) -> tuple[list[str], list[str]]:
        first = read(session, Span(6, newest_first=True))
        last = (NOW + timedelta(minutes=CUSTOMERS - 2), first[-1])
        return first, read(session, Span(3, newest_first=True, before=last))

    first, second = await store.read(both)
    assert first == ["n299", "m299", "k299", "c299", "n298", "m298"]
    assert second == ["k298", "c298", "n297"]
