"""Agents: the people and machines that use the API, and their keys."""

from datetime import datetime
from typing import Any, Self

from fastapi import Response
from pydantic import BaseModel
from sqlmodel import Session

from api.access.passwords import Passwords, PasswordsDep
from api.access.views import AgentView
from api.http.dependencies import DatabaseDep, SettingsDep
from api.http.fields import Email, Flag, Input, Instant, Name, OptionalIdempotencyKey, Password, PathId
from api.http.paging import Cursor, CursorById, CursorPage, Limit
from api.http.problem_docs import problems
from api.http.problems import Problem
from api.security.audit import record
from api.security.auth import BOOTSTRAP_ADMIN_ID, Caller, digest_of
from api.security.guarded_route import api_router
from api.security.idempotency import once
from base import clock
from base.ids import new_id, new_secret
from domain.access.roles import Role
from domain.events.kinds import FactKind
from store.access import agents, credentials
from store.access.idempotency import create_once
from store.routing.agent_states import RoutingWrites
from store.routing.agents import follow_change
from store.routing.configuration import note_change
from store.routing.members import enrol_agent
from store.routing.transactions import with_routing_writes
from store.tables import ApiKey

_BY_ID = CursorById("agents")

router = api_router("agents")


class AgentInput(Input):
    """Somebody who will use the API: a person signs in with email and password, a machine has keys."""

    name: Name
    role: Role
    email: Email | None = None
    password: Password | None = None


class AgentChange(Input):
    """What is to change; what is left out stays."""

    name: Name | None = None
    role: Role | None = None
    email: Email | None = None
    password: Password | None = None
    active: Flag | None = None


class KeyInput(Input):
    """What the key is for, and until when it is to hold: without an end, until it is revoked."""

    name: Name
    expires_at: Instant | None = None


class KeyView(BaseModel):
    """An API key, by its first characters."""

    id: str
    name: str
    prefix: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None

    @classmethod
    def of(cls, key: ApiKey) -> Self:
        """The key without what it opens."""
        return cls.model_validate(key, from_attributes=True)


class NewKeyView(KeyView):
    """A new API key. `key` is shown this once."""

    key: str


@router.get("/v1/agents")
async def list_agents(
    database: DatabaseDep, cursor: Cursor = None, limit: Limit = 50
) -> CursorPage[AgentView]:
    """All agents, inactive ones too."""
    after = _BY_ID.read(cursor)

    def load(session: Session) -> CursorPage[AgentView]:
        found = agents.listed(session, after=after, limit=limit + 1)
        return _BY_ID.page(found, limit, AgentView.of)

    return await database.read(load)


@router.post(
    "/v1/agents",
    status_code=201,
    responses=problems("email_taken", "weak_password", "idempotency_key_reused"),
)
async def create_agent(
    settings: SettingsDep,
    database: DatabaseDep,
    passwords: PasswordsDep,
    caller: Caller,
    *,
    body: AgentInput,
    idempotency_key: OptionalIdempotencyKey = None,
) -> AgentView:
    """Add an agent. Agents and supervisors are members of the default queue from the start."""
    wanted = once(settings.vault, caller, idempotency_key, "create_agent", body)
    password_hash = await _hashed(passwords, body.password, body.email, body.name)

    def create(session: Session, agent_id: str, writes: RoutingWrites) -> None:
        agents.add(
            session,
            id=agent_id,
            name=body.name,
            email=body.email,
            role=body.role.value,
            password_hash=password_hash,
            at=clock.now(),
        )
        enrol_agent(session, agent_id, body.role.value, writes, clock.now())
        note_change(session)
        record(session, caller, FactKind.AGENT_CREATED, agent_id=agent_id, role=body.role.value)

    def work(session: Session, writes: RoutingWrites) -> AgentView:
        fresh = new_id()
        agent_id = create_once(session, wanted, fresh, lambda: create(session, fresh, writes), clock.now())
        return AgentView.of(agents.get(session, agent_id))

    return await database.write(with_routing_writes(work))


