"""Agents who are there, and conversations that wait for them, as rows behind the API."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import httpx
from sqlmodel import Session

from base import clock
from domain.routing.capacity import CapacityNeed
from domain.routing.demand import DEFAULT_QUEUE_ID, Demand, SkillMatching, SkillNeed
from domain.routing.placement import Placement, StayRecord, WaitingPlace
from store import tables
from store.routing.agent_states import RoutingWrites, refresh_agent
from store.routing.capacity import lock_agent_state
from store.routing.members import enrol_agent
from store.routing.projection import project_routing
from store.routing.transactions import with_routing_writes
from support.api import NOW, Api, Thread


async def connected_agent(api: Api, limit_units: int = 5) -> tuple[str, httpx.AsyncClient]:
    """An agent of the default queue who is there."""
    agent_id, client = await api.somebody("agent")

    def work(session: Session, writes: RoutingWrites) -> None:
        enrol_agent(session, agent_id, "agent", writes, clock.now())
        state = lock_agent_state(session, agent_id)
        assert state is not None
        state.connected, state.limit_units = True, limit_units
        refresh_agent(session, state, writes, clock.now(), freed=False, reason="stream")

    await api.database.write(with_routing_writes(work))
    return agent_id, client


async def waits(
    api: Api,
    thread: Thread,
    age_at: datetime = NOW,
    *,
    skills: Mapping[str, int] | None = None,
    units: int = 1,
    **place: Any,
) -> str:
    """The thread's conversation waits in the default queue; with `listed` its workstream lists its work."""

    def work(session: Session) -> None:
        page = session.get_one(tables.Page, thread.page_id)
        workstream = session.get_one(tables.Workstream, page.workstream_id)
        workstream.distribution_mode = "pick" if place.get("listed") else "push"
        needs = tuple(SkillNeed(skill_id, rating) for skill_id, rating in (skills or {}).items())
        matching = SkillMatching.EXACT if needs else SkillMatching.NONE
        demand = Demand(DEFAULT_QUEUE_ID, page.workstream_id or "", needs, matching, CapacityNeed(units))
        waiting = WaitingPlace(demand, place.pop("priority", 0), age_at, **place)
        stay = StayRecord(1, DEFAULT_QUEUE_ID, page.workstream_id or "", age_at, "customer_wrote")
        placement = Placement(thread.conversation_id, 1, DEFAULT_QUEUE_ID, waiting, stays=(stay,))
        project_routing(session, [placement], NOW)

    await api.database.write(work)
    return thread.conversation_id
