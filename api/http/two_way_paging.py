"""Lists that are read from either end: the oldest or the newest first, before, after or around an item.

`order` says which end comes first, and `next_cursor` goes on in that direction. `before` and `after` leave
out the item that they name and all beyond it; `around` gives one page with the item in its middle.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Depends, Query

from api.http.fields import Id
from api.http.paging import Cursor, CursorOf, CursorPage, Limit, Number
from api.http.problems import Problem
from store.db.ranges import Span, around

T = TypeVar("T")
Row = TypeVar("Row")
Place = TypeVar("Place", bound=tuple[Any, ...])
Item = TypeVar("Item", str, int)


class Order(StrEnum):
    """Which end of a list comes first."""

    OLDEST = "oldest"
    NEWEST = "newest"


_BEFORE = Query(description="Only what comes before this item, in the order of time.")
_AFTER = Query(description="Only what comes after this item, in the order of time.")
_AROUND = Query(
    description="One page with this item in its middle. Go on from its ends with `before` and `after`; "
    "not together with these or with a cursor."
)
Ordered = Annotated[Order, Query(description="Which end comes first; `next_cursor` goes on from there.")]
BeforeId = Annotated[Id | None, _BEFORE]
AfterId = Annotated[Id | None, _AFTER]
AroundId = Annotated[Id | None, _AROUND]
BeforeNumber = Annotated[Number | None, _BEFORE]
AfterNumber = Annotated[Number | None, _AFTER]
AroundNumber = Annotated[Number | None, _AROUND]


@dataclass(frozen=True, slots=True)
class RangeQuery(Generic[Item]):
    """The part of a list that a request asks for; raises the problem `invalid_request`."""

    order: Order
    before: Item | None
    after: Item | None
    around: Item | None
    cursor: str | None
    limit: int

    def __post_init__(self) -> None:
        """`around` stands alone."""
        if self.around is not None and not self.before is self.after is self.cursor is None:
            where = {"where": ["query", "around"], "type": "not_together"}
            text = "This cannot be asked for together with `before`, `after` or `cursor`."
            raise Problem("invalid_request", errors=[where | {"message": text}])


def range_by_id(default_limit: int) -> Any:
    """The query parameters of a list whose items are named by ids, as a dependency."""

    async def read(
        *,
        order: Ordered = Order.OLDEST,
        before: BeforeId = None,
        after: AfterId = None,
        around: AroundId = None,
        cursor: Cursor = None,
        limit: Limit = default_limit,
    ) -> RangeQuery[str]:
        return RangeQuery(order, before, after, around, cursor, limit)

    return Depends(read)


def range_by_number(default_limit: int) -> Any:
    """The query parameters of a list whose items are named by numbers, as a dependency."""

    async def read(
        *,
        order: Ordered = Order.OLDEST,
        before: BeforeNumber = None,
        after: AfterNumber = None,
        around: AroundNumber = None,
        cursor: Cursor = None,
        limit: Limit = default_limit,
    ) -> RangeQuery[int]:
        return RangeQuery(order, before, after, around, cursor, limit)

    return Depends(read)


class TwoWayList(Generic[Place]):
    """A list by its name and the shape of its places."""

    def __init__(self, name: str, place: type[Place]) -> None:
        self._cursors: Mapping[Order, CursorOf[Place]] = {
            order: CursorOf(f"{name}_{order.value}", place) for order in Order
        }

    def page(
        self,
        query: RangeQuery[Item],
        *,
        read: Callable[[Span[Place]], list[Row]],
        find: Callable[[Item], Row | None],
        place_of: Callable[[Row], Place],
        show: Callable[[list[Row]], list[T]],
    ) -> CursorPage[T]:
        """The page that is asked for; `find` gives the item that a request names, if it is in the list.

        Raises the problems `invalid_cursor` and `unknown_item`.
        """

        def place(item: Item | None) -> Place | None:
            return None if item is None else place_of(_found(find, item))

        newest_first = query.order is Order.NEWEST
        if query.around is not None:
            middle = _found(find, query.around)
            at = place_of(middle)
            rows, more = around(read, middle, at, limit=query.limit, newest_first=newest_first)
        else:
            cursor = self._cursors[query.order].read(query.cursor)
            before, after = place(query.before), place(query.after)
            if cursor is not None and newest_first:
                before = cursor
            elif cursor is not None:
                after = cursor
            found = read(Span(query.limit + 1, newest_first=newest_first, after=after, before=before))
            rows, more = found[: query.limit], len(found) > query.limit
        next_cursor = self._cursors[query.order].write(place_of(rows[-1])) if more else None
        return CursorPage(items=show(rows), next_cursor=next_cursor)


def _found(find: Callable[[Item], Row | None], item: Item) -> Row:
    row = find(item)
    if row is None:
        raise Problem("unknown_item")
    return row
