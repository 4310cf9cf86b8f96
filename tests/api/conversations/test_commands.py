"""Commands on conversations, with Temporal replaced at its seam."""

import asyncio
from functools import partial

import pytest

from api.services.workflow_client import CommandRefusedError, TemporalUnavailableError, TooManyUpdatesError
from domain.conversations.changes import Refusal
from domain.conversations.command_types import Command
from domain.conversations.lifecycle import Status
from support.api import Api, Seed
from support.eventually import eventually


async def test_a_command_tells_the_version_of_the_settings_that_hold(api: Api, seed: Seed) -> None:
    thread = await seed.conversation(page_id=await seed.page(human_agent_tag=True))
    agent_id, agent = await api.somebody("agent")
    await api.admin.patch(f"/v1/pages/{thread.page_id}", json={"human_agent_tag": False})
    answer = await agent.post(f"/v1/conversations/{thread.conversation_id}/pick")
    assert answer.status_code == 200, answer.text
    assert answer.json()["id"] == thread.conversation_id
    (command,) = api.engine.commands
    assert (command.action, command.agent_id, command.supervises) == ("pick", agent_id, False)
    assert command.settings_version == 2


async def test_a_refusal_is_a_problem_and_part_of_the_timeline(api: Api, seed: Seed) -> None:
    thread = await seed.conversation()
    api.engine.refuse(Refusal("invalid_state", "Not now.", Status.OPEN, ("pick",)))
    answer = await api.admin.post(f"/v1/conversations/{thread.conversation_id}/end")
    assert answer.status_code == 409
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert (problem["code"], problem["conversation_status"], problem["allowed_commands"]) == (
        "invalid_state",
        "open",
        ["pick"],
    )
    timeline = (await api.admin.get(f"/v1/conversations/{thread.conversation_id}/timeline")).json()["items"]
    assert [(event["kind"], event["data"]) for event in timeline] == [
        ("command.refused", {"action": "end", "code": "invalid_state"})
    ]


async def test_without_a_run_the_row_decides(api: Api, seed: Seed) -> None:
    live = await seed.conversation(status=Status.WAITING)
    closed = await seed.conversation(status=Status.CLOSED)
    api.engine.lose_run()
    refused = await api.admin.post(f"/v1/conversations/{closed.conversation_id}/reopen")
    assert (refused.status_code, refused.json()["code"]) == (409, "conversation_closed")
    assert not api.engine.started
    given = await api.admin.post(f"/v1/conversations/{live.conversation_id}/reopen")
    assert given.status_code == 200
    assert [command.command_id for command in api.engine.started] == [api.engine.commands[-1].command_id]


async def test_the_same_key_is_the_same_command(api: Api, seed: Seed) -> None:
    thread = await seed.conversation()
    address = f"/v1/conversations/{thread.conversation_id}"
    for action, key in (("pick", "a"), ("pick", "a"), ("pick", "b"), ("end", "a")):
        await api.admin.post(f"{address}/{action}", headers={"Idempotency-Key": key})
    first, again, other_key, other_action = (command.command_id for command in api.engine.commands)
    assert first == again
    assert len({first, other_key, other_action}) == 3


async def test_a_dead_engine_is_asked_again_for_a_while_and_then_told_to_the_client(
    api: Api, seed: Seed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.services.in_flight_commands.MAX_RETRY_SECONDS", 0.8)
    thread = await seed.conversation()
    pick = partial(
        api.admin.post, f"/v1/conversations/{thread.conversation_id}/pick", headers={"Idempotency-Key": "k"}
    )
    api.engine.is_down = True
    answer = await pick()
    assert (answer.status_code, answer.json()["code"]) == (503, "outcome_unknown")
    assert answer.headers["retry-after"] == "5"
    assert len(api.engine.commands) == 3  # at once, after 0.25 and 0.75 seconds
    api.engine.is_down = False
    assert (await pick()).status_code == 200
    assert len({command.command_id for command in api.engine.commands}) == 1


async def test_a_command_without_an_answer_is_asked_again_under_its_id(api: Api, seed: Seed) -> None:
    thread = await seed.conversation()
    outcomes = iter([TemporalUnavailableError(), TooManyUpdatesError(), None])
    api.engine.answer = lambda _: next(outcomes)
    answer = await api.admin.post(f"/v1/conversations/{thread.conversation_id}/pick")
    assert answer.status_code == 200
    assert len(api.engine.commands) == 3
    assert len({command.command_id for command in api.engine.commands}) == 1
    assert api.engine.written_down == []


async def test_rows_are_put_right_after_a_refusal_of_what_may_have_been_projected_before(
    api: Api, seed: Seed
) -> None:
    """The first try's task may have projected it and been discarded; no later task need write the rows."""
    thread = await seed.conversation()
    refusal = Refusal("already_picked", "Another agent has picked it.", Status.ACTIVE)
    outcomes = iter([TemporalUnavailableError(), CommandRefusedError(refusal)])
    api.engine.answer = lambda _: next(outcomes)
    answer = await api.admin.post(f"/v1/conversations/{thread.conversation_id}/pick")
    assert (answer.status_code, answer.json()["code"]) == (409, "already_picked")
    assert api.engine.written_down == [(thread.page_id, thread.customer_id)]


async def test_a_full_conversation_is_busy(api: Api, seed: Seed) -> None:
    thread = await seed.conversation()
    api.engine.answer = lambda _: TooManyUpdatesError()
    answer = await api.admin.post(f"/v1/conversations/{thread.conversation_id}/pick")
    assert (answer.status_code, answer.json()["code"]) == (503, "conversation_busy")


async def test_at_most_eight_updates_of_a_conversation_are_in_flight(api: Api, seed: Seed) -> None:
    thread = await seed.conversation()
    flying, most = 0, 0
    may_land = asyncio.Event()

    async def slow(_command: Command) -> None:
        nonlocal flying, most
        flying += 1
        most = max(most, flying)
        await may_land.wait()
        flying -= 1

    async def eight_fly() -> bool:
        return flying == 8

    api.engine.answer = slow
    client = api.admin
    asked = asyncio.gather(
        *(client.post(f"/v1/conversations/{thread.conversation_id}/pick") for _ in range(30))
    )
    await eventually(eight_fly)
    may_land.set()
    assert {answer.status_code for answer in await asked} == {200}
    assert len(api.engine.commands) == 30
    assert most == 8
