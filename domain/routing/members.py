"""What the choice of an agent looks at: the waiting item, and the members of its queue."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from domain.routing.capacity import NOTHING_USED, CapacityLimits, UsedCapacity
from domain.routing.demand import Demand
from domain.routing.presence import PresenceKind


@dataclass(frozen=True, slots=True)
class Member:
    """An agent in a queue. `ratings`: of their skills, by id.

    `last_assigned_at`: the last claim for them in this queue, answered or not; None: never. `freed_at`: when
    capacity of theirs was last released; None: never.
    """

    agent_id: str
    presence: PresenceKind
    limits: CapacityLimits
    used: UsedCapacity = NOTHING_USED
    sessions: int = 0
    ratings: Mapping[str, int] = field(default_factory=dict)
    last_assigned_at: datetime | None = None
    freed_at: datetime | None = None


class WishKind(StrEnum):
    """Why an item is meant for an agent: they had the conversation before, or the customer has them set."""

    AFFINITY = "affinity"
    PREFERRED = "preferred"


@dataclass(frozen=True, slots=True)
class Wish:
    """One agent whom an item is meant for."""

    agent_id: str
    kind: WishKind


@dataclass(frozen=True, slots=True)
class WorkItem:
    """A conversation that waits in a queue.

    `allowed`: the presences to which its workstream makes offers. `queue_priority`: smaller is served first;
    `priority`: greater. `age_at`: the message that opened this stay; later messages do not move it.
    `declines`: how often each agent declined it or let it time out, by agent id, in this conversation.
    `wishes` are in the order in which they are tried. Nobody else is tried until `reserved_until`, and never
    with `only_wishes`.
    """

    conversation_id: str
    demand: Demand
    age_at: datetime
    allowed: frozenset[PresenceKind] = frozenset({PresenceKind.AVAILABLE, PresenceKind.BUSY})
    queue_priority: int = 0
    priority: int = 0
    declines: Mapping[str, int] = field(default_factory=dict)
    wishes: tuple[Wish, ...] = ()
    reserved_until: datetime | None = None
    only_wishes: bool = False

    def declined_by(self, agent_id: str) -> int:
        """How often an agent declined it or let it time out."""
        return self.declines.get(agent_id, 0)

    def is_reserved(self, now: datetime) -> bool:
        """Whether only those of `wishes` may have it now. Over once all of them declined."""
        if all(self.declined_by(wish.agent_id) for wish in self.wishes):
            return False
        return self.only_wishes or (self.reserved_until is not None and now < self.reserved_until)
