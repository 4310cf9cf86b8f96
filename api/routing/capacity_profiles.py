"""Capacity profiles, and how much work agents can have at once."""

from datetime import datetime
from typing import Annotated, Self
from zoneinfo import available_timezones

from fastapi import Response
from pydantic import AfterValidator, BaseModel, Field, StringConstraints, model_validator
from sqlmodel import Session

from api.http.dependencies import DatabaseDep, SettingsDep
from api.http.fields import Flag, Id, Input, Name, OptionalIdempotencyKey, PathId
from api.http.paging import Cursor, CursorById, CursorPage, Limit
from api.http.problem_docs import problems
from api.security.audit import record
from api.security.auth import Caller, Principal
from api.security.guarded_route import api_router
from api.security.idempotency import once
from base import clock
from base.ids import new_id
from domain.events.kinds import FactKind
from domain.routing.capacity import CapacityReset
from domain.routing.work_distribution import MAX_UNITS
from store.access import agents
from store.access.idempotency import create_once
from store.routing import capacity_profiles
from store.routing.agent_states import RoutingWrites
from store.routing.capacity_profiles import MAX_PROFILES_OF_AN_AGENT, AgentLimits
from store.routing.transactions import with_routing_writes
from store.tables import CapacityProfile

_BY_ID = CursorById("capacity_profiles")


def _known_timezone(value: str) -> str:
    if value not in available_timezones():
        raise ValueError("There is no such time zone. Use a name such as Europe/Berlin.")
    return value


Units = Annotated[int, Field(strict=True, ge=0, le=MAX_UNITS)]
Timezone = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9_+\-/]{1,64}$"), AfterValidator(_known_timezone)
]

router = api_router("capacity")


class CapacityProfileInput(Input):
    """How many conversations of one kind an agent may have: `default_limit`, unless the agent has their own.

    `reset`: when a place is free again, with the conversation (`immediate`) or when the day ends in
    `timezone` (`end_of_day`). `blocks`: who is at the limit is offered nothing else either.
    """

    name: Name
    default_limit: Units
    reset: CapacityReset = CapacityReset.IMMEDIATE
    timezone: Timezone = "UTC"
    blocks: Flag = False


class CapacityProfileChange(Input):
    """What is to change; what is left out stays."""

    name: Name | None = None
    default_limit: Units | None = None
    reset: CapacityReset | None = None
    timezone: Timezone | None = None
    blocks: Flag | None = None


class CapacityProfileView(BaseModel):
    """A capacity profile."""

    id: str
    name: str
    default_limit: int
    reset: CapacityReset
    timezone: str
    blocks: bool
    created_at: datetime

    @classmethod
    def of(cls, profile: CapacityProfile) -> Self:
        """The profile as it is set."""
        return cls.model_validate(profile, from_attributes=True)


class ProfileLimitInput(Input):
    """An agent's place in a capacity profile. Without a `limit` it is the profile's."""

    capacity_profile_id: Id
    limit: Units | None = None


class AgentCapacity(Input):
    """How much an agent can have at once: units, and places in capacity profiles."""

    units: Units
    profiles: Annotated[list[ProfileLimitInput], Field(max_length=MAX_PROFILES_OF_AN_AGENT)] = Field(
        default_factory=list
    )

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        if len({each.capacity_profile_id for each in self.profiles}) < len(self.profiles):
            raise ValueError("A capacity profile is in the list twice.")
        return self


class ProfileLimitView(BaseModel):
    """An agent's place in a capacity profile."""

    capacity_profile_id: str
    limit: int | None


class AgentCapacityView(BaseModel):
    """How much an agent can have at once."""

    units: int
    profiles: list[ProfileLimitView]


@router.get("/v1/capacity-profiles")
async def list_capacity_profiles(
    database: DatabaseDep, cursor: Cursor = None, limit: Limit = 50
) -> CursorPage[CapacityProfileView]:
    """All capacity profiles."""
    after = _BY_ID.read(cursor)

    def load(session: Session) -> CursorPage[CapacityProfileView]:
        found = capacity_profiles.listed(session, after=after, limit=limit + 1)
        return _BY_ID.page(found, limit, CapacityProfileView.of)

    return await database.read(load)


