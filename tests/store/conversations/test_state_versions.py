"""The rows of every earlier release are read: a thread may sleep through any number of upgrades."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter
from sqlmodel import Session

from domain.conversations.changes import Change
from domain.conversations.conversation import apply_event, decide
from domain.conversations.deadlines import next_deadline
from domain.conversations.lifecycle import Status
from domain.conversations.state import SCHEMA_VERSION, Command, ThreadEvent, ThreadEventKind, ThreadState
from domain.sending.window import OpeningKind, opening
from store import tables
from store.conversations.projection import load_state, project
from store.conversations.state_versions import NewerStateError, readable
from store.db.database import Database
from support.paths import FIXTURES
from support.store import PAGE_A, PUBLIC_URL, add_customer, seeded_store

STATES = FIXTURES / "states"
"""Rows as the release before numbers wrote them."""

CUSTOMER = "customer-a"
AT = datetime(2026, 11, 20, 12, 0, 0, 250_000, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
LATER = AT + timedelta(hours=1)

_READ = TypeAdapter(ThreadState)


def old(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((STATES / f"{name}.json").read_text())
    return loaded


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Database]:
    async with seeded_store(tmp_path, lambda session: add_customer(session, CUSTOMER, AT)) as store:
        yield store


async def loaded(store: Database, row: dict[str, Any]) -> ThreadState:
    """What a run gets of a thread with this row."""

    def work(session: Session) -> dict[str, Any]:
        thread = session.get_one(tables.Thread, CUSTOMER)
        thread.state, thread.applied_seq, thread.version = row, row["applied_seq"], row["version"]
        return load_state(session, PAGE_A, CUSTOMER) or {}

    return _READ.validate_json(json.dumps(await store.write(work)))


@pytest.mark.parametrize(
    ("name", "status", "active_at"),
    [
        ("1-open", Status.OPEN, AT),
        ("1-active-with-a-send", Status.ACTIVE, AT + 3 * MINUTE),
        ("1-waiting", Status.WAITING, AT + 4 * MINUTE),
        ("1-wrap-up", Status.WRAP_UP, AT + 5 * MINUTE),
    ],
)
async def test_a_conversation_of_the_first_shape_lives_on(
    store: Database, name: str, status: Status, active_at: datetime
) -> None:
    state = await loaded(store, old(name))
    conversation = state.conversation
    assert conversation is not None
    assert (conversation.status, conversation.active_at) == (status, active_at)
    assert conversation.live_since == conversation.opened_at == AT
    assert (state.applied_seq, state.version) == (old(name)["applied_seq"], old(name)["version"])
    assert len(state.outbox) == (1 if name == "1-active-with-a-send" else 0)
    deadline = next_deadline(state, LATER)
    assert deadline is not None
    assert deadline > LATER
    assert state.settings.auto_close_waiting_after == 3600, "settings are those of now"

    message = opening(OpeningKind.MESSAGE, occurred_at=LATER, received_at=LATER)
    event = ThreadEvent(9, ThreadEventKind.MESSAGE, LATER, message, "in-9")
    answered = apply_event(state, event, LATER, _ids())
    assert answered.attached[-1][1] == "in-9"


async def test_its_closed_conversation_stays_closed_and_its_commands_are_remembered(store: Database) -> None:
    state = await loaded(store, old("1-closed"))
    assert (state.conversation, state.former) == (None, None)
    assert [each.command_id for each in state.applied_commands] == [
        "c-pick-1",
        "c-reply-2",
        "c-end-5",
        "c-complete-6",
    ]
    repeated = decide(state, Command("complete", "c-complete-6", "x", "agent-1"), LATER, _ids())
    assert repeated == Change(state)


async def test_a_row_is_kept_with_the_number_of_its_shape_and_read_as_it_was(store: Database) -> None:
    state = await loaded(store, old("1-waiting"))
    moved = decide(
        state, Command("reopen", "c-1", _conversation_id(state), "agent-1"), AT + 5 * MINUTE, _ids()
    )
    assert isinstance(moved, Change)
    change = Change(moved.state.with_next_version())

    def work(session: Session) -> tuple[dict[str, Any], dict[str, Any]]:
        project(session, PAGE_A, CUSTOMER, change, public_url=PUBLIC_URL)
        session.expire_all()
        kept = session.get_one(tables.Thread, CUSTOMER).state or {}
        return kept, load_state(session, PAGE_A, CUSTOMER) or {}

    row, state_again = await store.write(work)
    assert row["schema_version"] == SCHEMA_VERSION
    read = _READ.validate_json(json.dumps(state_again))
    assert (read.conversation, read.version) == (change.state.conversation, change.state.version)


def test_a_row_of_a_newer_release_is_refused_and_says_what_to_do() -> None:
    with pytest.raises(NewerStateError, match="Go on with the newer release"):
        readable({"version": 3, "schema_version": SCHEMA_VERSION + 1})


def test_a_thread_without_a_row_is_a_new_one() -> None:
    assert _READ.validate_python(readable({})) == ThreadState()


def _conversation_id(state: ThreadState) -> str:
    assert state.conversation is not None
    return state.conversation.id


def _ids() -> Any:
    numbers = count(1)
    return lambda: f"id{next(numbers)}"
