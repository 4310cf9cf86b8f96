"""`/v1/me/work`: what one has to do; and pulling the next conversation of a queue."""

from datetime import datetime
from typing import Self

from fastapi import Response
from pydantic import BaseModel
from sqlmodel import Session

from api.http.dependencies import DatabaseDep
from api.http.fields import OptionalIdempotencyKey, PathId
from api.http.problem_docs import problems
from api.http.problems import Problem
from api.schemas.presence_views import PresenceView
from api.schemas.views import CustomerBrief
from api.security.auth import Caller
from api.security.guarded_route import api_router
from base import clock
from base.ids import id_from_key, new_id
from domain.conversations.lifecycle import Phase, Status
from domain.conversations.state import ParticipantMode
from store.routing import queues
from store.routing.agent_work import AgentWork, read_work
from store.routing.capacity import AgentCapacity
from store.routing.claims import ClaimRefusal
from store.routing.pull_next import is_full, pull, pull_candidates, why_no_pull
from store.routing.transactions import with_routing_writes
from store.tables import Conversation, Customer

router = api_router("presence")


class WorkConversationView(BaseModel):
    """A conversation that one has, or that is offered: `offer_id` names the offer, until `expires_at`."""

    id: str
    page_id: str
    customer: CustomerBrief
    queue_id: str | None
    status: Status
    phase: Phase | None
    session_id: str | None
    offer_id: str | None
    expires_at: datetime | None
    last_message_at: datetime | None
    version: int

    @classmethod
    def of(cls, row: Conversation, customer: Customer) -> Self:
        """What the rows say."""
        return cls(
            id=row.id,
            page_id=row.page_id,
            customer=CustomerBrief(id=customer.id, psid=customer.psid, name=customer.name),
            queue_id=row.queue_id,
            status=Status(row.status),
            phase=Phase(row.phase) if row.phase is not None else None,
            session_id=row.session_id,
            offer_id=row.session_id if row.phase == Phase.AWAITING_ACCEPTANCE else None,
            expires_at=row.offer_expires_at,
            last_message_at=row.last_message_at,
            version=row.version,
        )


class ProfileUseView(BaseModel):
    """How many conversations of a capacity profile one may have, and how many count."""

    capacity_profile_id: str
    limit: int
    used: int


class CapacityView(BaseModel):
    """What one can have at once and has in use. `sessions`: how many conversations take part of it."""

    limit_units: int
    used_units: int
    sessions: int
    profiles: list[ProfileUseView]

    @classmethod
    def of(cls, capacity: AgentCapacity) -> Self:
        """The sums of the slots."""
        used = capacity.used
        return cls(
            limit_units=capacity.limits.units or 0,
            used_units=used.units,
            sessions=capacity.sessions,
            profiles=[
                ProfileUseView(
                    capacity_profile_id=each.profile_id,
                    limit=each.limit,
                    used=used.profiles.get(each.profile_id, 0),
                )
                for each in capacity.limits.profiles
            ],
        )


class ParticipationView(BaseModel):
    """A conversation of somebody else in which one takes part, or is asked to until `expires_at`.

    `joined_at` is null until it is accepted; `participant_id` names the invitation in the answer to it.
    """

    participant_id: str
    conversation_id: str
    mode: ParticipantMode
    asked_by: str | None
    expires_at: datetime | None
    joined_at: datetime | None


class WorkView(BaseModel):
    """What one has to do."""

    presence: PresenceView
    capacity: CapacityView
    offers: list[WorkConversationView]
    conversations: list[WorkConversationView]
    participations: list[ParticipationView]

    @classmethod
    def of(cls, work: AgentWork) -> Self:
        """All of one moment."""
        return cls(
            presence=PresenceView.of(work.state),
            capacity=CapacityView.of(work.capacity),
            offers=[WorkConversationView.of(*each) for each in work.offers],
            conversations=[WorkConversationView.of(*each) for each in work.conversations],
            participations=[
                ParticipationView(participant_id=each.id, **each.model_dump(exclude={"id"}))
                for each in work.participations
            ],
        )


class PulledView(BaseModel):
    """A conversation that was pulled. It is yours in a moment, when `GET /v1/me/work` shows it."""

    conversation_id: str
    offer_id: str
    queue_id: str


@router.get("/v1/me/work")
async def get_work(database: DatabaseDep, caller: Caller) -> WorkView:
    """What is offered to you, what you have, what room you have, and your presence, as of one moment."""
    now = clock.now()
    return WorkView.of(await database.read(lambda session: read_work(session, caller.agent_id, now)))


@router.post(
    "/v1/queues/{queue_id}/next",
    response_model=PulledView,
    responses={
        204: {"description": "Nothing waits in the queue that you could have."},
        **problems("not_found", "not_a_member", "agent_not_available", "at_capacity"),
    },
)
async def pull_next(
    database: DatabaseDep,
    caller: Caller,
    queue_id: PathId,
    idempotency_key: OptionalIdempotencyKey = None,
) -> PulledView | Response:
    """Take the conversation of a queue that is first for you, by priority and age, if you have room for it.

    You need the skills that it asks for and have to be connected; your presence does not matter.
    """
    agent_id, now = caller.agent_id, clock.now()
    offer_id = id_from_key(agent_id, queue_id, "next", idempotency_key) if idempotency_key else new_id()

    def look(session: Session) -> ClaimRefusal | None:
        queues.get(session, queue_id)
        return why_no_pull(session, queue_id, agent_id)

    refusal = await database.read(look)
    if refusal is not None:
        raise Problem(_PROBLEMS[refusal])
    candidates = await database.read(lambda session: pull_candidates(session, queue_id, agent_id, now))
    pulled = await database.write(
        with_routing_writes(
            lambda session, writes: pull(
                session, candidates, writes, agent_id=agent_id, offer_id=offer_id, now=now
            )
        )
    )
    if isinstance(pulled, ClaimRefusal):
        if is_full(pulled):
            raise Problem("at_capacity")
        if pulled in _PROBLEMS:
            raise Problem(_PROBLEMS[pulled])
        return Response(status_code=204)
    return PulledView(
        conversation_id=pulled.conversation_id, offer_id=pulled.offer_id, queue_id=pulled.queue_id
    )


_PROBLEMS = {
    ClaimRefusal.NOT_A_MEMBER: "not_a_member",
    ClaimRefusal.NOT_PRESENT: "agent_not_available",
}
