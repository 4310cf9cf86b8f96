"""The durable life of a conversation, on the time-skipping server."""

import asyncio
import json
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from temporalio.client import WorkflowExecutionStatus
from temporalio.exceptions import ApplicationError
from temporalio.testing import WorkflowEnvironment

from domain.conversations.lifecycle import Status
from domain.workstreams.conversation_settings import DEFAULT_SETTINGS
from support.desk import Desk
from support.eventually import eventually
from workflows.messages import CommandResult, SettingsRead

pytestmark = pytest.mark.time_skipping


async def opened(desk: Desk, env: WorkflowEnvironment) -> datetime:
    """A customer wrote and was greeted."""
    now = await env.get_current_time()
    await desk.customer_writes(now)
    await eventually(lambda: statuses(desk, "sent"))
    return now


async def statuses(desk: Desk, *expected: str) -> bool:
    return [message.status for message in await desk.messages("outbound")] == list(expected)


async def status_is(desk: Desk, status: Status) -> bool:
    return bool(await desk.conversations()) and (await desk.conversation()).status == status


async def test_a_first_message_is_greeted_inside_the_standard_window(
    desk: Desk, env: WorkflowEnvironment
) -> None:
    await opened(desk, env)
    (inbound,) = await desk.messages("inbound")
    (greeting,) = await desk.messages("outbound")
    conversation = await desk.conversation()

    assert conversation.status == Status.OPEN
    assert inbound.conversation_id == greeting.conversation_id == conversation.id
    assert (greeting.sender_kind, greeting.allowed_by, greeting.mid) == (
        "automatic",
        "standard_window",
        "m_sent_1",
    )
    assert desk.meta.sent[0]["messaging_type"] == "RESPONSE"
    assert desk.meta.sent[0]["message"]["metadata"] == f"pd1:{greeting.id}"


async def test_of_twenty_picks_at_once_one_wins(desk: Desk, env: WorkflowEnvironment) -> None:
    await opened(desk, env)
    limit = asyncio.Semaphore(8)  # the server takes ten updates in flight

    async def pick(number: int) -> CommandResult | ApplicationError:
        async with limit:
            return await desk.command("pick", agent=f"agent-{number}")

    answers = await asyncio.gather(*(pick(number) for number in range(20)))
    assert sum(isinstance(answer, CommandResult) for answer in answers) == 1
    assert {answer.type for answer in answers if isinstance(answer, ApplicationError)} == {"already_picked"}


async def test_the_24_hour_edge_to_the_second(desk: Desk, env: WorkflowEnvironment) -> None:
    wrote_at = await opened(desk, env)
    await desk.command("pick")
    edge = wrote_at + timedelta(hours=24)

    await env.sleep(edge - await env.get_current_time() - timedelta(seconds=5))
    assert isinstance(await desk.reply("in time", await env.get_current_time()), CommandResult)
    await eventually(lambda: statuses(desk, "sent", "sent"))

    await env.sleep(edge - await env.get_current_time())
    refused = await desk.reply("too late", await env.get_current_time())
    assert isinstance(refused, ApplicationError)
    assert refused.type == "human_agent_tag_disabled"


async def test_with_the_tag_an_agent_may_answer_for_seven_days(desk: Desk, env: WorkflowEnvironment) -> None:
    wrote_at = await opened(desk, env)
    await desk.set_page(human_agent_tag=True)
    await desk.command("pick")
    edge = wrote_at + timedelta(days=7)

    await env.sleep(edge - await env.get_current_time() - timedelta(seconds=5))
    assert isinstance(await desk.reply("still allowed", await env.get_current_time()), CommandResult)
    await eventually(lambda: statuses(desk, "sent", "sent"))
    assert (desk.meta.sent[1]["messaging_type"], desk.meta.sent[1]["tag"]) == ("MESSAGE_TAG", "HUMAN_AGENT")

    await env.sleep(edge - await env.get_current_time())
    refused = await desk.reply("too late", await env.get_current_time())
    assert isinstance(refused, ApplicationError)
    assert refused.type == "window_closed"


