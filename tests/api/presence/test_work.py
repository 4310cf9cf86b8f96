"""The work list of an agent, and pulling the next conversation of a queue."""

import asyncio
from datetime import timedelta

import httpx
import pytest
from sqlmodel import Session, select

from base import clock
from domain.conversations.lifecycle import Status
from domain.routing.capacity import CapacityNeed, HeldSlot, Origin
from domain.routing.demand import DEFAULT_QUEUE_ID
from domain.routing.members import Wish, WishKind
from domain.routing.placement import Placement
from store import tables
from store.routing.projection import project_routing
from store.routing.slot_states import SlotState
from support.api import NOW, Api, Seed
from support.waiting_rows import connected_agent, waits

NEXT = f"/v1/queues/{DEFAULT_QUEUE_ID}/next"


async def pulled(client: httpx.AsyncClient, **headers: str) -> str | None:
    """The id of what was pulled; None where nothing waits."""
    answer = await client.post(NEXT, headers=headers)
    if answer.status_code == 204:
        return None
    assert answer.status_code == 200, answer.text
    return str(answer.json()["conversation_id"])


async def test_next_gives_the_best_item_by_priority_and_age(api: Api, seed: Seed) -> None:
    _, client = await connected_agent(api)
    page = await seed.page()
    threads = [await seed.conversation(page_id=page) for _ in range(3)]
    young = await waits(api, threads[0], NOW + timedelta(minutes=2), listed=True)
    old = await waits(api, threads[1], NOW)
    urgent = await waits(api, threads[2], NOW + timedelta(minutes=1), priority=10)
    assert [await pulled(client) for _ in range(4)] == [urgent, old, young, None]


async def test_what_is_pulled_is_claimed_and_told_by_the_dispatcher(api: Api, seed: Seed) -> None:
    agent_id, client = await connected_agent(api)
    conversation_id = await waits(api, await seed.conversation(), listed=True)
    answer = (await client.post(NEXT)).json()
    slot = await api.database.read(lambda s: s.get_one(tables.Slot, answer["offer_id"]))
    assert (slot.conversation_id, slot.agent_id) == (conversation_id, agent_id)
    assert (slot.state, slot.kind, slot.forced) == (SlotState.CLAIMED, Origin.NEXT, False)
    marks = await api.database.read(
        lambda s: s.exec(select(tables.DispatchMark.key).where(tables.DispatchMark.kind == "claim")).all()
    )
    assert list(marks) == [answer["offer_id"]]


async def test_the_same_key_answers_the_same_and_takes_nothing_more(api: Api, seed: Seed) -> None:
    _, client = await connected_agent(api)
    page = await seed.page()
    first = await waits(api, await seed.conversation(page_id=page))
    await waits(api, await seed.conversation(page_id=page), NOW + timedelta(minutes=1))
    key = {"Idempotency-Key": "n1"}
    assert [await pulled(client, **key) for _ in range(2)] == [first, first]
    slots = await api.database.read(lambda s: s.exec(select(tables.Slot)).all())
    assert len(slots) == 1


async def test_nobody_pulls_beyond_their_capacity(api: Api, seed: Seed) -> None:
    _, client = await connected_agent(api, limit_units=1)
    page = await seed.page()
    large = await seed.conversation(page_id=page)
    await waits(api, large, units=2)
    small = await waits(api, await seed.conversation(page_id=page), NOW + timedelta(minutes=1))
    assert await pulled(client) == small
    answer = await client.post(NEXT)
    assert (answer.status_code, answer.json()["code"]) == (409, "at_capacity")


async def test_of_many_who_pull_at_once_each_gets_another(api: Api, seed: Seed) -> None:
    clients = [(await connected_agent(api))[1] for _ in range(5)]
    page = await seed.page()
    waiting = {await waits(api, await seed.conversation(page_id=page)) for _ in range(4)}
    found = await asyncio.gather(*(pulled(client) for client in clients))
    assert sorted(filter(None, found)) == sorted(waiting)
    assert found.count(None) == 1


async def test_who_lacks_a_skill_gets_what_does_not_ask_for_it(api: Api, seed: Seed) -> None:
    _, client = await connected_agent(api)
    page = await seed.page()
    await waits(api, await seed.conversation(page_id=page), skills={"french": 5})
    plain = await waits(api, await seed.conversation(page_id=page), NOW + timedelta(minutes=1))
    assert [await pulled(client) for _ in range(2)] == [plain, None]


async def test_what_is_reserved_is_pulled_by_whom_it_is_for(api: Api, seed: Seed) -> None:
    agent_id, client = await connected_agent(api)
    _, other = await connected_agent(api)
    until = clock.now() + timedelta(minutes=1)
    reserved = await waits(
        api,
        await seed.conversation(),
        wishes=(Wish(agent_id, WishKind.AFFINITY),),
        reserved_until=until,
    )
    assert await pulled(other) is None
    assert await pulled(client) == reserved


@pytest.mark.parametrize(
    ("connected", "serves", "code"),
    [(False, True, "agent_not_available"), (True, False, "not_a_member")],
)
async def test_who_is_not_there_or_no_member_pulls_nothing(
    api: Api, seed: Seed, connected: bool, serves: bool, code: str
) -> None:
    agent_id, client = await connected_agent(api)
    await waits(api, await seed.conversation())

    def work(session: Session) -> None:
        session.get_one(tables.AgentState, agent_id).connected = connected
        if not serves:
            session.delete(session.get_one(tables.QueueMember, (DEFAULT_QUEUE_ID, agent_id)))

    await api.database.write(work)
    answer = await client.post(NEXT)
    assert (answer.status_code, answer.json()["code"]) == (409, code)


