"""The rule of `store.access.visibility` for many threads at once, asked in memory for many readers."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from domain.conversations.lifecycle import Status
from domain.routing.demand import DEFAULT_QUEUE_ID
from store.access.visibility import FORMER_AGENT_FOR, WAS_TAKEN_UP
from store.tables import AgentSession, Conversation, Participant, QueueMember


@dataclass(frozen=True, slots=True)
class Viewers:
    """Who sees something: the members of these queues, and these agents."""

    queue_ids: frozenset[str]
    agent_ids: frozenset[str]

    def include(self, agent_id: str, queue_ids: frozenset[str]) -> bool:
        """Whether an agent who serves these queues is among them."""
        return agent_id in self.agent_ids or not self.queue_ids.isdisjoint(queue_ids)

    def __or__(self, other: "Viewers") -> "Viewers":
        """Those of both."""
        return Viewers(self.queue_ids | other.queue_ids, self.agent_ids | other.agent_ids)


_OF_NO_CONVERSATION = Viewers(frozenset({DEFAULT_QUEUE_ID}), frozenset())


@dataclass(frozen=True, slots=True)
class ThreadViewers:
    """Who sees a thread, and whom its conversations are shown to besides."""

    of_thread: Viewers = _OF_NO_CONVERSATION
    of_conversations: Mapping[str, Viewers] = field(default_factory=dict)

    def of(self, conversation_id: str | None) -> Viewers:
        """Who sees what belongs to this conversation, or to none, of the thread."""
        its_own = self.of_conversations.get(conversation_id or "")
        return self.of_thread if its_own is None else self.of_thread | its_own


def viewers_of_threads(
    session: Session, customer_ids: Collection[str], at: datetime
) -> Mapping[str, ThreadViewers]:
    """Who sees the threads of these customers now."""
    if not customer_ids:
        return {}
    conversations = session.execute(
        select(
            col(Conversation.customer_id),
            col(Conversation.id),
            col(Conversation.queue_id),
            col(Conversation.agent_id),
            col(Conversation.status),
        )
        .where(col(Conversation.customer_id).in_(customer_ids))
        .order_by(col(Conversation.opened_at), col(Conversation.id))
    ).all()
    live = [each.id for each in conversations if each.status != Status.CLOSED]
    beside = _agents_beside(session, [each.id for each in conversations], live, at)
    own: dict[str, dict[str, Viewers]] = defaultdict(dict)
    for each in conversations:
        agents = beside[each.id] | ({each.agent_id} if each.agent_id else set())
        own[each.customer_id][each.id] = Viewers(
            frozenset({each.queue_id or DEFAULT_QUEUE_ID}), frozenset(agents)
        )
    latest = {each.customer_id: own[each.customer_id][each.id] for each in conversations}
    return {
        customer_id: ThreadViewers(latest[customer_id], own[customer_id])
        if customer_id in latest
        else ThreadViewers()
        for customer_id in customer_ids
    }


def queues_of_agents(session: Session, agent_ids: Iterable[str]) -> Mapping[str, frozenset[str]]:
    """The queues that each of these agents serves."""
    served: dict[str, set[str]] = defaultdict(set)
    rows = session.execute(
        select(col(QueueMember.agent_id), col(QueueMember.queue_id)).where(
            col(QueueMember.agent_id).in_(list(agent_ids))
        )
    )
    for agent_id, queue_id in rows:
        served[agent_id].add(queue_id)
    return {agent_id: frozenset(queue_ids) for agent_id, queue_ids in served.items()}


def _agents_beside(
    session: Session, conversation_ids: Collection[str], live: Collection[str], at: datetime
) -> Mapping[str, set[str]]:
    """Who takes part in each conversation, and, of those that live, who has lately had a session in it."""
    taking_part = select(col(Participant.conversation_id), col(Participant.agent_id)).where(
        col(Participant.conversation_id).in_(conversation_ids), col(Participant.left_at).is_(None)
    )
    serving = select(col(AgentSession.conversation_id), col(AgentSession.agent_id)).where(
        col(AgentSession.conversation_id).in_(live),
        col(AgentSession.agent_id).is_not(None),
        col(AgentSession.started_at) > at - FORMER_AGENT_FOR,
        *WAS_TAKEN_UP,
    )
    beside: dict[str, set[str]] = defaultdict(set)
    for conversation_id, agent_id in session.execute(taking_part.union_all(serving)):
        beside[conversation_id].add(agent_id)
    return beside
