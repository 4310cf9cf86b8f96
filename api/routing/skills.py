"""Skills, and how well agents have them."""

from datetime import datetime
from typing import Annotated, Self

from fastapi import Response
from pydantic import BaseModel, Field, model_validator
from sqlmodel import Session

from api.http.dependencies import DatabaseDep, SettingsDep
from api.http.fields import Description, Id, Input, Name, OptionalIdempotencyKey, PathId
from api.http.paging import Cursor, CursorById, CursorPage, Limit
from api.http.problem_docs import problems
from api.security.audit import record
from api.security.auth import Caller, Principal
from api.security.guarded_route import api_router
from api.security.idempotency import once
from base import clock
from base.ids import new_id
from domain.events.kinds import FactKind
from domain.routing.demand import MAX_RATING, MIN_RATING
from store.access import agents
from store.access.idempotency import create_once
from store.routing import skills
from store.tables import Skill

_BY_ID = CursorById("skills")

Rating = Annotated[int, Field(strict=True, ge=MIN_RATING, le=MAX_RATING)]

router = api_router("skills")


class SkillInput(Input):
    """Something that agents do better or worse, rated from 1 to `max_rating`."""

    name: Name
    description: Description | None = None
    max_rating: Rating = 10


class SkillChange(Input):
    """What is to change; what is left out stays. `description` null: none from now on."""

    name: Name | None = None
    description: Description | None = None
    max_rating: Rating | None = None


class SkillView(BaseModel):
    """A skill."""

    id: str
    name: str
    description: str | None
    max_rating: int
    created_at: datetime

    @classmethod
    def of(cls, skill: Skill) -> Self:
        """The skill as it is set."""
        return cls.model_validate(skill, from_attributes=True)


class AgentSkillInput(Input):
    """How well an agent has a skill."""

    skill_id: Id
    rating: Rating


class AgentSkills(Input):
    """The skills that an agent has, all of them."""

    skills: Annotated[list[AgentSkillInput], Field(max_length=skills.MAX_SKILLS_OF_AN_AGENT)]

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        if len({each.skill_id for each in self.skills}) < len(self.skills):
            raise ValueError("A skill is in the list twice.")
        return self


class AgentSkillView(BaseModel):
    """How well an agent has a skill."""

    skill_id: str
    rating: int


class AgentSkillsView(BaseModel):
    """The skills that an agent has."""

    skills: list[AgentSkillView]


@router.get("/v1/skills")
async def list_skills(
    database: DatabaseDep, cursor: Cursor = None, limit: Limit = 50
) -> CursorPage[SkillView]:
    """All skills."""
    after = _BY_ID.read(cursor)

    def load(session: Session) -> CursorPage[SkillView]:
        found = skills.listed(session, after=after, limit=limit + 1)
        return _BY_ID.page(found, limit, SkillView.of)

    return await database.read(load)


@router.post(
    "/v1/skills",
    status_code=201,
    responses=problems("name_taken", "limit_reached", "idempotency_key_reused"),
)
async def create_skill(
    settings: SettingsDep,
    database: DatabaseDep,
    caller: Caller,
    *,
    body: SkillInput,
    idempotency_key: OptionalIdempotencyKey = None,
) -> SkillView:
    """Add a skill."""
    wanted = once(settings.vault, caller, idempotency_key, "create_skill", body)

    def create(session: Session, skill_id: str) -> None:
        skills.add(session, skill_id, **body.model_dump(), at=clock.now())
        _record(session, caller, FactKind.SKILL_CREATED, skill_id)

    def work(session: Session) -> SkillView:
        fresh = new_id()
        skill_id = create_once(session, wanted, fresh, lambda: create(session, fresh), clock.now())
        return SkillView.of(skills.get(session, skill_id))

    return await database.write(work)


@router.get("/v1/skills/{skill_id}", responses=problems("not_found"))
async def get_skill(database: DatabaseDep, skill_id: PathId) -> SkillView:
    """One skill."""
    return await database.read(lambda s: SkillView.of(skills.get(s, skill_id)))


@router.patch("/v1/skills/{skill_id}", responses=problems("not_found", "name_taken"))
async def change_skill(
    database: DatabaseDep, caller: Caller, skill_id: PathId, body: SkillChange
) -> SkillView:
    """Change a skill. Its greatest rating cannot fall below ratings that agents have."""
    changes = body.model_dump(exclude_none=True)
    if "description" in body.model_fields_set:
        changes["description"] = body.description

    def work(session: Session) -> SkillView:
        view = SkillView.of(skills.change(session, skill_id, changes))
        _record(session, caller, FactKind.SKILL_CHANGED, skill_id)
        return view

    return await database.write(work)


@router.delete("/v1/skills/{skill_id}", status_code=204, responses=problems("not_found", "skill_in_use"))
async def delete_skill(database: DatabaseDep, caller: Caller, skill_id: PathId) -> Response:
    """Delete a skill that no rule gives. Agents have it no more."""

    def work(session: Session) -> None:
        skills.delete(session, skill_id)
        _record(session, caller, FactKind.SKILL_DELETED, skill_id)

    await database.write(work)
    return Response(status_code=204)


@router.get("/v1/agents/{agent_id}/skills", responses=problems("not_found"))
async def get_agent_skills(database: DatabaseDep, agent_id: PathId) -> AgentSkillsView:
    """The skills of an agent."""
    return await database.read(lambda s: _skills_of(s, agent_id))


@router.put("/v1/agents/{agent_id}/skills", responses=problems("not_found"))
async def set_agent_skills(
    database: DatabaseDep, caller: Caller, agent_id: PathId, body: AgentSkills
) -> AgentSkillsView:
    """Let an agent have exactly these skills."""

    def work(session: Session) -> AgentSkillsView:
        agents.get(session, agent_id)
        skills.set_of_agent(session, agent_id, {each.skill_id: each.rating for each in body.skills})
        view = _skills_of(session, agent_id)
        record(session, caller, FactKind.AGENT_SKILLS_SET, agent_id=agent_id)
        return view

    return await database.write(work)


def _skills_of(session: Session, agent_id: str) -> AgentSkillsView:
    agents.get(session, agent_id)
    ratings = skills.of_agent(session, agent_id)
    return AgentSkillsView(skills=[AgentSkillView(skill_id=s, rating=r) for s, r in ratings.items()])


def _record(session: Session, caller: Principal, kind: FactKind, skill_id: str) -> None:
    record(session, caller, kind, skill_id=skill_id)
