"""The index of words keeps step with the texts, on both databases."""

from collections.abc import AsyncIterator
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from pydantic import SecretStr
from sqlalchemy import text
from sqlmodel import Session, col, select

from base.settings import Settings
from ingest.events.message_changes import apply_changes
from store.db import free_space
from store.db.database import Database
from store.db.sql import insert_or_ignore
from store.privacy import delete_customer as erasing
from store.privacy import erasures
from store.search import postgres_words
from store.search import texts as search_texts
from store.search.texts import Kind
from store.tables import Customer, Erasure, Message, SearchText
from support.migrations import move_store
from support.plans import plans_of
from support.postgres import any_database
from support.store import PAGE_A, PAGE_B, add_customer, make_settings, rows, seed

pytestmark = pytest.mark.any_store

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
CANARY = "zirkumflex"
BEFORE_KINDS = "0021"
"""The version before names and messages had indexes of their own."""


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[tuple[Database, Settings]]:
    with any_database() as url:
        more: dict[str, Any] = {"database_url": url, "master_key": SecretStr("A" * 43 + "=")} if url else {}
        settings = make_settings(tmp_path, **more)
        database = Database(settings.store_url)
        await database.write(lambda session: seed(session, settings))
        await database.write(lambda session: add_customer(session, "ada", NOW, name="Ada Lovelace", psid="1"))
        await database.write(lambda session: add_customer(session, "bob", NOW, name="Bob Émile", psid="2"))
        yield database, settings
        database.close()


def said(message_id: str, text: str | None, customer_id: str = "ada", **more: Any) -> dict[str, Any]:
    return {
        "id": message_id,
        "page_id": PAGE_A,
        "customer_id": customer_id,
        "direction": "inbound",
        "sender_kind": "customer",
        "kind": "message",
        "text": text,
        "attachments": [],
        "reactions": [],
        "edits": [],
        "mid": f"m_{message_id}",
        "standby": False,
        "attempt": 0,
        "hold": False,
        "occurred_at": NOW,
        "created_at": NOW,
    } | more


def say_all(session: Session, messages: list[dict[str, Any]]) -> None:
    say(session, *messages)


def say(session: Session, *messages: dict[str, Any]) -> None:
    insert_or_ignore(session, Message, list(messages))
    search_texts.keep_messages(session, messages)


def found(session: Session, wanted: str, kind: Kind = Kind.MESSAGE, **place: str) -> set[str]:
    statement = search_texts.found(session, kind, wanted, **place)
    return set() if statement is None else set(session.scalars(statement))


