"""Erasing one customer: every column has a fate, every row of theirs goes, nobody else's does."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.types import TypeDecorator, TypeEngine
from sqlmodel import Session, SQLModel, col, select

from base.ids import new_id
from base.settings import Settings
from ingest.inbox.inbox import SqliteInboxWriter
from store.db import free_space
from store.db.database import Database
from store.db.sql import insert_or_ignore, table_of
from store.privacy import delete_customer as erasing
from store.privacy import erasures
from store.privacy import redact_inbox as erased_inbox
from store.tables import (
    Agent,
    AgentSession,
    Attachment,
    AttachmentUpload,
    Contact,
    ContactField,
    ContactLink,
    ContactValue,
    ContactWords,
    ContextVariable,
    Conversation,
    Customer,
    EarlyChange,
    Erasure,
    Event,
    IdempotencyRecord,
    InboxEvent,
    Message,
    Note,
    Opening,
    Participant,
    PreferredAgent,
    QueueStay,
    ReadPosition,
    RelayPartition,
    SearchText,
    Slot,
    Survey,
    SurveyAnswer,
    Thread,
    ThreadEvent,
    UnroutedEvent,
    WorkItem,
    WorkItemReturn,
    WorkItemWish,
    inbox_metadata,
)
from store.tables.erasure_policy import ErasurePolicy, erasure_policies
from support.canaries import found
from support.store import ACCOUNT, PAGE_A, make_settings, rows, seed

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
PSID, OTHER_PSID = "7421908834560001", "7421908834560002"
CANARY, OTHER = "canary <of the erased>", "the words of another"
POSITION = 100

POLICIES = {
    mapper.class_.__tablename__: erasure_policies(mapper.class_)
    for mapper in SQLModel._sa_registry.mappers
    if mapper.class_.__module__.startswith("store.tables.")
}
PERSONAL_TABLES = {name for name, columns in POLICIES.items() if ErasurePolicy.DELETED in columns.values()}


def test_every_column_of_every_table_has_a_fate() -> None:
    tables = {**SQLModel.metadata.tables, **inbox_metadata.tables}
    assert {name: set(table.columns.keys()) for name, table in tables.items()} == {
        name: set(columns) for name, columns in POLICIES.items()
    }, (
        "Say by the new column's type (store/tables/erasure_policy.py) what becomes of it, "
        "and have store/privacy/delete_customer.py do it."
    )


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return make_settings(tmp_path)


@pytest.fixture
async def store(settings: Settings) -> AsyncIterator[Database]:
    database = Database(settings.store_url)
    await database.write(lambda session: seed(session, settings))
    await database.write(lambda s: s.add(ContactField(name="Tier", title="Tier", created_at=NOW)))
    await database.write(lambda s: s.add(Agent(id="eve", name="Eve", role="agent", created_at=NOW)))
    await database.write(
        lambda session: session.add_all(RelayPartition(partition=n, position=POSITION) for n in range(16))
    )
    yield database
    database.close()


@pytest.fixture
async def inbox(settings: Settings) -> AsyncIterator[Database]:
    database = Database(settings.inbox_url)
    yield database
    database.close()


def filled(model: type[SQLModel], words: str, **given: Any) -> tuple[type[SQLModel], dict[str, Any]]:
    """A row whose every text and JSON column holds the words, but those that are given."""
    values: dict[type, Any] = {bool: False, int: 1, float: 1.0, datetime: NOW, dict: {"said": words}}
    row = {
        column.name: values.get(_kind(column.type), f"{words} in {model.__name__}.{column.name}")
        for column in table_of(model).columns
    }
    return model, row | given


def _kind(declared: TypeEngine[Any]) -> type:
    plain = declared.impl_instance if isinstance(declared, TypeDecorator) else declared
    return plain.python_type


def person(
    customer: str, psid: str, words: str, inbox_id: int
) -> list[tuple[type[SQLModel], dict[str, Any]]]:
    """A row in every table that holds something about a person."""
    conversation, session_id, survey, message = (f"{customer}-{each}" for each in "cosm")
    whose = {"page_id": PAGE_A, "customer_id": customer}
    return [
        filled(Customer, words, id=customer, page_id=PAGE_A, psid=psid, erasure_id=None),
        filled(Thread, words, **whose, opened_by="message"),
        filled(Opening, words, inbox_id=inbox_id, customer_id=customer),
        filled(ThreadEvent, words, customer_id=customer, inbox_id=inbox_id),
        filled(Conversation, words, id=conversation, **whose),
        filled(AgentSession, words, id=session_id, conversation_id=conversation),
        filled(ContextVariable, words, conversation_id=conversation),
        filled(Participant, words, conversation_id=conversation, agent_id="eve"),
        filled(Contact, words, id=f"{customer}-contact"),
        filled(ContactLink, words, customer_id=customer, contact_id=f"{customer}-contact"),
        filled(ContactValue, words, contact_id=f"{customer}-contact", field="Tier"),
        filled(ContactWords, words, id=None, contact_id=f"{customer}-contact"),
        filled(PreferredAgent, words, customer_id=customer, agent_id="eve"),
        filled(Note, words, id=f"{customer}-n", **whose, conversation_id=conversation),
        filled(ReadPosition, words, customer_id=customer),
        filled(WorkItem, words, conversation_id=conversation, queue_id="default", demand_id=None),
        filled(WorkItemReturn, words, conversation_id=conversation),
        filled(WorkItemWish, words, conversation_id=conversation),
        filled(Slot, words, id=f"{customer}-slot", conversation_id=conversation, agent_id="eve"),
        filled(QueueStay, words, conversation_id=conversation),
        filled(Message, words, id=message, **whose, conversation_id=conversation, direction="outbound"),
        filled(SearchText, words, id=None, customer_id=customer, source_id=message),
        filled(Attachment, words, id=f"{customer}-f", **whose, message_id=message),
        filled(AttachmentUpload, words, attachment_id=f"{customer}-f", page_id=PAGE_A),
        filled(Survey, words, id=survey, **whose, conversation_id=conversation),
        filled(SurveyAnswer, words, survey_id=survey),
        filled(EarlyChange, words, inbox_id=inbox_id, page_id=PAGE_A),
        filled(Event, words, id=None, **whose, conversation_id=conversation, dedupe_key=f"a/{customer}"),
        filled(Event, words, id=None, page_id=PAGE_A, customer_id=None, conversation_id=conversation),
        filled(IdempotencyRecord, words, key=f"refused/{message}"),
        filled(UnroutedEvent, words, inbox_id=inbox_id, page_id=PAGE_A),
    ]


def write(session: Session, listed: list[tuple[type[SQLModel], dict[str, Any]]]) -> None:
    for model, row in listed:
        values = {name: value for name, value in row.items() if not (name == "id" and value is None)}
        insert_or_ignore(session, model, [values])


async def holding(store: Database) -> dict[str, int]:
    """How many rows hold the erased person's words or ids, by table."""

    def work(session: Session) -> dict[str, int]:
        counts = {}
        for name, table in SQLModel.metadata.tables.items():
            lines = [str(tuple(row)) for row in session.connection().execute(table.select())]
            counts[name] = sum(any(each in line for each in (CANARY, PSID, "ada")) for line in lines)
        return counts

    return await store.read(work)


