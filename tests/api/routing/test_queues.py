"""Queues over the API: who reads and changes them, what they refuse, and what is looked at again."""

from typing import Any

import pytest
from sqlmodel import Session, select

from store import tables
from support.api import NOW, Api, Seed

QUEUES = "/v1/queues"
CUSTOM = {
    "method": "custom",
    "decline_limit": 2,
    "rules": [
        {
            "conditions": {
                "items": [
                    {"field": "skill.maths", "operator": "at_least", "value": 3},
                    {"items": [{"field": "priority", "operator": "is_known"}], "needed": "any"},
                ]
            },
            "order": ["available", "round_robin"],
        }
    ],
}


async def _made(api: Api, name: str = "Orders", **more: Any) -> dict[str, Any]:
    answer = await api.admin.post(QUEUES, json={"name": name, **more})
    assert answer.status_code == 201, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


def _where(answer: Any) -> list[tuple[str, str]]:
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request"), answer.text
    return [(".".join(map(str, each["where"][1:])), each["type"]) for each in answer.json()["errors"]]


async def _version(api: Api) -> int:
    return await api.database.read(lambda session: session.get_one(tables.RoutingVersion, 1).version)


async def _marks(api: Api) -> list[tuple[str, str]]:
    def work(session: Session) -> list[tuple[str, str]]:
        rows = session.exec(select(tables.DispatchMark)).all()
        found = [(row.kind, row.key) for row in rows]
        for row in rows:
            session.delete(row)
        return found

    return await api.database.write(work)


async def test_a_queue_is_made_read_changed_and_deleted(api: Api) -> None:
    await _marks(api)
    before = await _version(api)
    queue = await _made(
        api,
        priority=7,
        assignment=CUSTOM,
        overflow={
            "before": [
                {"condition": "waiting_items", "action": "transfer", "waiting": 3, "queue_id": "default"}
            ],
            "while_queued": {"seconds": 600, "action": "end"},
        },
        when_empty="close",
        service_level_seconds=60,
    )
    assert (await _version(api), await _marks(api)) == (before + 1, [("queue", queue["id"])])
    (rule,) = queue["assignment"]["rules"]
    assert rule["conditions"]["items"][0]["value"] == 3
    assert rule["conditions"]["items"][1]["needed"] == "any"
    address = f"{QUEUES}/{queue['id']}"
    assert (await api.admin.get(address)).json() == queue

    changed = await api.admin.patch(address, json={"priority": 8, "service_level_seconds": None})
    assert changed.json() == {**queue, "priority": 8, "service_level_seconds": None}
    kept = {**CUSTOM, "rules": [{**CUSTOM["rules"][0], "id": rule["id"]}]}  # type: ignore[index]
    again = (await api.admin.patch(address, json={"assignment": kept})).json()
    assert again["assignment"]["rules"] == [rule]
    assert (await api.admin.delete(address)).status_code == 204
    assert (await api.admin.get(address)).status_code == 404
    kinds = await api.database.read(lambda session: list(session.exec(select(tables.Event.kind))))
    assert [kinds.count(f"queue.{done}") for done in ("created", "changed", "deleted")] == [1, 2, 1]


async def test_the_same_key_makes_one_queue(api: Api) -> None:
    answers = [
        await api.admin.post(
            QUEUES, json={"name": "Once", "assignment": CUSTOM}, headers={"Idempotency-Key": "k"}
        )
        for _ in range(2)
    ]
    assert answers[0].json() == answers[1].json()
    assert (await api.admin.post(QUEUES, json={"name": "Once"})).json()["code"] == "name_taken"


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({}, ("name", "missing")),
        ({"name": "x" * 101}, ("name", "too_long")),
        ({"name": 7}, ("name", "wrong_type")),
        ({"name": "a", "priority": "1"}, ("priority", "wrong_type")),
        ({"name": "a", "priority": -1}, ("priority", "out_of_range")),
        ({"name": "a", "priority": True}, ("priority", "wrong_type")),
        ({"name": "a", "assignment": {"method": "dice"}}, ("assignment.method", "not_a_choice")),
        ({"name": "a", "assignment": {"method": "custom"}}, ("assignment.rules", "required")),
        ({"name": "a", "assignment": {**CUSTOM, "method": "least_active"}}, ("assignment.rules", "not_used")),
        ({"name": "a", "assignment": {"decline_limit": 6}}, ("assignment.decline_limit", "out_of_range")),
        ({"name": "a", "operating_hours_id": "404"}, ("operating_hours_id", "unknown_operating_hours")),
        ({"name": "a", "when_empty": "shout"}, ("when_empty", "not_a_choice")),
        ({"name": "a", "service_level_seconds": 0}, ("service_level_seconds", "out_of_range")),
        ({"name": "a", "extra": 1}, ("extra", "unknown")),
        (
            {"name": "a", "overflow": {"before": [{"condition": "holiday", "action": "transfer"}]}},
            ("overflow.before.0.queue_id", "required"),
        ),
        (
            {
                "name": "a",
                "overflow": {"while_queued": {"seconds": 60, "action": "transfer", "queue_id": "404"}},
            },
            ("overflow.while_queued.queue_id", "unknown_queue"),
        ),
        (
            {"name": "a", "overflow": {"while_queued": {"seconds": 59, "action": "end"}}},
            ("overflow.while_queued.seconds", "out_of_range"),
        ),
    ],
)
async def test_a_queue_that_makes_no_sense_is_refused_field_by_field(
    api: Api, body: dict[str, Any], where: tuple[str, str]
) -> None:
    assert _where(await api.admin.post(QUEUES, json=body)) == [where]
    assert len((await api.admin.get(QUEUES)).json()["items"]) == 1


