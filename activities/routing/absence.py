"""The absence workflow's way to the agent's row and to their conversations."""

import asyncio
from datetime import datetime

from temporalio import activity
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from base import clock, failpoints
from domain.routing.routing_signals import AgentGone
from store.db.database import Database
from store.routing.absences import begin_absence, end_absence
from store.routing.agent_conversations import ThreadOfConversation, conversations_of
from store.routing.transactions import with_routing_writes
from workflows.messages import AGENT_GONE_SIGNAL, AbsenceFound, EndAbsence, conversation_workflow_id

TOLD_AT_ONCE = 20
_CALL_SECONDS = 2.0


class AbsenceActivities:
    """They run as local activities, so they may run twice."""

    def __init__(self, database: Database, client: Client) -> None:
        self._database = database
        self._client = client

    @activity.defn(name="begin_absence")
    async def begin_absence(self, agent_id: str) -> AbsenceFound:
        """Look whether the agent is absent, and tell the conversations that are offered to them."""
        found = await self._database.write(lambda session: begin_absence(session, agent_id))
        if found is None:
            return AbsenceFound()
        failpoints.reach("absence.begun")
        after = ""
        while after := await self._tell(agent_id, found.since, final=False, after=after):
            pass
        return AbsenceFound(found.since, found.ends_at)

    @activity.defn(name="end_absence")
    async def end_absence(self, request: EndAbsence) -> str:
        """Tell some conversations of an agent who did not come back; the last one, if there may be more.

        Empty: all are told, or the agent was back.
        """
        agent_id, since, now = request.agent_id, request.since, clock.now()
        absent = await self._database.write(
            with_routing_writes(lambda session, writes: end_absence(session, agent_id, since, writes, now))
        )
        if not absent:
            return ""
        failpoints.reach("absence.ended")
        return await self._tell(agent_id, since, final=True, after=request.after)

    async def _tell(self, agent_id: str, since: datetime, *, final: bool, after: str) -> str:
        found = await self._database.read(
            lambda session: conversations_of(
                session, agent_id, only_offered=not final, after=after, limit=TOLD_AT_ONCE
            )
        )
        await asyncio.gather(*(self._signal(each, AgentGone(agent_id, since, final)) for each in found))
        return found[-1].conversation_id if len(found) == TOLD_AT_ONCE else ""

    async def _signal(self, thread: ThreadOfConversation, gone: AgentGone) -> None:
        handle = self._client.get_workflow_handle(
            conversation_workflow_id(thread.page_id, thread.customer_id)
        )
        try:
            async with asyncio.timeout(_CALL_SECONDS):
                await handle.signal(AGENT_GONE_SIGNAL, gone)
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:  # its run is over, and with it what they had
                raise