@pytest.mark.parametrize("queue_id", ["nothing", "a%20b", "x" * 65])
async def test_next_of_a_queue_that_is_none(api: Api, queue_id: str) -> None:
    _, client = await connected_agent(api)
    answer = await client.post(f"/v1/queues/{queue_id}/next")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_the_work_list_shows_offers_conversations_and_room(api: Api, seed: Seed) -> None:
    agent_id, client = await connected_agent(api, limit_units=3)
    page = await seed.page()
    had = await seed.conversation(page_id=page, status=Status.ACTIVE, agent_id=agent_id)
    offered = await seed.conversation(page_id=page, status=Status.ACTIVE, agent_id=agent_id)
    others = await seed.conversation(page_id=page, status=Status.ACTIVE)
    await seed.conversation(page_id=page, status=Status.CLOSED, agent_id=agent_id)
    expires_at = NOW + timedelta(seconds=120)

    def work(session: Session) -> None:
        session.get_one(tables.Conversation, had.conversation_id).phase = "in_conversation"
        conversation = session.get_one(tables.Conversation, offered.conversation_id)
        conversation.phase, conversation.offer_expires_at = "awaiting_acceptance", expires_at
        session.add(
            tables.Participant(
                id="part-1",
                conversation_id=others.conversation_id,
                agent_id=agent_id,
                mode="consult",
                since=NOW,
                joined_at=NOW,
            )
        )
        session.flush()
        for each in (had, offered):
            slot = HeldSlot(f"slot-{each.conversation_id}", each.conversation_id, agent_id, CapacityNeed(1))
            placement = Placement(each.conversation_id, 1, DEFAULT_QUEUE_ID, None, slot, Origin.PUSH)
            project_routing(session, [placement], NOW)

    await api.database.write(work)
    answer = await client.get("/v1/me/work")
    assert answer.status_code == 200
    found = answer.json()
    assert [(each["id"], each["expires_at"]) for each in found["offers"]] == [
        (offered.conversation_id, "2026-11-20T12:02:00Z")
    ]
    assert [(each["id"], each["expires_at"]) for each in found["conversations"]] == [
        (had.conversation_id, None)
    ]
    assert found["offers"][0]["customer"]["name"] == "Ada"
    assert found["capacity"] == {"limit_units": 3, "used_units": 2, "sessions": 2, "profiles": []}
    assert found["presence"]["presence"] == "busy"
    assert found["offers"][0]["offer_id"] == found["offers"][0]["session_id"] is not None
    assert found["conversations"][0]["offer_id"] is None
    assert [
        (each["participant_id"], each["conversation_id"], each["mode"]) for each in found["participations"]
    ] == [("part-1", others.conversation_id, "consult")]


async def test_the_work_list_costs_as_many_statements_whatever_it_holds(api: Api, seed: Seed) -> None:
    agent_id, client = await connected_agent(api)

    async def count() -> int:
        with api.counted_statements() as statements:
            assert (await client.get("/v1/me/work")).status_code == 200
        return len(statements)

    before = await count()
    page = await seed.page()
    for _ in range(5):
        await seed.conversation(page_id=page, status=Status.ACTIVE, agent_id=agent_id)
    assert await count() == before <= 7


async def test_who_never_served_a_queue_has_no_work(api: Api) -> None:
    found = (await api.admin.get("/v1/me/work")).json()
    assert (found["offers"], found["conversations"], found["participations"]) == ([], [], [])
    assert found["capacity"] == {"limit_units": 0, "used_units": 0, "sessions": 0, "profiles": []}


async def test_the_state_of_a_queue_tells_what_waits_and_who_is_ready(api: Api, seed: Seed) -> None:
    agent_id, client = await connected_agent(api, limit_units=2)
    full_id, _ = await connected_agent(api, limit_units=0)
    page = await seed.page()
    await waits(api, await seed.conversation(page_id=page), NOW, listed=True)
    await waits(api, await seed.conversation(page_id=page), NOW + timedelta(minutes=1))
    await waits(api, await seed.conversation(page_id=page), NOW + timedelta(minutes=2))
    path = f"/v1/queues/{DEFAULT_QUEUE_ID}/state"
    found = (await client.get(path)).json()
    assert (found["waiting"], found["listed"], found["claimed"], found["parked"]) == (2, 1, 0, 0)
    assert (found["oldest_at"], found["is_open"]) == ("2026-11-20T12:00:00Z", True)
    assert found["ready_agents"] == 1
    members = {each["agent_id"]: (each["presence"], each["free_units"]) for each in found["members"]}
    assert members[agent_id] == ("available", 2)
    assert members[full_id][1] == 0
    await pulled(client)
    found = (await api.admin.get(path)).json()
    assert (found["waiting"], found["listed"], found["claimed"]) == (2, 0, 1)
    assert found["oldest_at"] == "2026-11-20T12:01:00Z"


async def test_the_state_of_a_queue_is_for_its_members(api: Api) -> None:
    agent_id, client = await connected_agent(api)

    def leave(session: Session) -> None:
        session.delete(session.get_one(tables.QueueMember, (DEFAULT_QUEUE_ID, agent_id)))

    await api.database.write(leave)
    answer = await client.get(f"/v1/queues/{DEFAULT_QUEUE_ID}/state")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_a_queue_outside_of_its_hours_is_not_open(api: Api) -> None:
    def close(session: Session) -> None:
        hours = tables.OperatingHours(id="never", name="never", timezone="UTC", created_at=NOW)
        session.add(hours)
        session.flush()
        session.get_one(tables.Queue, DEFAULT_QUEUE_ID).operating_hours_id = "never"

    await api.database.write(close)
    assert (await api.admin.get(f"/v1/queues/{DEFAULT_QUEUE_ID}/state")).json()["is_open"] is False
