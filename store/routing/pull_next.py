"""Pulling the best item of a queue: an agent asks for work, and gets what is first for them."""

from collections.abc import Iterable
from datetime import datetime

from sqlmodel import Session, select

from domain.routing.capacity import Origin, heeds_capacity
from domain.routing.chooser import order_items
from domain.routing.demand import has_skills
from domain.routing.members import WorkItem
from store.routing.agent_states import RoutingWrites
from store.routing.claims import Claim, ClaimOrder, ClaimRefusal, claim, claim_of_slot
from store.routing.dispatch_marks import MarkKind
from store.routing.dispatch_settings import DispatchSettings, read_dispatch_settings
from store.routing.matching import QueuedItem, pullable_items
from store.tables import AgentState, QueueMember, Slot

_FULL = frozenset({ClaimRefusal.AT_CAPACITY, ClaimRefusal.TOO_MANY_SESSIONS})


def pull_candidates(session: Session, queue_id: str, agent_id: str, now: datetime) -> list[QueuedItem]:
    """What the agent may pull from the queue, the best first; what they declined before comes last.

    Parked items belong to it. What is reserved for somebody else does not, nor what asks for skills that the
    agent lacks.
    """
    settings = read_dispatch_settings(session)
    found = pullable_items(session, queue_id, settings)
    by_id = {queued.item.conversation_id: queued for queued in found}
    allowed = (queued.item for queued in found if _may_pull(queued.item, agent_id, settings, now))
    ordered = sorted(order_items(agent_id, allowed), key=lambda item: item.declined_by(agent_id))
    return [by_id[item.conversation_id] for item in ordered]


def _may_pull(item: WorkItem, agent_id: str, settings: DispatchSettings, now: datetime) -> bool:
    if not has_skills(item.demand, settings.ratings.get(agent_id, {})):
        return False
    return not item.is_reserved(now) or any(wish.agent_id == agent_id for wish in item.wishes)


def why_no_pull(session: Session, queue_id: str, agent_id: str) -> ClaimRefusal | None:
    """Whether the agent serves the queue and is there; None if so."""
    if session.get(QueueMember, (queue_id, agent_id)) is None:
        return ClaimRefusal.NOT_A_MEMBER
    connected = session.exec(select(AgentState.connected).where(AgentState.agent_id == agent_id)).first()
    return None if connected else ClaimRefusal.NOT_PRESENT


def pull(
    session: Session,
    candidates: Iterable[QueuedItem],
    writes: RoutingWrites,
    *,
    agent_id: str,
    offer_id: str,
    now: datetime,
) -> Claim | ClaimRefusal:
    """Claim the first of the candidates that still waits and that the agent has room for.

    With the id of an offer that was made before, it answers that one.
    """
    made = session.get(Slot, offer_id, populate_existing=True)
    if made is not None:
        return claim_of_slot(made)
    refusal = ClaimRefusal.NOT_WAITING
    for queued in candidates:
        order = ClaimOrder(
            queued.item.conversation_id,
            queued.stay,
            queued.item.demand.queue_id,
            queued.item.demand,
            agent_id,
            offer_id,
            Origin.NEXT,
            heeds_capacity=heeds_capacity(Origin.NEXT),
        )
        claimed = claim(session, order, writes, now)
        if isinstance(claimed, Claim):
            writes.marks.append((MarkKind.CLAIM, offer_id))
            return claimed
        if claimed is not ClaimRefusal.NOT_WAITING:
            refusal = claimed
        if claimed not in {ClaimRefusal.NOT_WAITING, ClaimRefusal.AT_CAPACITY}:
            break
    return refusal


def is_full(refusal: ClaimRefusal) -> bool:
    """Whether it is the agent who has no room."""
    return refusal in _FULL
