"""Messages that the window refused and that wait for the customer."""

from datetime import timedelta

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import WorkflowEnvironment

from support.desk import Desk
from support.eventually import eventually
from support.life import A_MOMENT, greeted
from workflows.messages import CommandResult

pytestmark = pytest.mark.time_skipping


async def held_message(desk: Desk, env: WorkflowEnvironment) -> str:
    """An agent's message that came too late and is held."""
    await greeted(desk, env)
    await desk.command("pick")
    await env.sleep(timedelta(hours=25))
    refused = await desk.reply("too late", await env.get_current_time())
    assert isinstance(refused, ApplicationError)
    assert isinstance(await desk.reply("hold it", await env.get_current_time(), hold=True), CommandResult)
    (held,) = [message for message in await desk.messages("outbound") if message.status == "held"]
    assert held.reason == "human_agent_tag_disabled"
    return held.id


async def status_becomes(desk: Desk, message_id: str, status: str) -> None:
    async def look() -> bool:
        return (await desk.message(message_id)).status == status

    await eventually(look)


async def test_a_held_message_is_offered_when_the_customer_writes_and_sent_when_an_agent_says_so(
    desk: Desk, env: WorkflowEnvironment
) -> None:
    message_id = await held_message(desk, env)
    sent_before = len(desk.meta.sent)
    await desk.customer_writes(await env.get_current_time(), "hello again")
    await eventually(lambda: desk.happened("message.held_offered"))
    assert len(desk.meta.sent) == sent_before

    assert isinstance(await desk.command("send_held", message_id=message_id), CommandResult)
    await status_becomes(desk, message_id, "sent")
    assert desk.meta.sent[-1]["messaging_type"] == "RESPONSE"
    again = await desk.command("send_held", message_id=message_id)
    assert isinstance(again, ApplicationError)
    assert again.type == "message_not_held"


async def test_a_workstream_may_have_held_messages_sent_unseen(desk: Desk, env: WorkflowEnvironment) -> None:
    await desk.set_workstream(send_held_unseen=True)
    message_id = await held_message(desk, env)
    await desk.customer_writes(await env.get_current_time(), "hello again")
    await status_becomes(desk, message_id, "sent")


async def test_a_held_message_is_not_sent_while_the_window_is_closed(
    desk: Desk, env: WorkflowEnvironment
) -> None:
    message_id = await held_message(desk, env)
    refused = await desk.command("send_held", message_id=message_id)
    assert isinstance(refused, ApplicationError)
    assert refused.type == "human_agent_tag_disabled"
    assert (await desk.message(message_id)).status == "held"


async def test_a_held_message_is_cancelled_by_its_agent(desk: Desk, env: WorkflowEnvironment) -> None:
    message_id = await held_message(desk, env)
    stranger = await desk.command("cancel_message", message_id=message_id, agent="tom")
    assert isinstance(stranger, ApplicationError)
    assert isinstance(await desk.command("cancel_message", message_id=message_id), CommandResult)
    assert (await desk.message(message_id)).status == "cancelled"


async def test_a_held_message_expires_after_seven_days(desk: Desk, env: WorkflowEnvironment) -> None:
    message_id = await held_message(desk, env)
    held_at = (await desk.message(message_id)).created_at
    await env.sleep(timedelta(days=7, minutes=1))
    await status_becomes(desk, message_id, "expired")
    (expired,) = await desk.events("message.expired")
    assert abs(expired.at - held_at - timedelta(days=7)) < A_MOMENT
