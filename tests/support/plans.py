"""How a database answers what it is asked, step by step."""

import contextlib
from collections.abc import Iterator
from typing import Any

from sqlalchemy import event
from sqlmodel import Session

_READS = ("SELECT", "WITH")


@contextlib.contextmanager
def plans_of(session: Session) -> Iterator[list[str]]:
    """The steps of all that is read in the block, as SQLite's or PostgreSQL's planner words them."""
    connection, steps = session.connection(), list[str]()
    on_sqlite = connection.dialect.name == "sqlite"

    def explain(_: Any, cursor: Any, statement: str, parameters: Any, *_more: Any) -> None:
        if statement.startswith(_READS):
            cursor.execute(f"{'EXPLAIN QUERY PLAN' if on_sqlite else 'EXPLAIN'} {statement}", parameters)
            steps.extend(row[3 if on_sqlite else 0].strip() for row in cursor.fetchall())

    event.listen(connection, "before_cursor_execute", explain)
    try:
        yield steps
    finally:
        event.remove(connection, "before_cursor_execute", explain)
