"""Claims: an item and an agent's capacity, taken for each other in one transaction.

A claim is conditional on the rows, so that any number of dispatchers is correct: the item still waits in that
stay, the agent is still a member with an allowed presence, and the capacity is still there under the lock of
the agent's row.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import exists, update
from sqlmodel import Session, col, func, select

from domain.routing.capacity import ClaimVerdict, Origin, judge_claim
from domain.routing.demand import Demand
from domain.routing.offers import CLAIM_VALID_FOR
from domain.routing.presence import PresenceKind, receives_offers
from store.db.sql import table_of
from store.routing.agent_states import RoutingWrites
from store.routing.capacity import capacity_of, lock_agent_state
from store.routing.dispatch_marks import MarkKind
from store.routing.slot_states import SlotState, WorkItemState, slot_is_claimed
from store.routing.slots import SlotRow, Validity, claim_slot, release_claim
from store.tables import Conversation, QueueMember, Slot, WorkItem, Workstream
from store.tables import Demand as DemandRow

LAPSE_GRACE = timedelta(seconds=15)

_ITEM, _MEMBER = table_of(WorkItem), table_of(QueueMember)


@dataclass(frozen=True, slots=True)
class Claim:
    """An offer to tell a conversation's workflow: for this stay in this queue, to this agent."""

    offer_id: str
    conversation_id: str
    stay: int
    queue_id: str
    agent_id: str
    origin: Origin
    valid_until: datetime


@dataclass(frozen=True, slots=True)
class ClaimOrder:
    """What is to be claimed for whom. `allowed`: presences that receive offers; None: any."""

    conversation_id: str
    stay: int
    queue_id: str
    demand: Demand
    agent_id: str
    offer_id: str
    origin: Origin = Origin.PUSH
    allowed: Collection[PresenceKind] | None = None
    heeds_capacity: bool = True


class ClaimRefusal(StrEnum):
    """Why there is no claim; the item, or the agent, is not what it was."""

    NOT_WAITING = "not_waiting"
    NOT_A_MEMBER = "not_a_member"
    NOT_PRESENT = "not_present"
    AT_CAPACITY = "at_capacity"
    TOO_MANY_SESSIONS = "too_many_sessions"


def claim(session: Session, order: ClaimOrder, writes: RoutingWrites, now: datetime) -> Claim | ClaimRefusal:
    """Take the item and a slot of the agent, if the rows still allow it.

    Items of pick workstreams may be claimed for somebody who pulls them (NEXT) or picks them (PICK).
    """
    found = _waiting_item(session, order)
    if found is None:
        return ClaimRefusal.NOT_WAITING
    state = lock_agent_state(session, order.agent_id)
    if state is None or not found.is_for_a_member:
        return ClaimRefusal.NOT_A_MEMBER
    if order.allowed is not None and not receives_offers(PresenceKind(state.presence), order.allowed):
        return ClaimRefusal.NOT_PRESENT
    capacity = capacity_of(session, state, now)
    verdict = judge_claim(
        capacity.limits,
        capacity.used,
        order.demand.need,
        sessions=capacity.sessions,
        origin=order.origin,
        heeds=order.heeds_capacity,
    )
    if verdict in REFUSED:
        return REFUSED[verdict]
    slot = SlotRow(
        order.offer_id,
        order.conversation_id,
        order.stay,
        order.queue_id,
        order.agent_id,
        order.demand.need,
        order.origin,
    )
    validity = Validity(now, now + CLAIM_VALID_FOR)
    claim_slot(session, slot, state, writes, validity, judged_by=capacity)
    session.connection().execute(
        update(_ITEM)
        .where(_ITEM.c.conversation_id == order.conversation_id)
        .values(state=WorkItemState.CLAIMED.value)
    )
    session.connection().execute(
        update(_MEMBER)
        .where(_MEMBER.c.queue_id == order.queue_id, _MEMBER.c.agent_id == order.agent_id)
        .values(last_assigned_at=now)
    )
    return Claim(
        order.offer_id,
        order.conversation_id,
        order.stay,
        order.queue_id,
        order.agent_id,
        order.origin,
        validity.until,
    )


def claimed_offers(session: Session) -> list[Claim]:
    """Every claim that no workflow has confirmed: to be told, again if need be, or taken back."""
    slots = session.exec(select(Slot).where(slot_is_claimed()).order_by(col(Slot.claimed_at), col(Slot.id)))
    return [claim_of_slot(slot) for slot in slots]


