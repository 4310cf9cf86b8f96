"""Loading a thread at the start of a run, and projecting what each workflow task changed."""

from datetime import datetime
from typing import Any

from sqlmodel import Session
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.common.heartbeat import heartbeating
from base import failpoints, metrics
from base.log import get_logger
from domain.conversations.changes import Fact
from domain.events.kinds import FactKind
from domain.routing.routing_signals import QueueDeleted
from domain.workstreams.conversation_settings import ConversationSettings
from store.conversations.conversation_settings import conversation_settings
from store.conversations.projection import load_state, project
from store.db.database import Database
from store.routing.candidate_queues import is_there
from store.routing.projection import DeletedQueueError
from workflows.messages import LoadThread, ThreadProjection

_log = get_logger("activities")


class ThreadActivities:
    """The store's side of the conversation workflow."""

    def __init__(self, database: Database, public_url: str) -> None:
        self._database = database
        self._public_url = public_url

    @activity.defn(name="load_thread")
    async def load_thread(self, request: LoadThread) -> dict[str, Any]:
        """The thread's last projected state, as JSON of `ThreadState`."""
        async with heartbeating():
            state = await self._database.read(
                lambda session: load_state(session, request.page_id, request.customer_id)
            )
        if state is None:
            # Words that were on their way when their customer was erased: this ends the run.
            raise ApplicationError("The customer was erased.", type="customer_erased", non_retryable=True)
        return state

    @activity.defn(name="read_settings")
    async def read_settings(self, page_id: str) -> ConversationSettings:
        """The settings of the page and its workstream as they are now. Runs as a local activity."""
        return await self._database.read(lambda session: conversation_settings(session, page_id))

    @activity.defn(name="project_thread")
    async def project_thread(self, projection: ThreadProjection) -> datetime | QueueDeleted | None:
        """Write one workflow task's changes. Runs as a local activity, so it may run twice.

        The date of the rows, where they are of a later task and were left alone. Or the queue that a
        conversation was to wait in, where it is deleted: then nothing is written, either.
        """

        def work(session: Session) -> datetime | None:
            refused_by = project(
                session,
                projection.page_id,
                projection.customer_id,
                projection.change,
                projection.before,
                public_url=self._public_url,
            )
            failpoints.reach("thread.projecting")
            return refused_by

        try:
            refused_by = await self._database.write(work)
        except DeletedQueueError as error:
            queue_id = error.queue_id
            if await self._database.read(lambda session: is_there(session, queue_id)):
                raise
            return QueueDeleted(queue_id)
        failpoints.reach("thread.projected")
        if failpoints.are_armed() and projection.change.facts:
            failpoints.reach("thread.told")
            for fact in projection.change.facts:
                failpoints.reach(f"thread.told.{fact.kind}")
        if refused_by is None:
            for fact in projection.change.facts:
                _note(fact)
        return refused_by


def _note(fact: Fact) -> None:
    """Count and log what happened. A task that Temporal discards may have told it before: seldom twice."""
    metrics.EVENTS.labels(fact.kind).inc()
    data = fact.data or {}
    if fact.kind == FactKind.WINDOW_STAGE_CHANGED and data.get("unanswered"):
        metrics.WINDOWS_LOST.labels(data["from"]).inc()
    _log.info(fact.kind, conversation_id=fact.conversation_id)