async def test_a_late_webhook_of_an_old_message_opens_no_window(desk: Desk, env: WorkflowEnvironment) -> None:
    now = await env.get_current_time()
    await desk.customer_writes(now - timedelta(hours=25), received=now)
    await eventually(lambda: desk.happened("message.not_allowed"))
    (not_allowed,) = await desk.events("message.not_allowed")
    assert not_allowed.data["trigger"] == "greeting"
    assert not_allowed.data["code"] == "automated_message_outside_window"
    assert await desk.messages("outbound") == []
    assert desk.meta.sent == []


async def test_waiting_closes_by_itself_at_its_instant(desk: Desk, env: WorkflowEnvironment) -> None:
    await desk.set_workstream(auto_close_waiting_after_seconds=3600)
    await opened(desk, env)
    await desk.command("pick")
    closed_session_at = await env.get_current_time()
    await desk.command("close_session")
    assert await status_is(desk, Status.WAITING)

    await env.sleep(timedelta(hours=1, minutes=1))
    await eventually(lambda: status_is(desk, Status.CLOSED))
    conversation = await desk.conversation()
    assert conversation.status_reason == "waiting_for_too_long"
    assert conversation.closed_at is not None
    assert abs(conversation.closed_at - closed_session_at - timedelta(hours=1)) < timedelta(seconds=5)


async def test_the_run_ends_with_the_conversation_and_the_next_message_starts_another(
    desk: Desk, env: WorkflowEnvironment
) -> None:
    await opened(desk, env)
    for action in ("pick", "end", "complete"):
        assert isinstance(await desk.command(action), CommandResult)
    handle = await desk.handle()
    await handle.result()

    await desk.customer_writes(await env.get_current_time(), "another question")
    await eventually(lambda: statuses(desk, "sent", "sent"))
    first, second = await desk.conversations()
    assert (first.status, second.status) == (Status.CLOSED, Status.OPEN)
    assert [message.conversation_id for message in await desk.messages("inbound")] == [first.id, second.id]


async def test_a_signal_delivered_twice_after_the_end_makes_no_phantom(
    desk: Desk, env: WorkflowEnvironment
) -> None:
    now = await env.get_current_time()
    (routed,) = await desk.take({"message": {"mid": "m_once", "text": "hello"}}, now)
    await desk.signal(routed)
    await eventually(lambda: statuses(desk, "sent"))
    for action in ("pick", "end", "complete"):
        await desk.command(action)
    await (await desk.handle()).result()

    await desk.signal(routed, told_before=True)
    await (await desk.handle()).result()
    assert len(await desk.conversations()) == 1
    assert await statuses(desk, "sent")


async def loads(desk: Desk) -> int:
    """How often the run has loaded the thread."""
    history = await (await desk.handle()).fetch_history()
    scheduled = [event.activity_task_scheduled_event_attributes for event in history.events]
    return [each.activity_type.name for each in scheduled].count("load_thread")


async def test_the_first_events_of_a_thread_need_no_load(desk: Desk, env: WorkflowEnvironment) -> None:
    await opened(desk, env)
    assert await loads(desk) == 0


async def local_activities(desk: Desk) -> list[str]:
    """The local activities that the run has executed, in their order."""
    history = await (await desk.handle()).fetch_history()
    markers = [event.marker_recorded_event_attributes for event in history.events]
    return [
        json.loads(marker.details["data"].payloads[0].data)["activity_type"]
        for marker in markers
        if marker.marker_name == "core_local_activity"
    ]


async def test_settings_that_come_with_the_first_events_are_not_read_again(
    desk: Desk, env: WorkflowEnvironment
) -> None:
    now = await env.get_current_time()
    (routed,) = await desk.take({"message": {"mid": "m_first", "text": "hello"}}, now)
    silent = SettingsRead(replace(DEFAULT_SETTINGS, version=1, automated_messages=()), now)
    await desk.signal(routed, settings=silent)

    async def recorded() -> bool:
        return bool(await local_activities(desk))

    await eventually(recorded)
    assert await local_activities(desk) == ["route", "project_thread"]
    assert await statuses(desk)  # nothing said: the settings of the signal forbid the greeting


