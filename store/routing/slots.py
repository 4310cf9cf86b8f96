"""Slots: an agent's capacity held for a conversation. Nothing else writes them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, not_, update
from sqlmodel import Session, col, select

from domain.conversations.changes import FactValue
from domain.events.kinds import FactKind
from domain.routing.capacity import CapacityNeed, HeldSlot, Origin, fits
from store.db.sql import table_of, upsert
from store.routing.agent_states import RoutingWrites, refresh_agent
from store.routing.capacity import AgentCapacity, capacity_of, lock_agent_state
from store.routing.slot_states import SlotState, slot_is_live
from store.tables import AgentState, Slot

_SLOT = table_of(Slot)


@dataclass(frozen=True, slots=True)
class SlotRow:
    """What a slot is for. `id` is the offer's and the session's."""

    id: str
    conversation_id: str
    stay: int
    queue_id: str | None
    agent_id: str
    need: CapacityNeed
    origin: Origin


@dataclass(frozen=True, slots=True)
class Validity:
    """When a claim is made, and until when its conversation may take it up."""

    since: datetime
    until: datetime


def live_slot(session: Session, conversation_id: str) -> Slot | None:
    """The conversation's slot, claimed or held; not what is claimed for a transfer of it."""
    for_a_transfer = and_(col(Slot.state) == SlotState.CLAIMED, col(Slot.kind) == Origin.TRANSFER)
    return session.exec(
        select(Slot).where(Slot.conversation_id == conversation_id, slot_is_live(), not_(for_a_transfer))
    ).first()


def claim_slot(
    session: Session,
    row: SlotRow,
    state: AgentState,
    writes: RoutingWrites,
    validity: Validity,
    *,
    judged_by: AgentCapacity,
) -> None:
    """Take a slot for a conversation without one. `state` is locked, `judged_by` was read under the lock."""
    now = validity.since
    forced = not fits(judged_by.limits, judged_by.used, row.need)
    values = _values(row, SlotState.CLAIMED, now) | {"valid_until": validity.until, "forced": forced}
    session.connection().execute(_SLOT.insert(), values)
    after = judged_by.with_slot(row.need, now)
    refresh_agent(session, state, writes, now, freed=False, reason="offered", capacity=after)


def set_slot(
    session: Session,
    conversation_id: str,
    wanted: SlotRow | None,
    writes: RoutingWrites,
    now: datetime,
) -> None:
    """Have the conversation hold this slot and no other, or none. Done again, it changes nothing.

    A slot that was not claimed before, or has been released meanwhile, is `forced` if there is no room.
    """
    there = live_slot(session, conversation_id)
    if there is not None and wanted is not None and there.id == wanted.id:
        if there.state == SlotState.CLAIMED:
            _set_state(session, there.id, SlotState.HELD, None)
        return
    states = _locked(session, {there.agent_id if there else None, wanted.agent_id if wanted else None})
    if there is not None:
        _set_state(session, there.id, SlotState.RELEASED, now)
    if wanted is not None and _is_claimed(session, wanted):
        _set_state(session, wanted.id, SlotState.HELD, None)
    elif wanted is not None and wanted.agent_id in states:
        _hold(session, wanted, states[wanted.agent_id], writes, now)
    for agent_id, state in states.items():
        freed = there is not None and there.agent_id == agent_id
        refresh_agent(session, state, writes, now, freed=freed, reason="released" if freed else "taken")


def release_claim(session: Session, slot: Slot, writes: RoutingWrites, now: datetime) -> None:
    """Take a claim back that no workflow has confirmed."""
    states = _locked(session, {slot.agent_id})
    _set_state(session, slot.id, SlotState.RELEASED, now)
    for state in states.values():
        refresh_agent(session, state, writes, now, freed=True, reason="released")


def row_of_held(held: HeldSlot, stay: int, queue_id: str | None, origin: Origin) -> SlotRow:
    """The row of a slot that the rules say is held."""
    return SlotRow(held.id, held.conversation_id, stay, queue_id, held.agent_id, held.need, origin)


def _hold(session: Session, row: SlotRow, state: AgentState, writes: RoutingWrites, now: datetime) -> None:
    earlier = session.get(Slot, row.id, populate_existing=True)
    capacity = capacity_of(session, state, now)
    forced = not fits(capacity.limits, capacity.used, row.need)
    upsert(session, Slot, _values(row, SlotState.HELD, now) | {"forced": forced})
    if forced or earlier is not None:
        # A released slot comes back where rows were of a workflow task that the engine had discarded.
        kind = FactKind.SLOT_LATE if earlier is not None else FactKind.SLOT_FORCED
        data: dict[str, FactValue] = {"slot_id": row.id, "agent_id": row.agent_id, "forced": forced}
        writes.note_of_conversation(session, kind, now, row.conversation_id, data)


def _is_claimed(session: Session, wanted: SlotRow) -> bool:
    """Whether capacity was claimed for a transfer, which the conversation now confirms."""
    if wanted.origin is not Origin.TRANSFER:
        return False
    claimed = session.get(Slot, wanted.id, populate_existing=True)
    return claimed is not None and claimed.state == SlotState.CLAIMED


def _locked(session: Session, agent_ids: Iterable[str | None]) -> dict[str, AgentState]:
    """The states of these agents, locked in the order of their ids."""
    found = ((each, lock_agent_state(session, each)) for each in sorted(filter(None, agent_ids)))
    return {agent_id: state for agent_id, state in found if state is not None}


def _set_state(session: Session, slot_id: str, state: SlotState, released_at: datetime | None) -> None:
    session.connection().execute(
        update(_SLOT)
        .where(_SLOT.c.id == slot_id)
        .values(state=state.value, released_at=released_at, valid_until=None)
    )


def _values(row: SlotRow, state: SlotState, now: datetime) -> dict[str, object]:
    return {
        "id": row.id,
        "conversation_id": row.conversation_id,
        "stay": row.stay,
        "queue_id": row.queue_id,
        "agent_id": row.agent_id,
        "units": row.need.units,
        "capacity_profiles": list(row.need.profiles),
        "state": state.value,
        "forced": False,
        "kind": row.origin.value,
        "claimed_at": now,
        "valid_until": None,
        "released_at": None,
    }
