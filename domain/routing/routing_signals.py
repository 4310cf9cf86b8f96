"""What a conversation is told by work distribution."""

from dataclasses import dataclass
from datetime import datetime

from domain.routing.capacity import Origin
from domain.routing.offers import CLAIM_VALID_FOR


@dataclass(frozen=True, slots=True)
class OfferMade:
    """A claim: this agent's capacity is held for the conversation, for one stay in one queue.

    It counts while that conversation is Open in that stay and `valid_until` has not come. Told again, it
    changes nothing.
    """

    offer_id: str
    conversation_id: str
    agent_id: str
    stay: int
    queue_id: str
    origin: Origin
    valid_until: datetime

    @property
    def claimed_at(self) -> datetime:
        """When the agent's capacity was taken for it."""
        return self.valid_until - CLAIM_VALID_FOR


@dataclass(frozen=True, slots=True)
class QueueDeleted:
    """The queue in which a conversation was to wait was deleted meanwhile; nothing was written."""

    queue_id: str


@dataclass(frozen=True, slots=True)
class AgentGone:
    """An agent is not connected any more, since `since`.

    `final`: they did not come back in time, or were deactivated; before that only offers to them end.
    """

    agent_id: str
    since: datetime
    final: bool = False


RoutingSignal = OfferMade | AgentGone
"""What a conversation takes in the order in which it comes."""
