"""What an agent has to do: what is offered to them, what they have, and what room is left."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from domain.conversations.lifecycle import Phase, Status
from store.routing.capacity import AgentCapacity, capacity_of
from store.routing.presence import state_of
from store.tables import AgentState, Conversation, Customer, Participant

_MINE = (Status.ACTIVE, Status.WAITING, Status.WRAP_UP)
MAX_LISTED = 500


@dataclass(frozen=True, slots=True)
class AgentWork:
    """All of it at one moment. `conversations`: each with its customer, those that are only offered first."""

    state: AgentState
    capacity: AgentCapacity
    offers: list[tuple[Conversation, Customer]]
    conversations: list[tuple[Conversation, Customer]]
    participations: Sequence[Participant]


def read_work(session: Session, agent_id: str, now: datetime) -> AgentWork:
    """Read it in five statements, the newest conversations where there are too many."""
    state = state_of(session, agent_id)
    mine = session.exec(
        select(Conversation, Customer)
        .join(Customer, col(Customer.id) == Conversation.customer_id)
        .where(
            Conversation.agent_id == agent_id,
            col(Conversation.status).in_([status.value for status in _MINE]),
        )
        .order_by(col(Conversation.status_changed_at).desc(), col(Conversation.id))
        .limit(MAX_LISTED)
    ).all()
    offered = [pair for pair in mine if pair[0].phase == Phase.AWAITING_ACCEPTANCE]
    participations = session.exec(
        select(Participant)
        .where(Participant.agent_id == agent_id, col(Participant.left_at).is_(None))
        .order_by(col(Participant.since), col(Participant.id))
        .limit(MAX_LISTED)
    ).all()
    had = [pair for pair in mine if pair[0].phase != Phase.AWAITING_ACCEPTANCE]
    return AgentWork(state, capacity_of(session, state, now), offered, had, participations)
