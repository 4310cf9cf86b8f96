"""Capacity that is claimed before a command is given, where the workstream heeds it: of a pick, a transfer.

The command names the slot, and the conversation's projection confirms it. Refused, the claim is taken back;
where nobody does, it lapses as others do.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from domain.conversations.lifecycle import Status
from domain.routing.capacity import CapacityNeed, Origin, judge_claim
from domain.routing.offers import CLAIM_VALID_FOR
from store.db.refusals import RefusalReason, StoreRefusalError
from store.routing.agent_states import RoutingWrites
from store.routing.capacity import capacity_of, lock_agent_state
from store.routing.claims import REFUSED, Claim, ClaimOrder, ClaimRefusal, claim
from store.routing.dispatch_settings import demand_from_row
from store.routing.slots import SlotRow, Validity, claim_slot, live_slot
from store.tables import Conversation, Demand, Slot, WorkItem, Workstream

_NO_ROOM = frozenset({ClaimRefusal.AT_CAPACITY, ClaimRefusal.TOO_MANY_SESSIONS})


@dataclass(frozen=True, slots=True)
class CommandClaim:
    """Whose capacity a command needs, for which conversation. `slot_id`: always the same for the command."""

    conversation_id: str
    agent_id: str
    slot_id: str


def claim_for_pick(session: Session, order: CommandClaim, writes: RoutingWrites, now: datetime) -> bool:
    """Claim what a pick needs. False: there is nothing to claim, and the conversation decides.

    Raises StoreRefusalError: `at_capacity`, or `already_picked` where it is being offered to somebody else.
    """
    if _is_claimed(session, order):
        return True
    item = session.get(WorkItem, order.conversation_id, populate_existing=True)
    demand = session.get(Demand, item.demand_id) if item is not None and item.demand_id else None
    if item is None or demand is None:
        return False
    wanted = ClaimOrder(
        order.conversation_id,
        item.stay,
        item.queue_id,
        demand_from_row(demand),
        order.agent_id,
        order.slot_id,
        Origin.PICK,
        heeds_capacity=True,
    )
    found = claim(session, wanted, writes, now)
    if isinstance(found, Claim):
        return True
    if found is ClaimRefusal.NOT_WAITING:
        _refuse_if_offered_elsewhere(session, order)
    _refuse_without_room(found, order.agent_id)
    return False


def claim_for_transfer(session: Session, order: CommandClaim, writes: RoutingWrites, now: datetime) -> bool:
    """Claim what a transfer needs of the agent who is to get it. False: as `claim_for_pick`.

    Raises StoreRefusalError `at_capacity`.
    """
    if _is_claimed(session, order):
        return True
    conversation = session.get(Conversation, order.conversation_id)
    if conversation is None or conversation.status not in (Status.ACTIVE, Status.WAITING):
        return False
    state = lock_agent_state(session, order.agent_id)
    if state is None:
        return False
    need = _need_of(session, conversation)
    capacity = capacity_of(session, state, now)
    verdict = judge_claim(
        capacity.limits,
        capacity.used,
        need,
        sessions=capacity.sessions,
        origin=Origin.TRANSFER,
        heeds=True,
    )
    if verdict in REFUSED:
        _refuse_without_room(REFUSED[verdict], order.agent_id)
    row = SlotRow(
        order.slot_id,
        conversation.id,
        conversation.stay,
        conversation.queue_id,
        order.agent_id,
        need,
        Origin.TRANSFER,
    )
    claim_slot(session, row, state, writes, Validity(now, now + CLAIM_VALID_FOR), judged_by=capacity)
    return True


def _is_claimed(session: Session, order: CommandClaim) -> bool:
    """Whether it was claimed when the command was given before."""
    return session.get(Slot, order.slot_id, populate_existing=True) is not None


def _need_of(session: Session, conversation: Conversation) -> CapacityNeed:
    """What the conversation takes now; one that waits for its customer takes what it took last."""
    slot = (
        live_slot(session, conversation.id)
        or session.exec(
            select(Slot)
            .where(Slot.conversation_id == conversation.id)
            .order_by(col(Slot.claimed_at).desc(), col(Slot.id))
            .limit(1)
        ).first()
    )
    if slot is not None:
        return CapacityNeed(slot.units, tuple(slot.capacity_profiles))
    workstream = session.get(Workstream, conversation.workstream_id) if conversation.workstream_id else None
    if workstream is None:
        return CapacityNeed(1)
    return CapacityNeed(workstream.capacity_units, tuple(workstream.capacity_profile_ids))


def _refuse_if_offered_elsewhere(session: Session, order: CommandClaim) -> None:
    slot = live_slot(session, order.conversation_id)
    if slot is not None and slot.agent_id != order.agent_id:
        raise StoreRefusalError(RefusalReason.ALREADY_PICKED, agent_id=slot.agent_id)


def _refuse_without_room(refusal: ClaimRefusal, agent_id: str) -> None:
    if refusal in _NO_ROOM:
        raise StoreRefusalError(RefusalReason.AT_CAPACITY, agent_id=agent_id)
