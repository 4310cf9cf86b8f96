"""`GET /v1/directory`: the names of what everything else names by an id."""

from typing import Self

from pydantic import BaseModel

from api.http.dependencies import DatabaseDep
from api.schemas.directory_views import (
    NamedAgentView,
    NamedPageView,
    NamedQueueView,
    NamedWorkstreamView,
)
from api.security.auth import Caller
from api.security.guarded_route import api_router
from domain.access.roles import Role
from store.access.directory import Directory, read_directory

router = api_router("directory")


class DirectoryView(BaseModel):
    """Names, each kind in alphabetical order, without what nobody but administrators may read."""

    agents: list[NamedAgentView]
    pages: list[NamedPageView]
    queues: list[NamedQueueView]
    workstreams: list[NamedWorkstreamView]

    @classmethod
    def of(cls, directory: Directory) -> Self:
        """All of one moment."""
        return cls(
            agents=[NamedAgentView.of(each) for each in directory.agents],
            pages=[NamedPageView.of(each) for each in directory.pages],
            queues=[NamedQueueView.of(each) for each in directory.queues],
            workstreams=[NamedWorkstreamView.of(each) for each in directory.workstreams],
        )


@router.get("/v1/directory")
async def get_directory(database: DatabaseDep, caller: Caller) -> DirectoryView:
    """What agents, pages, queues and workstreams are called: also those who have left, and were removed.

    Every queue is in it, because a conversation may be transferred to each.
    """
    knows = caller.role is Role.ADMIN
    return await database.read(
        lambda s: DirectoryView.of(read_directory(s, caller.agent_id, knows_every_presence=knows))
    )
