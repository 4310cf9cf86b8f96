"""An agent's absence: who is told of it and when, by the time of the engine."""

import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import Session
from temporalio import workflow
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowHandle
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from activities.routing.absence import TOLD_AT_ONCE, AbsenceActivities
from background.absence_starter import AbsenceStarter
from base.ids import new_id
from domain.routing.capacity import CapacityNeed, HeldSlot, Origin
from domain.routing.placement import Placement
from domain.routing.routing_signals import AgentGone
from store import tables
from store.routing.agent_states import RoutingWrites
from store.routing.presence import Absence, PresenceStream, connect_stream, leave_at_once, release_stream
from store.routing.projection import project_routing
from support.eventually import eventually
from support.steps import START
from support.store import PAGE_A
from support.waiting_desk import Desk, waiting_desk
from workflows.absence import AbsenceWorkflow
from workflows.messages import (
    AGENT_GONE_SIGNAL,
    absence_workflow_id,
    conversation_workflow_id,
)

pytestmark = pytest.mark.time_skipping

BEYOND_GRACE = timedelta(seconds=151)


@workflow.defn(name="stand_in_conversation", sandboxed=False)
class StandIn:
    """A conversation that only notes what it is told."""

    def __init__(self) -> None:
        self._told: list[AgentGone] = []

    @workflow.signal(name=AGENT_GONE_SIGNAL)
    def agent_gone(self, gone: AgentGone) -> None:
        self._told.append(gone)

    @workflow.query
    def told(self) -> list[AgentGone]:
        return self._told

    @workflow.run
    async def run(self) -> None:
        await workflow.wait_condition(lambda: False)


@dataclass
class Agents:
    """Mia with her conversations, each of which has a run."""

    desk: Desk
    env: WorkflowEnvironment
    agent_id: str
    queue: str
    runs: dict[str, WorkflowHandle[StandIn, None]] = field(default_factory=dict)

    @property
    def client(self) -> Client:
        return self.env.client

    @property
    def absence(self) -> WorkflowHandle[AbsenceWorkflow, None]:
        return self.client.get_workflow_handle(absence_workflow_id(self.agent_id))

    async def pass_until(self, instant: datetime) -> None:
        """Move the time, but never back."""
        left = instant - await self.now()
        if left > timedelta():
            await self.env.sleep(left)

    async def has_ended(self) -> None:
        """Wait for the end of the workflow, without moving the time."""

        async def completed() -> bool:
            return (await self.absence.describe()).status is WorkflowExecutionStatus.COMPLETED

        await eventually(completed)

    async def has(self, name: str, phase: str) -> None:
        """She has a conversation, or it is offered to her."""
        conversation_id = f"{name}-{self.agent_id}"
        await self.desk.waiting(conversation_id)

        def work(session: Session) -> None:
            conversation = session.get_one(tables.Conversation, conversation_id)
            conversation.status, conversation.phase = "active", phase
            conversation.agent_id = self.agent_id
            slot = HeldSlot(f"slot-{conversation_id}", conversation_id, self.agent_id, CapacityNeed(1))
            session.flush()
            placement = Placement(conversation_id, 1, "default", None, slot, Origin.PUSH)
            project_routing(session, [placement], START)

        await self.desk.store.write(work)
        await self.runs_for(name)

    async def is_just_being_offered(self, name: str) -> None:
        """A claim for her, of which the conversation has not heard yet."""
        conversation_id = f"{name}-{self.agent_id}"
        await self.desk.waiting(conversation_id)
        await self.desk.claim(conversation_id, self.agent_id)
        await self.runs_for(name)

    async def runs_for(self, name: str) -> None:
        conversation_id = f"{name}-{self.agent_id}"
        self.runs[name] = await self.client.start_workflow(
            StandIn.run, id=conversation_workflow_id(PAGE_A, conversation_id), task_queue=self.queue
        )

    async def state(self) -> tables.AgentState:
        return await self.desk.read(lambda session: session.get_one(tables.AgentState, self.agent_id))

    async def now(self) -> datetime:
        return await self.env.get_current_time()

    async def change(self, work: Callable[[Session, RoutingWrites, datetime], object]) -> None:
        now = await self.now()
        await self.desk.change(lambda session, writes: work(session, writes, now))

    async def comes(self, at: datetime | None = None) -> None:
        stream = PresenceStream("s1", self.agent_id, "p1")
        await self.change(lambda session, writes, now: connect_stream(session, stream, writes, at or now))

    async def goes(self) -> None:
        """Her stream has been closed long enough, and her absence is told."""
        stream = PresenceStream("s1", self.agent_id, "p1")
        await self.change(lambda session, writes, now: release_stream(session, stream, writes, now))
        assert await AbsenceStarter(self.client, task_queue=self.queue).start(self.agent_id)

    async def told(self, name: str) -> list[bool]:
        """Of what the conversation was told, by whether it was final."""
        return [gone.final for gone in await self.runs[name].query(StandIn.told)]

    async def hears(self, name: str, final: list[bool]) -> None:
        """Wait until the conversation was told this."""

        async def told() -> bool:
            return await self.told(name) == final

        await eventually(told)

    async def begun(self) -> datetime:
        """Wait until her absence is being dealt with; since when it is."""

        async def running() -> bool:
            return (await self.state()).absence == Absence.RUNNING

        await eventually(running)
        since = (await self.state()).absent_since
        assert since is not None
        return since


