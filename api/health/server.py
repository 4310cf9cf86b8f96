"""`GET /v1/server`: how this API process stands as a server: connections, open files, proxies."""

import resource
from typing import Annotated, Self

from pydantic import BaseModel

from api.http.dependencies import from_app
from api.http.untrusted_proxies import ProxyWatchDep
from api.security.guarded_route import api_router
from base.http.connections import MAX_WAITING_PER_SOURCE, Connections

ConnectionsDep = Annotated[Connections | None, from_app("connections")]

router = api_router("health")


class ConnectionsView(BaseModel):
    """`waiting`: idle or unfinished. `ended`: those that the server ended by itself, by reason."""

    open: int
    waiting: int
    max: int
    max_per_source: int
    max_waiting_per_source: int
    ended: dict[str, int]

    @classmethod
    def of(cls, registry: Connections) -> Self:
        """As they are now."""
        return cls(
            open=len(registry),
            waiting=registry.waiting,
            max=registry.most,
            max_per_source=registry.most_per_source,
            max_waiting_per_source=MAX_WAITING_PER_SOURCE,
            ended=dict(registry.ended),
        )


class ServerView(BaseModel):
    """One API process. `connections` is null where something else than `pagedesk api` serves it.

    `untrusted_proxies`: addresses that have forwarded requests and are not in PAGEDESK_TRUSTED_PROXIES.
    """

    open_files: int
    connections: ConnectionsView | None
    untrusted_proxies: list[str]


@router.get("/v1/server")
async def get_server(proxies: ProxyWatchDep, connections: ConnectionsDep) -> ServerView:
    """The state of the process that answers. With several processes each shows its own."""
    return ServerView(
        open_files=resource.getrlimit(resource.RLIMIT_NOFILE)[0],
        connections=None if connections is None else ConnectionsView.of(connections),
        untrusted_proxies=proxies.untrusted,
    )
