"""Contacts are found, seen, merged and erased alike on both databases."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlmodel import Session

from domain.contacts.contacts import ContactContent
from store.access.visibility import Reader
from store.contacts import contacts, links
from store.contacts.contacts import ContactFilter
from store.contacts.settings import set_field
from store.db.database import Database
from store.db.ranges import Span
from support.postgres import any_database
from support.store import add_customer, make_settings, seed

pytestmark = pytest.mark.any_store

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
ADMIN, OUTSIDER = Reader("eve", sees_all=True, at=NOW), Reader("eve", sees_all=False, at=NOW)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Database]:
    with any_database() as url:
        more: dict[str, Any] = {"database_url": url, "master_key": SecretStr("A" * 43 + "=")} if url else {}
        settings = make_settings(tmp_path, **more)
        database = Database(settings.store_url)

        def start(session: Session) -> None:
            seed(session, settings)
            add_customer(session, "ada", NOW, name="Ada", psid="1")
            set_field(session, "Tier", "Tier", NOW)
            session.flush()
            zola = ContactContent("Émile Zola", "e@example.org", fields={"Tier": "gold"})
            contacts.add(session, "linked", zola, NOW)
            contacts.add(session, "nobodys", ContactContent("Ada", number="7"), NOW)
            links.link(session, "ada", "linked", agent_id=None, at=NOW)

        await database.write(start)
        yield database
        database.close()


async def found(store: Database, reader: Reader, text: str | None = None) -> list[str]:
    span: Span[contacts.Place] = Span(5, newest_first=True)
    records = await store.read(lambda s: contacts.listed(s, ContactFilter(text), reader, span))
    return [each.contact.id for each in records]


async def test_words_find_what_the_reader_sees(store: Database) -> None:
    assert await found(store, ADMIN, "emile go") == ["linked"]
    assert await found(store, ADMIN, "emile silver") == []
    assert await found(store, ADMIN) == ["nobodys", "linked"]
    assert await found(store, OUTSIDER, "emile go") == []
    assert await found(store, OUTSIDER) == ["nobodys"]
    assert await store.read(lambda s: links.customers_of(s, ["linked"], ADMIN)) == {"linked": ["ada"]}
    assert await store.read(lambda s: links.customers_of(s, ["linked"], OUTSIDER)) == {"linked": []}


async def test_a_merge_takes_customers_values_and_words_over(store: Database) -> None:
    await store.write(lambda s: contacts.merge_into(s, "nobodys", "linked", NOW))
    kept = await store.read(lambda s: contacts.get(s, "nobodys").content)
    assert kept == ContactContent("Ada", "e@example.org", number="7", fields={"Tier": "gold"})
    assert await store.read(lambda s: links.contact_of(s, "ada")) == "nobodys"
    assert await found(store, ADMIN, "gold") == ["nobodys"]
    assert await found(store, ADMIN, "zola") == []