async def erase(store: Database, inbox: Database, settings: Settings, customer: str) -> str:
    """All steps but Temporal's."""
    vault = settings.vault
    erasure = await store.write(
        lambda s: erasures.request_for_customer(s, vault, customer, agent_id="eve", at=NOW)
    )
    await store.write(lambda s: erasing.erase_customer(s, erasure.id, customer))
    (target,) = await store.read(lambda s: erasures.targets_of(s, vault, erasure.id))
    found_ = await inbox.read(
        lambda s: erased_inbox.traces(s, target.page_id, target.psid, target.positions, after=0)
    )
    own = [each.inbox_id for each in found_ if each.is_own]
    await store.write(lambda s: erasing.forget_inbox_events(s, erasure.id, own))
    await inbox.write(lambda s: erased_inbox.empty(s, found_))
    await store.write(lambda s: erasures.finish(s, erasure.id, NOW))
    return erasure.id


def inbox_event(inbox_id: int, psid: str | None, raw: bytes, **more: Any) -> dict[str, Any]:
    return {
        "id": inbox_id,
        "account_id": ACCOUNT,
        "page_id": PAGE_A,
        "event_key": f"mid:{inbox_id}",
        "partition": 3,
        "channel": "messaging",
        "kind": "message",
        "customer_psid": psid,
        "occurred_ms": 1,
        "received_ms": 2,
        "conflict_ms": None,
        "digest": b"digest",
        "raw": raw,
        **more,
    }


