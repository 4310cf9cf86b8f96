"""Who and what a person may give a conversation to."""

from sqlmodel import Session

from domain.routing.presence import PresenceKind
from store.db.refusals import RefusalReason, StoreRefusalError
from store.tables import Agent, AgentState, Queue

_NOT_THERE = frozenset({PresenceKind.OFFLINE})
_NOT_FOR_TRANSFERS = frozenset({PresenceKind.OFFLINE, PresenceKind.AWAY, PresenceKind.DO_NOT_DISTURB})


def require_available(session: Session, agent_id: str, *, transfer: bool) -> None:
    """Refuse an agent who is not there or, for transfers, does not want to be disturbed.

    Raises StoreRefusalError `agent_not_available`, with the agent's presence if there is one.
    """
    agent, state = session.get(Agent, agent_id), session.get(AgentState, agent_id)
    presence = PresenceKind(state.presence) if state is not None else None
    unwanted = _NOT_FOR_TRANSFERS if transfer else _NOT_THERE
    if agent is None or not agent.active or presence is None or presence in unwanted:
        raise StoreRefusalError(
            RefusalReason.AGENT_NOT_AVAILABLE,
            agent_id=agent_id,
            presence=presence.value if presence and agent is not None else None,
        )


def require_queue(session: Session, queue_id: str) -> None:
    """Refuse a queue that there is not: StoreRefusalError `unknown_queue`."""
    if session.get(Queue, queue_id) is None:
        raise StoreRefusalError(RefusalReason.UNKNOWN_QUEUE, queue_id=queue_id)
