"""A desk on a dev server whose agents repeat what got no answer, as clients of the API do."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from temporalio.client import Client

from api.services.workflow_client import TemporalUnavailableError, TemporalWorkflowClient
from base import clock
from base.converter import data_converter
from base.ids import new_id
from store import tables
from store.conversations.messages import new_outbound_row
from store.db.sql import insert_or_ignore
from support.commands import make_command
from support.desk import Desk, make_desk
from support.engines import SUGGEST_CONTINUE_AS_NEW_AT
from support.eventually import eventually
from support.store import make_settings
from workflows.messages import CommandResult

TIMEOUT = 60.0


class PersistentDesk(Desk):
    """A desk whose agents repeat what got no answer, as clients of the API do."""

    async def obeyed(self, action: str, **more: Any) -> CommandResult:
        """Give a command until it is answered, under the same id."""
        page_id, customer_id = self.page_id, (await self.thread()).customer_id
        asked: dict[str, Any] = {"command_id": new_id(), **more}
        command = make_command(action, conversation_id=(await self.conversation()).id, **asked)
        engine = TemporalWorkflowClient(self.client, task_queue=self.task_queue)
        async with asyncio.timeout(TIMEOUT):
            while True:
                try:
                    return await engine.command_with_start(page_id, customer_id, command)
                except TemporalUnavailableError:
                    continue  # whether it was applied is not known; its id is

    async def says(self, *, hold: bool = False) -> str:
        """Write a reply's row and have it sent. Returns its id."""
        conversation, message_id = await self.conversation(), new_id()
        row = new_outbound_row(
            id=message_id,
            page_id=conversation.page_id,
            customer_id=conversation.customer_id,
            conversation_id=conversation.id,
            sender_kind="agent",
            agent_id="mia",
            text=f"reply {message_id}",
            created_at=clock.now(),
            hold=hold,
        )
        await self.store.write(lambda session: insert_or_ignore(session, tables.Message, [row]))
        await self.obeyed("reply", command_id=message_id, message_id=message_id, hold=hold)
        return message_id

    async def comes_near_to_the_next_run(self) -> None:
        """Make history until the run is about to continue as new."""
        while len((await self.histories())[-1].events) < SUGGEST_CONTINUE_AS_NEW_AT * 3 // 4:
            await self.tell_settings_changed()

    async def turns_over(self, times: int = 1) -> None:
        """Make history, and nothing else, until the thread has continued as new a number of times."""
        goal = len(await self.histories()) + times

        async def look() -> bool:
            for _ in range(20):
                await self.tell_settings_changed()
            return len(await self.histories()) >= goal

        await eventually(look, within=TIMEOUT)


@contextlib.asynccontextmanager
async def persistent_desk(directory: Path, address: str) -> AsyncIterator[PersistentDesk]:
    """A seeded desk with a running worker."""
    settings = make_settings(directory)
    client = await Client.connect(address, data_converter=data_converter)
    seeded = await make_desk(settings, client)
    await seeded.close()
    desk = PersistentDesk(settings, client)
    async with desk.working():
        yield desk
        await desk.close()
