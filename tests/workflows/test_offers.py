"""Offers in the life of a conversation: taken after routing, answered, timed out, and told as rows."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session, select
from temporalio.exceptions import ApplicationError
from temporalio.testing import WorkflowEnvironment

from domain.routing.capacity import Origin
from domain.routing.routing_signals import AgentGone, OfferMade
from domain.workstreams.conversation_settings import DEFAULT_SETTINGS
from store import tables
from store.routing.agent_states import add_agent_state
from support.desk import Desk, make_desk
from support.eventually import eventually
from support.histories import finished_events
from support.store import make_settings
from workflows.messages import AGENT_GONE_SIGNAL, OFFER_SIGNAL, CommandResult, SettingsRead

pytestmark = pytest.mark.time_skipping

AGENTS = ("mia", "tom")
END = timedelta(seconds=121)


async def waits(desk: Desk, env: WorkflowEnvironment, **notification: Any) -> str:
    """A customer of a push workstream waits in the default queue; two agents are there."""
    now = await env.get_current_time()

    def add(session: Session) -> None:
        for agent_id in AGENTS:
            session.add(tables.Agent(id=agent_id, name=agent_id, role="agent", created_at=now))
            session.flush()
            add_agent_state(session, agent_id, now)
            session.get_one(tables.AgentState, agent_id).connected = True

    await desk.store.write(add)
    await desk.set_workstream(distribution_mode="push", notification=notification)
    await desk.customer_writes(now)
    await eventually(lambda: item_is(desk, ("default", "waiting", 1)))
    return (await desk.conversation()).id


async def offer(desk: Desk, env: WorkflowEnvironment, agent_id: str, stay: int, offer_id: str) -> None:
    """What the dispatcher does once it has claimed this agent."""
    told = OfferMade(
        offer_id,
        (await desk.conversation()).id,
        agent_id,
        stay,
        "default",
        Origin.PUSH,
        await env.get_current_time() + timedelta(minutes=5),
    )
    await (await desk.handle()).signal(OFFER_SIGNAL, told)


async def item_is(desk: Desk, expected: tuple[str, str, int] | None) -> bool:
    def look(session: Session) -> bool:
        items = [(each.queue_id, each.state, each.stay) for each in session.exec(select(tables.WorkItem))]
        return items == ([expected] if expected else [])

    return await desk.store.read(look)


async def slots(desk: Desk) -> list[tuple[str, str, str]]:
    def look(session: Session) -> list[tuple[str, str, str]]:
        rows = session.exec(select(tables.Slot).order_by(tables.Slot.id))
        return [(each.id, each.agent_id, each.state) for each in rows]

    return await desk.store.read(look)


async def phase_is(desk: Desk, phase: str | None) -> bool:
    return (await desk.conversation()).phase == phase


async def test_an_offer_is_accepted_answered_and_ended(desk: Desk, env: WorkflowEnvironment) -> None:
    await waits(desk, env)
    await offer(desk, env, "mia", 1, "offer-1")
    await eventually(lambda: phase_is(desk, "awaiting_acceptance"))
    row = await desk.conversation()
    assert (row.agent_id, row.session_id, row.accepted_at, row.stay) == ("mia", "offer-1", None, 1)
    assert row.offer_expires_at is not None
    assert await slots(desk) == [("offer-1", "mia", "held")]
    assert await item_is(desk, None)

    refused = await desk.command("accept", agent="tom")
    assert isinstance(refused, ApplicationError)
    assert refused.type == "not_offered_to_you"
    assert isinstance(await desk.command("accept"), CommandResult)
    row = await desk.conversation()
    assert (row.phase, row.offer_expires_at) == ("in_conversation", None)
    assert row.accepted_at is not None
    assert isinstance(await desk.reply("yes", await env.get_current_time()), CommandResult)
    for action in ("end", "complete"):
        assert isinstance(await desk.command(action), CommandResult)
    assert await slots(desk) == [("offer-1", "mia", "released")]

    def stays(session: Session) -> list[tuple[int, str | None, str | None]]:
        return [(each.stay, each.agent_id, each.end) for each in session.exec(select(tables.QueueStay))]

    assert await desk.store.read(stays) == [(1, "mia", "accepted")]


async def test_without_an_answer_it_waits_again_and_the_agent_is_inactive(
    desk: Desk, env: WorkflowEnvironment
) -> None:
    await waits(desk, env, missed_sets_inactive=True)
    await offer(desk, env, "mia", 1, "offer-1")
    await eventually(lambda: phase_is(desk, "awaiting_acceptance"))
    await env.sleep(END)
    await eventually(lambda: item_is(desk, ("default", "waiting", 2)))
    assert await slots(desk) == [("offer-1", "mia", "released")]

    def mark(session: Session) -> tuple[str | None, str]:
        state = session.get_one(tables.AgentState, "mia")
        return state.presence_mark, state.presence

    assert await desk.store.read(mark) == ("missed", "inactive")
    refused = await desk.command("accept")
    assert isinstance(refused, ApplicationError)
    assert refused.type == "offer_over"


async def test_who_answers_before_the_end_has_it_and_the_end_does_nothing(
    desk: Desk, env: WorkflowEnvironment
) -> None:
    await waits(desk, env)
    await offer(desk, env, "mia", 1, "offer-1")
    await eventually(lambda: phase_is(desk, "awaiting_acceptance"))
    expires_at = (await desk.conversation()).offer_expires_at
    assert expires_at is not None
    await env.sleep(expires_at - timedelta(seconds=1) - await env.get_current_time())
    assert isinstance(await desk.command("accept"), CommandResult)
    await env.sleep(END)
    row = await desk.conversation()
    assert (row.agent_id, row.phase, row.stay) == ("mia", "in_conversation", 1)


async def test_with_auto_assign_the_agent_has_it_when_the_time_is_up(
    desk: Desk, env: WorkflowEnvironment
) -> None:
    await waits(desk, env, auto_assign=True)
    await offer(desk, env, "mia", 1, "offer-1")
    await eventually(lambda: phase_is(desk, "awaiting_acceptance"))
    await env.sleep(END)
    await eventually(lambda: phase_is(desk, "in_conversation"))
    assert (await desk.conversation()).status_reason == "assigned_automatically"


async def test_a_declined_offer_goes_to_the_next_and_an_absent_agent_loses_it(
    desk: Desk, env: WorkflowEnvironment
) -> None:
    await waits(desk, env, reject_button=True)
    await offer(desk, env, "mia", 1, "offer-1")
    await eventually(lambda: phase_is(desk, "awaiting_acceptance"))
    assert isinstance(await desk.command("decline"), CommandResult)
    assert await item_is(desk, ("default", "waiting", 2))
    await offer(desk, env, "mia", 1, "offer-late")
    await offer(desk, env, "tom", 2, "offer-2")
    await eventually(lambda: phase_is(desk, "awaiting_acceptance"))
    assert (await desk.conversation()).agent_id == "tom"
    gone = AgentGone("tom", await env.get_current_time())
    await (await desk.handle()).signal(AGENT_GONE_SIGNAL, gone)
    await eventually(lambda: item_is(desk, ("default", "waiting", 3)))

    def returns(session: Session) -> list[tuple[str, int]]:
        return [(each.agent_id, each.count) for each in session.exec(select(tables.WorkItemReturn))]

    assert await desk.store.read(returns) == [("mia", 1)]


async def test_an_offer_that_meets_who_is_gone_in_one_task_is_taken_after_them(
    tmp_path: Path, env: WorkflowEnvironment
) -> None:
    """As in a task that is done again: its first attempt had let the agent go, and the next was claimed."""
    # Without a cache Temporal gives every task to whoever asks, not to the worker that has stopped.
    settings = make_settings(tmp_path).model_copy(update={"cached_conversations": 0})
    desk = await make_desk(settings, env.client)
    async with desk.working():
        await waits(desk, env)
    await offer(desk, env, "mia", 1, "offer-1")
    gone = AgentGone("mia", await env.get_current_time())
    await (await desk.handle()).signal(AGENT_GONE_SIGNAL, gone)
    await offer(desk, env, "tom", 2, "offer-2")
    async with desk.working():
        await eventually(lambda: phase_is(desk, "awaiting_acceptance"))
        row = await desk.conversation()
        assert (row.agent_id, row.session_id, row.stay) == ("tom", "offer-2", 2)
        await desk.close()


async def test_the_history_of_a_first_contact_is_short(desk: Desk, env: WorkflowEnvironment) -> None:
    """A greeted customer of a pick workstream, from the first message to the greeting that Meta has."""
    now = await env.get_current_time()
    (routed,) = await desk.take({"message": {"mid": "m_first", "text": "hello"}}, now)
    # However busy the machine is, they have not waited for long.
    fresh = SettingsRead(replace(DEFAULT_SETTINGS, version=1), now + timedelta(minutes=5))
    await desk.signal(routed, settings=fresh)

    async def is_greeted() -> bool:
        return [each.status for each in await desk.messages("outbound")] == ["sent"]

    await eventually(is_greeted)
    assert len(await finished_events(await desk.handle())) <= 13


async def test_the_history_of_an_offer_is_short(desk: Desk, env: WorkflowEnvironment) -> None:
    async def length() -> int:
        return len(await finished_events(await desk.handle()))

    desk.live = {"automated_messages": ()}
    await waits(desk, env)
    first = await length()
    await offer(desk, env, "mia", 1, "offer-1")
    await eventually(lambda: phase_is(desk, "awaiting_acceptance"))
    await env.sleep(END)
    await eventually(lambda: phase_is(desk, None))
    timed_out = await length()
    await offer(desk, env, "tom", 2, "offer-2")
    await eventually(lambda: phase_is(desk, "awaiting_acceptance"))
    assert isinstance(await desk.command("accept", agent="tom"), CommandResult)
    accepted = await length()
    assert (timed_out - first, accepted - timed_out) == (14, 15)
