"""Lists of conversations come in order from an index: no sorting, however many there are."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event
from sqlmodel import Session

from store import conversations
from store.conversations import ConversationFilter
from store.database import make_engine
from support.store import PAGE_A, make_settings

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    """A connection to an empty store: SQLite's plans do not depend on what is in it."""
    engine = make_engine(make_settings(tmp_path).store_url, writes=False)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def plan(
    connection: Connection, wanted: ConversationFilter, after: tuple[datetime, str] | None = None
) -> list[str]:
    """How SQLite answers the list, step by step."""
    steps: list[str] = []

    def explain(_: Any, cursor: Any, statement: str, parameters: Any, *_more: Any) -> None:
        steps.extend(row[3] for row in cursor.execute(f"EXPLAIN QUERY PLAN {statement}", parameters))

    event.listen(connection, "before_cursor_execute", explain)
    with Session(connection) as session:
        assert conversations.search(session, wanted, now=NOON, after=after, limit=50) == []
    event.remove(connection, "before_cursor_execute", explain)
    return steps


@pytest.mark.parametrize(
    ("wanted", "index", "narrowed"),
    [
        pytest.param(ConversationFilter(), "ix_conversation_activity", [], id="all"),
        pytest.param(
            ConversationFilter(statuses=["open"]),
            "ix_conversation_status_activity",
            ["status=?"],
            id="of-a-status",
        ),
        pytest.param(
            ConversationFilter(page_id=PAGE_A), "ix_conversation_page_activity", ["page_id=?"], id="of-a-page"
        ),
    ],
)
def test_a_list_is_read_in_order_from_its_index(
    connection: Connection, wanted: ConversationFilter, index: str, narrowed: list[str]
) -> None:
    first = plan(connection, wanted)
    following = plan(connection, wanted, (NOON, "c"))
    narrowing = f" ({' AND '.join(narrowed)})" if narrowed else ""
    assert first[0] == f"{'SEARCH' if narrowed else 'SCAN'} conversation USING INDEX {index}{narrowing}"
    assert (
        following[0] == f"SEARCH conversation USING INDEX {index} ({' AND '.join([*narrowed, '<expr><?'])})"
    )
    assert not [step for step in (*first, *following) if "TEMP B-TREE" in step]
