"""The rows of every earlier release are read: a thread may sleep through any number of upgrades."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter
from sqlmodel import Session

from domain.conversations.changes import Change
from domain.conversations.state import SCHEMA_VERSION, ThreadState
from store import tables
from store.conversations import state_versions
from store.conversations.projection import load_state, project
from store.conversations.state_versions import UnknownStateError, readable
from store.db.database import Database
from support.store import PAGE_A, PUBLIC_URL, add_customer, seeded_store
from support.story import Story

CUSTOMER = "customer-a"
AT = datetime(2026, 11, 20, 12, 0, 0, 250_000, tzinfo=UTC)

_READ = TypeAdapter(ThreadState)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Database]:
    async with seeded_store(tmp_path, lambda session: add_customer(session, CUSTOMER, AT)) as store:
        yield store


async def test_a_row_is_kept_with_the_number_of_its_shape_and_read_as_it_was(store: Database) -> None:
    story = Story()
    story.writes()
    change = Change(story.state.with_next_version())

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
    with pytest.raises(UnknownStateError, match="Go on with the newer release"):
        readable({"version": 3, "schema_version": SCHEMA_VERSION + 1})


@pytest.mark.parametrize("row", [{"version": 3, "schema_version": 5}, {"version": 3}])
def test_a_row_of_no_release_is_refused_and_says_what_to_do(row: dict[str, Any]) -> None:
    with pytest.raises(UnknownStateError, match="empty data directory"):
        readable(row)


def test_an_older_row_takes_one_step_from_each_version_to_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state_versions, "SCHEMA_VERSION", SCHEMA_VERSION + 2)
    for step in (SCHEMA_VERSION, SCHEMA_VERSION + 1):
        monkeypatch.setitem(state_versions.UPGRADES, step, partial(_went, step))
    assert readable({"went": [], "schema_version": SCHEMA_VERSION}) == {
        "went": [SCHEMA_VERSION, SCHEMA_VERSION + 1]
    }


def _went(step: int, state: dict[str, Any]) -> dict[str, Any]:
    return {"went": [*state["went"], step]}


def test_a_thread_without_a_row_is_a_new_one() -> None:
    assert _READ.validate_python(readable({})) == ThreadState()


def test_sessions_of_before_there_were_offers_were_accepted_as_they_began() -> None:
    session = {"id": "s", "started_at": "2026-11-20T12:00:00Z"}
    kept = {
        "schema_version": 6,
        "conversation": {
            "session": session,
            "last_session_id": "s",
            "last_session_at": session["started_at"],
        },
        "last_closed": None,
    }
    assert readable(kept) == {
        "conversation": {
            "session": session | {"accepted_at": "2026-11-20T12:00:00Z"},
            "accepted_session_id": "s",
            "accepted_at": "2026-11-20T12:00:00Z",
        },
        "last_closed": None,
    }
