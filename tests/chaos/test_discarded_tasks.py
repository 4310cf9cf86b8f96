"""Temporal discards a workflow task that has projected, and its command with it. No row stays untrue."""

import asyncio
from enum import StrEnum

import pytest

from chaos.agreement import disagreements
from chaos.loads import Load
from chaos.processes import API, SECOND_WORKER, TEMPORAL, WORKER
from chaos.trial import Trial
from domain.conversations.lifecycle import Status
from domain.events.kinds import FactKind
from support.eventually import eventually

# Its own projection: another may be telling something of another conversation.
_POINT = f"thread.told.{FactKind.CONVERSATION_ACTIVE}:1/stop"
_LONGER_THAN_A_TASK_SECONDS = 2.5
_AT_REST_SECONDS = 90.0
"""A task that a dead worker held is given out anew only after its time-outs, one run after the other."""


class Caller(StrEnum):
    """Who gave the command, and what becomes of them."""

    ASKS_AGAIN = "asks again"
    FORGETS = "forgets"


class Worker(StrEnum):
    """What becomes of the worker that has projected."""

    GOES_ON = "goes on"
    DIES = "dies"


async def agree(trial: Trial) -> None:
    """Wait until the rows tell what the workflows answer."""
    found: list[str] = []

    async def look() -> bool:
        nonlocal found
        found = await disagreements(trial.fleet.settings(), trial.fleet.temporal_address)
        return not found

    try:
        await eventually(look, within=_AT_REST_SECONDS)
    except AssertionError:
        raise AssertionError(f"seed {trial.record.seed}: {found}") from None


async def shown(trial: Trial, conversation_id: str) -> str:
    """The status of a conversation by the API."""
    answer = await trial.api.get(f"/v1/conversations/{conversation_id}")
    return str(answer.raise_for_status().json()["status"])


async def retracted(trial: Trial, conversation_id: str) -> set[str]:
    """The kinds of what the timeline takes back."""
    answer = await trial.api.get(f"/v1/conversations/{conversation_id}/timeline", params={"limit": "200"})
    events = answer.raise_for_status().json()["items"]
    return {each["data"]["kind"] for each in events if each["kind"] == "event.retracted"}


async def open_conversations(trial: Trial, load: Load, at_least: int) -> list[str]:
    """New conversations that nobody has."""
    people = await trial.meet(max(load.customers, at_least))
    await asyncio.gather(*(trial.customers.write(person) for person in people))
    threads = {person.psid for person in people}
    conversations = (await trial.verify()).final.conversations
    return [each["id"] for each in conversations if each["customer"]["psid"] in threads]


@pytest.mark.parametrize(
    ("worker", "caller"),
    [
        (Worker.DIES, Caller.FORGETS),
        (Worker.GOES_ON, Caller.ASKS_AGAIN),
        pytest.param(Worker.DIES, Caller.ASKS_AGAIN, marks=pytest.mark.chaos),
        pytest.param(Worker.GOES_ON, Caller.FORGETS, marks=pytest.mark.chaos),
    ],
)
async def test_the_engine_is_killed_between_projection_and_end_of_the_task(
    trial: Trial, load: Load, worker: Worker, caller: Caller
) -> None:
    conversations = await open_conversations(trial, load, load.strikes)
    for conversation_id in conversations[: load.strikes]:
        trial.fleet.kill(WORKER)
        await trial.fleet.up(WORKER, failpoints=_POINT)
        picking = asyncio.create_task(trial.agent.command(conversation_id, "pick"))
        await trial.fleet.stands_still(WORKER)
        trial.begun("projected")
        assert await shown(trial, conversation_id) == Status.ACTIVE
        trial.kill(TEMPORAL)
        if caller is Caller.FORGETS:
            trial.kill(API)
            assert await picking is None
        await asyncio.sleep(_LONGER_THAN_A_TASK_SECONDS)
        await trial.fleet.up(TEMPORAL)
        if worker is Worker.GOES_ON:
            trial.fleet.go_on(WORKER)
        else:
            trial.kill(WORKER)
            await trial.fleet.up(WORKER)
        if caller is Caller.FORGETS:
            await trial.fleet.up(API)
        else:
            assert await picking == 200
        trial.struck(f"task discarded: the worker {worker}, the caller {caller}")
        await agree(trial)
        # A worker that goes on may yet end the task, if it is quicker than Temporal's own time-out.
        if caller is Caller.ASKS_AGAIN or worker is Worker.DIES:
            expected = Status.ACTIVE if caller is Caller.ASKS_AGAIN else Status.OPEN
            assert await shown(trial, conversation_id) == expected
        if caller is Caller.FORGETS and worker is Worker.DIES:
            assert "conversation.active" in await retracted(trial, conversation_id)
    await trial.verify()


@pytest.mark.chaos
async def test_a_worker_stood_still_past_its_tasks_time_while_another_went_on(
    trial: Trial, load: Load
) -> None:
    conversations = await open_conversations(trial, load, load.strikes)
    people = await trial.meet(load.customers)
    for conversation_id in conversations[: load.strikes]:
        trial.fleet.kill(WORKER, SECOND_WORKER)
        point = trial.dice.choice(["thread.told", "thread.projecting"])
        turn = trial.dice.randint(1, load.latest_turn)
        await trial.fleet.up(WORKER, failpoints=f"{point}:{turn}/stop")
        await trial.fleet.up(SECOND_WORKER)
        async with trial.customers.writing(people, load.per_second), trial.agent.working(load.commands):
            picking = asyncio.create_task(trial.agent.command(conversation_id, "pick"))
            await trial.fleet.stands_still(WORKER)
            await trial.some_time_between(0.5, 3 * _LONGER_THAN_A_TASK_SECONDS)
            if trial.dice.random() < 0.5:
                trial.kill(TEMPORAL)
                await trial.fleet.up(TEMPORAL)
            trial.fleet.go_on(WORKER)
            await picking
        trial.struck(f"stood still: {point}")
        await agree(trial)
    trial.fleet.kill(SECOND_WORKER)
    await trial.verify()