@router.get("/v1/agents/{agent_id}", responses=problems("not_found"))
async def get_agent(database: DatabaseDep, agent_id: PathId) -> AgentView:
    """One agent."""
    return await database.read(lambda s: AgentView.of(agents.get(s, agent_id)))


@router.patch(
    "/v1/agents/{agent_id}",
    responses=problems("not_found", "email_taken", "last_admin", "weak_password"),
)
async def change_agent(
    settings: SettingsDep,
    database: DatabaseDep,
    passwords: PasswordsDep,
    caller: Caller,
    *,
    agent_id: PathId,
    body: AgentChange,
) -> AgentView:
    """Change an agent. Who is deactivated fails with the next call; a new password ends all sign-ins.

    The conversations of somebody who is deactivated are given back.
    Agents and supervisors are members of the default queue, admins and machines are not.

    Somebody who can come in stays admin. The admin of `PAGEDESK_ADMIN_TOKEN` is one again with the next
    start: take the setting away to be rid of that one.
    """
    changes: dict[str, Any] = body.model_dump(exclude_none=True, exclude={"password"})
    if body.password is not None:
        agent = await database.read(lambda s: agents.get(s, agent_id))
        known = (body.email or agent.email, body.name or agent.name)
        changes["password_hash"] = await _hashed(passwords, body.password, *known)

    holder = BOOTSTRAP_ADMIN_ID if settings.admin_token is not None else None

    def work(session: Session, writes: RoutingWrites) -> AgentView:
        former_role = agents.get(session, agent_id).role
        agent = agents.change(session, agent_id, changes, clock.now(), holds_token=holder)
        view = AgentView.of(agent)
        if changes.keys() & {"role", "active"}:
            follow_change(session, agent, former_role, writes, clock.now())
            note_change(session)
        changed = ",".join(body.model_dump(exclude_none=True))
        record(session, caller, FactKind.AGENT_CHANGED, agent_id=agent_id, changed=changed)
        return view

    return await database.write(with_routing_writes(work))


@router.get("/v1/agents/{agent_id}/keys", responses=problems("not_found"))
async def list_keys(database: DatabaseDep, agent_id: PathId) -> CursorPage[KeyView]:
    """An agent's API keys, revoked ones too."""
    keys = await database.read(lambda s: credentials.keys_of(s, agent_id))
    return CursorPage(items=[KeyView.of(key) for key in keys], next_cursor=None)


@router.post("/v1/agents/{agent_id}/keys", status_code=201, responses=problems("not_found", "expiry_in_past"))
async def create_key(database: DatabaseDep, caller: Caller, agent_id: PathId, body: KeyInput) -> NewKeyView:
    """Make an API key for an agent. It is shown in this answer only."""
    now = clock.now()
    if body.expires_at is not None and body.expires_at <= now:
        raise Problem("expiry_in_past")
    key = new_secret(credentials.KEY_PREFIX)

    def work(session: Session) -> NewKeyView:
        row = credentials.add_key(
            session,
            agent_id,
            name=body.name,
            key=key,
            digest=digest_of(key),
            now=now,
            expires_at=body.expires_at,
        )
        session.flush()
        record(session, caller, FactKind.KEY_CREATED, agent_id=agent_id, key_id=row.id)
        return NewKeyView.model_validate({**row.model_dump(exclude={"digest"}), "key": key})

    return await database.write(work)


@router.delete("/v1/agents/{agent_id}/keys/{key_id}", status_code=204, responses=problems("not_found"))
async def revoke_key(database: DatabaseDep, caller: Caller, agent_id: PathId, key_id: PathId) -> Response:
    """Revoke a key; it fails from the next call on."""

    def work(session: Session) -> None:
        credentials.revoke_key(session, agent_id, key_id, clock.now())
        session.flush()
        record(session, caller, FactKind.KEY_REVOKED, agent_id=agent_id, key_id=key_id)

    await database.write(work)
    return Response(status_code=204)


async def _hashed(passwords: Passwords, password: Password | None, *known: str | None) -> str | None:
    return await passwords.hash_new(password.get_secret_value(), known=known) if password else None
