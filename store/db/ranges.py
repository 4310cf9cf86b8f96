"""Parts of ordered lists, read in order from an index, from either end.

A place in a list is the value of its key there: the columns that it is sorted by, with a unique one last.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Select, SQLColumnExpression, select, tuple_, union

# Columns of tables and expressions have no type in common that tells of theirs.
Key = Sequence[Any]
Place = TypeVar("Place", bound=tuple[Any, ...])
Row = TypeVar("Row")
Statement = TypeVar("Statement", bound=Select[*tuple[Any, ...]])


@dataclass(frozen=True, slots=True)
class Span(Generic[Place]):
    """Which part of a list is read, from which end: at most `limit` of what lies between two places."""

    limit: int
    newest_first: bool = False
    after: Place | None = None
    before: Place | None = None


def cut(statement: Statement, key: Key, span: Span[Any]) -> Statement:
    """The part of what a statement finds, in order."""
    whole = tuple_(*key) if len(key) > 1 else key[0]
    # SQLite finds the place in an index by the first column of the key alone.
    if span.after is not None:
        statement = statement.where(key[0] >= span.after[0], whole > _value(span.after, key))
    if span.before is not None:
        statement = statement.where(key[0] <= span.before[0], whole < _value(span.before, key))
    return statement.order_by(*(each.desc() if span.newest_first else each for each in key)).limit(span.limit)


def merged(ranges: Sequence[Sequence[ColumnElement[bool]]], key: Key, span: Span[Any]) -> Select[Any]:
    """The last columns of the keys that are in any of several ranges, in order.

    A range is given by its conditions, and is read in order from an index of its own; what is in two of them
    is found once. Asked at once, with OR or IN, a database would read and sort all that is in them.
    """
    parts = [cut(select(*key).where(*conditions), key, span).subquery() for conditions in ranges]
    names = [f"key_{number}" for number in range(len(key))]
    labelled = [
        select(*(column.label(name) for column, name in zip(part.c, names, strict=True))) for part in parts
    ]
    both = union(*labelled).subquery() if len(labelled) > 1 else labelled[0].subquery()
    columns = [both.c[name] for name in names]
    ordered = select(columns[-1]).order_by(*(each.desc() if span.newest_first else each for each in columns))
    return ordered.limit(span.limit)


def unindexed(column: SQLColumnExpression[Any]) -> ColumnElement[str]:
    """The column, such that its index is not used: a narrower one is to be."""
    hidden: ColumnElement[str] = column.concat("")
    return hidden


def around(
    read: Callable[[Span[Place]], list[Row]], middle: Row, at: Place, *, limit: int, newest_first: bool
) -> tuple[list[Row], bool]:
    """`limit` rows with `middle`, which stands at `at`, among them, and whether there are more after them."""
    half = limit // 2
    newer = read(Span(half + 1, after=at))
    older = read(Span(limit - half, newest_first=True, before=at))
    shown_newer, shown_older = newer[:half], older[: limit - half - 1]
    rows = [*reversed(shown_older), middle, *shown_newer]
    if newest_first:
        return rows[::-1], len(older) > len(shown_older)
    return rows, len(newer) > len(shown_newer)


def _value(place: tuple[Any, ...], key: Key) -> Any:
    """The place, typed as the columns that it is compared with."""
    return tuple_(*place, types=[column.type for column in key]) if len(key) > 1 else place[0]