async def test_every_row_of_the_person_goes_and_none_of_another(
    store: Database, inbox: Database, settings: Settings
) -> None:
    await store.write(lambda s: write(s, person("ada", PSID, CANARY, 11)))
    await store.write(lambda s: write(s, person("bob", OTHER_PSID, OTHER, 12)))
    others = await _rows_of_others(store)
    before = await holding(store)
    assert {name for name, count in before.items() if count} == PERSONAL_TABLES, "A table is not filled."
    events = [inbox_event(11, PSID, CANARY.encode()), inbox_event(12, OTHER_PSID, OTHER.encode())]
    await inbox.write(lambda s: insert_or_ignore(s, InboxEvent, events))

    erasure_id = await erase(store, inbox, settings, "ada")

    left = await holding(store)
    # What tells the clients which customer is gone: our own id, of nobody any more.
    assert {name: count for name, count in left.items() if count} == {"event": 1}
    assert await _rows_of_others(store) == others
    audit = (await store.read(lambda s: s.get_one(Erasure, erasure_id))).model_dump()
    assert audit["counts"] == {name: max(1, before[name]) for name in PERSONAL_TABLES} | {"files": 1}
    assert (audit["agent_id"], audit["status"], audit["outcome"]) == ("eve", "done", "erased")
    assert (audit["subject"], audit["targets"]) == (None, [])
    assert not found({"psid": PSID, "words": CANARY}, {"audit": json.dumps(audit, default=str).encode()})


async def _rows_of_others(store: Database) -> set[str]:
    def work(session: Session) -> set[str]:
        return {
            f"{name}: {tuple(row)}"
            for name, table in SQLModel.metadata.tables.items()
            for row in session.connection().execute(table.select())
            if "bob" in str(tuple(row)) or OTHER in str(tuple(row))
        }

    kept = await store.read(work)
    assert len(kept) == len(person("bob", OTHER_PSID, OTHER, 12))
    return kept


async def test_erased_twice_it_is_the_same(store: Database, inbox: Database, settings: Settings) -> None:
    await store.write(lambda s: write(s, person("ada", PSID, CANARY, 11)))
    erasure_id = await erase(store, inbox, settings, "ada")
    once = await store.read(lambda s: s.get_one(Erasure, erasure_id).model_dump())

    await store.write(lambda s: erasing.erase_customer(s, erasure_id, "ada"))
    await store.write(lambda s: erasures.finish(s, erasure_id, NOW))

    assert await store.read(lambda s: s.get_one(Erasure, erasure_id).model_dump()) == once


async def test_the_inbox_keeps_keys_of_theirs_and_all_of_others(
    store: Database, inbox: Database, settings: Settings
) -> None:
    await store.write(lambda s: write(s, person("ada", PSID, CANARY, 11)))
    mention = f'{{"participants": ["{PSID}", "{OTHER_PSID}"], "text": "{OTHER}"}}'.encode()
    longer = f'{{"number": 1{PSID}1}}'.encode()
    given = [
        inbox_event(11, PSID, f'{{"sender": "{PSID}", "text": "{CANARY}"}}'.encode(), conflict_ms=7),
        inbox_event(12, None, f'{{"odd": {{"from": {PSID}}}, "text": "{CANARY}"}}'.encode()),
        inbox_event(13, None, f"broken {PSID} {CANARY}".encode(), page_id=""),
        inbox_event(14, OTHER_PSID, mention),
        inbox_event(15, OTHER_PSID, longer),
        inbox_event(16, PSID, b"on another page", page_id="999"),
        inbox_event(17, OTHER_PSID, b"unrelated"),
        inbox_event(18, PSID, b"a receipt", event_key=f"read:{PSID}:{PAGE_A}:1"),
        inbox_event(19, OTHER_PSID, mention, event_key=f"odd:{PSID}"),
        inbox_event(POSITION, PSID, b"the last that was routed"),
        inbox_event(POSITION + 1, PSID, b"of the new customer"),
    ]
    await inbox.write(lambda s: s.add_all(InboxEvent(**each) for each in given))

    await erase(store, inbox, settings, "ada")

    kept = {row.id: row for row in await rows(inbox, InboxEvent)}
    assert {inbox_id for inbox_id, row in kept.items() if row.raw == b""} == {11, 12, 13, 18, POSITION}
    assert kept[11].model_dump() == {
        **given[0],
        "raw": b"",
        "digest": b"",
        "customer_psid": None,
        "occurred_ms": None,
        "conflict_ms": None,
        "channel": "erased",
    }
    assert [kept[n].event_key for n in (14, 18, 19)] == ["mid:14", "erased:18", "erased:19"]
    assert json.loads(kept[14].raw) == {"participants": ["0", OTHER_PSID], "text": OTHER}
    assert [kept[n].raw for n in (15, 16, 17, POSITION + 1)] == [
        longer,
        b"on another page",
        b"unrelated",
        b"of the new customer",
    ]


