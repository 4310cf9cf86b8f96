"""Who serves a queue."""

from typing import Self

from fastapi import Response
from pydantic import BaseModel
from sqlmodel import Session

from api.http.dependencies import DatabaseDep
from api.http.fields import Id, PathId
from api.http.paging import Cursor, CursorOf, CursorPage, Limit
from api.http.problem_docs import problems
from api.security.audit import record
from api.security.auth import Caller
from api.security.guarded_route import api_router
from base import clock
from domain.access.roles import Role
from domain.events.kinds import FactKind
from domain.routing.presence import PresenceKind
from store.access import agents
from store.routing import members, queues
from store.routing.agent_states import RoutingWrites
from store.routing.configuration import note_change
from store.routing.transactions import with_routing_writes
from store.tables import Agent, QueueMember

_BY_AGENT = CursorOf("queue_members", tuple[Id])

router = api_router("queues")


class QueueMemberView(BaseModel):
    """An agent who serves a queue. Nobody is offered anything while their presence is `offline`."""

    agent_id: str
    name: str
    role: Role
    active: bool
    presence: PresenceKind

    @classmethod
    def of(cls, member: QueueMember, agent: Agent) -> Self:
        """The member and who it is."""
        return cls(
            agent_id=agent.id,
            name=agent.name,
            role=Role(agent.role),
            active=agent.active,
            presence=PresenceKind(member.presence),
        )


@router.get("/v1/queues/{queue_id}/members", responses=problems("not_found"))
async def list_queue_members(
    database: DatabaseDep, queue_id: PathId, cursor: Cursor = None, limit: Limit = 50
) -> CursorPage[QueueMemberView]:
    """The members of a queue."""
    after = _BY_AGENT.read(cursor)

    def load(session: Session) -> CursorPage[QueueMemberView]:
        queues.get(session, queue_id)
        found = queues.members(session, queue_id, after=after[0] if after else None, limit=limit + 1)
        return _BY_AGENT.page(
            found, limit, lambda each: QueueMemberView.of(*each), lambda each: (each[1].id,)
        )

    return await database.read(load)


@router.put("/v1/queues/{queue_id}/members/{agent_id}", responses=problems("not_found"))
async def add_queue_member(
    database: DatabaseDep, caller: Caller, queue_id: PathId, agent_id: PathId
) -> QueueMemberView:
    """Have an agent serve the queue. Administrators and machines may be members, too."""

    def work(session: Session, writes: RoutingWrites) -> QueueMemberView:
        queues.get(session, queue_id)
        agent = agents.get(session, agent_id)
        if session.get(QueueMember, (queue_id, agent_id)) is None:
            members.add_member(session, queue_id, agent_id, writes, clock.now())
            note_change(session)
            record(session, caller, FactKind.QUEUE_MEMBER_ADDED, queue_id=queue_id, agent_id=agent_id)
        return QueueMemberView.of(session.get_one(QueueMember, (queue_id, agent_id)), agent)

    return await database.write(with_routing_writes(work))


@router.delete(
    "/v1/queues/{queue_id}/members/{agent_id}",
    status_code=204,
    responses=problems("not_found", "default_queue"),
)
async def remove_queue_member(
    database: DatabaseDep, caller: Caller, queue_id: PathId, agent_id: PathId
) -> Response:
    """Have an agent serve the queue no more; what they have of it stays theirs.

    Agents and supervisors cannot leave the default queue.
    """

    def work(session: Session, writes: RoutingWrites) -> None:
        queues.get(session, queue_id)
        queues.refuse_leaving(session, queue_id, agents.get(session, agent_id))
        members.remove_member(session, queue_id, agent_id, writes, clock.now())
        note_change(session)
        record(session, caller, FactKind.QUEUE_MEMBER_REMOVED, queue_id=queue_id, agent_id=agent_id)

    await database.write(with_routing_writes(work))
    return Response(status_code=204)
