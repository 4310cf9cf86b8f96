"""Capacity that is claimed before picks and transfers: of many at once, as many as there is room for."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session, col, select

from domain.routing.capacity import CapacityNeed, HeldSlot, Origin
from domain.routing.placement import Placement
from store import tables
from store.db.refusals import StoreRefusalError
from store.routing.claims import take_back
from store.routing.command_claims import CommandClaim, claim_for_pick, claim_for_transfer
from store.routing.projection import project_routing
from support.steps import START
from support.waiting_desk import Desk, waiting_desk

pytestmark = pytest.mark.any_store

FIFTY = [f"c{number}" for number in range(50)]


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with waiting_desk(tmp_path) as desk:
        await desk.agent("mia", limit_units=3)
        yield desk


def _order(conversation_id: str, agent_id: str = "mia") -> CommandClaim:
    return CommandClaim(conversation_id, agent_id, f"slot-{conversation_id}-{agent_id}")


async def _pick(desk: Desk, conversation_id: str, agent_id: str = "mia") -> bool | str:
    order = _order(conversation_id, agent_id)
    try:
        return await desk.change(lambda session, writes: claim_for_pick(session, order, writes, START))
    except StoreRefusalError as refused:
        return refused.code.value


async def _transfer(desk: Desk, conversation_id: str, agent_id: str = "mia") -> bool | str:
    order = _order(conversation_id, agent_id)
    try:
        return await desk.change(lambda session, writes: claim_for_transfer(session, order, writes, START))
    except StoreRefusalError as refused:
        return refused.code.value


async def _held(desk: Desk, conversation_id: str, agent_id: str, slot_id: str, origin: Origin) -> None:
    """Its workflow has it be the agent's, with this slot."""

    def work(session: Session) -> None:
        conversation = session.get_one(tables.Conversation, conversation_id)
        conversation.status, conversation.agent_id = "active", agent_id
        slot = HeldSlot(slot_id, conversation_id, agent_id, CapacityNeed(1))
        placement = Placement(conversation_id, 1, "default", slot=slot, origin=origin)
        project_routing(session, [placement], START)

    await desk.store.write(work)


async def _slots(desk: Desk, conversation_id: str) -> list[tuple[str, str, bool]]:
    rows = select(tables.Slot).where(tables.Slot.conversation_id == conversation_id)
    found = await desk.read(lambda session: session.exec(rows.order_by(col(tables.Slot.id))).all())
    return [(slot.agent_id, slot.state, slot.forced) for slot in found]


async def _used(desk: Desk, agent_id: str) -> tuple[int, int]:
    state = await desk.read(lambda session: session.get_one(tables.AgentState, agent_id))
    return state.used_units, state.sessions


async def test_of_fifty_picks_at_once_as_many_get_through_as_there_is_room_for(desk: Desk) -> None:
    await desk.waiting(*FIFTY)
    found = await asyncio.gather(*(_pick(desk, each) for each in FIFTY))
    assert (found.count(True), found.count("at_capacity")) == (3, 47)
    assert await _used(desk, "mia") == (3, 3)


async def test_of_fifty_transfers_at_once_as_many_get_through_as_there_is_room_for(desk: Desk) -> None:
    await desk.agent("tom", limit_units=100)
    await desk.waiting(*FIFTY)
    for each in FIFTY:
        await _held(desk, each, "tom", f"of-tom-{each}", Origin.PICK)
    found = await asyncio.gather(*(_transfer(desk, each) for each in FIFTY))
    assert (found.count(True), found.count("at_capacity")) == (3, 47)
    assert (await _used(desk, "mia"), await _used(desk, "tom")) == ((3, 3), (50, 50))


async def test_a_pick_is_confirmed_by_its_conversation(desk: Desk) -> None:
    await desk.waiting("c1")
    assert await _pick(desk, "c1") is True
    assert await _slots(desk, "c1") == [("mia", "claimed", False)]
    await _held(desk, "c1", "mia", _order("c1").slot_id, Origin.PICK)
    assert await _slots(desk, "c1") == [("mia", "held", False)]
    assert await _pick(desk, "c1") is True  # the same command again
    assert await _used(desk, "mia") == (1, 1)


async def test_a_transfer_is_confirmed_by_its_conversation_and_the_former_agent_has_room_again(
    desk: Desk,
) -> None:
    await desk.agent("tom", limit_units=1)
    await desk.waiting("c1")
    await _held(desk, "c1", "tom", "of-tom", Origin.PICK)
    assert await _transfer(desk, "c1") is True
    assert await _slots(desk, "c1") == [("tom", "held", False), ("mia", "claimed", False)]
    await _held(desk, "c1", "mia", _order("c1").slot_id, Origin.TRANSFER)
    assert await _slots(desk, "c1") == [("tom", "released", False), ("mia", "held", False)]
    assert (await _used(desk, "mia"), await _used(desk, "tom")) == ((1, 1), (0, 0))


@pytest.mark.parametrize("by", ["pick", "transfer"])
async def test_what_a_refused_command_claimed_is_free_again(desk: Desk, by: str) -> None:
    await desk.agent("tom", limit_units=1)
    await desk.waiting("c1")
    if by == "transfer":
        await _held(desk, "c1", "tom", "of-tom", Origin.PICK)
    assert await (_pick if by == "pick" else _transfer)(desk, "c1") is True
    slot_id = _order("c1").slot_id
    await desk.change(lambda session, writes: take_back(session, slot_id, writes, START))
    assert await _used(desk, "mia") == (0, 0)
    item = await desk.read(lambda session: session.get(tables.WorkItem, "c1"))
    assert (item.state if item else None) == ("waiting" if by == "pick" else None)


async def test_what_is_being_offered_to_somebody_else_is_not_picked(desk: Desk) -> None:
    await desk.agent("tom", limit_units=1)
    await desk.waiting("c1", "c2")
    await desk.claim("c1", "tom")
    await desk.claim("c2", "mia")
    assert await _pick(desk, "c1") == "already_picked"
    assert await _pick(desk, "c2") is False  # offered to herself: the conversation decides


async def test_nothing_is_claimed_for_what_does_not_wait(desk: Desk) -> None:
    await desk.waiting("c1")
    await _held(desk, "c1", "mia", "of-mia", Origin.PICK)
    assert await _pick(desk, "c1", "tom") is False
    closed: Any = await desk.store.write(_close)
    assert closed is None
    assert await _transfer(desk, "c1") is False


def _close(session: Session) -> None:
    session.get_one(tables.Conversation, "c1").status = "closed"