async def test_a_route_that_comes_with_the_first_events_is_taken(
    desk: Desk, env: WorkflowEnvironment
) -> None:
    now = await env.get_current_time()
    (routed,) = await desk.take({"message": {"mid": "m_first", "text": "hello"}}, now)
    assert routed.settings is not None
    assert routed.settings.default_route is not None
    await desk.signal(routed, settings=replace(routed.settings, at=now))
    await eventually(lambda: statuses(desk, "sent"))
    assert "route" not in await local_activities(desk)
    assert (await desk.conversation()).queue_id == "default"


async def test_settings_that_waited_long_with_the_first_events_are_read_anew(
    desk: Desk, env: WorkflowEnvironment
) -> None:
    now = await env.get_current_time()
    (routed,) = await desk.take({"message": {"mid": "m_first", "text": "hello"}}, now)
    assert routed.settings is not None
    long_ago = now - timedelta(seconds=3)
    silent = replace(DEFAULT_SETTINGS, automated_messages=())
    await desk.signal(routed, settings=replace(routed.settings, settings=silent, at=long_ago))
    await eventually(lambda: statuses(desk, "sent"))
    assert (await local_activities(desk))[:2] == ["read_settings", "route"]


async def test_first_events_that_are_told_again_are_looked_up(desk: Desk, env: WorkflowEnvironment) -> None:
    now = await env.get_current_time()
    (routed,) = await desk.take({"message": {"mid": "m_first", "text": "hello"}}, now)
    assert routed.fresh
    await desk.signal(routed, told_before=True)
    await eventually(lambda: statuses(desk, "sent"))
    assert await loads(desk) == 1
    assert len(await desk.conversations()) == 1


async def test_fresh_events_that_another_relay_has_told_open_nothing_again(
    desk: Desk, env: WorkflowEnvironment
) -> None:
    now = await env.get_current_time()
    (routed,) = await desk.take({"message": {"mid": "m_first", "text": "hello"}}, now)
    await desk.signal(routed, told_before=True)
    await eventually(lambda: statuses(desk, "sent"))
    for action in ("pick", "end", "complete"):
        await desk.command(action)
    await (await desk.handle()).result()
    await desk.signal(routed)
    await (await desk.handle()).result()
    assert (await desk.conversation()).status == "closed"
    assert len(desk.meta.sent) == 1


async def test_the_next_conversation_of_a_thread_is_looked_up(desk: Desk, env: WorkflowEnvironment) -> None:
    await opened(desk, env)
    for action in ("pick", "end", "complete"):
        await desk.command(action)
    await (await desk.handle()).result()
    await desk.customer_writes(await env.get_current_time(), "another question")
    await eventually(lambda: statuses(desk, "sent", "sent"))
    assert await loads(desk) == 1


async def test_a_message_in_wrap_up_continues_as_new_with_the_next_conversation(
    desk: Desk, env: WorkflowEnvironment
) -> None:
    await opened(desk, env)
    await desk.command("pick")
    await desk.command("end")
    former = await desk.conversation()
    former_run = (await (await desk.handle()).describe()).run_id

    await desk.customer_writes(await env.get_current_time(), "one more thing")
    await eventually(lambda: statuses(desk, "sent", "sent"))

    async def continued() -> bool:
        return (await (await desk.handle()).describe()).run_id != former_run

    await eventually(continued)
    refused = await desk.command("complete", conversation_id=former.id)
    assert isinstance(refused, ApplicationError)
    assert refused.type == "conversation_closed"
    assert isinstance(await desk.command("pick"), CommandResult)


async def test_every_change_is_an_event_once(desk: Desk, env: WorkflowEnvironment) -> None:
    await opened(desk, env)
    for action in ("pick", "end", "complete"):
        await desk.command(action)
    await (await desk.handle()).result()
    assert sorted(await desk.event_kinds()) == sorted(
        [
            "conversation.opened",
            "conversation.queued",
            "window.opened",
            "message.queued",
            "message.received",
            "message.sending",
            "message.sent",
            "session.started",
            "conversation.active",
            "conversation.wrap_up",
            "session.closed",
            "conversation.closed",
        ]
    )
    description = await (await desk.handle()).describe()
    assert description.status is WorkflowExecutionStatus.COMPLETED
