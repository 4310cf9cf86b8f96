"""The health of a page and the state of its sending get tables of their own.

They change often and by themselves. As long as they were columns of the page, each send locked what people
set as well, and waited for whoever changed it.
"""

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

_Column = Callable[[str], sa.Column[Any]]


def _instant(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=True)


def _text(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.String(), nullable=True)


def _number(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Integer(), nullable=True)


def _json(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.JSON().with_variant(JSONB(), "postgresql"), nullable=False)


def _required_text(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.String(), nullable=False)


def _required_number(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Integer(), nullable=False)


_TABLES: dict[str, dict[str, _Column]] = {
    "page_health": {
        "problems": _json,
        "warnings": _json,
        "findings": _json,
        "checked_at": _instant,
        "token_expires_at": _instant,
        "token_refresh_due_at": _instant,
        "subscribed_at": _instant,
        "last_event_at": _instant,
        "last_messaging_at": _instant,
        "last_standby_at": _instant,
        "gap_since": _instant,
        "gap_read_until": _instant,
    },
    "page_send_state": {
        "send_gate": _required_text,
        "send_gate_reason": _text,
        "send_gate_until": _instant,
        "send_gate_generation": _required_number,
        "sends_next_at": _instant,
        "media_next_at": _instant,
        "reads_next_at": _instant,
        "slowed_until": _instant,
        "usage_percent": _number,
    },
}
# What a column that may not be empty holds until its value has been copied.
_EMPTY = {
    "problems": "[]",
    "warnings": "[]",
    "findings": "{}",
    "send_gate": "open",
    "send_gate_generation": "0",
}


def upgrade() -> None:
    """Make the tables, copy what the pages have, and drop it there."""
    for table, columns in _TABLES.items():
        op.create_table(
            table,
            sa.Column("page_id", sa.String(), nullable=False),
            *(make(name) for name, make in columns.items()),
            sa.ForeignKeyConstraint(["page_id"], ["page.page_id"], name=op.f(f"fk_{table}_page_id")),
            sa.PrimaryKeyConstraint("page_id", name=op.f(f"pk_{table}")),
        )
        names = ["page_id", *columns]
        op.execute(sa.insert(_named(table, names)).from_select(names, sa.select(_named("page", names))))
    for columns in _TABLES.values():
        for name in columns:
            op.drop_column("page", name)


def downgrade() -> None:
    """Copy everything back into the pages' own rows."""
    for table, columns in _TABLES.items():
        for name, make in columns.items():
            column = make(name)
            column.server_default = sa.DefaultClause(_EMPTY[name]) if name in _EMPTY else None
            op.add_column("page", column)
        page, source = _named("page", ["page_id", *columns]), _named(table, ["page_id", *columns])
        same_page = source.c.page_id == page.c.page_id
        op.execute(
            sa.update(page).values(
                {name: sa.select(source.c[name]).where(same_page).scalar_subquery() for name in columns}
            )
        )
    for table in reversed(_TABLES):
        op.drop_table(table)


def _named(table: str, names: list[str]) -> sa.TableClause:
    return sa.table(table, *(sa.column(name) for name in names))
