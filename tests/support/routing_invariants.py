"""What must hold of the rows of work distribution while nothing is under way.

1. Unforced slots never exceed an agent's capacity. 2. A conversation has one live slot at most. 3. What is
written of an agent's use is the sum of their slots. 4. Nobody is offered anything who is not there, does not
serve the queue, or did not take it as often as they may be asked. 5. What is Open waits in one row; what is
offered or Active has one slot, of that agent. 6. Nothing waits beside somebody who could have it. 7. Nobody
is offered what came later. 8. The facts alone tell the slots and the presences.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from domain.conversations.lifecycle import TRANSITIONS
from domain.routing.chooser import choose
from store import tables
from store.routing.claims import count_claimed
from store.routing.dispatch_marks import has_marks
from store.routing.dispatch_settings import read_dispatch_settings
from store.routing.matching import waiting_items
from store.routing.ready_members import members_of
from store.routing.slot_states import SlotState, WorkItemState
from support.offer_facts import OfferFacts

_LEGAL = {(row.target.value, row.phase.value if row.phase else None) for row in TRANSITIONS}
_ONE_AFTER_THE_OTHER = timedelta(seconds=5)
"""Who came within so long of each other may have been seen in the other order."""
_READY = frozenset({"available", "busy"})
_IN_TURN = frozenset({"push", "next"})


def violations_at_rest(
    session: Session, now: datetime, limits: Mapping[str, int], told: OfferFacts
) -> list[str]:
    """Everything that does not hold. `told`: what the log of facts says. Wrap-up keeps the capacity."""
    if has_marks(session) or count_claimed(session):
        return ["it is not at rest: there are marks, or claims that nobody has confirmed"]
    return [
        *told.violations,
        *capacity_violations(session, limits),
        *_places(session),
        *beside_room(session, now),
        *_claims_of_who_is_there(session, told),
        *_claims_in_order(session, told),
        *_facts_tell_it(session, told),
    ]


def beside_room(session: Session, now: datetime) -> Iterator[str]:
    """6: items that wait although their queue is open, and there is somebody who could have them."""
    settings = read_dispatch_settings(session)
    waiting = session.exec(
        select(tables.WorkItem.conversation_id).where(tables.WorkItem.state == WorkItemState.WAITING)
    ).all()
    for queued in waiting_items(session, waiting, settings):
        queue = settings.queues[queued.item.demand.queue_id]
        if not queue.hours.is_open(now):
            continue
        members = members_of(session, queue.id, settings, now)
        choice = choose(queued.item, members, queue.assignment, now)
        if choice is not None:
            yield f"{queued.item.conversation_id} waits beside {choice.agent_id}, who has room"


def _live(session: Session) -> list[tables.Slot]:
    return list(session.exec(select(tables.Slot).where(tables.Slot.state != SlotState.RELEASED)))


def capacity_violations(session: Session, limits: Mapping[str, int]) -> Iterator[str]:
    """1, 2, 3: no overrun, one slot to a conversation, and what is copied of the slots is their sum."""
    live = _live(session)
    if len({slot.conversation_id for slot in live}) < len(live):
        yield "two slots for one conversation"
    for state in session.exec(select(tables.AgentState)):
        own = [slot for slot in live if slot.agent_id == state.agent_id]
        used = sum(slot.units for slot in own)
        if sum(slot.units for slot in own if not slot.forced) > limits.get(state.agent_id, 0):
            yield f"{state.agent_id} has more than their capacity"
        if (state.used_units, state.sessions) != (used, len(own)):
            yield f"{state.agent_id} has {used} units in use, and {state.used_units} are written down"
        for member in session.exec(
            select(tables.QueueMember).where(tables.QueueMember.agent_id == state.agent_id)
        ):
            copied = member.presence, member.free_units
            if copied != (state.presence, state.limit_units - state.used_units):
                yield f"{state.agent_id} in {member.queue_id} is {copied}"


def _places(session: Session) -> Iterator[str]:
    """5: what is Open waits, what somebody has holds their slot, and nothing else does."""
    items = {item.conversation_id: item for item in session.exec(select(tables.WorkItem))}
    slots = {slot.conversation_id: slot for slot in _live(session)}
    for row in session.exec(select(tables.Conversation)):
        item, slot = items.pop(row.id, None), slots.pop(row.id, None)
        if (row.status, row.phase) not in _LEGAL:
            yield f"{row.id} is {row.status}, {row.phase}"
        waits = item is not None and (item.stay, item.queue_id) == (row.stay, row.queue_id)
        if (row.status == "open") != (item is not None) or (item is not None and not waits):
            yield f"{row.id} is {row.status} in {row.queue_id}, and its item is {item!r}"
        holds = (slot.id, slot.agent_id, slot.state) if slot is not None else None
        has_agent = row.status in {"active", "wrap_up"}
        if holds != ((row.session_id, row.agent_id, "held") if has_agent else None):
            yield f"{row.id} is {row.status} of {row.agent_id}, session {row.session_id}, and holds {holds}"
    for conversation_id in items.keys() | slots.keys():
        yield f"an item or a slot of {conversation_id}, which is no conversation"


def _claims_of_who_is_there(session: Session, told: OfferFacts) -> Iterator[str]:
    """4: an agent who was offered something was there, and serves that queue. A late slot is no claim."""
    members = set(session.exec(select(tables.QueueMember.queue_id, tables.QueueMember.agent_id)))
    was: dict[str, list[tables.PresenceChange]] = {}
    for change in session.exec(select(tables.PresenceChange)):
        if change.presence in _READY:
            was.setdefault(change.agent_id, []).append(change)
    for slot in session.exec(select(tables.Slot).where(tables.Slot.kind == "push")):
        if slot.id in told.late:
            continue
        if (slot.queue_id, slot.agent_id) not in members:
            yield f"offer {slot.id} of {slot.queue_id} to {slot.agent_id}, who does not serve it"
        first, last = slot.claimed_at - _ONE_AFTER_THE_OTHER, slot.claimed_at + _ONE_AFTER_THE_OTHER
        if not any(
            each.at <= last and (each.until is None or each.until >= first)
            for each in was.get(slot.agent_id, ())
        ):
            yield f"offer {slot.id} to {slot.agent_id}, who was not there at {slot.claimed_at}"


@dataclass(frozen=True)
class _Came:
    """A conversation that came to a queue, surely after one instant and by another, and its first claim.

    `in_turn`: the desk chose it, from those that waited; a person may take whichever they like.
    """

    conversation_id: str
    after: datetime
    by: datetime
    claimed_at: datetime
    in_turn: bool


def _claims_in_order(session: Session, told: OfferFacts) -> Iterator[str]:
    """7: of those that asked for the same, who came first was first offered to somebody.

    A late slot tells when it was written, not when the agent took the conversation.
    """
    slots = session.exec(select(tables.Slot).order_by(col(tables.Slot.claimed_at))).all()
    undated = {slot.conversation_id for slot in slots if slot.id in told.late}
    claims: dict[tuple[str, str | None], tuple[datetime, bool]] = {}
    for slot in slots:
        if slot.conversation_id not in undated:
            claim = slot.claimed_at, slot.kind in _IN_TURN
            claims.setdefault((slot.conversation_id, slot.queue_id), claim)
    dates = _dates(session)
    queues: dict[str, list[_Came]] = {}
    for stay in session.exec(select(tables.QueueStay).where(tables.QueueStay.stay == 1)):
        claimed_at, in_turn = claims.get((stay.conversation_id, stay.queue_id), (None, False))
        if claimed_at is not None and stay.end != "overflowed":
            known = [stay.entered_at, *dates.get(stay.conversation_id, ())]
            came = _Came(stay.conversation_id, min(*known, claimed_at), max(known), claimed_at, in_turn)
            queues.setdefault(stay.queue_id, []).append(came)
    for of_queue in queues.values():
        yield from _overtaken(of_queue)


def _dates(session: Session) -> dict[str, list[datetime]]:
    """Every instant that the log has for when a conversation came.

    The retry of a task that was discarded dates it anew, and may have done so after the claim.
    """
    found: dict[str, list[datetime]] = {}
    came = col(tables.Event.kind).in_(["conversation.opened", "conversation.queued"])
    for event in session.exec(select(tables.Event).where(came)):
        if event.data.get("stay", 1) == 1:
            found.setdefault(event.conversation_id or "", []).append(event.at)
    return found


def _overtaken(stays: list[_Came]) -> Iterator[str]:
    """Of one queue."""
    later = sorted((each for each in stays if each.in_turn), key=lambda each: each.after)
    first: _Came | None = None
    """Of those that surely came later, who was claimed first."""
    for stay in sorted(stays, key=lambda each: each.by, reverse=True):
        while later and later[-1].after - stay.by > _ONE_AFTER_THE_OTHER:
            other = later.pop()
            if first is None or other.claimed_at < first.claimed_at:
                first = other
        if first is not None and stay.claimed_at - first.claimed_at > _ONE_AFTER_THE_OTHER:
            yield (
                f"{first.conversation_id} was offered at {first.claimed_at}, "
                f"before {stay.conversation_id}, who came first"
            )


def _facts_tell_it(session: Session, told: OfferFacts) -> Iterator[str]:
    """8: slots and presences are as the facts alone have them."""
    slots = {slot.conversation_id: (slot.id, slot.agent_id) for slot in _live(session)}
    if slots != told.sessions:
        differ = slots.items() ^ told.sessions.items()
        yield f"slots differ from what the facts tell: {sorted(differ)}"
    for state in session.exec(select(tables.AgentState)):
        if (fact := told.presences.get(state.agent_id, "offline")) != state.presence:
            yield f"{state.agent_id} is {state.presence}, and the facts tell {fact}"