def claimed_offer(session: Session, offer_id: str) -> Claim | None:
    """One claim, if no workflow has confirmed it."""
    slot = session.exec(select(Slot).where(Slot.id == offer_id, slot_is_claimed())).first()
    return None if slot is None else claim_of_slot(slot)


def claim_of_slot(slot: Slot) -> Claim:
    """The claim that a slot came from."""
    return Claim(
        slot.id,
        slot.conversation_id,
        slot.stay,
        slot.queue_id or "",
        slot.agent_id,
        Origin(slot.kind),
        slot.valid_until or slot.claimed_at,
    )


def count_claimed(session: Session) -> int:
    """How many claims no workflow has confirmed."""
    return session.exec(select(func.count()).select_from(Slot).where(slot_is_claimed())).one()


def threads_of(session: Session, conversation_ids: Collection[str]) -> dict[str, tuple[str, str]]:
    """The page and the customer of each conversation that there is."""
    rows = session.exec(
        select(Conversation.id, Conversation.page_id, Conversation.customer_id).where(
            col(Conversation.id).in_(conversation_ids)
        )
    )
    return {conversation_id: (page_id, customer_id) for conversation_id, page_id, customer_id in rows}


def lapsed_offers(session: Session, now: datetime) -> list[str]:
    """Claims whose time is over."""
    slots = session.exec(select(Slot).where(slot_is_claimed()))
    return [slot.id for slot in slots if _has_lapsed(slot, now)]


def take_lapsed_back(session: Session, offer_id: str, writes: RoutingWrites, now: datetime) -> bool:
    """Take a claim back whose time is over; its item waits again. Whether there was one."""
    slot = session.get(Slot, offer_id, populate_existing=True)
    if slot is None or not _has_lapsed(slot, now):
        return False
    _take_back(session, slot, writes, now)
    return True


def take_back(session: Session, offer_id: str, writes: RoutingWrites, now: datetime) -> None:
    """Take back what was claimed for a command that was refused; its item waits again."""
    slot = session.get(Slot, offer_id, populate_existing=True)
    if slot is not None and slot.state == SlotState.CLAIMED:
        _take_back(session, slot, writes, now)


def _take_back(session: Session, slot: Slot, writes: RoutingWrites, now: datetime) -> None:
    item = session.get(WorkItem, slot.conversation_id, with_for_update=True, populate_existing=True)
    if item is not None and item.state == WorkItemState.CLAIMED and item.stay == slot.stay:
        item.state = _resting_state(session, item).value
        session.add(item)
        session.flush()
        writes.marks.append((MarkKind.ITEM, slot.conversation_id))
    release_claim(session, slot, writes, now)


def _resting_state(session: Session, item: WorkItem) -> WorkItemState:
    mode = session.exec(
        select(Workstream.distribution_mode)
        .join(DemandRow, col(DemandRow.workstream_id) == Workstream.id)
        .where(DemandRow.id == item.demand_id)
    ).first()
    return WorkItemState.LISTED if mode == "pick" else WorkItemState.WAITING


def _has_lapsed(slot: Slot, now: datetime) -> bool:
    lapses_at = (slot.valid_until or slot.claimed_at) + LAPSE_GRACE
    return slot.state == SlotState.CLAIMED and now >= lapses_at


REFUSED = {
    ClaimVerdict.AT_CAPACITY: ClaimRefusal.AT_CAPACITY,
    ClaimVerdict.TOO_MANY_SESSIONS: ClaimRefusal.TOO_MANY_SESSIONS,
}
_CLAIMABLE = {
    Origin.NEXT: (WorkItemState.WAITING, WorkItemState.LISTED, WorkItemState.PARKED),
    Origin.PICK: (WorkItemState.WAITING, WorkItemState.LISTED, WorkItemState.PARKED),
}


@dataclass(frozen=True, slots=True)
class _Found:
    """The item is as it was ordered, and locked."""

    is_for_a_member: bool


def _waiting_item(session: Session, order: ClaimOrder) -> _Found | None:
    """None where the item is not as ordered, or another transaction has it."""
    states = _CLAIMABLE.get(order.origin, (WorkItemState.WAITING,))
    is_member = exists().where(
        col(QueueMember.queue_id) == order.queue_id, col(QueueMember.agent_id) == order.agent_id
    )
    row = session.exec(
        select(WorkItem.conversation_id, is_member)
        .where(
            WorkItem.conversation_id == order.conversation_id,
            WorkItem.stay == order.stay,
            WorkItem.queue_id == order.queue_id,
            col(WorkItem.state).in_(states),
        )
        .with_for_update(skip_locked=True, of=_ITEM)
    ).first()
    return None if row is None else _Found(bool(row[1]))
