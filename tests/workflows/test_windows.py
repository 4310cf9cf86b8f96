"""What the workflow tells about the window by itself, at the exact instants."""

from datetime import datetime, timedelta

import pytest
from temporalio.testing import WorkflowEnvironment

from support.desk import Desk
from support.eventually import eventually
from support.life import greeted

pytestmark = pytest.mark.time_skipping


async def told(desk: Desk, kind: str) -> list[tuple[datetime, object]]:
    return [(event.at, event.data.get("stage") or event.data.get("to")) for event in await desk.events(kind)]


async def test_an_owed_answer_is_warned_of_and_each_closing_is_told_at_its_instant(
    desk: Desk, env: WorkflowEnvironment
) -> None:
    await desk.set_page(human_agent_tag=True)
    await greeted(desk, env)
    thread = await desk.thread()
    assert thread.opened_at is not None
    wrote_at = thread.opened_at

    await env.sleep(timedelta(days=7, minutes=1))

    async def closed() -> bool:
        return len(await desk.events("window.stage_changed")) == 2

    await eventually(closed)
    assert await told(desk, "window.closing_soon") == [
        (wrote_at + timedelta(hours=23), "standard"),
        (wrote_at + timedelta(days=7) - timedelta(hours=1), "human_agent"),
    ]
    assert await told(desk, "window.stage_changed") == [
        (wrote_at + timedelta(hours=24), "human_agent"),
        (wrote_at + timedelta(days=7), "closed"),
    ]


async def test_who_has_been_answered_causes_no_warning_and_a_message_at_23_59_moves_the_end(
    desk: Desk, env: WorkflowEnvironment
) -> None:
    await greeted(desk, env)
    await desk.command("pick")
    await desk.reply("Hello!", await env.get_current_time())
    thread = await desk.thread()
    assert thread.opened_at is not None

    at = thread.opened_at + timedelta(hours=23, minutes=59)
    await env.sleep(at - await env.get_current_time())
    second_at = await env.get_current_time()
    await desk.customer_writes(second_at, "one more thing")
    await env.sleep(timedelta(hours=24))
    await eventually(lambda: desk.happened("window.stage_changed"))

    (warned,) = await told(desk, "window.closing_soon")
    (changed,) = await told(desk, "window.stage_changed")
    second = _to_the_millisecond(second_at)
    assert warned == (second + timedelta(hours=23), "standard")
    assert changed == (second + timedelta(hours=24), "human_agent")


async def test_a_message_that_only_moves_the_end_later_costs_no_timer(
    desk: Desk, env: WorkflowEnvironment
) -> None:
    await greeted(desk, env)
    for text in ("one", "two", "three"):
        await desk.customer_writes(await env.get_current_time(), text)
    await eventually(lambda: _received(desk, 4))
    history = await (await desk.handle()).fetch_history()
    timers = [event for event in history.events if event.HasField("timer_started_event_attributes")]
    assert len(timers) == 1


async def _received(desk: Desk, number: int) -> bool:
    return len(await desk.events("message.received")) == number


def _to_the_millisecond(at: datetime) -> datetime:
    """Meta's timestamps have milliseconds."""
    return at.replace(microsecond=at.microsecond // 1000 * 1000)