@router.post(
    "/v1/capacity-profiles",
    status_code=201,
    responses=problems("name_taken", "limit_reached", "idempotency_key_reused"),
)
async def create_capacity_profile(
    settings: SettingsDep,
    database: DatabaseDep,
    caller: Caller,
    *,
    body: CapacityProfileInput,
    idempotency_key: OptionalIdempotencyKey = None,
) -> CapacityProfileView:
    """Add a capacity profile. Nobody has it yet."""
    wanted = once(settings.vault, caller, idempotency_key, "create_capacity_profile", body)

    def create(session: Session, profile_id: str) -> None:
        row = CapacityProfile(id=profile_id, created_at=clock.now(), **body.model_dump(mode="json"))
        capacity_profiles.add(session, row)
        _record(session, caller, FactKind.CAPACITY_PROFILE_CREATED, profile_id)

    def work(session: Session) -> CapacityProfileView:
        fresh = new_id()
        profile_id = create_once(session, wanted, fresh, lambda: create(session, fresh), clock.now())
        return CapacityProfileView.of(capacity_profiles.get(session, profile_id))

    return await database.write(work)


@router.get("/v1/capacity-profiles/{profile_id}", responses=problems("not_found"))
async def get_capacity_profile(database: DatabaseDep, profile_id: PathId) -> CapacityProfileView:
    """One capacity profile."""
    return await database.read(lambda s: CapacityProfileView.of(capacity_profiles.get(s, profile_id)))


@router.patch("/v1/capacity-profiles/{profile_id}", responses=problems("not_found", "name_taken"))
async def change_capacity_profile(
    database: DatabaseDep, caller: Caller, profile_id: PathId, body: CapacityProfileChange
) -> CapacityProfileView:
    """Change a capacity profile, for the agents who have it at once."""
    changes = body.model_dump(mode="json", exclude_none=True)

    def work(session: Session) -> CapacityProfileView:
        view = CapacityProfileView.of(capacity_profiles.change(session, profile_id, changes, clock.now()))
        _record(session, caller, FactKind.CAPACITY_PROFILE_CHANGED, profile_id)
        return view

    return await database.write(work)


@router.delete(
    "/v1/capacity-profiles/{profile_id}",
    status_code=204,
    responses=problems("not_found", "capacity_profile_in_use"),
)
async def delete_capacity_profile(database: DatabaseDep, caller: Caller, profile_id: PathId) -> Response:
    """Delete a capacity profile that no workstream, rule or live conversation needs."""

    def work(session: Session) -> None:
        capacity_profiles.delete(session, profile_id)
        _record(session, caller, FactKind.CAPACITY_PROFILE_DELETED, profile_id)

    await database.write(work)
    return Response(status_code=204)


@router.get("/v1/agents/{agent_id}/capacity", responses=problems("not_found"))
async def get_agent_capacity(database: DatabaseDep, agent_id: PathId) -> AgentCapacityView:
    """How much an agent can have at once."""
    return await database.read(lambda s: _capacity_of(s, agent_id))


@router.put("/v1/agents/{agent_id}/capacity", responses=problems("not_found"))
async def set_agent_capacity(
    database: DatabaseDep, caller: Caller, agent_id: PathId, body: AgentCapacity
) -> AgentCapacityView:
    """Let an agent have exactly these limits. What they have beyond them stays theirs."""
    profiles = {each.capacity_profile_id: each.limit for each in body.profiles}

    def work(session: Session, writes: RoutingWrites) -> AgentCapacityView:
        agents.get(session, agent_id)
        limits = AgentLimits(body.units, profiles)
        capacity_profiles.set_limits(session, agent_id, limits, writes, clock.now())
        record(session, caller, FactKind.AGENT_CAPACITY_SET, agent_id=agent_id)
        return _capacity_of(session, agent_id)

    return await database.write(with_routing_writes(work))


def _capacity_of(session: Session, agent_id: str) -> AgentCapacityView:
    agents.get(session, agent_id)
    limits = capacity_profiles.limits_of(session, agent_id)
    return AgentCapacityView(
        units=limits.units,
        profiles=[ProfileLimitView(capacity_profile_id=p, limit=n) for p, n in limits.profiles.items()],
    )


def _record(session: Session, caller: Principal, kind: FactKind, profile_id: str) -> None:
    record(session, caller, kind, capacity_profile_id=profile_id)
