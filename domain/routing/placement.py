"""Where a conversation stands in work distribution, as its workflow has its rows written.

A placement is absolute: it says all that the rows are to hold, so that writing it again changes nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from domain.routing.capacity import HeldSlot, Origin
from domain.routing.demand import Demand
from domain.routing.members import Wish


class StayEnd(StrEnum):
    """What ended a stay in a queue."""

    ACCEPTED = "accepted"
    DECLINED = "declined"
    TIMED_OUT = "timed_out"
    AGENT_GONE = "agent_gone"
    WITHDRAWN = "withdrawn"
    TRANSFERRED = "transferred"
    OVERFLOWED = "overflowed"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class StayRecord:
    """One time of a conversation in a queue, as it now is.

    `number` counts from 1 and is never used again. `reason`: why it is in this queue. `agent_id`: who was
    offered it last, or took it. `end` None: it is not over. `diagnosis`: ids of rules and their outcomes,
    never values.
    """

    number: int
    queue_id: str
    workstream_id: str
    entered_at: datetime
    reason: str
    priority: int = 0
    agent_id: str | None = None
    accepted_at: datetime | None = None
    ended_at: datetime | None = None
    end: StayEnd | None = None
    diagnosis: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class WaitingPlace:
    """An Open conversation in its queue. `listed`: of a pick workstream, so that nobody is offered it.

    `age_at`: the message that opened this stay; the oldest goes first. `returns`: by agent, how often they
    were offered it and did not take it. `wishes`: for whom it is first, the best first; until
    `reserved_until`, if that is not over, it is offered to nobody else.
    """

    demand: Demand
    priority: int
    age_at: datetime
    listed: bool = False
    returns: Mapping[str, int] = field(default_factory=dict)
    wishes: tuple[Wish, ...] = ()
    reserved_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Placement:
    """A conversation's place in work distribution. `stay` 0: it has never been in a queue.

    `waiting`: while it is Open. `slot`: what it holds of an agent's capacity, and by which `origin`.
    `stays`: every stay that changed; where rows are repaired the present one, too.
    """

    conversation_id: str
    stay: int = 0
    queue_id: str | None = None
    waiting: WaitingPlace | None = None
    slot: HeldSlot | None = None
    origin: Origin = Origin.PUSH
    stays: tuple[StayRecord, ...] = ()
