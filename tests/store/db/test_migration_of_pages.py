"""Version 0023 divides a page's row in three: a desk that has pages keeps all that it knows of them."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from sqlalchemy import Connection, MetaData, Table, select
from sqlmodel import Session

from base.settings import Settings
from store.db.engines import make_engine
from store.pages import page_rows
from store.tables import Page, PageHealth, PageSendState
from support.migrations import move_connection

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
BEFORE, AFTER = "0022", "0023"
TABLES_OF_BEFORE = ["account", "workstream", "page"]


def at(minutes: int) -> datetime:
    return NOW + timedelta(minutes=minutes)


SETTINGS: dict[str, Any] = {
    "page_id": "1001",
    "account_id": "app",
    "workstream_id": "messenger",
    "name": "Shop",
    "access_token": "v1.sealed",
    "token_saved_at": at(1),
    "language": "de",
    "human_agent_tag": True,
    "attachments_for_customers": True,
    "attachments_for_agents": False,
    "survey": {"active": True},
    "provisioning_state": "Problem",
    "removed_at": None,
    "created_at": at(0),
}
HEALTH: dict[str, Any] = {
    "problems": [{"code": "token_invalid"}],
    "warnings": [{"code": "silent"}],
    "findings": {"policy_warning": {"at": NOW.isoformat(), "facts": {}, "by_webhook": True}},
    "checked_at": at(2),
    "token_expires_at": at(3),
    "token_refresh_due_at": at(4),
    "subscribed_at": at(5),
    "last_event_at": at(6),
    "last_messaging_at": at(7),
    "last_standby_at": at(8),
    "gap_since": at(9),
    "gap_read_until": at(10),
}
SEND_STATE: dict[str, Any] = {
    "send_gate": "held",
    "send_gate_reason": "token_invalid",
    "send_gate_until": at(11),
    "send_gate_generation": 7,
    "sends_next_at": at(12),
    "media_next_at": at(13),
    "reads_next_at": at(14),
    "slowed_until": at(15),
    "usage_percent": 91,
}
NEW: dict[str, Any] = {
    **SETTINGS,
    **dict.fromkeys(HEALTH),
    **dict.fromkeys(SEND_STATE),
    "page_id": "1002",
    "problems": [],
    "warnings": [],
    "findings": {},
    "send_gate": "open",
    "send_gate_generation": 0,
}


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def connection(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Connection]:
    on_postgres = request.param == "postgresql"
    url = request.getfixturevalue("postgres_url") if on_postgres else Settings(data_dir=tmp_path).store_url
    engine = make_engine(url)
    with engine.begin() as connection:
        yield connection
    engine.dispose()


def tables_of_before(connection: Connection) -> dict[str, Table]:
    metadata = MetaData()
    metadata.reflect(connection, only=TABLES_OF_BEFORE)
    return {name: metadata.tables[name] for name in TABLES_OF_BEFORE}


def fill(connection: Connection) -> None:
    tables = tables_of_before(connection)
    account = {"id": "app", "name": "App", "app_id": "1", "app_secret": "v1.sealed", "created_at": NOW}
    workstream = {
        "id": "messenger",
        "name": "Messenger",
        "auto_close_waiting_after": 3600,
        "reopen_closed_within": 0,
        "window_warning": 3600,
        "send_held_unseen": False,
        "allow_automated_messages": True,
        "created_at": NOW,
    }
    connection.execute(tables["account"].insert(), account)
    connection.execute(tables["workstream"].insert(), workstream)
    connection.execute(tables["page"].insert(), [SETTINGS | HEALTH | SEND_STATE, NEW])


def pages_of_before(connection: Connection) -> list[dict[str, Any]]:
    page = tables_of_before(connection)["page"]
    rows = [dict(row) for row in connection.execute(select(page).order_by(page.c.page_id)).mappings()]
    for row in rows:
        for name, value in row.items():
            if isinstance(value, datetime) and value.tzinfo is None:  # as SQLite gives it back
                row[name] = value.replace(tzinfo=UTC)
    return rows


def test_what_a_page_had_is_in_its_three_rows(connection: Connection) -> None:
    move_connection(connection, command.upgrade, BEFORE)
    fill(connection)
    move_connection(connection, command.upgrade, "head")
    with Session(connection) as session:
        full = page_rows.find(session, "1001")
        new = page_rows.find(session, "1002")
        assert full is not None
        assert new is not None
        assert SETTINGS.items() <= full.page.model_dump().items()
        assert HEALTH.items() <= full.health.model_dump().items()
        assert SEND_STATE.items() <= full.send_state.model_dump().items()
        assert new.health.model_dump() == PageHealth(page_id="1002").model_dump()
        assert new.send_state.model_dump() == PageSendState(page_id="1002").model_dump()
        assert new.page.model_dump() == Page(**(SETTINGS | {"page_id": "1002"})).model_dump()


def test_the_way_back_puts_everything_into_the_page_again(connection: Connection) -> None:
    move_connection(connection, command.upgrade, BEFORE)
    fill(connection)
    before = pages_of_before(connection)
    assert before == [SETTINGS | HEALTH | SEND_STATE, NEW]
    move_connection(connection, command.upgrade, AFTER)
    move_connection(connection, command.downgrade, BEFORE)
    assert pages_of_before(connection) == before
