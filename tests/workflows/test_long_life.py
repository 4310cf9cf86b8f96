"""A conversation of thousands of messages loses none, stays small and does not slow down.

`PAGEDESK_CHAOS_SEED` repeats a run of the long tier.
"""

import os
import random
import secrets
import time
from collections.abc import AsyncIterator
from pathlib import Path

import orjson
import pytest
from sqlmodel import col, func, select

from base import clock
from store.tables import Event, Message, ThreadEvent
from support.engines import SUGGEST_CONTINUE_AS_NEW_AT
from support.eventually import eventually
from support.persistent_desk import TIMEOUT, PersistentDesk, persistent_desk
from workflows.messages import EVENTS_PER_SIGNAL

pytestmark = pytest.mark.dev_server

_PARTS = 10
_REMEMBERED_TURNS = 25
"""After them as many commands are remembered as ever will be."""
_MAX_EVENTS_PER_RUN = SUGGEST_CONTINUE_AS_NEW_AT * 3 // 2
_MORE_BYTES = 200
"""Numbers get more digits; nothing else may grow."""
_SLOWER = 3.0
"""How much more of our processor a message may take at the end; the machine itself is not steadier."""


@pytest.fixture
async def desk(tmp_path: Path, dev_server: str) -> AsyncIterator[PersistentDesk]:
    async with persistent_desk(tmp_path, dev_server) as desk:
        yield desk


@pytest.mark.parametrize(
    "messages",
    [
        pytest.param(3_000, id="3000"),
        pytest.param(30_000, id="30000", marks=[pytest.mark.chaos, pytest.mark.timeout(3600)]),
    ],
)
async def test_thousands_of_messages_in_one_conversation(desk: PersistentDesk, messages: int) -> None:
    seed = os.environ.get("PAGEDESK_CHAOS_SEED") or secrets.token_hex(4)
    print(f"seed {seed}")  # noqa: T201 - shown where the test fails
    fate = random.Random(seed)  # noqa: S311
    await desk.customer_writes(clock.now())
    await eventually(lambda: _are_sent(desk, 1), within=TIMEOUT)
    await desk.obeyed("pick")
    for _ in range(_REMEMBERED_TURNS):
        await _turn(desk)

    written, seconds, sizes = 1, [], []
    for part in range(1, _PARTS + 1):
        goal, before, began = messages * part // _PARTS, written, time.process_time()
        while written < goal:
            number = min(goal - written, fate.choice([1, 10, 50, EVENTS_PER_SIGNAL]))
            await desk.customer_writes_at_once(number, clock.now())
            written += number
        await eventually(lambda: _has_applied(desk, written), within=TIMEOUT)  # noqa: B023 - awaited at once
        seconds.append((time.process_time() - began) / (written - before))
        await desk.says()
        await eventually(lambda: _are_sent(desk, part + 1), within=TIMEOUT)  # noqa: B023 - awaited at once
        await _turn(desk)
        sizes.append(len(orjson.dumps((await desk.thread()).state)))

    (conversation,) = await desk.conversations()
    in_it = select(func.count()).where(
        col(Message.direction) == "inbound", col(Message.conversation_id) == conversation.id
    )
    assert await desk.store.read(lambda session: session.exec(in_it).one()) == messages
    received = select(Event.data).where(col(Event.kind) == "message.received").order_by(col(Event.id))
    told = await desk.store.read(lambda session: [data["seq"] for data in session.exec(received).all()])
    assert told == list(range(1, messages + 1))
    assert await desk.store.read(lambda session: session.exec(select(ThreadEvent)).all()) == []
    assert len(desk.meta.sent) == _PARTS + 1

    runs = await desk.histories()
    assert len(runs) > messages // EVENTS_PER_SIGNAL * 5 // _MAX_EVENTS_PER_RUN
    assert max(len(run.events) for run in runs) <= _MAX_EVENTS_PER_RUN
    assert max(sizes) - sizes[0] <= _MORE_BYTES, sizes
    assert sum(seconds[-3:]) <= _SLOWER * sum(seconds[:3]), seconds


async def _has_applied(desk: PersistentDesk, seq: int) -> bool:
    return (await desk.projected()).applied_seq == seq


async def _are_sent(desk: PersistentDesk, number: int) -> bool:
    return [message.status for message in await desk.messages("outbound")] == ["sent"] * number


async def _turn(desk: PersistentDesk) -> None:
    for action in ("close_session", "reopen"):
        await desk.obeyed(action)
