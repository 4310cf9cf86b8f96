"""Loading a thread at the start of a run, and projecting what each workflow task changed."""

from typing import Any

from sqlmodel import Session
from temporalio import activity

from activities.heartbeat import beating
from base import failpoints
from store.database import Database
from store.threads import load_state, project
from workflows.messages import LoadThread, ThreadProjection


class ThreadActivities:
    """The store's side of the conversation workflow."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @activity.defn(name="load_thread")
    async def load_thread(self, request: LoadThread) -> dict[str, Any]:
        """The thread's last projected state, as JSON of `ThreadState`."""
        async with beating():
            return await self._database.read(lambda session: load_state(session, request.customer_id))

    @activity.defn(name="project_thread")
    async def project_thread(self, projection: ThreadProjection) -> None:
        """Write one workflow task's changes. Runs as a local activity, so it may run twice."""

        def work(session: Session) -> None:
            project(
                session,
                projection.state,
                page_id=projection.page_id,
                customer_id=projection.customer_id,
                facts=[(recorded.cause, recorded.fact) for recorded in projection.facts],
                attached=projection.attached,
                settled=projection.settled,
                created_sends=projection.created_sends,
            )

        await self._database.write(work)
        failpoints.reach("thread.projected")
