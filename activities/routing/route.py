"""Finding the queue of a conversation."""

from temporalio import activity

from activities.customers.profiles import ProfileKeeper
from domain.routing.route_result import PROFILE_WAIT, RouteRequest, RouteResult
from store.db.database import Database
from store.routing.route import route


class RouteActivities:
    """The store's side of routing."""

    def __init__(self, database: Database, profiles: ProfileKeeper | None = None) -> None:
        self._database = database
        self._profiles = profiles

    @activity.defn(name="route")
    async def route(self, request: RouteRequest) -> RouteResult:
        """Where a conversation goes, and why. Runs as a local activity, so it may run twice.

        A queue that is about to be full is counted under its lock; without limits nothing is written.
        """
        routed = await self._database.read(lambda session: route(session, request, may_write=False))
        if routed is None:
            routed = await self._database.write(lambda session: route(session, request, may_write=True))
        if routed is None:
            raise RuntimeError("Routing that may write has a result.")
        return routed

    @activity.defn(name="await_profile")
    async def await_profile(self, customer_id: str) -> None:
        """Return once Meta has told who the customer is, or refuses to; at most after `PROFILE_WAIT`."""
        if self._profiles is not None:
            await self._profiles.ask_now(customer_id, PROFILE_WAIT)
