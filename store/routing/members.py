"""Who serves a queue."""

from datetime import datetime

from sqlmodel import Session, col, func, select

from domain.events.kinds import FactKind
from domain.routing.demand import DEFAULT_QUEUE_ID
from store.db.sql import delete_rows, insert_or_ignore
from store.routing.agent_states import RoutingWrites, add_agent_state, refresh_agent
from store.routing.candidate_queues import has_agents
from store.routing.capacity import lock_agent_state
from store.routing.dispatch_marks import MarkKind
from store.routing.dispatch_settings import raise_settings_version
from store.routing.slot_states import WorkItemState
from store.tables import QueueMember, WorkItem

SERVING_ROLES = frozenset({"agent", "supervisor"})
"""Who is a member of the default queue. Administrators and machines are members where somebody adds them."""


def enrol_agent(session: Session, agent_id: str, role: str, writes: RoutingWrites, now: datetime) -> None:
    """Give a new agent what work distribution keeps of them, and a place in the default queue."""
    add_agent_state(session, agent_id, now)
    if role in SERVING_ROLES:
        add_member(session, DEFAULT_QUEUE_ID, agent_id, writes, now)


def add_member(session: Session, queue_id: str, agent_id: str, writes: RoutingWrites, now: datetime) -> None:
    """Have the agent serve the queue; what waits there is looked at again."""
    add_agent_state(session, agent_id, now)
    row = QueueMember(queue_id=queue_id, agent_id=agent_id, freed_at=now, last_assigned_at=now)
    insert_or_ignore(session, QueueMember, [row.model_dump()])
    raise_settings_version(session)
    _refresh(session, agent_id, writes, now)
    writes.marks.append((MarkKind.QUEUE, queue_id))


def remove_member(
    session: Session, queue_id: str, agent_id: str, writes: RoutingWrites, now: datetime
) -> None:
    """Have the agent serve the queue no more; what they have of it stays theirs."""
    delete_rows(
        session, QueueMember, col(QueueMember.queue_id) == queue_id, col(QueueMember.agent_id) == agent_id
    )
    raise_settings_version(session)
    # What others declined may be this agent's to decline no more.
    writes.marks.append((MarkKind.QUEUE, queue_id))
    alarm_if_left(session, queue_id, writes, now)


def alarm_if_left(session: Session, queue_id: str, writes: RoutingWrites, now: datetime) -> None:
    """Raise the alarm where work waits to be offered and no agent is left who serves the queue."""
    waiting = session.exec(
        select(func.count())
        .select_from(WorkItem)
        .where(
            WorkItem.queue_id == queue_id,
            col(WorkItem.state).in_((WorkItemState.WAITING, WorkItemState.PARKED)),
        )
    ).one()
    if waiting and not has_agents(session, queue_id):
        writes.note(FactKind.QUEUE_WITHOUT_AGENTS, now, {"queue_id": queue_id, "waiting": waiting})


def queues_of(session: Session, agent_id: str) -> list[str]:
    """The queues that the agent serves."""
    return list(
        session.exec(
            select(QueueMember.queue_id)
            .where(QueueMember.agent_id == agent_id)
            .order_by(col(QueueMember.queue_id))
        )
    )


def _refresh(session: Session, agent_id: str, writes: RoutingWrites, now: datetime) -> None:
    state = lock_agent_state(session, agent_id)
    if state is not None:
        refresh_agent(session, state, writes, now, freed=False, reason="queues_changed")
