"""Why a conversation is where it is: its stays, and whom it may be offered to while it waits."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from domain.routing.eligibility import WhyNotAsked, why_not_asked
from domain.routing.members import WorkItem
from store.routing.dispatch_settings import read_dispatch_settings
from store.routing.matching import item_in_any_state
from store.routing.ready_members import members_of
from store.routing.slot_states import WorkItemState
from store.tables import QueueStay
from store.tables import WorkItem as WorkItemRow

MAX_STAYS = 100
"""The newest that are told."""


@dataclass(frozen=True, slots=True)
class WaitingNow:
    """An Open conversation in its queue. `is_open`: the queue has its hours.

    `members`: everybody who serves the queue, with the reason for which they are not offered it; None for who
    may be.
    """

    item: WorkItem
    state: WorkItemState
    stay: int
    is_open: bool
    members: dict[str, WhyNotAsked | None]


@dataclass(frozen=True, slots=True)
class RoutingDiagnosis:
    """`stays`: the oldest first. `waiting`: None for what is not Open, or not routed yet."""

    stays: Sequence[QueueStay]
    waiting: WaitingNow | None


def read_routing_diagnosis(session: Session, conversation_id: str, now: datetime) -> RoutingDiagnosis:
    """All of it, as of one moment."""
    stays = session.exec(
        select(QueueStay)
        .where(QueueStay.conversation_id == conversation_id)
        .order_by(col(QueueStay.stay).desc())
        .limit(MAX_STAYS)
    ).all()
    row = session.get(WorkItemRow, conversation_id)
    waits = row is not None and row.demand_id is not None
    waiting = _waiting(session, row, now) if row is not None and waits else None
    return RoutingDiagnosis(stays[::-1], waiting)


def _waiting(session: Session, row: WorkItemRow, now: datetime) -> WaitingNow | None:
    settings = read_dispatch_settings(session)
    queued = item_in_any_state(session, row.conversation_id, settings)
    if queued is None:
        return None
    queue = settings.queues[row.queue_id]
    members = members_of(session, queue.id, settings, now)
    return WaitingNow(
        queued.item,
        WorkItemState(row.state),
        queued.stay,
        queue.hours.is_open(now),
        {each.agent_id: why_not_asked(queued.item, each, members, queue.assignment, now) for each in members},
    )
