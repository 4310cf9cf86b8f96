"""One action on many conversations, with Temporal replaced at its seam."""

from typing import Any

import pytest
from sqlmodel import Session, select

from api.services.workflow_client import CommandRefusedError
from domain.conversations.changes import Refusal
from domain.conversations.command_types import Command
from domain.conversations.lifecycle import Status
from domain.routing.demand import DEFAULT_QUEUE_ID
from store import tables
from support.api import Api, Seed
from support.waiting_rows import connected_agent

PATH = "/v1/bulk-actions"


async def _threads(seed: Seed, number: int) -> list[str]:
    page = await seed.page()
    return [(await seed.conversation(page_id=page)).conversation_id for _ in range(number)]


async def test_each_conversation_has_its_own_result_in_the_order_of_the_list(api: Api, seed: Seed) -> None:
    ids = await _threads(seed, 3)

    def refuse_second(command: Command) -> CommandRefusedError | None:
        if command.conversation_id == ids[1]:
            return CommandRefusedError(Refusal("invalid_state", "Not now.", Status.CLOSED))
        return None

    api.engine.answer = refuse_second
    body = {"action": "force_close", "conversation_ids": [*ids, "404"]}
    answer = await api.admin.post(PATH, json=body)
    assert answer.status_code == 200, answer.text
    results = answer.json()["results"]
    assert [(each["conversation_id"], each["code"]) for each in results] == [
        (ids[0], None),
        (ids[1], "invalid_state"),
        (ids[2], None),
        ("404", "not_found"),
    ]
    assert results[1]["detail"] == "Not now."
    assert {command.action for command in api.engine.commands} == {"force_close"}
    timeline = (await api.admin.get(f"/v1/conversations/{ids[1]}/timeline")).json()["items"]
    assert [(event["kind"], event["data"]["code"]) for event in timeline] == [
        ("command.refused", "invalid_state")
    ]


@pytest.mark.parametrize(
    ("action", "to", "expected"),
    [
        ("assign", "agent_id", "assign"),
        ("assign", "queue_id", "assign_to_queue"),
        ("transfer", "agent_id", "transfer"),
        ("transfer", "queue_id", "transfer_to_queue"),
    ],
)
async def test_what_is_given_goes_to_an_agent_or_a_queue(
    api: Api, seed: Seed, action: str, to: str, expected: str
) -> None:
    ids = await _threads(seed, 2)
    agent_id, _ = await connected_agent(api)
    receiver = {"agent_id": agent_id, "queue_id": DEFAULT_QUEUE_ID}[to]
    answer = await api.admin.post(PATH, json={"action": action, "conversation_ids": ids, to: receiver})
    assert [each["code"] for each in answer.json()["results"]] == [None, None], answer.text
    given = {command.conversation_id: command for command in api.engine.commands}
    assert {command.action for command in given.values()} == {expected}
    assert given.keys() == set(ids)


async def test_the_same_key_is_the_same_command_for_each(api: Api, seed: Seed) -> None:
    body = {"action": "force_close", "conversation_ids": await _threads(seed, 2)}
    answers = [await api.admin.post(PATH, json=body, headers={"Idempotency-Key": "k"}) for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    command_ids = [command.command_id for command in api.engine.commands]
    assert (len(command_ids), len(set(command_ids))) == (4, 2)


async def test_once_temporal_does_not_answer_the_rest_is_not_tried(
    api: Api, seed: Seed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.services.in_flight_commands.MAX_RETRY_SECONDS", 0.1)

    api.engine.is_down = True
    ids = await _threads(seed, 12)
    results = (await api.admin.post(PATH, json={"action": "force_close", "conversation_ids": ids})).json()
    codes = [each["code"] for each in results["results"]]
    assert set(codes) == {"outcome_unknown", "not_tried"}
    assert codes.count("not_tried") == 2


async def test_supervisors_act_on_what_they_see_alone(api: Api, seed: Seed) -> None:
    (conversation_id,) = await _threads(seed, 1)
    lead, client = await api.somebody("supervisor")

    def leave(session: Session) -> None:
        session.delete(session.get_one(tables.QueueMember, (DEFAULT_QUEUE_ID, lead)))

    body = {"action": "force_close", "conversation_ids": [conversation_id]}
    assert (await client.post(PATH, json=body)).json()["results"][0]["code"] is None
    await api.database.write(leave)
    assert (await client.post(PATH, json=body)).json()["results"][0]["code"] == "not_found"
    assert len(api.engine.commands) == 1


@pytest.mark.parametrize(
    "body",
    [
        {"action": "force_close", "conversation_ids": []},
        {"action": "force_close", "conversation_ids": ["a", "a"]},
        {"action": "force_close", "conversation_ids": [f"c{number}" for number in range(101)]},
        {"action": "force_close", "conversation_ids": ["a"], "queue_id": "default"},
        {"action": "assign", "conversation_ids": ["a"]},
        {"action": "assign", "conversation_ids": ["a"], "queue_id": "default", "agent_id": "mia"},
        {"action": "pick", "conversation_ids": ["a"]},
    ],
)
async def test_what_makes_no_sense_is_refused_as_a_whole(api: Api, body: dict[str, Any]) -> None:
    answer = await api.admin.post(PATH, json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


async def test_a_receiver_that_cannot_have_it_is_refused_before_anything_is_done(
    api: Api, seed: Seed
) -> None:
    ids = await _threads(seed, 2)
    body = {"action": "assign", "conversation_ids": ids}
    no_queue = await api.admin.post(PATH, json={**body, "queue_id": "404"})
    assert no_queue.json()["code"] == "unknown_queue"
    away, _ = await api.somebody("agent")
    no_agent = await api.admin.post(PATH, json={**body, "agent_id": away})
    assert no_agent.json()["code"] == "agent_not_available"
    assert api.engine.commands == []
    assert await api.database.read(lambda session: session.exec(select(tables.Slot)).all()) == []
