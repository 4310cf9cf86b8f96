"""What work distribution tells a conversation: its queue, an offer, that an agent is gone."""

from dataclasses import replace
from datetime import datetime

from domain.conversations import participants, queue_stays
from domain.conversations.automated_messages import say
from domain.conversations.changes import Change, Draft, FactValue, NewId
from domain.conversations.deadlines import fire_due
from domain.conversations.lifecycle import ActorKind, Phase, Status, Trigger
from domain.conversations.sessions import Assignee
from domain.conversations.state import Conversation, Side, ThreadState
from domain.conversations.transitions import apply_transition, required
from domain.events.kinds import FactKind
from domain.routing.absence import GoneOutcome, agent_gone_outcome
from domain.routing.capacity import Origin
from domain.routing.demand import DEFAULT_QUEUE_ID
from domain.routing.overflow import OverflowCondition
from domain.routing.placement import StayEnd
from domain.routing.route_result import RouteResult
from domain.routing.route_to_queue import RouteReason, WhenEmpty
from domain.routing.routing_signals import AgentGone, OfferMade
from domain.workstreams.conversation_settings import AutomatedTrigger

QUEUE_DELETED = "queue_deleted"
"""Why a conversation is in the default queue."""


def apply_route(
    state: ThreadState, conversation_id: str, routed: RouteResult, now: datetime, new_id: NewId
) -> Change:
    """Have a conversation wait in the queue that its routing chose, or end, where that says so.

    Where it awaits the customer's profile first, that is noted, and it is routed again later. One that is
    Open in no queue no more stays as it is.
    """
    draft = Draft(state, now, new_id)
    conversation = draft.conversation
    if (
        conversation is None
        or conversation.id != conversation_id
        or not queue_stays.is_unrouted(conversation)
    ):
        return Change(state)
    if routed.awaits_profile and not conversation.profile_awaited:
        draft.set(conversation=replace(conversation, profile_awaited=True))
        return draft.done()
    if routed.overflow is not None:
        draft.note(
            FactKind.CONVERSATION_OVERFLOWED,
            ActorKind.SYSTEM,
            conversation_id=conversation_id,
            data={"condition": routed.overflow.condition, "to_queue_id": routed.demand.queue_id},
        )
    conversation = queue_stays.enter_routed_queue(draft, conversation, routed)
    draft.set(conversation=conversation)
    if routed.when_empty is not None:
        draft.note(
            FactKind.QUEUE_WITHOUT_AGENTS,
            ActorKind.SYSTEM,
            conversation_id=conversation_id,
            data={"queue_id": routed.demand.queue_id, "when_empty": routed.when_empty},
        )
    _tell_customer(draft, conversation, routed)
    if routed.ends:
        apply_transition(draft, conversation, required(Status.OPEN, Trigger.OVERFLOW))
    elif routed.when_empty is WhenEmpty.CLOSE:
        why: dict[str, FactValue] = {"setting": "when_empty"}
        apply_transition(draft, conversation, required(Status.OPEN, Trigger.QUEUE_WITHOUT_AGENTS), why=why)
    return draft.done()


def apply_queue_deleted(state: ThreadState, queue_id: str, now: datetime, new_id: NewId) -> Change:
    """Have a conversation that waits in a queue which is no more wait in the default queue."""
    draft = Draft(state, now, new_id)
    conversation = draft.conversation
    if conversation is None or not queue_stays.waits_in(conversation, queue_id):
        return Change(state)
    conversation = queue_stays.end_stay(draft, conversation, StayEnd.WITHDRAWN)
    diagnosis = {"reason": QUEUE_DELETED, "deleted_queue_id": queue_id}
    entered = queue_stays.enter_queue(
        draft, conversation, DEFAULT_QUEUE_ID, QUEUE_DELETED, diagnosis=diagnosis
    )
    draft.set(conversation=entered)
    return draft.done()


_FAILED = frozenset({RouteReason.RULE_FAILED, RouteReason.UNKNOWN_QUEUE})
_CLOSED = {
    OverflowCondition.HOLIDAY: AutomatedTrigger.HOLIDAY,
    OverflowCondition.OUT_OF_HOURS: AutomatedTrigger.OUT_OF_HOURS,
}


