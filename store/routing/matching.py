"""The work items that a dispatcher looks at: what a mark names, and what comes next for an agent.

Nothing here reads more of the backlog than it gives back.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Row, Select, and_, bindparam, or_, select, true, update
from sqlmodel import Session

from domain.routing.members import Wish, WishKind, WorkItem
from store.db.sql import table_of
from store.routing.dispatch_settings import DispatchSettings, demand_from_row
from store.routing.slot_states import WorkItemState, item_waits
from store.tables import Demand, WorkItemReturn, WorkItemWish
from store.tables import WorkItem as WorkItemRow

RETURNED_AT_ONCE = 100
"""How many items that nobody took are looked at again when a member of their queue comes or goes."""

PULLABLE_AT_ONCE = 200
"""Who pulls is given one of so many."""
PULLABLE_STATES = (WorkItemState.WAITING, WorkItemState.LISTED, WorkItemState.PARKED)

_ITEM, _DEMAND = table_of(WorkItemRow), table_of(Demand)
_RETURN, _WISH = table_of(WorkItemReturn), table_of(WorkItemWish)
_ORDER = (-_ITEM.c.priority, _ITEM.c.age_at, _ITEM.c.conversation_id)


def _read(*conditions: Any, state: ColumnElement[bool] | None = None) -> Select[Any]:
    """The items of these conditions that wait to be offered, or are in another `state`."""
    return (
        select(
            _ITEM.c.conversation_id,
            _ITEM.c.stay,
            _ITEM.c.queue_id,
            _ITEM.c.priority,
            _ITEM.c.age_at,
            _ITEM.c.returns,
            _ITEM.c.wishes,
            _ITEM.c.reserved_until,
            _DEMAND.c.workstream_id,
            _DEMAND.c.skills,
            _DEMAND.c.skill_matching,
            _DEMAND.c.units,
            _DEMAND.c.capacity_profiles,
        )
        .join(_DEMAND, _DEMAND.c.id == _ITEM.c.demand_id)
        .where(item_waits() if state is None else state, *conditions)
    )


_OTHER = table_of(WorkItemRow).alias("other")
_FIRST_OF_DEMAND = (
    select(_OTHER.c.conversation_id)
    .where(
        _OTHER.c.demand_id == _DEMAND.c.id,
        item_waits(_OTHER),
        _OTHER.c.returns == 0,
        or_(_OTHER.c.reserved_until.is_(None), _OTHER.c.reserved_until <= bindparam("now")),
    )
    .order_by(-_OTHER.c.priority, _OTHER.c.age_at, _OTHER.c.conversation_id)
    .limit(1)
    .correlate(_DEMAND)
    .scalar_subquery()
)
_OF_QUEUES: BindParameter[Any] = bindparam("queues", expanding=True)
_FIRST = _read(_DEMAND.c.queue_id.in_(_OF_QUEUES), _ITEM.c.conversation_id == _FIRST_OF_DEMAND)
_RETURNED = (
    _read(_ITEM.c.queue_id.in_(_OF_QUEUES), _ITEM.c.returns > 0).order_by(*_ORDER).limit(RETURNED_AT_ONCE)
)
_NAMED = _read(_ITEM.c.conversation_id.in_(bindparam("ids", expanding=True)))
_ANY = _read(_ITEM.c.conversation_id == bindparam("id"), state=true())
_MEANT = _read(
    _ITEM.c.conversation_id.in_(select(_WISH.c.conversation_id).where(_WISH.c.agent_id == bindparam("agent")))
)

_PULLABLE = (
    _read(_ITEM.c.queue_id == bindparam("queue"), state=_ITEM.c.state.in_(PULLABLE_STATES))
    .order_by(*_ORDER)
    .limit(PULLABLE_AT_ONCE)
)


@dataclass(frozen=True, slots=True)
class QueuedItem:
    """A work item, and the stay that it waits in."""

    item: WorkItem
    stay: int


def waiting_items(
    session: Session, conversation_ids: Collection[str], settings: DispatchSettings
) -> list[QueuedItem]:
    """Those of the conversations that wait to be offered."""
    return _items(session, _NAMED, {"ids": list(conversation_ids)}, settings)


def item_in_any_state(
    session: Session, conversation_id: str, settings: DispatchSettings
) -> QueuedItem | None:
    """The conversation's item, whether it waits, is listed, parked or being offered."""
    found = _items(session, _ANY, {"id": conversation_id}, settings)
    return found[0] if found else None