@pytest.fixture(params=[10_000, 1], ids=["few match", "many match"])
def few(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """On PostgreSQL few matches are sorted, and many are met on a walk: both ways find the same."""
    monkeypatch.setattr(postgres_words, "_FEW", request.param)


@pytest.mark.usefixtures("few")
async def test_words_are_found_in_any_order_and_the_last_by_its_beginning(
    store: tuple[Database, Settings],
) -> None:
    database, _ = store
    await database.write(
        lambda s: say(s, said("m1", "Où est ma commande n° 42?"), said("m2", "日本語のメッセージ", "bob"))
    )
    finds = {
        "commande ou": {"m1"},
        "OÙ com": {"m1"},
        "42": {"m1"},
        "mand": set(),
        "ou commande jamais": set(),
        "日本": {"m2"},
        "本語の": {"m2"},
        "語本": set(),
        "'; DROP TABLE message; --": set(),
        '"*': set(),
    }
    assert {wanted: await database.read(partial(found, wanted=wanted)) for wanted in finds} == finds


@pytest.mark.usefixtures("few")
async def test_names_and_messages_are_found_apart_and_by_place(store: tuple[Database, Settings]) -> None:
    database, _ = store

    def work(session: Session) -> None:
        say(session, said("m1", "Ada asked for help"), said("m2", "help!", "bob"))
        search_texts.replace_name(session, session.get_one(Customer, "ada"))
        search_texts.replace_name(session, session.get_one(Customer, "bob"))

    await database.write(work)
    assert await database.read(lambda s: found(s, "ada", Kind.NAME)) == {"ada"}
    assert await database.read(lambda s: found(s, "emile", Kind.NAME)) == {"bob"}
    assert await database.read(lambda s: found(s, "ada")) == {"m1"}
    assert await database.read(lambda s: found(s, "help", customer_id="bob")) == {"m2"}
    assert await database.read(lambda s: found(s, "help", page_id=PAGE_A)) == {"m1", "m2"}
    assert await database.read(lambda s: found(s, "help", page_id=PAGE_B)) == set()


async def test_an_entry_is_made_once_and_only_of_what_became_a_message(
    store: tuple[Database, Settings],
) -> None:
    database, _ = store
    await database.write(lambda s: say(s, said("m1", "hello")))
    await database.write(lambda s: say(s, said("m1", "hello"), said("m2", "hello", mid="m_m1")))
    await database.write(
        lambda s: say(s, said("m3", "hello", sender_kind="automatic"), said("m4", None), said("m5", "!"))
    )
    assert [row.source_id for row in await rows(database, SearchText)] == ["m1"]


async def test_edited_words_are_found_and_former_ones_are_not(store: tuple[Database, Settings]) -> None:
    database, _ = store
    await database.write(lambda s: say(s, said("m1", "before")))
    change: dict[str, Any] = {"inbox_id": 1, "page_id": PAGE_A, "mid": "m_m1"}
    edit = change | {"kind": "edit", "change": {"text": "after", "number": 1, "at": NOW.isoformat()}}
    await database.write(lambda s: apply_changes(s, [edit], [], []))
    assert await database.read(lambda s: (found(s, "before"), found(s, "after"))) == (set(), {"m1"})
    taken_back = change | {"kind": "deletion", "change": {"at": NOW.isoformat()}}
    await database.write(lambda s: apply_changes(s, [taken_back], [], []))
    assert await database.read(lambda s: found(s, "after")) == set()


async def test_a_new_name_replaces_the_former(store: tuple[Database, Settings]) -> None:
    database, _ = store

    def rename(session: Session, name: str) -> None:
        customer = session.get_one(Customer, "ada")
        customer.name = name
        search_texts.replace_name(session, customer)

    for name in ("Ada Lovelace", "Ada Byron", "Ada Byron"):
        await database.write(partial(rename, name=name))
    assert await database.read(lambda s: (found(s, "lovelace", Kind.NAME), found(s, "byron", Kind.NAME))) == (
        set(),
        {"ada"},
    )


@pytest.mark.usefixtures("few")
async def test_a_search_looks_at_the_newest_that_match(
    store: tuple[Database, Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    database, _ = store
    for number in range(5):
        await database.write(partial(say_all, messages=[said(f"m{number}", f"again {number}")]))
    monkeypatch.setattr(search_texts, "MAX_MATCHES", 2)
    assert await database.read(lambda s: found(s, "again")) == {"m3", "m4"}
    assert await database.read(lambda s: found(s, "again 0")) == {"m0"}


@pytest.mark.parametrize(
    ("kind", "few", "steps"),
    [
        pytest.param(
            Kind.MESSAGE, 10_000, ["search_index_message", "ix_search_text_message_terms"], id="few"
        ),
        pytest.param(Kind.NAME, 10_000, ["search_index_name", "ix_search_text_name_terms"], id="few-names"),
        pytest.param(Kind.MESSAGE, 1, ["search_index_message", "Backward using pk_search_text"], id="many"),
    ],
)
async def test_each_kind_is_looked_for_in_an_index_of_its_own(
    store: tuple[Database, Settings],
    monkeypatch: pytest.MonkeyPatch,
    kind: Kind,
    few: int,
    steps: list[str],
) -> None:
    """In one for both, a search for a rare word passes each newer text that has the mark of the kind."""
    monkeypatch.setattr(postgres_words, "_FEW", few)
    database, _ = store

    def work(session: Session) -> None:
        say(session, *(said(f"m{number}", f"word{number} again") for number in range(500)))
        search_texts.replace_name(session, session.get_one(Customer, "ada"))
        if database.dialect == "postgresql":
            session.connection().execute(text("ANALYZE search_text"))

    await database.write(work)

    def look(session: Session) -> list[str]:
        with plans_of(session) as plan:
            assert found(session, "word7" if kind is Kind.MESSAGE else "ada", kind)
        return plan

    plan = await database.read(look)
    on_sqlite, on_postgres = steps
    wanted = on_sqlite if database.dialect == "sqlite" else on_postgres
    assert [step for step in plan if wanted in step], plan


async def test_entries_that_were_written_before_are_found_by_their_kind(tmp_path: Path) -> None:
    with any_database() as url:
        more: dict[str, Any] = {"database_url": url, "master_key": SecretStr("A" * 43 + "=")} if url else {}
        settings = make_settings(tmp_path, **more)
        place = {"customer_id": "ada"}
        entries = [
            place | {"source_id": "ada", "kind": "name", "terms": "ada §name §p1 §cada"},
            place | {"source_id": "m1", "kind": "message", "terms": "ada §message §p1 §cada"},
        ]
        with closing(Database(settings.store_url)) as database:
            await database.write(lambda session: seed(session, settings))
            await database.write(lambda session: add_customer(session, "ada", NOW, name="Ada", psid="1"))
            move_store(settings, command.downgrade, BEFORE_KINDS)
            await database.write(lambda session: insert_or_ignore(session, SearchText, entries))
            move_store(settings, command.upgrade, "head")
            assert await database.read(lambda s: (found(s, "ada", Kind.NAME), found(s, "ada"))) == (
                {"ada"},
                {"m1"},
            )
            await database.write(lambda s: search_texts.replace_name(s, s.get_one(Customer, "ada")))
            assert await database.read(lambda s: found(s, "ada", Kind.NAME, customer_id="ada")) == {"ada"}


async def test_an_erasure_leaves_no_word_of_the_person(store: tuple[Database, Settings]) -> None:
    database, settings = store
    # In many transactions: the index has many parts then, and merges some by itself.
    for number in range(40):
        both = [said(f"a{number}", f"{CANARY}{number}"), said(f"b{number}", f"kept {number}", "bob")]
        await database.write(partial(say_all, messages=both))

    def erase(session: Session) -> None:
        customer = session.get_one(Customer, "ada")
        session.add(
            Erasure(id="e", code="c", asked_by="agent", status="running", requested_at=NOW, targets=[])
        )
        session.flush()
        erasures.mark(session, settings.vault, session.get_one(Erasure, "e"), [customer], NOW)
        erasing.erase_customer(session, "e", "ada")

    await database.write(erase)
    assert await database.read(lambda s: found(s, CANARY)) == set()
    assert len(await database.read(lambda s: found(s, "kept"))) == 40
    left = await database.read(
        lambda s: s.scalars(select(SearchText.id).where(col(SearchText.customer_id) == "ada")).all()
    )
    assert left == []
    if settings.database_url is None:
        file = settings.data_dir / "pagedesk.db"
        free_space.rewrite(file)
        free_space.cut_log(file)
        assert free_space.holds(file, b"kept"), "One must see into the file."
        assert not free_space.holds(file, CANARY.encode())
