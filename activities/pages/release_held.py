"""Telling conversations whose messages were held that their page may send again, at an even pace."""

import asyncio

from temporalio import activity
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from activities.common.heartbeat import heartbeating
from base import failpoints
from store.db.database import Database
from store.sending.send_gate import customers_held_back
from workflows.messages import GATE_OPENED_SIGNAL, conversation_workflow_id

_PER_SECOND = 20
_GATE_CHECK_INTERVAL_SECONDS = 1.0
"""A conversation may not know yet, when it is told, of what was held just before the gate opened."""


class WakingActivities:
    """The page workflow's way to its conversations."""

    def __init__(self, database: Database, client: Client) -> None:
        self._database = database
        self._client = client

    @activity.defn(name="wake_held")
    async def wake_held(self, page_id: str) -> int:
        """Signal every conversation that holds messages for the page. Repeated, it does no harm."""
        async with heartbeating():
            woken = await self._wake_all(page_id)
            await asyncio.sleep(_GATE_CHECK_INTERVAL_SECONDS)
            woken |= await self._wake_all(page_id)
        return len(woken)

    async def _wake_all(self, page_id: str) -> set[str]:
        customers = await self._database.read(lambda session: customers_held_back(session, page_id))
        for customer_id in customers:
            await self._wake(page_id, customer_id)
            failpoints.reach("held.woken")
            await asyncio.sleep(1 / _PER_SECOND)
        return set(customers)

    async def _wake(self, page_id: str, customer_id: str) -> None:
        handle = self._client.get_workflow_handle(conversation_workflow_id(page_id, customer_id))
        try:
            await handle.signal(GATE_OPENED_SIGNAL)
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
