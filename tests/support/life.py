"""Steps that the tests of a conversation's life share."""

from datetime import timedelta

from temporalio.testing import WorkflowEnvironment

from domain.conversations.lifecycle import Status
from support.desk import Desk
from support.eventually import eventually

SECOND = timedelta(seconds=1)
A_MOMENT = timedelta(seconds=20)
"""Engine time may run on by a few seconds while a test works; instants are compared within this."""


async def statuses(desk: Desk, *expected: str) -> bool:
    """Whether our messages have these statuses, oldest first."""
    return [message.status for message in await desk.messages("outbound")] == list(expected)


async def status_is(desk: Desk, status: Status) -> bool:
    """Whether the newest conversation has this status."""
    return bool(await desk.conversations()) and (await desk.conversation()).status == status


async def greeted(desk: Desk, env: WorkflowEnvironment) -> None:
    """A customer writes and is greeted."""
    await desk.customer_writes(await env.get_current_time())
    await eventually(lambda: statuses(desk, "sent"))


async def handled_and_closed(desk: Desk, env: WorkflowEnvironment) -> None:
    """A conversation from its first message to its completion."""
    await greeted(desk, env)
    for action in ("pick", "end", "complete"):
        await desk.command(action)
    await eventually(lambda: status_is(desk, Status.CLOSED))
