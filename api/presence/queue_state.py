"""How a queue stands now, for who serves it."""

from datetime import datetime
from typing import Self

from pydantic import BaseModel

from api.http.dependencies import DatabaseDep
from api.http.fields import PathId
from api.http.problem_docs import problems
from api.security.auth import Caller
from api.security.guarded_route import api_router
from base import clock
from domain.access.roles import Role
from domain.routing.presence import PresenceKind
from store.routing.queue_state import QueueState, read_queue_state
from store.routing.slot_states import WorkItemState

router = api_router("presence")


class MemberStateView(BaseModel):
    """A member of a queue. `free_units` is below 0 where somebody has more than their capacity."""

    agent_id: str
    presence: PresenceKind
    free_units: int


class QueueStateView(BaseModel):
    """How a queue stands.

    `waiting`: to be offered; `listed`: of pick workstreams, to be picked or pulled; `claimed`: just being
    offered; `parked`: nobody is left who may be asked. `oldest_at`: since when the oldest of them waits,
    without those that are being offered. `ready_agents`: available or busy, with room. `members`: at most
    1,000.
    """

    queue_id: str
    waiting: int
    listed: int
    claimed: int
    parked: int
    oldest_at: datetime | None
    is_open: bool
    ready_agents: int
    members: list[MemberStateView]

    @classmethod
    def of(cls, state: QueueState) -> Self:
        """All of one moment."""
        return cls(
            queue_id=state.queue_id,
            waiting=state.counts.get(WorkItemState.WAITING, 0),
            listed=state.counts.get(WorkItemState.LISTED, 0),
            claimed=state.counts.get(WorkItemState.CLAIMED, 0),
            parked=state.counts.get(WorkItemState.PARKED, 0),
            oldest_at=state.oldest_at,
            is_open=state.is_open,
            ready_agents=state.ready_agents,
            members=[
                MemberStateView(agent_id=agent_id, presence=presence, free_units=free)
                for agent_id, (presence, free) in state.members.items()
            ],
        )


@router.get("/v1/queues/{queue_id}/state", responses=problems("not_found"))
async def get_queue_state(database: DatabaseDep, caller: Caller, queue_id: PathId) -> QueueStateView:
    """What waits in a queue, since when, and who is there. Agents read it of queues that they serve."""
    now, served_by = clock.now(), caller.agent_id if caller.role is Role.AGENT else None
    return await database.read(
        lambda session: QueueStateView.of(read_queue_state(session, queue_id, now, served_by=served_by))
    )
