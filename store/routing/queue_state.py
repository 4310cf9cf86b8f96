"""How a queue stands now: what waits there, since when, and who is ready."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, func, select

from domain.routing.operating_hours import ALWAYS_OPEN
from domain.routing.presence import PresenceKind
from store.routing import queues
from store.routing.hours import read_hours
from store.routing.slot_states import WorkItemState
from store.tables import QueueMember, WorkItem

READY = frozenset({PresenceKind.AVAILABLE, PresenceKind.BUSY})
"""The presences in which an agent is offered work, unless a workstream has others."""
MAX_MEMBERS = 1000


@dataclass(frozen=True, slots=True)
class QueueState:
    """`counts`: work items by state. `oldest_at`: the age of the oldest that nobody has been offered.

    `members`: their presences and free units, by agent id, at most `MAX_MEMBERS`.
    """

    queue_id: str
    counts: dict[WorkItemState, int]
    oldest_at: datetime | None
    is_open: bool
    ready_agents: int
    members: dict[str, tuple[PresenceKind, int]]


def read_queue_state(
    session: Session, queue_id: str, now: datetime, *, served_by: str | None = None
) -> QueueState:
    """Read it in at most six statements; refused as `queues.get` refuses the queue."""
    queue = queues.get(session, queue_id, served_by=served_by)
    hours_id = queue.operating_hours_id
    hours = read_hours(session, [hours_id])[hours_id] if hours_id else ALWAYS_OPEN
    rows = session.exec(
        select(WorkItem.state, func.count(), func.min(col(WorkItem.age_at)))
        .where(WorkItem.queue_id == queue_id)
        .group_by(col(WorkItem.state))
    ).all()
    unoffered = [oldest for state, _, oldest in rows if state not in _NOT_WAITING]
    members = session.exec(
        select(QueueMember.agent_id, QueueMember.presence, QueueMember.free_units)
        .where(QueueMember.queue_id == queue_id)
        .order_by(col(QueueMember.agent_id))
    ).all()
    presences = {agent_id: (PresenceKind(presence), free) for agent_id, presence, free in members}
    return QueueState(
        queue_id,
        {WorkItemState(state): count for state, count, _ in rows},
        min(unoffered, default=None),
        hours.is_open(now),
        sum(presence in READY and free > 0 for presence, free in presences.values()),
        dict(list(presences.items())[:MAX_MEMBERS]),
    )


_NOT_WAITING = {WorkItemState.CLAIMED, WorkItemState.ENTERING}