@pytest.mark.parametrize(
    ("conditions", "where"),
    [
        ({"items": [{"field": "nose", "operator": "is_known"}]}, ("items.0.field", "unknown_field")),
        ({"items": [{"operator": "is_known"}]}, ("items.0.field", "missing")),
        ({"items": [{"field": "priority"}]}, ("items.0.operator", "missing")),
        ({"items": [{}]}, ("items.0.field", "missing")),
        ({"items": ["x"]}, ("items.0", "wrong_type")),
        ({"items": {}}, ("items", "wrong_type")),
        (
            {"items": [{"field": "priority", "operator": "contains", "value": "1"}]},
            ("items.0.operator", "operator_not_for_field"),
        ),
        (
            {"items": [{"field": "priority", "operator": "at_least", "value": "x"}]},
            ("items.0.value", "number_needed"),
        ),
        (
            {"items": [{"field": "priority", "operator": "at_least", "value": True}]},
            ("items.0.value", "wrong_type"),
        ),
    ],
)
async def test_conditions_that_make_no_sense_are_refused_where_they_stand(
    api: Api, conditions: dict[str, Any], where: tuple[str, str]
) -> None:
    assignment = {"method": "custom", "rules": [{"conditions": conditions}]}
    found = _where(await api.admin.post(QUEUES, json={"name": "a", "assignment": assignment}))
    assert (f"assignment.rules.0.conditions.{where[0]}", where[1]) in found


@pytest.mark.parametrize("depth", [4, 200])
async def test_groups_that_lie_too_deep_are_refused(api: Api, depth: int) -> None:
    conditions: dict[str, Any] = {"items": []}
    for _ in range(depth):
        conditions = {"items": [conditions]}
    assignment = {"method": "custom", "rules": [{"conditions": conditions}]}
    (found,) = _where(await api.admin.post(QUEUES, json={"name": "a", "assignment": assignment}))
    assert found[1] == "not_allowed"


async def test_the_default_queue_keeps_its_name_and_cannot_be_deleted(api: Api) -> None:
    address = f"{QUEUES}/default"
    changed = await api.admin.patch(address, json={"assignment": {"method": "least_active"}})
    assert (changed.status_code, changed.json()["assignment"]["method"]) == (200, "least_active")
    refused = await api.admin.patch(address, json={"name": "Mine", "when_empty": "close"})
    assert (refused.status_code, refused.json()["code"]) == (409, "default_queue")
    assert refused.json()["fields"] == ["name", "when_empty"]
    assert (await api.admin.delete(address)).json()["code"] == "default_queue"


async def test_a_queue_cannot_overflow_into_itself(api: Api) -> None:
    queue = await _made(api)
    step = {"seconds": 60, "action": "transfer", "queue_id": queue["id"]}
    answer = await api.admin.patch(f"{QUEUES}/{queue['id']}", json={"overflow": {"while_queued": step}})
    assert _where(answer) == [("overflow.while_queued.queue_id", "own_queue")]


async def test_a_queue_that_others_name_is_not_deleted(api: Api) -> None:
    queue = await _made(api)
    step = {"seconds": 60, "action": "transfer", "queue_id": queue["id"]}
    other = await _made(api, "Other", overflow={"while_queued": step})
    workstream = (await api.admin.post("/v1/workstreams", json={"name": "W"})).json()

    def name_it(session: Session) -> None:
        session.get_one(tables.Workstream, workstream["id"]).fallback_queue_id = queue["id"]
        session.add(
            tables.RuleSet(id="set", workstream_id=workstream["id"], kind="route", name="R", created_at=NOW)
        )
        session.flush()
        targets = {"targets": [{"queue_id": queue["id"], "percent": 100}]}
        session.add(tables.Rule(id="r", rule_set_id="set", name="r", outputs=targets, created_at=NOW))

    await api.database.write(name_it)
    refused = (await api.admin.delete(f"{QUEUES}/{queue['id']}")).json()
    assert (refused["code"], refused["workstream_ids"]) == ("queue_in_use", [workstream["id"]])
    assert (refused["rule_set_ids"], refused["queue_ids"]) == (["set"], [other["id"]])


