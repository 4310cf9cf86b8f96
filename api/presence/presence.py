"""Presence: one's own, and that of agents with whom one serves a queue."""

from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from sqlmodel import Session

from api.http.dependencies import DatabaseDep
from api.http.fields import Input, Name, PathId
from api.http.problem_docs import problems
from api.http.problems import Problem
from api.schemas.presence_views import PresenceView
from api.security.audit import record
from api.security.auth import Caller, Principal
from api.security.guarded_route import api_router
from base import clock
from domain.access.roles import Role
from domain.events.kinds import FactKind
from domain.routing.presence import ChosenPresence, PresenceKind
from store.access import agents
from store.routing.agent_states import RoutingWrites
from store.routing.presence import choose_presence, lease_presence, may_be_present, shares_queue, state_of
from store.routing.transactions import with_routing_writes

MAX_LEASE_SECONDS = 120

Choice = Literal[
    PresenceKind.AVAILABLE,
    PresenceKind.BUSY,
    PresenceKind.DO_NOT_DISTURB,
    PresenceKind.AWAY,
    PresenceKind.OFFLINE,
]

router = api_router("presence")


class PresenceInput(Input):
    """A presence, with a text of one's own for it."""

    presence: Choice
    text: Name | None = None


class OwnPresenceInput(Input):
    """A presence, a lease, or both."""

    presence: Choice | None = None
    text: Name | None = None
    lease_seconds: Annotated[
        int | None,
        Field(
            strict=True,
            ge=1,
            le=MAX_LEASE_SECONDS,
            description="For clients that have no event stream open: be connected for so long from now.",
        ),
    ] = None

    @model_validator(mode="after")
    def _something_is_said(self) -> Self:
        if self.presence is None and self.lease_seconds is None:
            raise ValueError("Give a `presence`, `lease_seconds`, or both.")
        if self.text is not None and self.presence is None:
            raise ValueError("A `text` belongs to a `presence`.")
        return self


@router.get("/v1/me/presence")
async def get_own_presence(database: DatabaseDep, caller: Caller) -> PresenceView:
    """Your presence."""
    return await database.read(lambda session: PresenceView.of(state_of(session, caller.agent_id)))


@router.put("/v1/me/presence", responses=problems("not_a_member"))
async def set_own_presence(database: DatabaseDep, caller: Caller, body: OwnPresenceInput) -> PresenceView:
    """Choose your presence. What a missed or declined offer left of it is cleared.

    `available` and `busy` hold until you next accept or close a conversation, the others until you change
    them, or are not connected for 150 seconds. Offers come only while you are connected: by an event stream
    with `presence=1`, or by `lease_seconds`, to be renewed before they are over.
    """
    agent_id, now = caller.agent_id, clock.now()

    def work(session: Session, writes: RoutingWrites) -> PresenceView:
        _require_presence(session, agent_id)
        if body.presence is not None:
            chosen = ChosenPresence(body.presence, body.text)
            choose_presence(session, agent_id, chosen, writes, now)
        if body.lease_seconds is not None:
            lease_presence(session, agent_id, timedelta(seconds=body.lease_seconds), writes, now)
        return PresenceView.of(state_of(session, agent_id))

    return await database.write(with_routing_writes(work))


@router.get("/v1/agents/{agent_id}/presence", responses=problems("not_found"))
async def get_agent_presence(database: DatabaseDep, caller: Caller, agent_id: PathId) -> PresenceView:
    """The presence of an agent with whom you serve a queue. Administrators read everybody's."""

    def load(session: Session) -> PresenceView:
        agents.get(session, agent_id)
        _require_common_queue(session, caller, agent_id)
        return PresenceView.of(state_of(session, agent_id))

    return await database.read(load)


@router.put("/v1/agents/{agent_id}/presence", responses=problems("not_found", "not_a_member"))
async def set_agent_presence(
    database: DatabaseDep, caller: Caller, agent_id: PathId, body: PresenceInput
) -> PresenceView:
    """Set the presence of an agent with whom you serve a queue. Administrators set everybody's."""
    now = clock.now()

    def work(session: Session, writes: RoutingWrites) -> PresenceView:
        agents.get(session, agent_id)
        _require_common_queue(session, caller, agent_id)
        _require_presence(session, agent_id)
        chosen = ChosenPresence(body.presence, body.text)
        choose_presence(session, agent_id, chosen, writes, now, reason="set_by_supervisor")
        record(session, caller, FactKind.AGENT_CHANGED, agent_id=agent_id, changed="presence")
        return PresenceView.of(state_of(session, agent_id))

    return await database.write(with_routing_writes(work))


def _require_presence(session: Session, agent_id: str) -> None:
    if not may_be_present(session, agent_id):
        raise Problem("not_a_member")


def _require_common_queue(session: Session, caller: Principal, agent_id: str) -> None:
    if caller.role is not Role.ADMIN and not shares_queue(session, caller.agent_id, agent_id):
        raise Problem("forbidden", "You and this agent serve no queue in common.")
