"""Telling the conversations of a page, at an even pace, that its settings have changed."""

import asyncio
from collections.abc import Awaitable, Callable

from temporalio import activity
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from activities.common.heartbeat import heartbeating
from base import failpoints
from store.conversations.listing import live_customers
from store.db.database import Database
from store.workstreams.settings_versions import note_told, settings_versions
from workflows.messages import SETTINGS_SIGNAL, conversation_workflow_id

MAX_PER_SECOND = 50
_BATCH = 200
LOOK_AGAIN_AFTER_SECONDS = 5.0
"""More than the age of the settings that a run may begin with: one that began so has its row by then."""


class SettingsBroadcast:
    """The page workflow's way to tell of settings."""

    def __init__(
        self,
        database: Database,
        client: Client,
        *,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._database = database
        self._client = client
        self._pause = pause

    @activity.defn(name="tell_settings_changed")
    async def tell_settings_changed(self, page_id: str) -> int:
        """Signal every live conversation of the page; repeated, it does no harm.

        Returns the version that they were told of. Raises RPCError where one could not be told, once all
        others are.
        """
        version, told = await self._database.read(lambda session: settings_versions(session, page_id))
        if told >= version:
            return version
        async with heartbeating():
            done: set[str] = set()
            await self._tell_all(page_id, version, done)
            await self._pause(LOOK_AGAIN_AFTER_SECONDS)
            await self._tell_all(page_id, version, done)
        await self._database.write(lambda session: note_told(session, page_id, version))
        return version

    async def _tell_all(self, page_id: str, version: int, done: set[str]) -> None:
        """Tell everybody who is not `done`, and add them to it."""
        after, failure = "", None
        while customer_ids := await self._customers(page_id, after):
            for customer_id in customer_ids:
                if customer_id in done:
                    continue
                try:
                    await self._tell(page_id, customer_id, version)
                except RPCError as error:
                    failure = error
                else:
                    done.add(customer_id)
                failpoints.reach("settings.told")
                await self._pause(1 / MAX_PER_SECOND)
            after = customer_ids[-1]
        if failure is not None:
            raise failure

    async def _customers(self, page_id: str, after: str) -> list[str]:
        return await self._database.read(
            lambda session: live_customers(session, page_id, after=after, limit=_BATCH)
        )

    async def _tell(self, page_id: str, customer_id: str, version: int) -> None:
        handle = self._client.get_workflow_handle(conversation_workflow_id(page_id, customer_id))
        try:
            await handle.signal(SETTINGS_SIGNAL, version)
        except RPCError as error:
            # A run that has ended reads the settings if it begins again.
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
