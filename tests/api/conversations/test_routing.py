"""Reading why a conversation is where it is."""

from datetime import timedelta
from typing import Any

from sqlmodel import Session

from domain.conversations.lifecycle import Status
from domain.routing.demand import DEFAULT_QUEUE_ID
from domain.routing.placement import Placement, StayEnd, StayRecord
from store import tables
from store.routing.projection import project_routing
from support.api import NOW, Api, Seed
from support.waiting_rows import connected_agent, waits

DIAGNOSIS = {"reason": "rule", "rule_id": "r1", "tried": 2, "steps": [{"rule_id": "r1", "outcome": "match"}]}


async def routing_of(api: Api, conversation_id: str) -> dict[str, Any]:
    admin = api.admin
    answer = await admin.get(f"/v1/conversations/{conversation_id}/routing")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_each_stay_keeps_by_which_rules_it_came_there(api: Api, seed: Seed) -> None:
    thread = await seed.conversation(status=Status.OPEN)
    first = StayRecord(
        1,
        DEFAULT_QUEUE_ID,
        "messenger",
        NOW,
        "rule",
        agent_id="mia",
        ended_at=NOW + timedelta(seconds=9),
        end=StayEnd.DECLINED,
        diagnosis=DIAGNOSIS,
    )
    second = StayRecord(2, DEFAULT_QUEUE_ID, "messenger", NOW + timedelta(seconds=9), "declined_by_agent")

    def work(session: Session) -> None:
        project_routing(session, [Placement(thread.conversation_id, 2, stays=(second, first))], NOW)

    await api.database.write(work)
    found = await routing_of(api, thread.conversation_id)
    assert found["waiting"] is None
    assert [(each["stay"], each["reason"], each["end"]) for each in found["stays"]] == [
        (1, "rule", "declined"),
        (2, "declined_by_agent", None),
    ]
    assert [each["diagnosis"] for each in found["stays"]] == [DIAGNOSIS, None]
    assert found["stays"][0]["agent_id"] == "mia"


async def test_of_each_member_it_says_why_they_are_not_asked(api: Api, seed: Seed) -> None:
    ready, _ = await connected_agent(api)
    full, _ = await connected_agent(api, limit_units=1)
    away, _ = await connected_agent(api)
    declined, _ = await connected_agent(api)

    def leaves(session: Session) -> None:
        session.get_one(tables.AgentState, away).presence = "away"

    await api.database.write(leaves)
    thread = await seed.conversation(status=Status.OPEN)
    conversation_id = await waits(api, thread, NOW, units=2, priority=7, returns={declined: 2})
    waiting = (await routing_of(api, conversation_id))["waiting"]
    assert (waiting["state"], waiting["stay"], waiting["queue_id"]) == ("waiting", 1, DEFAULT_QUEUE_ID)
    assert (waiting["priority"], waiting["age_at"], waiting["is_open"]) == (7, "2026-11-20T12:00:00Z", True)
    said = {each["agent_id"]: (each["why_not"], each["declined"]) for each in waiting["members"]}
    assert {agent_id: said[agent_id] for agent_id in (ready, full, away, declined)} == {
        ready: (None, 0),
        full: ("no_room", 0),
        away: ("presence", 0),
        declined: ("declined", 2),
    }


async def test_of_a_skill_that_nobody_has(api: Api, seed: Seed) -> None:
    agent_id, _ = await connected_agent(api)
    thread = await seed.conversation(status=Status.OPEN)
    waiting = (await routing_of(api, await waits(api, thread, NOW, skills={"french": 5})))["waiting"]
    assert waiting["skills"] == [{"skill_id": "french", "rating": 5}]
    assert {"agent_id": agent_id, "why_not": "skills", "declined": 0} in waiting["members"]


async def test_of_a_conversation_that_is_none(api: Api) -> None:
    answer = await api.admin.get("/v1/conversations/nothing/routing")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
