"""Colleagues in the life of a conversation: asked, timed out, writing to the customer, and told as rows."""

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session, col, select
from temporalio.api.enums.v1 import EventType
from temporalio.exceptions import ApplicationError
from temporalio.testing import WorkflowEnvironment

from domain.routing.routing_signals import AgentGone
from store import tables
from support.desk import Desk
from support.eventually import eventually
from support.histories import finished_events
from workflows.messages import AGENT_GONE_SIGNAL, CommandResult

pytestmark = pytest.mark.time_skipping

END = timedelta(seconds=121)


async def talking(desk: Desk, env: WorkflowEnvironment) -> None:
    """Mia has a conversation."""
    await desk.customer_writes(await env.get_current_time())
    await eventually(desk.conversations)
    await does(desk, "pick")


async def does(desk: Desk, action: str, agent: str = "mia", **more: Any) -> None:
    answer = await desk.command(action, agent=agent, **more)
    assert isinstance(answer, CommandResult), answer


async def parts(desk: Desk) -> list[tuple[str, str, bool, str | None]]:
    """Whose part in it each was, in which way, whether they came, and how it ended."""

    def look(session: Session) -> list[tuple[str, str, bool, str | None]]:
        rows = session.exec(select(tables.Participant).order_by(col(tables.Participant.since))).all()
        return [(each.agent_id, each.mode, each.joined_at is not None, each.end) for each in rows]

    return await desk.store.read(look)


async def test_a_colleague_is_asked_joins_writes_and_leaves_with_the_session(
    desk: Desk, env: WorkflowEnvironment
) -> None:
    await talking(desk, env)
    await does(desk, "consult", participant_id="zoe")
    assert await parts(desk) == [("zoe", "consult", False, None)]
    await does(desk, "accept", "zoe")
    assert await parts(desk) == [("zoe", "consult", True, None)]
    refused = await desk.reply("not yet", await env.get_current_time(), agent="zoe")
    assert isinstance(refused, ApplicationError)
    assert refused.type == "not_your_conversation"
    await does(desk, "join", participant_id="zoe")
    assert isinstance(await desk.reply("hello", await env.get_current_time(), agent="zoe"), CommandResult)

    async def is_sent() -> bool:
        return "hello" in [each["message"].get("text") for each in desk.meta.sent]

    await eventually(is_sent)
    await does(desk, "end")
    assert await parts(desk) == [("zoe", "join", True, "ended_by_agent")]


async def test_an_invitation_without_an_answer_ends_when_its_time_is_up(
    desk: Desk, env: WorkflowEnvironment
) -> None:
    await talking(desk, env)
    await does(desk, "consult", participant_id="zoe")
    await env.sleep(END)
    await eventually(lambda: desk.happened("consult.timed_out"))
    assert await parts(desk) == [("zoe", "consult", False, "timed_out")]
    refused = await desk.command("accept", agent="zoe")
    assert isinstance(refused, ApplicationError)
    assert refused.type == "not_offered_to_you"
    assert (await desk.conversation()).agent_id == "mia"


async def test_who_is_gone_is_asked_no_more(desk: Desk, env: WorkflowEnvironment) -> None:
    await talking(desk, env)
    await does(desk, "consult", participant_id="zoe")
    gone = AgentGone("zoe", await env.get_current_time())
    await (await desk.handle()).signal(AGENT_GONE_SIGNAL, gone)
    await eventually(lambda: desk.happened("consult.withdrawn"))
    assert await parts(desk) == [("zoe", "consult", False, "agent_disconnected")]


async def test_the_timer_of_an_invitation_is_cancelled_with_its_answer(
    desk: Desk, env: WorkflowEnvironment
) -> None:
    desk.live = {"automated_messages": ()}
    await talking(desk, env)
    before = len(await finished_events(await desk.handle()))
    await does(desk, "consult", participant_id="zoe")
    await does(desk, "accept", "zoe")
    events = (await finished_events(await desk.handle()))[before:]
    assert events.count(EventType.EVENT_TYPE_TIMER_CANCELED) == 2  # of the long one, and the invitation's
    assert events.count(EventType.EVENT_TYPE_TIMER_STARTED) == 2
    assert len(events) == 16
