"""What work distribution keeps of agents as they are made and changed."""

from datetime import datetime

from sqlmodel import Session

from domain.routing.demand import DEFAULT_QUEUE_ID
from store.routing.agent_states import RoutingWrites, add_agent_state
from store.routing.members import (
    SERVING_ROLES,
    add_member,
    alarm_if_left,
    queues_of,
    remove_member,
)
from store.routing.presence import leave_at_once
from store.tables import Agent


def follow_change(
    session: Session, agent: Agent, former_role: str, writes: RoutingWrites, now: datetime
) -> None:
    """Do what a change of role or activity means.

    The default queue has agents and supervisors; other queues keep whom they were given. Who is deactivated
    is not there any more, and is a member again as soon as they are active again.
    """
    add_agent_state(session, agent.id, now)
    serves, served = agent.role in SERVING_ROLES, former_role in SERVING_ROLES
    if serves:
        add_member(session, DEFAULT_QUEUE_ID, agent.id, writes, now)
    elif served:
        remove_member(session, DEFAULT_QUEUE_ID, agent.id, writes, now)
    if not agent.active:
        leave_at_once(session, agent.id, writes, now)
        for queue_id in queues_of(session, agent.id):
            alarm_if_left(session, queue_id, writes, now)