@pytest.mark.parametrize(("status", "deleted"), [("open", 409), ("active", 409), ("closed", 204)])
async def test_a_queue_with_live_conversations_is_not_deleted(
    api: Api, seed: Seed, status: str, deleted: int
) -> None:
    queue = await _made(api)
    thread = await seed.conversation()

    def place(session: Session) -> None:
        conversation = session.get_one(tables.Conversation, thread.conversation_id)
        conversation.queue_id, conversation.status = queue["id"], status

    await api.database.write(place)
    answer = await api.admin.delete(f"{QUEUES}/{queue['id']}")
    assert answer.status_code == deleted
    if deleted == 409:
        assert (answer.json()["code"], answer.json()["conversations"]) == ("queue_in_use", 1)


async def test_agents_read_the_queues_that_they_serve(api: Api) -> None:
    queue, other = await _made(api), await _made(api, "Other")
    agent_id, agent = await api.somebody("agent")
    _, supervisor = await api.somebody("supervisor")
    put = await api.admin.put(f"{QUEUES}/{queue['id']}/members/{agent_id}")
    assert (put.status_code, put.json()["presence"]) == (200, "offline")
    seen = [each["id"] for each in (await agent.get(QUEUES)).json()["items"]]
    assert set(seen) == {queue["id"], "default"}
    assert (await agent.get(f"{QUEUES}/{queue['id']}")).status_code == 200
    assert (await agent.get(f"{QUEUES}/{other['id']}")).status_code == 404
    assert len((await supervisor.get(QUEUES)).json()["items"]) == 3


async def test_members_come_and_go(api: Api) -> None:
    queue = await _made(api)
    address = f"{QUEUES}/{queue['id']}/members"
    people = sorted([(await api.somebody(role))[0] for role in ("agent", "admin", "machine")])
    await _marks(api)
    for agent_id in people:
        assert (await api.admin.put(f"{address}/{agent_id}")).status_code == 200
    assert ("queue", queue["id"]) in await _marks(api)
    first = (await api.admin.get(address, params={"limit": 2})).json()
    rest = (await api.admin.get(address, params={"limit": 2, "cursor": first["next_cursor"]})).json()
    assert [each["agent_id"] for each in first["items"] + rest["items"]] == people
    await api.admin.put(f"{address}/{people[0]}")
    assert await _marks(api) == []  # a member already
    assert (await api.admin.delete(f"{address}/{people[0]}")).status_code == 204
    assert await _marks(api) == [("queue", queue["id"])]
    again = await api.admin.delete(f"{address}/{people[0]}")
    assert (again.status_code, again.json()["resource"]) == (404, "queue member")
    for unknown in (f"{address}/404", f"{QUEUES}/404/members/{people[1]}"):
        assert (await api.admin.put(unknown)).status_code == 404


async def test_agents_and_supervisors_serve_the_default_queue_as_long_as_they_are_that(api: Api) -> None:
    made = {role: (await api.somebody(role))[0] for role in ("agent", "supervisor", "admin", "machine")}
    address = f"{QUEUES}/default/members"

    async def members() -> set[str]:
        return {each["agent_id"] for each in (await api.admin.get(address)).json()["items"]}

    assert await members() == {made["agent"], made["supervisor"]}
    refused = await api.admin.delete(f"{address}/{made['agent']}")
    assert (refused.status_code, refused.json()["code"]) == (409, "default_queue")
    await api.admin.patch(f"/v1/agents/{made['supervisor']}", json={"role": "machine"})
    assert await members() == {made["agent"]}
    await api.admin.patch(f"/v1/agents/{made['machine']}", json={"role": "agent"})
    assert await members() == {made["agent"], made["machine"]}


async def test_who_is_deactivated_is_gone_at_once_and_a_member_again_later(api: Api) -> None:
    agent_id, _ = await api.somebody("agent")

    def connect(session: Session) -> None:
        state = session.get_one(tables.AgentState, agent_id)
        state.connected, state.presence, state.chosen_presence = True, "busy", "busy"
        session.get_one(tables.QueueMember, ("default", agent_id)).presence = "busy"

    await api.database.write(connect)
    await api.admin.patch(f"/v1/agents/{agent_id}", json={"active": False})
    state = await api.database.read(lambda session: session.get_one(tables.AgentState, agent_id))
    assert (state.connected, state.presence, state.chosen_presence) == (False, "offline", None)
    assert state.absent_since is not None
    (member,) = (await api.admin.get(f"{QUEUES}/default/members")).json()["items"]
    assert (member["agent_id"], member["active"], member["presence"]) == (agent_id, False, "offline")
    await api.admin.patch(f"/v1/agents/{agent_id}", json={"active": True})
    (member,) = (await api.admin.get(f"{QUEUES}/default/members")).json()["items"]
    assert (member["active"], member["presence"]) == (True, "offline")
