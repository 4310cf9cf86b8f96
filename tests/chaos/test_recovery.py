"""How soon events are handled after a process was killed and started, at once or after a while."""

import asyncio
import time

import httpx
import pytest

from chaos.driver import Customer
from chaos.loads import Load
from chaos.processes import PRODUCT, TEMPORAL, WORKER
from chaos.report import p95
from chaos.trial import Trial
from support.eventually import eventually

_START_TO_GREETING_SECONDS = 10.0
_READY_TO_HANDLED_SECONDS = 3.0
_BACK_TO_HANDLED_SECONDS = 5.0
_AWAY_SECONDS = (8.0, 25.0)
"""By then the SDK's pollers pause for 6 to 12 s."""


@pytest.mark.chaos
@pytest.mark.parametrize("name", PRODUCT)
async def test_the_first_event_after_a_restart(trial: Trial, load: Load, name: str) -> None:
    known = await trial.meet(load.customers)
    for person in known:
        await trial.customers.write(person)
    ledgers = await trial.verify()
    conversations = {each["customer"]["psid"]: each["id"] for each in ledgers.final.conversations}
    to_greeting, to_handled = (
        f"{name} started → a new customer greeted",
        f"{name} ready → a known one handled",
    )
    for _ in range(load.strikes):
        trial.kill(name)
        (stranger,), person = await trial.meet(1), trial.dice.choice(known)
        started = time.monotonic()
        trial.fleet.start(name, from_scratch=True)
        mid = await trial.customers.write(person)
        await trial.customers.write(stranger)

        async def measure_handled(mid: str = mid, conversation_id: str = conversations[person.psid]) -> None:
            await trial.fleet.ready(name)
            ready = time.monotonic()
            await eventually(lambda: _shows(trial, conversation_id, mid), within=60)
            trial.record.measure(to_handled, time.monotonic() - ready)

        handled = asyncio.create_task(measure_handled())
        await eventually(lambda: _is_greeted(trial, stranger), within=60)  # noqa: B023 - awaited in this turn
        trial.record.measure(to_greeting, time.monotonic() - started)
        await handled
    await trial.verify()
    assert p95(sorted(trial.record.measured[to_greeting])) <= _START_TO_GREETING_SECONDS
    if name == WORKER:
        assert p95(sorted(trial.record.measured[to_handled])) <= _READY_TO_HANDLED_SECONDS


@pytest.mark.chaos
async def test_what_came_while_the_engine_was_away(trial: Trial, load: Load) -> None:
    people = await trial.meet(load.customers)
    for person in people:
        await trial.customers.write(person)
    ledgers = await trial.verify()
    conversations = {each["customer"]["psid"]: each["id"] for each in ledgers.final.conversations}
    what = "engine back → the last of what waited handled"
    for _ in range(load.strikes):
        trial.kill(TEMPORAL)
        mids = [(conversations[person.psid], await trial.customers.write(person)) for person in people]
        await trial.some_time_between(*_AWAY_SECONDS)
        await trial.fleet.up(TEMPORAL)
        back = time.monotonic()
        for conversation_id, mid in mids:
            await eventually(lambda: _shows(trial, conversation_id, mid), within=60)  # noqa: B023 - awaited in this turn
        trial.record.measure(what, time.monotonic() - back)
    await trial.verify()
    assert p95(sorted(trial.record.measured[what])) <= _BACK_TO_HANDLED_SECONDS


async def _shows(trial: Trial, conversation_id: str, mid: str) -> bool:
    try:
        answer = await trial.api.get(f"/v1/conversations/{conversation_id}/messages", params={"limit": "200"})
    except httpx.TransportError:
        return False
    return answer.is_success and any(message["mid"] == mid for message in answer.json()["items"])


async def _is_greeted(trial: Trial, customer: Customer) -> bool:
    answer = await trial.sandbox.get(f"/_sandbox/threads/{customer.page_id}/{customer.psid}")
    return any(message["from_page"] for message in answer.json()["messages"])
