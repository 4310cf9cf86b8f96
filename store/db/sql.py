"""The few statements that SQLite and PostgreSQL spell differently."""

import functools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Insert,
    SelectBase,
    SQLColumnExpression,
    Table,
    any_,
    delete,
    func,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import ReturningInsert
from sqlmodel import Session, SQLModel

FOR_NO_KEY_UPDATE: dict[str, Any] = {"key_share": True}
"""How a row is locked (`with_for_update`) whose key stays: rows that refer to it may be written meanwhile."""


def table_of(model: type[SQLModel]) -> Table:
    """The Core table behind a model, for statements that skip the unit of work."""
    table: Table = model.__table__  # type: ignore[attr-defined]  # SQLModel adds it for table=True
    return table


def is_postgres(session: Session) -> bool:
    """Whether the store is PostgreSQL; if not, it is SQLite."""
    return session.get_bind().dialect.name == "postgresql"


def among(session: Session, column: SQLColumnExpression[Any], few: SelectBase) -> ColumnElement[bool]:
    """Whether a column has one of the few values that a statement finds.

    PostgreSQL is made to find those first. It would join them, and where it misjudges how few they are, it
    reads whole tables before.
    """
    if is_postgres(session):
        return column == any_(func.array(few.scalar_subquery()))
    return column.in_(few)


@contextmanager
def planning_without(session: Session, *plans: str) -> Iterator[None]:
    """Keep PostgreSQL's planner from ways of reading (`seqscan`, `indexscan`, `bitmapscan`) for a statement.

    For what it cannot estimate. An error ends the transaction, and these settings with it.
    """
    for plan in plans:
        session.execute(text(f"SET LOCAL enable_{plan} = off"))
    yield
    for plan in plans:
        session.execute(text(f"SET LOCAL enable_{plan} TO DEFAULT"))


def take_turn(session: Session, key: str) -> None:
    """Let transactions with the same key come one after the other, from here to their ends.

    For what is counted before it is added to: on PostgreSQL two could count the same at once. SQLite has one
    writer at a time.
    """
    if is_postgres(session):
        session.connection().execute(_TAKE_TURN, {"key": key}).close()


_TAKE_TURN = text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))")


def ping(session: Session) -> None:
    """Have the database answer; raises what keeps it from that."""
    session.connection().execute(text("SELECT 1")).close()


def insert_or_ignore(session: Session, model: type[SQLModel], rows: list[dict[str, Any]]) -> None:
    """Insert rows; those whose unique key exists already are left as they are."""
    if rows:
        session.connection().execute(_insert_or_ignore(session.get_bind().dialect.name, model), rows)


@functools.cache
def _insert_or_ignore(dialect: str, model: type[SQLModel]) -> Insert:
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    return insert(table_of(model)).on_conflict_do_nothing()


def delete_rows(session: Session, model: type[SQLModel], *conditions: ColumnElement[bool]) -> int:
    """Delete the rows for which all conditions hold. Returns how many there were."""
    return session.connection().execute(delete(table_of(model)).where(*conditions)).rowcount


def row_of(model: type[SQLModel], **given: Any) -> dict[str, Any]:
    """A row with every column, for statements that skip the unit of work: what is not given is the default.

    Raises TypeError for a column that does not exist, or that has to be given and is not.
    """
    empty, required, factories = _empty_row(model)
    row = empty | given
    if len(row) > len(empty):
        raise TypeError(f"{model.__name__} has no {', '.join(sorted(given.keys() - empty.keys()))}.")
    if missing := required - given.keys():
        raise TypeError(f"{model.__name__} needs {', '.join(sorted(missing))}.")
    for name, make in factories.items():
        if name not in given:
            row[name] = make()
    return row


@functools.cache
def _empty_row(
    model: type[SQLModel],
) -> tuple[dict[str, Any], frozenset[str], dict[str, Callable[[], Any]]]:
    """Every column with its default, in order; those that must be given; what makes the mutable defaults."""
    fields = {column.name: model.model_fields[column.name] for column in table_of(model).columns}
    required = frozenset(name for name, field in fields.items() if field.is_required())
    factories: dict[str, Any] = {
        name: field.default_factory for name, field in fields.items() if field.default_factory is not None
    }
    constants = {
        name: None if name in required or name in factories else field.default
        for name, field in fields.items()
    }
    return constants, required, factories


def bulk_insert_detached(session: Session, objects: Sequence[SQLModel]) -> None:
    """Insert objects of one model past the session's unit of work, which costs several times as much.

    The session does not know them afterwards: what changes in them later is not written.
    """
    if objects:
        table = table_of(type(objects[0]))
        names = [column.name for column in table.columns]
        rows = [{name: getattr(each, name) for name in names} for each in objects]
        session.connection().execute(_insert(table), rows)


@functools.cache
def _insert(table: Table) -> Insert:
    return table.insert()


def insert_if_new(session: Session, model: type[SQLModel], row: dict[str, Any]) -> bool:
    """Insert one row unless its unique key exists already. Returns whether it was inserted."""
    statement = _insert_if_new(session.get_bind().dialect.name, model)
    return session.connection().execute(statement, row).first() is not None


@functools.cache
def _insert_if_new(dialect: str, model: type[SQLModel]) -> ReturningInsert[Any]:
    # The row count would not do: on PostgreSQL it is unknown where the key is returned anyway.
    return _insert_or_ignore(dialect, model).returning(*table_of(model).primary_key.columns)


def upsert(
    session: Session, model: type[SQLModel], row: dict[str, Any], *, newer_by: str | None = None
) -> None:
    """Insert a row or overwrite the one with its primary key, unless that one is newer by `newer_by`."""
    session.connection().execute(_upsert(session.get_bind().dialect.name, model, tuple(row), newer_by), row)


@functools.cache
def _upsert(dialect: str, model: type[SQLModel], names: tuple[str, ...], newer_by: str | None) -> Insert:
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    table = table_of(model)
    keys = [column.name for column in table.primary_key]
    statement = insert(table)
    changed = {name: statement.excluded[name] for name in names if name not in keys}
    newer = table.c[newer_by] <= statement.excluded[newer_by] if newer_by else None
    return statement.on_conflict_do_update(index_elements=keys, set_=changed, where=newer)
