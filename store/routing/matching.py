"""What a dispatcher looks at: the members of a queue, and the work items that come next."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import ColumnElement, or_, update
from sqlmodel import Session, col, select

from domain.routing.capacity import CapacityLimits, UsedCapacity
from domain.routing.members import Member, Wish, WishKind, WorkItem
from domain.routing.presence import PresenceKind
from store.db.sql import table_of
from store.routing.capacity import capacity_of
from store.routing.distribution_settings import DistributionSettings, demand_from_row
from store.routing.slot_states import WorkItemState, item_waits
from store.tables import AgentState, QueueMember, WorkItemReturn, WorkItemWish
from store.tables import Demand as DemandRow
from store.tables import WorkItem as WorkItemRow

RETURNED_AT_ONCE = 100
"""How many items that nobody took are looked at again when a member of their queue comes or goes."""

_ITEM = table_of(WorkItemRow)


@dataclass(frozen=True, slots=True)
class QueuedItem:
    """A work item, and the stay that it waits in."""

    item: WorkItem
    stay: int


def members_of(
    session: Session, queue_id: str, settings: DistributionSettings, now: datetime
) -> list[Member]:
    """Everybody who serves the queue, as they now are."""
    rows = session.exec(
        select(QueueMember, AgentState)
        .join(AgentState, col(AgentState.agent_id) == QueueMember.agent_id)
        .where(QueueMember.queue_id == queue_id)
        .order_by(col(QueueMember.agent_id))
    ).all()
    return [
        _with_state(
            session,
            Member(
                row.agent_id,
                PresenceKind.OFFLINE,
                CapacityLimits(),
                ratings=settings.ratings.get(row.agent_id, {}),
                last_assigned_at=row.last_assigned_at,
            ),
            state,
            settings,
            now,
        )
        for row, state in rows
    ]


def member_now(session: Session, member: Member, settings: DistributionSettings, now: datetime) -> Member:
    """The same member after something of theirs was written in this transaction."""
    state = session.get_one(AgentState, member.agent_id)
    return _with_state(session, member, state, settings, now)


def _with_state(
    session: Session, member: Member, state: AgentState, settings: DistributionSettings, now: datetime
) -> Member:
    profiles = settings.profiles.get(state.agent_id, ())
    used = UsedCapacity(units=state.used_units, live=state.sessions)
    if profiles:  # no row has the sums by profile
        used = capacity_of(session, state, now).used
    return replace(
        member,
        presence=PresenceKind(state.presence),
        limits=CapacityLimits(state.limit_units, profiles),
        used=used,
        sessions=state.sessions,
        freed_at=state.freed_at,
    )


def queues_of_agent(session: Session, agent_id: str) -> list[str]:
    """The queues that the agent serves."""
    return list(
        session.exec(
            select(QueueMember.queue_id)
            .where(QueueMember.agent_id == agent_id)
            .order_by(col(QueueMember.queue_id))
        )
    )


def waiting_items(
    session: Session, conversation_ids: Collection[str], settings: DistributionSettings
) -> list[QueuedItem]:
    """Those of the conversations that wait to be offered."""
    return _items(session, [col(WorkItemRow.conversation_id).in_(list(conversation_ids))], settings)


def first_of_each_demand(
    session: Session, queue_id: str, settings: DistributionSettings, now: datetime
) -> list[QueuedItem]:
    """The next item of each demand of a queue that nobody has declined and that is kept for nobody."""
    demands = session.exec(select(DemandRow.id).where(DemandRow.queue_id == queue_id)).all()
    found: list[QueuedItem] = []
    for demand_id in demands:
        free = or_(col(WorkItemRow.reserved_until).is_(None), col(WorkItemRow.reserved_until) <= now)
        conditions = [col(WorkItemRow.demand_id) == demand_id, col(WorkItemRow.returns) == 0, free]
        found += _items(session, conditions, settings, limit=1)
    return found


def returned_items(session: Session, queue_id: str, settings: DistributionSettings) -> list[QueuedItem]:
    """The oldest items of a queue that came back because nobody took them."""
    conditions = [col(WorkItemRow.queue_id) == queue_id, col(WorkItemRow.returns) > 0]
    return _items(session, conditions, settings, limit=RETURNED_AT_ONCE)


def items_meant_for(session: Session, agent_id: str, settings: DistributionSettings) -> list[QueuedItem]:
    """Items that wait for this agent first."""
    own = select(WorkItemWish.conversation_id).where(WorkItemWish.agent_id == agent_id)
    return _items(session, [col(WorkItemRow.conversation_id).in_(own)], settings)


def _items(
    session: Session,
    conditions: Iterable[ColumnElement[bool]],
    settings: DistributionSettings,
    limit: int | None = None,
) -> list[QueuedItem]:
    rows = session.exec(
        select(WorkItemRow, DemandRow)
        .join(DemandRow, col(DemandRow.id) == WorkItemRow.demand_id)
        .where(item_waits(), *conditions)
        .order_by(-col(WorkItemRow.priority), col(WorkItemRow.age_at), col(WorkItemRow.conversation_id))
        .limit(limit)
    ).all()
    returned = [item.conversation_id for item, _ in rows if item.returns]
    meant = [item.conversation_id for item, _ in rows if item.wishes]
    declines, wishes = _declines(session, returned), _wishes(session, meant)
    return [
        QueuedItem(
            _item(
                item, demand, settings, declines.get(item.conversation_id), wishes.get(item.conversation_id)
            ),
            item.stay,
        )
        for item, demand in rows
    ]


def _item(
    row: WorkItemRow,
    demand: DemandRow,
    settings: DistributionSettings,
    declines: dict[str, int] | None,
    wishes: tuple[Wish, ...] | None,
) -> WorkItem:
    workstream = settings.workstreams[demand.workstream_id]
    preferred = any(wish.kind is WishKind.PREFERRED for wish in wishes or ())
    return WorkItem(
        row.conversation_id,
        demand_from_row(demand),
        row.age_at,
        workstream.allowed,
        settings.queues[row.queue_id].priority,
        row.priority,
        declines or {},
        wishes or (),
        row.reserved_until,
        only_wishes=preferred and workstream.only_wishes,
    )


def _declines(session: Session, conversation_ids: list[str]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    if conversation_ids:
        of_these = col(WorkItemReturn.conversation_id).in_(conversation_ids)
        for row in session.exec(select(WorkItemReturn).where(of_these)):
            found.setdefault(row.conversation_id, {})[row.agent_id] = row.count
    return found


def _wishes(session: Session, conversation_ids: list[str]) -> dict[str, tuple[Wish, ...]]:
    found: dict[str, tuple[Wish, ...]] = {}
    if conversation_ids:
        of_these = col(WorkItemWish.conversation_id).in_(conversation_ids)
        for row in session.exec(select(WorkItemWish).where(of_these).order_by(col(WorkItemWish.rank))):
            wish = Wish(row.agent_id, WishKind(row.kind))
            found[row.conversation_id] = (*found.get(row.conversation_id, ()), wish)
    return found


def park(session: Session, conversation_id: str) -> None:
    """Offer it to nobody any more, until its queue changes; it can be picked and assigned."""
    _set_state(session, WorkItemState.PARKED, [_ITEM.c.conversation_id == conversation_id, item_waits()])


def unpark(session: Session, queue_id: str) -> None:
    """Have what is parked in the queue wait again."""
    parked = _ITEM.c.state == WorkItemState.PARKED.value
    _set_state(session, WorkItemState.WAITING, [_ITEM.c.queue_id == queue_id, parked])


def _set_state(session: Session, state: WorkItemState, conditions: Iterable[ColumnElement[bool]]) -> None:
    session.connection().execute(update(_ITEM).where(*conditions).values(state=state.value))