@pytest.fixture
async def agents(tmp_path: Path, env: WorkflowEnvironment) -> AsyncIterator[Agents]:
    async with waiting_desk(tmp_path) as desk, contextlib.AsyncExitStack() as stack:
        agent_id, queue = f"mia-{new_id()[:8]}", f"test-{new_id()}"
        await desk.agent(agent_id, limit_units=50)
        activities = AbsenceActivities(desk.store, env.client)
        await stack.enter_async_context(
            Worker(
                env.client,
                task_queue=queue,
                workflows=[AbsenceWorkflow, StandIn],
                activities=[activities.begin_absence, activities.end_absence],
            )
        )
        agents = Agents(desk, env, agent_id, queue)
        await agents.comes()
        yield agents


async def test_what_is_offered_goes_on_at_once_and_the_rest_after_the_grace(agents: Agents) -> None:
    await agents.has("had", "in_conversation")
    await agents.has("offered", "awaiting_acceptance")
    await agents.is_just_being_offered("claimed")
    await agents.goes()
    since = await agents.begun()
    await agents.hears("offered", [False])
    await agents.hears("claimed", [False])
    await agents.pass_until(since + timedelta(seconds=140))
    assert await agents.told("had") == []
    await agents.pass_until(since + BEYOND_GRACE)
    await agents.has_ended()
    assert [await agents.told(each) for each in ("had", "offered")] == [[True], [False, True]]
    assert (await agents.state()).absence == Absence.OVER
    history = await agents.absence.fetch_history()
    assert len(history.events) <= 15


async def test_who_is_back_after_149_seconds_keeps_everything(agents: Agents) -> None:
    await agents.has("had", "in_conversation")
    await agents.goes()
    since = await agents.begun()
    await agents.comes(since + timedelta(seconds=149))
    await agents.pass_until(since + BEYOND_GRACE)
    await agents.has_ended()
    assert await agents.told("had") == []
    assert (await agents.state()).presence == "busy"


async def test_who_is_back_after_151_seconds_finds_it_given_back(agents: Agents) -> None:
    await agents.has("had", "in_conversation")
    await agents.goes()
    since = await agents.begun()
    await agents.pass_until(since + BEYOND_GRACE)
    await agents.has_ended()
    await agents.comes(since + timedelta(seconds=151))
    assert await agents.told("had") == [True]
    assert (await agents.state()).presence == "busy"


async def test_who_goes_again_has_the_whole_time_again(agents: Agents) -> None:
    await agents.has("had", "in_conversation")
    await agents.goes()
    first = await agents.begun()
    await agents.pass_until(first + timedelta(seconds=100))
    await agents.comes()
    await agents.goes()
    since = await agents.begun()
    assert since - first >= timedelta(seconds=100)
    await agents.pass_until(since + timedelta(seconds=140))
    assert await agents.told("had") == []
    await agents.pass_until(since + BEYOND_GRACE)
    await agents.has_ended()
    assert await agents.told("had") == [True]


async def test_who_is_deactivated_during_an_absence_has_no_grace(agents: Agents) -> None:
    await agents.has("had", "in_conversation")
    await agents.goes()
    since = await agents.begun()

    def deactivate(session: Session, writes: RoutingWrites, now: datetime) -> None:
        session.get_one(tables.Agent, agents.agent_id).active = False
        leave_at_once(session, agents.agent_id, writes, now)

    await agents.change(deactivate)
    assert await AbsenceStarter(agents.client, task_queue=agents.queue).start(agents.agent_id)
    await agents.has_ended()
    assert await agents.told("had") == [True]
    assert await agents.now() - since < timedelta(seconds=140)


async def test_who_is_deactivated_after_an_absence_gives_back_what_they_took_since(agents: Agents) -> None:
    await agents.goes()
    since = await agents.begun()
    await agents.pass_until(since + BEYOND_GRACE)
    await agents.has_ended()
    await agents.has("later", "in_conversation")  # picked without a stream

    def deactivate(session: Session, writes: RoutingWrites, now: datetime) -> None:
        session.get_one(tables.Agent, agents.agent_id).active = False
        leave_at_once(session, agents.agent_id, writes, now)

    await agents.change(deactivate)
    assert await AbsenceStarter(agents.client, task_queue=agents.queue).start(agents.agent_id)
    await agents.hears("later", [True])
    await agents.has_ended()


async def test_many_conversations_are_told_in_steps_and_one_whose_run_is_over_keeps_none_waiting(
    agents: Agents,
) -> None:
    names = [f"c{number:02}" for number in range(TOLD_AT_ONCE + 2)]
    for name in names:
        await agents.has(name, "in_conversation")
    await agents.runs[names[0]].terminate()
    await agents.goes()
    since = await agents.begun()
    await agents.pass_until(since + BEYOND_GRACE)
    await agents.hears(names[1], [True])
    await agents.env.sleep(timedelta(seconds=2))
    await agents.has_ended()
    assert [await agents.told(name) for name in names[1:]] == [[True]] * (TOLD_AT_ONCE + 1)