def _tell_customer(draft: Draft, conversation: Conversation, routed: RouteResult) -> None:
    """Say that nobody is there now, or that nobody can be found."""
    if routed.closed_by in _CLOSED:
        say(draft, conversation, _CLOSED[routed.closed_by])
    waits = not routed.ends and routed.when_empty is not WhenEmpty.CLOSE
    if waits and (routed.reason in _FAILED or routed.when_empty is not None):
        say(draft, conversation, AutomatedTrigger.AGENT_NOT_ASSIGNED)


def apply_offer(state: ThreadState, offer: OfferMade, now: datetime, new_id: NewId) -> Change:
    """Offer the conversation to the agent whose capacity was claimed for it, if it still waits there.

    Who pulled it has asked for it, and has it at once: nothing is left to accept. What is due first comes
    first. An offer that does not fit, or is told again, changes nothing.
    """
    draft = Draft(state, now, new_id)
    fire_due(draft, now)
    conversation = draft.conversation
    if conversation is None or not _fits(conversation, offer, now):
        return Change(state)
    to = Assignee(offer.agent_id, offer.offer_id, offer.origin)
    if offer.origin is Origin.NEXT:
        row = required(Status.OPEN, Trigger.PICK)
        apply_transition(draft, conversation, row, actor_id=offer.agent_id, to=to)
    else:
        apply_transition(draft, conversation, required(Status.OPEN, Trigger.PUSH), to=to)
    fire_due(draft, now)  # with automatic acceptance it is over as it begins
    return draft.done()


def knows_less(state: ThreadState, offer: OfferMade) -> bool:
    """Whether the rows know a later stay of the conversation than the run: of a discarded task."""
    conversation = state.conversation
    if conversation is None or conversation.id != offer.conversation_id:
        return True
    return (conversation.stay.record.number if conversation.stay else 0) < offer.stay


def cause_of_gone(state: ThreadState, gone: AgentGone) -> str:
    """What facts of it name as their cause: one for each turn of an agent, however often it is told."""
    session = state.conversation.session if state.conversation else None
    return f"agent_gone/{gone.agent_id}/{session.id if session else None}"


def apply_agent_gone(state: ThreadState, gone: AgentGone, now: datetime, new_id: NewId) -> Change:
    """Take the conversation, or their part in it, from an agent who is not connected any more."""
    draft = Draft(state, now, new_id)
    fire_due(draft, now)
    conversation = draft.conversation
    if conversation is None:
        return Change(state)
    if conversation.agent_id != gone.agent_id:
        participants.take_gone_participant(draft, conversation, gone.agent_id, gone.since, final=gone.final)
        return draft.done()
    match _outcome(draft, conversation, gone):
        case GoneOutcome.TO_QUEUE:
            trigger = Trigger.AGENT_DISCONNECTED
        case GoneOutcome.TO_WAITING:
            trigger = Trigger.AGENT_DISCONNECTED_IDLE
        case GoneOutcome.KEEP:
            return Change(state)
    apply_transition(draft, conversation, required(Status.ACTIVE, trigger, conversation.phase))
    return draft.done()


def _outcome(draft: Draft, conversation: Conversation, gone: AgentGone) -> GoneOutcome:
    session = conversation.session
    if conversation.status is not Status.ACTIVE or session is None:
        return GoneOutcome.KEEP
    is_offered = conversation.phase is Phase.AWAITING_ACCEPTANCE
    if not is_offered and (not gone.final or session.started_at > gone.since):
        return GoneOutcome.KEEP
    return agent_gone_outcome(
        draft.state.settings.distribution.when_agent_gone,
        awaiting_acceptance=is_offered,
        owes_answer=conversation.last_speaker is Side.CUSTOMER,
    )


def _fits(conversation: Conversation, offer: OfferMade, now: datetime) -> bool:
    stay = conversation.stay
    return (
        conversation.id == offer.conversation_id
        and conversation.status is Status.OPEN
        and stay is not None
        and not stay.is_over
        and (stay.record.number, stay.record.queue_id) == (offer.stay, offer.queue_id)
        and now < offer.valid_until
    )
