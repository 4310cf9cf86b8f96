"""The dispatcher offers what waits to who has room, and tells it until Temporal has it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from sqlmodel import Session, col, select
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from base.ids import new_id
from dispatch.batch import Batch
from dispatch.dispatcher import Dispatcher
from dispatch.offers import OfferTeller
from domain.routing.routing_signals import OfferMade
from store import tables
from store.routing.agent_states import RoutingWrites
from store.routing.dispatch_marks import Mark, MarkKind, has_marks, read_marks
from store.routing.dispatch_settings import read_dispatch_settings
from store.routing.transactions import with_routing_writes
from support.eventually import eventually
from support.steps import START
from support.waiting_desk import Desk, waiting_desk

pytestmark = pytest.mark.any_store


@dataclass
class FakeTemporal:
    """Keeps what is signalled, in order; or is away."""

    told: list[tuple[str, OfferMade]] = field(default_factory=list)
    status: RPCStatusCode | None = None

    def get_workflow_handle(self, workflow_id: str) -> "FakeHandle":
        return FakeHandle(self, workflow_id)

    @property
    def service_client(self) -> "FakeTemporal":
        return self

    async def check_health(self, **_: Any) -> bool:
        self._answer()
        return True

    def _answer(self) -> None:
        if self.status is not None:
            raise RPCError("no", self.status, b"")


@dataclass
class FakeHandle:
    temporal: FakeTemporal
    workflow_id: str

    async def signal(self, name: str, offer: OfferMade) -> None:
        self.temporal._answer()
        assert name == "offer"
        self.temporal.told.append((self.workflow_id, offer))


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with waiting_desk(tmp_path) as desk:
        yield desk


@contextlib.asynccontextmanager
async def dispatching(
    desk: Desk, temporal: FakeTemporal, now: Callable[[], datetime] = lambda: START
) -> AsyncIterator[OfferTeller]:
    teller = OfferTeller(cast("Client", temporal), desk.store)
    task = asyncio.create_task(Dispatcher(desk.store, teller, now=now).run())
    try:
        yield teller
    finally:
        task.cancel()
        await asyncio.wait({task})


def offers(temporal: FakeTemporal) -> list[tuple[str, str]]:
    return [(workflow_id.rsplit("/", 1)[-1], offer.agent_id) for workflow_id, offer in temporal.told]


async def _at_rest(desk: Desk) -> bool:
    return not await desk.read(has_marks)


async def test_what_waited_before_the_dispatcher_came_is_offered(desk: Desk) -> None:
    await desk.waiting("c1", "c2")
    await desk.agent("mia", limit_units=1)
    temporal = FakeTemporal()
    async with dispatching(desk, temporal):
        await eventually(lambda: _has_told(1, temporal))
        await eventually(lambda: _at_rest(desk))
    assert offers(temporal) == [("c1", "mia")]


async def test_an_agent_who_comes_is_offered_what_waits_in_order(desk: Desk) -> None:
    temporal = FakeTemporal()
    await desk.waiting("c2", "c1", "c3")
    async with dispatching(desk, temporal):
        await eventually(lambda: _at_rest(desk))
        await desk.agent("mia", limit_units=2)
        await eventually(lambda: _has_told(2, temporal))
        await eventually(lambda: _at_rest(desk))
    assert sorted(offers(temporal)) == [("c1", "mia"), ("c2", "mia")]


async def test_while_temporal_is_away_nothing_more_is_claimed_and_what_is_claimed_is_told_later(
    desk: Desk,
) -> None:
    temporal = FakeTemporal(status=RPCStatusCode.UNAVAILABLE)
    await desk.agent("mia", limit_units=5)
    await desk.waiting("c1")
    async with dispatching(desk, temporal) as teller:
        await eventually(lambda: _has_claim(desk, "c1"))
        await eventually(lambda: _is_away(teller))
        await desk.waiting("c2")
        await teller.tell()
        assert not await _has_claim(desk, "c2")
        temporal.status = None
        await eventually(lambda: _has_told(2, temporal))
    assert offers(temporal) == [("c1", "mia"), ("c2", "mia")]


async def test_a_successor_tells_again_what_nobody_has_confirmed(desk: Desk) -> None:
    first, second = FakeTemporal(), FakeTemporal()
    await desk.agent("mia", limit_units=5)
    await desk.waiting("c1")
    async with dispatching(desk, first):
        await eventually(lambda: _has_told(1, first))
    async with dispatching(desk, second):
        await eventually(lambda: _has_told(1, second))
    assert first.told == second.told


async def test_what_waits_in_a_closed_queue_is_offered_when_it_opens(desk: Desk) -> None:
    opens_at = START + timedelta(hours=1)
    weekly = [{"weekday": opens_at.weekday(), "opens": opens_at.strftime("%H:%M:%S"), "closes": "23:59:00"}]

    def close(session: Session) -> None:
        session.add(tables.OperatingHours(id="h", name="h", timezone="UTC", weekly=weekly, created_at=START))
        session.flush()
        session.get_one(tables.Queue, "default").operating_hours_id = "h"

    await desk.store.write(close)
    await desk.agent("mia", limit_units=5)
    await desk.waiting("c1")
    temporal, now = FakeTemporal(), [opens_at - timedelta(seconds=1)]
    async with dispatching(desk, temporal, lambda: now[0]):
        await eventually(lambda: _at_rest(desk))
        assert offers(temporal) == []
        now[0] = opens_at
        await eventually(lambda: _has_told(1, temporal))
    assert offers(temporal) == [("c1", "mia")]


async def test_two_dispatchers_never_offer_the_same_twice(desk: Desk) -> None:
    one, other = FakeTemporal(), FakeTemporal()
    async with dispatching(desk, one), dispatching(desk, other):
        await desk.agent("mia", limit_units=2)
        await desk.waiting("c1", "c2", "c3")
        await eventually(lambda: _has_offered(2, one, other))
        await eventually(lambda: _at_rest(desk))
    told = {(offer.offer_id, workflow_id) for each in (one, other) for workflow_id, offer in each.told}
    assert len(told) == len({workflow_id for _, workflow_id in told}) == 2


async def _has_claim(desk: Desk, conversation_id: str) -> bool:
    statement = select(tables.Slot.id).where(col(tables.Slot.conversation_id) == conversation_id)
    return await desk.read(lambda session: session.exec(statement).first() is not None)


async def _has_told(count: int, *temporals: FakeTemporal) -> bool:
    return sum(len(each.told) for each in temporals) == count


async def _is_away(teller: OfferTeller) -> bool:
    return not teller.is_temporal_there


async def _has_offered(count: int, *temporals: FakeTemporal) -> bool:
    return len({offer.offer_id for each in temporals for _, offer in each.told}) == count


async def test_whose_room_is_filled_is_read_alone_however_many_serve_the_queue(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.agent("mia", limit_units=2)
    await desk.waiting("c1", "c2", "c3")

    def everybody(*_: Any) -> Any:
        raise AssertionError("all members of the queue were read")

    monkeypatch.setattr("dispatch.batch.members_of", everybody)

    def dispatch(session: Session, writes: RoutingWrites) -> list[tuple[str, str]]:
        batch = Batch(session, read_dispatch_settings(session), START, new_id)
        found = batch.act_on([Mark(1, MarkKind.AGENT, "mia")])
        writes.marks += batch.writes.marks
        return [(claim.conversation_id, claim.agent_id) for claim in found.claims]

    claimed = await desk.store.write(with_routing_writes(dispatch))
    assert claimed == [("c1", "mia"), ("c2", "mia")]


async def test_of_fifty_that_wait_several_dispatchers_without_a_lease_claim_as_many_as_there_is_room_for(
    desk: Desk,
) -> None:
    await desk.agent("mia", limit_units=3)
    await desk.waiting(*(f"c{number}" for number in range(50)))

    def dispatch(session: Session, writes: RoutingWrites) -> int:
        batch = Batch(session, read_dispatch_settings(session), START, new_id)
        found = batch.act_on(read_marks(session, 100))
        writes.marks += batch.writes.marks
        writes.events += batch.writes.events
        return len(found.claims)

    work = with_routing_writes(dispatch)
    claimed = await asyncio.gather(*(desk.store.write(work) for _ in range(8)))
    assert sum(claimed) == 3
    state = await desk.read(lambda session: session.get_one(tables.AgentState, "mia"))
    assert (state.used_units, state.sessions) == (3, 3)
