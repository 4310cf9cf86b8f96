"""A claim takes an item and capacity that are there, and nothing else."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest
from sqlalchemy import Engine, event
from sqlmodel import col, select

from domain.routing.capacity import CapacityNeed, Origin
from domain.routing.demand import DEFAULT_QUEUE_ID, Demand
from domain.routing.offers import CLAIM_VALID_FOR
from domain.routing.presence import PresenceKind
from store import tables
from store.routing.claims import (
    LAPSE_GRACE,
    Claim,
    ClaimRefusal,
    take_lapsed_back,
)
from store.routing.slot_states import SlotState
from support.steps import START
from support.waiting_desk import Desk, waiting_desk

T = TypeVar("T")
pytestmark = pytest.mark.any_store

ALLOWED = frozenset({PresenceKind.AVAILABLE, PresenceKind.BUSY})
DEMAND = Demand(DEFAULT_QUEUE_ID, "messenger", need=CapacityNeed(1))


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with waiting_desk(tmp_path) as desk:
        yield desk


async def test_of_fifty_at_once_as_many_are_claimed_as_the_agent_has_room_for(desk: Desk) -> None:
    await desk.agent("mia", limit_units=3)
    names = [f"c{number}" for number in range(50)]
    await desk.waiting(*names)

    found = await asyncio.gather(*(desk.claim(each, "mia", allowed=None) for each in names))

    assert sum(isinstance(each, Claim) for each in found) == 3
    assert found.count(ClaimRefusal.AT_CAPACITY) == 47
    state = await desk.read(lambda session: session.get_one(tables.AgentState, "mia"))
    assert (state.used_units, state.sessions, state.presence) == (3, 3, "do_not_disturb")


async def test_of_many_claims_for_one_conversation_one_wins(desk: Desk) -> None:
    agents = [f"agent-{number}" for number in range(10)]
    for each in agents:
        await desk.agent(each, limit_units=5)
    await desk.waiting("c1")

    found = await asyncio.gather(*(desk.claim("c1", each) for each in agents))

    assert sum(isinstance(each, Claim) for each in found) == 1
    assert found.count(ClaimRefusal.NOT_WAITING) == 9
    slots = await desk.read(lambda session: session.exec(select(tables.Slot)).all())
    assert [slot.state for slot in slots] == [SlotState.CLAIMED]


async def test_a_claim_names_the_stay_that_it_is_for(desk: Desk) -> None:
    await desk.agent("mia", limit_units=5)
    await desk.waiting("c1")
    assert await desk.claim("c1", "mia", stay=2) is ClaimRefusal.NOT_WAITING


async def test_nobody_is_offered_anything_who_does_not_serve_the_queue(desk: Desk) -> None:
    await desk.agent("mia", limit_units=5)
    await desk.waiting("c1")
    await desk.change(
        lambda session, _: session.delete(session.get_one(tables.QueueMember, ("default", "mia")))
    )
    assert await desk.claim("c1", "mia") is ClaimRefusal.NOT_A_MEMBER
    assert await desk.claim("c1", "nobody") is ClaimRefusal.NOT_A_MEMBER


async def test_a_presence_that_is_not_allowed_gets_no_offer(desk: Desk) -> None:
    await desk.agent("mia", limit_units=5)
    await desk.waiting("c1")
    assert await desk.claim("c1", "mia", allowed={PresenceKind.BUSY}) is ClaimRefusal.NOT_PRESENT


async def test_a_pick_goes_beyond_the_capacity_and_says_so(desk: Desk) -> None:
    await desk.agent("mia", limit_units=1)
    await desk.waiting("c1", "c2")
    await desk.claim("c1", "mia")
    found = await desk.claim("c2", "mia", origin=Origin.PICK, allowed=None, heeds_capacity=False)
    assert isinstance(found, Claim)
    slots = await desk.read(
        lambda session: session.exec(
            select(tables.Slot.forced).order_by(col(tables.Slot.conversation_id))
        ).all()
    )
    assert list(slots) == [False, True]


async def test_a_claim_that_nobody_confirms_is_taken_back_once_it_has_lapsed(desk: Desk) -> None:
    await desk.agent("mia", limit_units=1)
    await desk.waiting("c1")
    claimed = await desk.claim("c1", "mia")
    assert isinstance(claimed, Claim)
    lapsed = START + CLAIM_VALID_FOR + LAPSE_GRACE
    early = lapsed - timedelta(microseconds=1)

    assert not await desk.change(lambda s, writes: take_lapsed_back(s, claimed.offer_id, writes, early))
    assert await desk.change(lambda s, writes: take_lapsed_back(s, claimed.offer_id, writes, lapsed))
    assert not await desk.change(lambda s, writes: take_lapsed_back(s, claimed.offer_id, writes, lapsed))

    state = await desk.read(lambda session: session.get_one(tables.AgentState, "mia"))
    item = await desk.read(lambda session: session.get_one(tables.WorkItem, "c1"))
    assert (state.used_units, state.freed_at, item.state) == (0, lapsed, "waiting")


async def test_a_claim_takes_at_most_twelve_statements(desk: Desk) -> None:
    await desk.agent("mia", limit_units=5)
    await desk.waiting("c1", "c2")
    with _counting() as statements:
        await desk.claim("c1", "mia")
    assert len(statements) <= 12, "\n".join(statements)


@contextmanager
def _counting() -> Iterator[list[str]]:
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if not statement.startswith(("BEGIN", "SAVEPOINT", "RELEASE")):
            statements.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(Engine, "before_cursor_execute", note)
