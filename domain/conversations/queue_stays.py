"""Stays in queues: where an Open conversation waits, since when, and how that ended.

Each time in a queue is a stay with a number of its own. An offer that nobody takes ends it, and the next one
begins in the same queue, with the same age. Which queue a conversation enters is the routing's to say.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from domain.conversations.changes import ChangedStay, Draft, FactValue
from domain.conversations.lifecycle import ActorKind, Status
from domain.conversations.state import Conversation, Stay
from domain.events.kinds import FactKind
from domain.routing.capacity import ONE_UNIT, Origin, SlotFacts, WrapUpCapacity, slot_of
from domain.routing.demand import Demand
from domain.routing.placement import Placement, StayEnd, StayRecord, WaitingPlace
from domain.routing.route_result import RouteRequest, RouteResult
from domain.routing.work_distribution import DistributionMode


def is_unrouted(conversation: Conversation | None) -> bool:
    """Whether a conversation is Open and in no queue: it has to be routed."""
    return (
        conversation is not None
        and conversation.status is Status.OPEN
        and (conversation.stay is None or conversation.stay.is_over)
    )


def waits_in(conversation: Conversation, queue_id: str) -> bool:
    """Whether a conversation waits in this queue, offered to nobody."""
    stay = conversation.stay
    waits = conversation.status is Status.OPEN and stay is not None and not stay.is_over
    return waits and stay is not None and stay.record.queue_id == queue_id


def route_request(page_id: str, customer_id: str, conversation: Conversation, now: datetime) -> RouteRequest:
    """What a conversation is routed by."""
    stay = conversation.stay
    return RouteRequest(
        page_id,
        customer_id,
        conversation.id,
        now,
        former_agent_id=conversation.former_agent_id,
        skills=stay.skills if stay else (),
        profiles=stay.profiles if stay else (),
        profile_awaited=conversation.profile_awaited,
    )


def enter_routed_queue(draft: Draft, conversation: Conversation, routed: RouteResult) -> Conversation:
    """Begin the stay that the routing says; who declined before may be asked again."""
    stay = Stay(
        _next_record(draft, conversation, routed.demand, routed.reason.value, routed.priority),
        routed.demand,
        age_at=conversation.waits_since or conversation.status_changed_at,
        listed=routed.listed,
        opens_at=None if routed.listed else routed.opens_at,
        overflow_at=routed.overflow_at,
        on_overflow=routed.on_overflow,
        overflow_queue_id=routed.overflow_queue_id,
        wishes=routed.wishes,
        reserved_until=routed.reserved_until,
        skills=routed.skills,
        profiles=routed.profiles,
    )
    if routed.diagnosis:
        stay = replace(stay, record=replace(stay.record, diagnosis=dict(routed.diagnosis)))
    entered = _enter(draft, replace(conversation, returns={}), stay)
    if routed.reserved_until is not None:
        draft.note(
            FactKind.CONVERSATION_RESERVED,
            ActorKind.SYSTEM,
            conversation_id=conversation.id,
            data={
                "stay": stay.record.number,
                "agent_id": routed.wishes[0].agent_id if routed.wishes else None,
                "until": routed.reserved_until.isoformat(),
            },
        )
    return entered


def enter_same_queue(draft: Draft, conversation: Conversation, reason: str) -> Conversation:
    """Begin the next stay in the queue of the last one; without one it has to be routed."""
    last = conversation.stay
    if last is None:
        return conversation
    record = _next_record(draft, conversation, last.demand, reason, last.record.priority)
    overflow_at = last.overflow_at
    if overflow_at is not None and last.record.end is StayEnd.ACCEPTED:
        overflow_at = draft.at + (overflow_at - last.record.entered_at)
    # Whom it was reserved for was asked already.
    stay = replace(last, record=record, overflow_at=overflow_at, wishes=(), reserved_until=None)
    return _enter(draft, conversation, stay)


def enter_queue(
    draft: Draft,
    conversation: Conversation,
    queue_id: str,
    reason: str,
    *,
    diagnosis: dict[str, Any] | None = None,
) -> Conversation:
    """Begin a stay in a queue that somebody, or overflow, has chosen: nothing is checked before it."""
    last, settings = conversation.stay, draft.state.settings
    demand = Demand(
        queue_id,
        last.demand.workstream_id if last else settings.workstream_id,
        last.skills if last else (),
        settings.distribution.skill_matching,
        last.demand.need if last else settings.distribution.need,
    )
    record = _next_record(draft, conversation, demand, reason, last.record.priority if last else 0)
    stay = Stay(
        replace(record, diagnosis=diagnosis),
        demand,
        age_at=last.age_at if last else conversation.waits_since or draft.at,
        listed=settings.distribution.mode is DistributionMode.PICK,
        skills=last.skills if last else (),
        profiles=last.profiles if last else (),
    )
    return _enter(draft, replace(conversation, returns={}), stay)


def end_stay(draft: Draft, conversation: Conversation, end: StayEnd) -> Conversation:
    """End the stay, unless it is over."""
    stay = conversation.stay
    if stay is None or stay.is_over:
        return conversation
    accepted_at = draft.at if end is StayEnd.ACCEPTED else None
    record = replace(
        stay.record,
        agent_id=conversation.agent_id,
        accepted_at=accepted_at,
        ended_at=draft.at,
        end=end,
    )
    draft.change_stay(conversation.id, record)
    return replace(conversation, stay=replace(stay, record=record))


def offer_stay(draft: Draft, conversation: Conversation, agent_id: str) -> Conversation:
    """Note whom a conversation in a queue was offered to last."""
    stay = conversation.stay
    if stay is None or stay.is_over:
        return conversation
    record = replace(stay.record, agent_id=agent_id)
    draft.change_stay(conversation.id, record)
    return replace(conversation, stay=replace(stay, record=record))


def end_reservation(draft: Draft, conversation: Conversation) -> None:
    """From now on anybody may be offered it."""
    if conversation.stay is not None:
        stay = replace(conversation.stay, reserved_until=None)
        draft.set(conversation=replace(conversation, stay=stay))
        draft.place(conversation.id)


def open_queue(draft: Draft, conversation: Conversation) -> None:
    """Its queue opens: have the dispatcher look at it."""
    if conversation.stay is not None:
        draft.set(conversation=replace(conversation, stay=replace(conversation.stay, opens_at=None)))
        draft.place(conversation.id)


def placement_of(
    conversation: Conversation,
    wrap_up: WrapUpCapacity,
    now: datetime,
    changed: Iterable[ChangedStay] = (),
    *,
    repairs: bool = False,
) -> Placement:
    """The conversation's place in work distribution, for its rows.

    `changed`: stays that changed, of any conversation. `repairs`: its present stay is written, too.
    """
    stay, session = conversation.stay, conversation.session
    records = {each.record.number: each.record for each in changed if each.conversation_id == conversation.id}
    if repairs and stay is not None:
        records[stay.record.number] = stay.record
    waits = conversation.status is Status.OPEN and stay is not None and not stay.is_over
    return Placement(
        conversation.id,
        stay.record.number if stay else 0,
        stay.record.queue_id if stay else None,
        waiting=_waiting_place(stay, conversation, now) if waits and stay is not None else None,
        slot=slot_of(_view(conversation), wrap_up, now),
        origin=session.origin if session else Origin.PUSH,
        stays=tuple(records[number] for number in sorted(records)),
    )


def _waiting_place(stay: Stay, conversation: Conversation, now: datetime) -> WaitingPlace:
    is_reserved = stay.reserved_until is not None and now < stay.reserved_until
    return WaitingPlace(
        stay.demand,
        stay.record.priority,
        stay.age_at,
        listed=stay.listed,
        returns=conversation.returns,
        wishes=stay.wishes,
        reserved_until=stay.reserved_until if is_reserved else None,
    )


def _view(conversation: Conversation) -> SlotFacts:
    session, status = conversation.session, conversation.status
    return SlotFacts(
        conversation.id,
        slot_id=session.id if session else None,
        agent_id=session.agent_id if session else None,
        need=conversation.stay.demand.need if conversation.stay else ONE_UNIT,
        active=status is Status.ACTIVE,
        wrap_up_since=conversation.status_changed_at if status is Status.WRAP_UP else None,
    )


def _next_record(
    draft: Draft, conversation: Conversation, demand: Demand, reason: str, priority: int
) -> StayRecord:
    number = conversation.stay.record.number + 1 if conversation.stay else 1
    return StayRecord(number, demand.queue_id, demand.workstream_id, draft.at, reason, priority)


def _enter(draft: Draft, conversation: Conversation, stay: Stay) -> Conversation:
    record = stay.record
    draft.change_stay(conversation.id, record)
    draft.place(conversation.id)
    data: dict[str, FactValue] = {
        "queue_id": record.queue_id,
        "stay": record.number,
        "priority": record.priority,
        "reason": record.reason,
    }
    draft.note(FactKind.CONVERSATION_QUEUED, ActorKind.SYSTEM, conversation_id=conversation.id, data=data)
    return replace(conversation, stay=stay)
