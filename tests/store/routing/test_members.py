"""A queue that loses its last agent while work waits in it raises the alarm."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session, select

from domain.routing.demand import DEFAULT_QUEUE_ID
from store import tables
from store.routing.agent_states import RoutingWrites
from store.routing.agents import follow_change
from store.routing.members import remove_member
from support.steps import START
from support.waiting_desk import Desk, waiting_desk

pytestmark = pytest.mark.any_store


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with waiting_desk(tmp_path) as desk:
        await desk.agent("mia", limit_units=1)
        await desk.agent("tom", limit_units=1)
        yield desk


async def _leaves(desk: Desk, agent_id: str, how: str) -> list[dict[str, Any]]:
    """The alarms that it raises."""

    def work(session: Session, writes: RoutingWrites) -> list[dict[str, Any]]:
        if how == "removed":
            remove_member(session, DEFAULT_QUEUE_ID, agent_id, writes, START)
        else:
            agent = session.get_one(tables.Agent, agent_id)
            agent.active = False
            session.flush()
            follow_change(session, agent, "agent", writes, START)
        return [row["data"] for row in writes.events if row["kind"] == "queue.without_agents"]

    return await desk.change(work)


@pytest.mark.parametrize("how", ["removed", "deactivated"])
async def test_the_last_who_leaves_raises_the_alarm_with_what_waits(desk: Desk, how: str) -> None:
    await desk.waiting("c1", "c2")
    assert await _leaves(desk, "mia", how) == []
    assert await _leaves(desk, "tom", how) == [{"queue_id": DEFAULT_QUEUE_ID, "waiting": 2}]


async def test_where_nothing_waits_to_be_offered_there_is_no_alarm(desk: Desk) -> None:
    await desk.waiting("c1")

    def list_it(session: Session) -> None:
        session.exec(select(tables.WorkItem)).one().state = "listed"

    await desk.store.write(list_it)
    assert await _leaves(desk, "mia", "removed") == []
    assert await _leaves(desk, "tom", "removed") == []
