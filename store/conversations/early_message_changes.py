"""Edits, reactions and deletions that came before their messages, kept until those come."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import bindparam
from sqlmodel import Session, col

from store.db.sql import delete_rows, insert_or_ignore, table_of
from store.tables import EarlyChange

_TABLE = table_of(EarlyChange)
_OF_MIDS = (
    _TABLE.select().where(_TABLE.c.mid.in_(bindparam("mids", expanding=True))).order_by(_TABLE.c.inbox_id)
)


def keep(session: Session, changes: list[dict[str, Any]]) -> None:
    """Keep rows of changes; one that is kept already stays as it is."""
    insert_or_ignore(session, EarlyChange, changes)


def of_messages(session: Session, mids: Collection[tuple[str, str]]) -> list[dict[str, Any]]:
    """The rows for these messages, given by page id and mid, in the order in which they came."""
    if not mids:
        return []
    rows = session.connection().execute(_OF_MIDS, {"mids": [mid for _, mid in mids]})
    return [row._asdict() for row in rows if (row.page_id, row.mid) in mids]


def forget(session: Session, changes: list[dict[str, Any]]) -> None:
    """Delete rows whose changes are applied."""
    if changes:
        delete_rows(session, EarlyChange, col(EarlyChange.inbox_id).in_([row["inbox_id"] for row in changes]))