async def test_what_pagedesk_itself_tells_of_them_goes_though_the_relay_has_not_read_it(
    store: Database, inbox: Database, settings: Settings
) -> None:
    """It is no word of somebody who writes again, as Meta's later events are."""
    await store.write(lambda s: write(s, person("ada", PSID, CANARY, 11)))
    own = {"channel": "pagedesk", "kind": "survey_answered"}
    given = [
        inbox_event(POSITION - 1, PSID, CANARY.encode(), **own),
        inbox_event(POSITION + 1, PSID, CANARY.encode(), **own),
        inbox_event(POSITION + 2, OTHER_PSID, OTHER.encode(), **own),
    ]
    await inbox.write(lambda s: s.add_all(InboxEvent(**each) for each in given))

    await erase(store, inbox, settings, "ada")

    kept = {row.id: row for row in await rows(inbox, InboxEvent)}
    assert [kept[POSITION + n].raw for n in (-1, 1, 2)] == [b"", b"", OTHER.encode()]
    assert (kept[POSITION + 1].customer_psid, kept[POSITION + 1].channel) == (None, "erased")


async def test_a_late_repetition_of_an_erased_event_is_known(
    store: Database, inbox: Database, settings: Settings
) -> None:
    await store.write(lambda s: write(s, person("ada", PSID, CANARY, 11)))
    await inbox.write(lambda s: insert_or_ignore(s, InboxEvent, [inbox_event(11, PSID, CANARY.encode())]))
    await erase(store, inbox, settings, "ada")

    writer = SqliteInboxWriter(settings.data_dir / "inbox.db")
    again = inbox_event(11, PSID, CANARY.encode())
    names = ("account_id", "page_id", "event_key", "partition", "channel", "kind", "customer_psid")
    last = ("occurred_ms", "received_ms", "digest", "raw")
    writer.write([tuple(again[name] for name in (*names, *last))])
    writer.close()

    (kept,) = await rows(inbox, InboxEvent)
    assert (kept.raw, kept.customer_psid, kept.conflict_ms) == (b"", None, None)


@pytest.mark.slow
async def test_no_word_stays_in_the_bytes_of_the_files(
    store: Database, inbox: Database, settings: Settings
) -> None:
    """Rows that grow and pages that split leave copies behind, which deleting alone does not reach."""
    await store.write(lambda s: write(s, person("ada", PSID, CANARY, 11)))
    await store.write(lambda s: write(s, person("bob", OTHER_PSID, OTHER, 12)))
    await inbox.write(lambda s: insert_or_ignore(s, InboxEvent, [inbox_event(11, PSID, CANARY.encode())]))
    for number in range(300):
        erased = number % 3 == 0
        words, customer = (CANARY, "ada") if erased else (OTHER, "bob")
        message = filled(
            Message,
            words * (1 + number % 40),
            id=f"{customer}-{number}-{new_id()}",
            page_id=PAGE_A,
            customer_id=customer,
            conversation_id=None,
            mid=f"{customer}-m{number}",
        )
        event = inbox_event(20 + number, PSID if erased else OTHER_PSID, (words * (1 + number % 40)).encode())
        await store.write(lambda s, row=message: write(s, [row]))  # type: ignore[misc]
        await inbox.write(lambda s, row=event: insert_or_ignore(s, InboxEvent, [row]))  # type: ignore[misc]
    await store.write(_grow)
    files = {name: settings.data_dir / name for name in ("pagedesk.db", "inbox.db")}
    for file in files.values():
        free_space.cut_log(file)
        assert free_space.holds(file, CANARY.encode()), "The words are looked for in the wrong place."

    await erase(store, inbox, settings, "ada")
    free_space.rewrite(files["pagedesk.db"])
    for file in files.values():
        free_space.cut_log(file)

    written = {path.name: path.read_bytes() for path in settings.data_dir.iterdir() if ".db" in path.name}
    assert {"pagedesk.db", "inbox.db"} <= written.keys()
    assert found({"words": CANARY, "psid": PSID}, written) == []
    assert sorted(found({"another's words": OTHER}, written)) == [
        "another's words in inbox.db",
        "another's words in pagedesk.db",
    ]
    assert len(await rows(store, Message)) == 201


def _grow(session: Session) -> None:
    """Make rows in the middle of the table longer, as edits do; and the relay has read all."""
    for partition in session.exec(select(RelayPartition)):
        partition.position = 1000
    for row in session.exec(select(Message).where(col(Message.mid).is_not(None))):
        row.edits = [{"text": (row.text or "")[:400]}]
        row.reason_detail = row.text
