"""Lists: `{items, next_cursor}`, and cursors that say where the next page begins.

A cursor is opaque to callers but no secret: a forged one begins elsewhere in what the caller may read anyway.
It is checked for its list and its shape.
"""

import base64
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Generic, Protocol, TypeVar

from fastapi import Query
from pydantic import BaseModel, Field, TypeAdapter
from starlette.requests import Request

from api.http.fields import Id, Text
from api.http.problems import Problem
from store.db.ranges import Span

T = TypeVar("T")
Row = TypeVar("Row")
Position = TypeVar("Position", bound=tuple[Any, ...])


class _HasId(Protocol):
    id: str


RowWithId = TypeVar("RowWithId", bound=_HasId)

MAX_LIMIT = 200
_MAX_CURSOR_LENGTH = 500

Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="The most items of one page.")]
Cursor = Annotated[
    Text | None, Query(max_length=_MAX_CURSOR_LENGTH, description="`next_cursor` of the page before.")
]
Ids = Annotated[
    list[Id] | None,
    Query(min_length=1, max_length=MAX_LIMIT, description="These alone, each id named once."),
]
Number = Annotated[int, Field(ge=0, lt=2**63)]


def refuse_others_than_ids(request: Request) -> None:
    """Refuse what was asked for together with `ids`, and ids that are named twice."""
    others = sorted({name for name in request.query_params if name != "ids"})
    ids = request.query_params.getlist("ids")
    if others or len(set(ids)) < len(ids):
        where = {"where": ["query", "ids"], "type": "not_together"}
        text = f"Not together with {others[0]}." if others else "An id is named twice."
        raise Problem("invalid_request", errors=[where | {"message": text}])


class CursorPage(BaseModel, Generic[T]):
    """One page of a list. `next_cursor` is null on the last."""

    items: list[T]
    next_cursor: str | None


class CursorOf(Generic[Position]):
    """The cursors of one list: its name, and the shape of the position of an item in its order."""

    def __init__(self, name: str, position: type[Position]) -> None:
        self._shape = TypeAdapter(tuple[str, position])  # type: ignore[valid-type]  # a type as a value
        self._name = name

    def read(self, cursor: str | None) -> Position | None:
        """The position that a cursor names; raises the problem `invalid_cursor`."""
        if cursor is None:
            return None
        try:
            raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
            name, position = self._shape.validate_json(raw, strict=True)
        except ValueError as error:
            raise Problem("invalid_cursor") from error
        if name != self._name:
            raise Problem("invalid_cursor")
        return position

    def page(
        self,
        found: Sequence[Row],
        limit: int,
        show: Callable[[Row], T],
        position_of: Callable[[Row], Position],
    ) -> CursorPage[T]:
        """The page of what was found, when one more than `limit` was asked for."""
        shown = found[:limit]
        next_cursor = self.write(position_of(shown[-1])) if len(found) > limit else None
        return CursorPage(items=[show(row) for row in shown], next_cursor=next_cursor)

    def write(self, position: Position) -> str:
        """The cursor that names a position."""
        return base64.urlsafe_b64encode(self._shape.dump_json((self._name, position))).decode().rstrip("=")


class BothWaysPage(CursorPage[T]):
    """One page of a list that goes on in both directions. `previous_cursor` is null on the first."""

    previous_cursor: str | None


class BothWaysList(Generic[Position]):
    """A list by its name and the shape of its places, whose cursors go on from either end of a page.

    `newest_first`: whether it begins with the highest place.
    """

    def __init__(self, name: str, position: type[Position], *, newest_first: bool) -> None:
        shape: Any = tuple[bool, position]  # type: ignore[valid-type]  # a type as a value
        self._cursors = CursorOf[tuple[bool, Position]](name, shape)
        self._newest_first = newest_first

    def page(
        self,
        cursor: str | None,
        limit: int,
        *,
        read: Callable[[Span[Position]], Sequence[Row]],
        place_of: Callable[[Row], Position],
        show: Callable[[Row], T],
    ) -> BothWaysPage[T]:
        """The page that a cursor names, the first without one; raises the problem `invalid_cursor`."""
        backwards, place = self._cursors.read(cursor) or (False, None)
        highest_first = self._newest_first is not backwards
        span = Span(
            limit + 1,
            newest_first=highest_first,
            before=place if highest_first else None,
            after=None if highest_first else place,
        )
        found = read(span)
        rows, more = found[:limit], len(found) > limit
        if backwards:
            rows = rows[::-1]
        goes_on, comes_from = (True, more) if backwards else (more, place is not None)
        return BothWaysPage(
            items=[show(row) for row in rows],
            next_cursor=self._cursors.write((False, place_of(rows[-1]))) if rows and goes_on else None,
            previous_cursor=self._cursors.write((True, place_of(rows[0]))) if rows and comes_from else None,
        )


class CursorById:
    """The cursors of a list in the order of ids."""

    def __init__(self, name: str) -> None:
        self._cursors = CursorOf(name, tuple[Id])

    def read(self, cursor: str | None) -> str | None:
        """The id after which the page begins; raises the problem `invalid_cursor`."""
        position = self._cursors.read(cursor)
        return position[0] if position else None

    def page(self, found: Sequence[RowWithId], limit: int, show: Callable[[RowWithId], T]) -> CursorPage[T]:
        """The page of what was found, when one more than `limit` was asked for."""
        return self._cursors.page(found, limit, show, lambda row: (row.id,))
