"""Why a conversation is where it is: the queues that it was in, by which rules, and who may be offered it."""

from datetime import datetime
from typing import Any, Self

from pydantic import BaseModel
from sqlmodel import Session

from api.conversations.show_conversation import find_conversation
from api.http.dependencies import DatabaseDep
from api.http.fields import PathId
from api.http.problem_docs import problems
from api.security.guarded_route import api_router
from base import clock
from domain.routing.demand import SkillMatching
from domain.routing.eligibility import WhyNotAsked
from domain.routing.members import WishKind
from domain.routing.placement import StayEnd
from store.routing.routing_diagnosis import RoutingDiagnosis, WaitingNow, read_routing_diagnosis
from store.routing.slot_states import WorkItemState

router = api_router("conversations")


class StayView(BaseModel):
    """One time in a queue.

    `reason`: why the conversation came there. `diagnosis`: what the rules made of it, where it was routed:
    ids of rule sets and rules with their outcomes, never values. `agent_id`: who was offered it last, or took
    it. `end`: null while it lasts.
    """

    stay: int
    queue_id: str
    workstream_id: str | None
    priority: int
    reason: str
    entered_at: datetime
    accepted_at: datetime | None
    ended_at: datetime | None
    end: StayEnd | None
    agent_id: str | None
    diagnosis: dict[str, Any] | None


class NeededSkillView(BaseModel):
    """A skill that is asked for, with the least rating."""

    skill_id: str
    rating: int


class MeantForView(BaseModel):
    """An agent who comes before all others: the former one, or one whom the customer prefers."""

    agent_id: str
    kind: WishKind


class WaitingMemberView(BaseModel):
    """A member of the queue. `why_not`: why they are not offered it now; null for who may be.

    `declined`: how often they declined or missed it since it was routed.
    """

    agent_id: str
    why_not: WhyNotAsked | None
    declined: int


class WaitingView(BaseModel):
    """How it waits.

    `state`: `waiting` to be offered, `listed` to be picked, `claimed` for somebody who is about to be
    offered it, `parked`, as nobody is left who may be asked. `age_at`: since when the customer has waited.
    `is_open`: the queue has its hours. Until `reserved_until` only those of `meant_for` are offered it.
    """

    state: WorkItemState
    stay: int
    queue_id: str
    priority: int
    age_at: datetime
    is_open: bool
    skills: list[NeededSkillView]
    skill_matching: SkillMatching
    units: int
    capacity_profile_ids: list[str]
    reserved_until: datetime | None
    meant_for: list[MeantForView]
    members: list[WaitingMemberView]

    @classmethod
    def of(cls, waiting: WaitingNow) -> Self:
        """All of one moment."""
        item, demand = waiting.item, waiting.item.demand
        return cls(
            state=waiting.state,
            stay=waiting.stay,
            queue_id=demand.queue_id,
            priority=item.priority,
            age_at=item.age_at,
            is_open=waiting.is_open,
            skills=[NeededSkillView(skill_id=each.skill_id, rating=each.rating) for each in demand.skills],
            skill_matching=demand.skill_matching,
            units=demand.need.units,
            capacity_profile_ids=list(demand.need.profiles),
            reserved_until=item.reserved_until,
            meant_for=[MeantForView(agent_id=each.agent_id, kind=each.kind) for each in item.wishes],
            members=[
                WaitingMemberView(agent_id=agent_id, why_not=why_not, declined=item.declined_by(agent_id))
                for agent_id, why_not in waiting.members.items()
            ],
        )


class RoutingView(BaseModel):
    """Why a conversation is where it is. `stays`: the newest hundred, the oldest of them first.

    `waiting`: null unless it is open and in a queue.
    """

    conversation_id: str
    waiting: WaitingView | None
    stays: list[StayView]

    @classmethod
    def of(cls, conversation_id: str, found: RoutingDiagnosis) -> Self:
        """What the rows say."""
        return cls(
            conversation_id=conversation_id,
            waiting=WaitingView.of(found.waiting) if found.waiting else None,
            stays=[StayView.model_validate(each.model_dump()) for each in found.stays],
        )


@router.get("/v1/conversations/{conversation_id}/routing", responses=problems("not_found"))
async def get_routing(database: DatabaseDep, conversation_id: PathId) -> RoutingView:
    """Why it is in its queue, why nobody is offered it yet, and what became of earlier offers."""
    now = clock.now()

    def load(session: Session) -> RoutingView:
        find_conversation(session, conversation_id)
        return RoutingView.of(conversation_id, read_routing_diagnosis(session, conversation_id, now))

    return await database.read(load)
