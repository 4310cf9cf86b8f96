"""A claim takes an item and capacity that are there, and nothing else."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest
from sqlalchemy import Engine, event
from sqlmodel import Session, col, select

from domain.routing.capacity import CapacityNeed, Origin
from domain.routing.demand import Demand
from domain.routing.placement import Placement, StayRecord, WaitingPlace
from domain.routing.presence import PresenceKind
from store import tables
from store.db.database import Database
from store.db.migrate import migrate
from store.routing.agent_states import RoutingWrites, refresh_agent
from store.routing.capacity import lock_agent_state
from store.routing.claims import (
    CLAIM_VALID_FOR,
    LAPSE_GRACE,
    Claim,
    ClaimOrder,
    ClaimRefusal,
    claim,
    take_lapsed_back,
)
from store.routing.members import DEFAULT_QUEUE_ID, enrol_agent
from store.routing.projection import project_routing
from store.routing.slot_states import SlotState
from support.postgres import any_database
from support.steps import START
from support.store import add_conversation, add_customer, make_settings, seed

T = TypeVar("T")
pytestmark = pytest.mark.any_store

ALLOWED = frozenset({PresenceKind.AVAILABLE, PresenceKind.BUSY})
DEMAND = Demand(DEFAULT_QUEUE_ID, "messenger", need=CapacityNeed(1))


class Desk:
    """One agent who serves the default queue, and conversations that wait there."""

    def __init__(self, store: Database) -> None:
        self._store = store

    async def change(self, work: Callable[[Session, RoutingWrites], T]) -> T:
        return await self._store.write(lambda session: work(session, RoutingWrites()))

    async def agent(self, agent_id: str, limit_units: int) -> None:
        def work(session: Session, writes: RoutingWrites) -> None:
            session.add(tables.Agent(id=agent_id, name=agent_id, role="agent", created_at=START))
            session.flush()
            enrol_agent(session, agent_id, "agent", writes, START)
            state = lock_agent_state(session, agent_id)
            assert state is not None
            state.connected, state.limit_units = True, limit_units
            refresh_agent(session, state, writes, START, freed=False, reason="stream")

        await self.change(work)

    async def waiting(self, *conversation_ids: str) -> None:
        def work(session: Session) -> None:
            for each in conversation_ids:
                add_customer(session, each, START, psid=each)
                add_conversation(session, each, each, START, status="open", reason="customer_wrote")
            session.flush()
            stay = StayRecord(1, DEFAULT_QUEUE_ID, "messenger", START, "customer_wrote")
            place = WaitingPlace(DEMAND, 0, START)
            placements = [
                Placement(each, 1, DEFAULT_QUEUE_ID, place, stays=(stay,)) for each in conversation_ids
            ]
            project_routing(session, placements, START)

        await self._store.write(work)

    async def claim(
        self, conversation_id: str, agent_id: str, *, now: datetime = START, **more: Any
    ) -> Claim | ClaimRefusal:
        order = ClaimOrder(
            conversation_id,
            more.pop("stay", 1),
            DEFAULT_QUEUE_ID,
            DEMAND,
            agent_id,
            f"offer-{conversation_id}-{agent_id}",
            **({"allowed": ALLOWED} | more),
        )
        return await self.change(lambda session, writes: claim(session, order, writes, now))

    async def read(self, work: Callable[[Session], T]) -> T:
        return await self._store.read(work)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Database]:
    with any_database() as url:
        settings = make_settings(tmp_path, database_url=url) if url else make_settings(tmp_path)
        migrate(settings)
        database = Database(settings.store_url)
        await database.write(lambda session: seed(session, settings))
        yield database
        database.close()


@pytest.fixture
def desk(store: Database) -> Desk:
    return Desk(store)


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
