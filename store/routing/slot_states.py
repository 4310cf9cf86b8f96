"""Where a slot stands, and where a work item stands."""

from enum import StrEnum

from sqlalchemy import ColumnElement, FromClause, literal_column
from sqlmodel import col

from store.db.sql import table_of
from store.tables import Slot, WorkItem


class SlotState(StrEnum):
    """CLAIMED: taken, and the conversation's workflow has not confirmed it yet."""

    CLAIMED = "claimed"
    HELD = "held"
    RELEASED = "released"


class WorkItemState(StrEnum):
    """ENTERING: on its way into a queue that has a limit. LISTED: picked or pulled, never offered.

    PARKED: everybody was asked; picking and assigning remain.
    """

    ENTERING = "entering"
    WAITING = "waiting"
    LISTED = "listed"
    CLAIMED = "claimed"
    PARKED = "parked"


# Written into the statements, for a database uses an index of some rows only where it can read which.
_RELEASED: ColumnElement[str] = literal_column(f"'{SlotState.RELEASED}'")
_CLAIMED: ColumnElement[str] = literal_column(f"'{SlotState.CLAIMED}'")
_WAITING: ColumnElement[str] = literal_column(f"'{WorkItemState.WAITING}'")


def slot_is_live() -> ColumnElement[bool]:
    """Claimed or held."""
    return col(Slot.state) != _RELEASED


def slot_is_claimed() -> ColumnElement[bool]:
    """Not confirmed by its conversation's workflow."""
    return col(Slot.state) == _CLAIMED


def item_waits(table: FromClause | None = None) -> ColumnElement[bool]:
    """To be offered to somebody. `table`: an alias of the work items."""
    items = table_of(WorkItem) if table is None else table
    return items.c.state == _WAITING
