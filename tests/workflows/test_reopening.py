"""Going on after Closed, starting conversations, and what a change of settings does to those that run."""

from datetime import timedelta

import pytest
from temporalio.client import WorkflowExecutionStatus
from temporalio.exceptions import ApplicationError
from temporalio.testing import WorkflowEnvironment

from base.ids import new_id
from domain.conversations.lifecycle import Status
from support.desk import Desk
from support.eventually import eventually
from support.life import A_MOMENT, greeted, handled_and_closed, status_is, statuses
from workflows.messages import CommandResult

pytestmark = pytest.mark.time_skipping


async def run_has_ended(desk: Desk) -> bool:
    return (await (await desk.handle()).describe()).status is WorkflowExecutionStatus.COMPLETED


async def test_an_agent_reopens_a_closed_conversation_in_a_new_session_that_reads_the_tag_anew(
    desk: Desk, env: WorkflowEnvironment
) -> None:
    await desk.set_workstream(reopen_closed_within_seconds=3600)
    await handled_and_closed(desk, env)
    former = await desk.conversation()
    await desk.set_page(human_agent_tag=True)
    await env.sleep(timedelta(minutes=59))

    assert isinstance(await desk.command("reopen"), CommandResult)
    conversation = await desk.conversation()
    assert (conversation.id, conversation.status) == (former.id, Status.ACTIVE)
    assert conversation.closed_at is None
    first, second = await desk.events("session.started")
    assert (first.data["human_agent_tag"], second.data["human_agent_tag"]) == (False, True)
    assert (first.data["number"], second.data["number"]) == (1, 2)


async def test_after_its_period_a_closed_conversation_is_final_and_its_run_has_ended(
    desk: Desk, env: WorkflowEnvironment
) -> None:
    await desk.set_workstream(reopen_closed_within_seconds=3600)
    await handled_and_closed(desk, env)
    assert not await run_has_ended(desk)
    await env.sleep(timedelta(hours=1, minutes=1))
    await eventually(lambda: run_has_ended(desk))
    refused = await desk.command("reopen")
    assert isinstance(refused, ApplicationError)
    assert refused.type == "conversation_closed"


async def test_a_run_leaves_no_event_behind_that_the_next_one_would_be_told_again(
    desk: Desk, env: WorkflowEnvironment
) -> None:
    await desk.set_workstream(reopen_closed_within_seconds=3600)
    await handled_and_closed(desk, env)
    mid = (await desk.messages("outbound"))[0].mid
    reaction = {"reaction": {"mid": mid, "action": "react", "reaction": "love", "emoji": "x"}}
    await desk.event(reaction, await env.get_current_time())
    thread = await desk.thread()
    assert thread.applied_seq < thread.last_seq  # it opens the window, and there is nothing to record

    await env.sleep(timedelta(hours=1, minutes=1))
    await eventually(lambda: run_has_ended(desk))
    thread = await desk.thread()
    assert thread.applied_seq == thread.last_seq


@pytest.mark.parametrize("within", [0, 3600])
async def test_who_returns_after_closed_gets_the_same_conversation_or_a_new_one_by_the_setting(
    desk: Desk, env: WorkflowEnvironment, within: int
) -> None:
    await desk.set_workstream(reopen_closed_within_seconds=within)
    await handled_and_closed(desk, env)
    former = await desk.conversation()
    await desk.customer_writes(await env.get_current_time(), "one more thing")
    await eventually(lambda: status_is(desk, Status.OPEN))
    conversation = await desk.conversation()
    assert (conversation.id == former.id) is (within > 0)
    greetings = [message for message in await desk.messages("outbound") if message.kind == "greeting"]
    assert len(greetings) == (1 if within else 2)


async def test_an_agent_starts_a_conversation_with_a_known_customer(
    desk: Desk, env: WorkflowEnvironment
) -> None:
    await handled_and_closed(desk, env)
    await eventually(lambda: run_has_ended(desk))
    wanted = new_id()
    assert isinstance(await desk.command("start", conversation_id=wanted, command_id=wanted), CommandResult)
    conversation = await desk.conversation()
    assert (conversation.id, conversation.status) == (wanted, Status.ACTIVE)
    assert conversation.status_reason == "started_by_agent"
    assert isinstance(await desk.reply("Your parcel is here.", await env.get_current_time()), CommandResult)
    await eventually(lambda: statuses(desk, "sent", "sent"))

    again = await desk.command("start", conversation_id=new_id())
    assert isinstance(again, ApplicationError)
    assert again.type == "conversation_exists"


async def test_nobody_starts_a_conversation_that_the_window_forbids(
    desk: Desk, env: WorkflowEnvironment
) -> None:
    await handled_and_closed(desk, env)
    await env.sleep(timedelta(hours=25))
    refused = await desk.command("start", conversation_id=new_id())
    assert isinstance(refused, ApplicationError)
    assert refused.type == "human_agent_tag_disabled"
    await desk.set_page(human_agent_tag=True)
    assert isinstance(await desk.command("start", conversation_id=new_id()), CommandResult)


async def test_a_shorter_waiting_time_holds_for_those_that_wait_already(
    desk: Desk, env: WorkflowEnvironment
) -> None:
    await desk.set_workstream(auto_close_waiting_after_seconds=28 * 24 * 3600)
    await greeted(desk, env)
    await desk.command("pick")
    left_at = await env.get_current_time()
    await desk.command("close_session")
    await desk.set_workstream(auto_close_waiting_after_seconds=3600)
    await desk.tell_settings_changed()
    await env.sleep(timedelta(hours=1, minutes=1))
    await eventually(lambda: status_is(desk, Status.CLOSED))
    conversation = await desk.conversation()
    assert conversation.closed_at is not None
    assert abs(conversation.closed_at - left_at - timedelta(hours=1)) < A_MOMENT


async def test_a_longer_waiting_time_is_noticed_even_if_nobody_tells(
    desk: Desk, env: WorkflowEnvironment
) -> None:
    await desk.set_workstream(auto_close_waiting_after_seconds=3600)
    await greeted(desk, env)
    await desk.command("pick")
    await desk.command("close_session")
    await desk.set_workstream(auto_close_waiting_after_seconds=2 * 3600)
    await env.sleep(timedelta(hours=1, minutes=30))
    assert await status_is(desk, Status.WAITING)
    await env.sleep(timedelta(minutes=31))
    await eventually(lambda: status_is(desk, Status.CLOSED))


async def test_a_message_at_the_instant_of_the_closing_is_not_lost(
    desk: Desk, env: WorkflowEnvironment
) -> None:
    await desk.set_workstream(auto_close_waiting_after_seconds=3600)
    await greeted(desk, env)
    await desk.command("pick")
    await desk.command("close_session")
    waiting = await desk.conversation()
    deadline = waiting.status_changed_at + timedelta(hours=1)
    routed = await desk.take({"message": {"mid": "m_race", "text": "still there?"}}, deadline)
    await env.sleep(deadline - await env.get_current_time())
    for thread in routed:
        await desk.signal(thread)
    await eventually(lambda: status_is(desk, Status.OPEN))
    *_, raced = await desk.messages("inbound")
    assert raced.conversation_id == (await desk.conversation()).id
    live = [each for each in await desk.conversations() if each.status != Status.CLOSED]
    assert len(live) == 1
