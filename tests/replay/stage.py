"""Where a scenario is played: a desk with its worker on one of the two engines."""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from temporalio.client import Client
from temporalio.exceptions import ApplicationError
from temporalio.testing import WorkflowEnvironment

from base import clock
from base.converter import data_converter
from local.temporal_server.test_server import start_time_skipping
from support.desk import Desk, make_desk
from support.eventually import eventually
from support.store import make_settings
from workflows.messages import CommandResult, conversation_workflow_id

_TIMEOUT_SECONDS = 60.0


@dataclass
class Stage:
    """A desk, and the time of its engine. Only a skipping engine's time can be moved."""

    desk: Desk
    env: WorkflowEnvironment | None = None

    async def now(self) -> datetime:
        """Temporal's time."""
        return clock.now() if self.env is None else await self.env.get_current_time()

    async def passes(self, **length: float) -> None:
        """Let time pass on a skipping engine, as `timedelta` takes it."""
        if self.env is None:
            raise TypeError("Only the time of a skipping engine can be moved.")
        await self.env.sleep(timedelta(**length))

    async def writes(self, text: str = "canary of the customer") -> None:
        """The customer writes now."""
        await self.desk.customer_writes(await self.now(), text)

    async def greeted(self) -> None:
        """The customer writes and the greeting is sent."""
        await self.writes()
        await self.sent(1)

    async def does(self, *actions: str, **more: Any) -> None:
        """The agent gives commands that are taken."""
        for action in actions:
            answer = await self.desk.command(action, **more)
            assert isinstance(answer, CommandResult), (action, answer)

    async def is_refused(self, action: str, code: str, **more: Any) -> None:
        """The agent gives a command that is refused."""
        answer = await self.desk.command(action, **more)
        assert isinstance(answer, ApplicationError), (action, answer)
        assert answer.type == code

    async def replies(self, *, hold: bool = False) -> str:
        """The agent writes. Returns the message's id."""
        answer = await self.desk.reply("canary of the agent", await self.now(), hold=hold)
        assert isinstance(answer, CommandResult), answer
        return (await self.desk.messages("outbound"))[-1].id

    async def sent(self, number: int) -> None:
        """Wait until that many of our messages are out."""

        async def look() -> bool:
            statuses = [message.status for message in await self.desk.messages("outbound")]
            return statuses.count("sent") == number

        await until(look)

    async def message_is(self, message_id: str, status: str) -> None:
        """Wait for a message's status."""

        async def look() -> bool:
            return (await self.desk.message(message_id)).status == status

        await until(look)

    async def status_is(self, status: str) -> None:
        """Wait for the newest conversation's status."""

        async def look() -> bool:
            rows = await self.desk.conversations()
            return bool(rows) and rows[-1].status == status

        await until(look)

    async def happened(self, kind: str, times: int = 1) -> None:
        """Wait for an event."""

        async def look() -> bool:
            return len(await self.desk.events(kind)) == times

        await until(look)

    async def run_ends(self) -> None:
        """Wait until nothing in the thread lives any more."""
        thread = await self.desk.thread()
        run = self.desk.client.get_workflow_handle(
            conversation_workflow_id(thread.page_id, thread.customer_id)
        )

        async def look() -> bool:
            return (await run.describe()).close_time is not None

        await until(look)


async def until(look: Callable[[], Awaitable[bool]]) -> None:
    """Wait patiently: what is recorded must be whole, however busy the machine is."""
    await eventually(look, within=_TIMEOUT_SECONDS)


@contextlib.asynccontextmanager
async def skipping_stage(directory: Path) -> AsyncIterator[Stage]:
    """A stage on a time-skipping engine of its own."""
    env = await start_time_skipping(data_converter=data_converter)
    try:
        desk = await make_desk(make_settings(directory), env.client)
        async with desk.working():
            yield Stage(desk, env)
            await desk.close()
    finally:
        await env.shutdown()


@contextlib.asynccontextmanager
async def dev_stage(directory: Path, address: str) -> AsyncIterator[Stage]:
    """A stage on a dev server."""
    client = await Client.connect(address, data_converter=data_converter)
    desk = await make_desk(make_settings(directory), client)
    async with desk.working():
        yield Stage(desk)
        await desk.close()
