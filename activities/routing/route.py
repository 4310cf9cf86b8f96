"""Finding the queue of a conversation."""

from temporalio import activity

from domain.routing.routed import Routed, RouteRequest
from store.db.database import Database
from store.routing.route import route


class RouteActivities:
    """The store's side of routing."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @activity.defn(name="route")
    async def route(self, request: RouteRequest) -> Routed:
        """Where a conversation goes, and why. Runs as a local activity, so it may run twice.

        A queue that is about to be full is counted under its lock; without limits nothing is written.
        """
        routed = await self._database.read(lambda session: route(session, request, may_write=False))
        if routed is None:
            routed = await self._database.write(lambda session: route(session, request, may_write=True))
        if routed is None:
            raise RuntimeError("Routing that may write has a result.")
        return routed