def first_of_each_demand(
    session: Session, queue_ids: Collection[str], settings: DispatchSettings, now: datetime
) -> list[QueuedItem]:
    """The next item of each demand of the queues that nobody has declined and that is kept for nobody."""
    return _items(session, _FIRST, {"queues": list(queue_ids), "now": now}, settings)


def returned_items(
    session: Session, queue_ids: Collection[str], settings: DispatchSettings
) -> list[QueuedItem]:
    """The next items of the queues that came back because nobody took them."""
    return _items(session, _RETURNED, {"queues": list(queue_ids)}, settings)


def items_meant_for(session: Session, agent_id: str, settings: DispatchSettings) -> list[QueuedItem]:
    """Items that wait for this agent first."""
    return _items(session, _MEANT, {"agent": agent_id}, settings)


def pullable_items(session: Session, queue_id: str, settings: DispatchSettings) -> list[QueuedItem]:
    """The first items of a queue that people may take: those that are never offered among them."""
    return _items(session, _PULLABLE, {"queue": queue_id}, settings)


def park(session: Session, conversation_id: str) -> None:
    """Offer it to nobody any more, until its queue changes; it can be picked and assigned."""
    waits = and_(_ITEM.c.conversation_id == conversation_id, item_waits())
    _set_state(session, WorkItemState.PARKED, waits)


def unpark(session: Session, queue_id: str) -> None:
    """Have what is parked in the queue wait again."""
    parked = and_(_ITEM.c.queue_id == queue_id, _ITEM.c.state == WorkItemState.PARKED.value)
    _set_state(session, WorkItemState.WAITING, parked)


def _set_state(session: Session, state: WorkItemState, which: Any) -> None:
    session.connection().execute(update(_ITEM).where(which).values(state=state.value))


def _items(
    session: Session, statement: Select[Any], values: dict[str, Any], settings: DispatchSettings
) -> list[QueuedItem]:
    rows = session.connection().execute(statement, values).all()
    declines = _declines(session, [row.conversation_id for row in rows if row.returns])
    wishes = _wishes(session, [row.conversation_id for row in rows if row.wishes])
    return [_item(row, settings, declines, wishes) for row in rows]


def _item(
    row: Row[Any],
    settings: DispatchSettings,
    declines: dict[str, dict[str, int]],
    wishes: dict[str, tuple[Wish, ...]],
) -> QueuedItem:
    workstream = settings.workstreams[row.workstream_id]
    meant_for = wishes.get(row.conversation_id, ())
    preferred = any(wish.kind is WishKind.PREFERRED for wish in meant_for)
    item = WorkItem(
        row.conversation_id,
        demand_from_row(row),
        row.age_at,
        workstream.allowed,
        settings.queues[row.queue_id].priority,
        row.priority,
        declines.get(row.conversation_id, {}),
        meant_for,
        row.reserved_until,
        only_wishes=preferred and workstream.only_wishes,
    )
    return QueuedItem(item, row.stay)


def _declines(session: Session, conversation_ids: Sequence[str]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    if conversation_ids:
        columns = (_RETURN.c.conversation_id, _RETURN.c.agent_id, _RETURN.c["count"])
        of_these = select(*columns).where(_RETURN.c.conversation_id.in_(conversation_ids))
        for conversation_id, agent_id, count in session.connection().execute(of_these):
            found.setdefault(conversation_id, {})[agent_id] = count
    return found


def _wishes(session: Session, conversation_ids: Sequence[str]) -> dict[str, tuple[Wish, ...]]:
    found: dict[str, tuple[Wish, ...]] = {}
    if conversation_ids:
        of_these = select(_WISH).where(_WISH.c.conversation_id.in_(conversation_ids))
        for row in session.connection().execute(of_these.order_by(_WISH.c.rank)):
            wish = Wish(row.agent_id, WishKind(row.kind))
            found[row.conversation_id] = (*found.get(row.conversation_id, ()), wish)
    return found
