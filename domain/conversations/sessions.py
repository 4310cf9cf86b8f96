"""An agent's turn in a conversation: a session and its offer begin, are accepted and end by a transition."""

from dataclasses import dataclass, replace

from domain.conversations.changes import Draft, FactValue
from domain.conversations.lifecycle import ActorKind, Phase, Status, Transition, Trigger
from domain.conversations.state import AgentSession, Conversation
from domain.events.kinds import FactKind
from domain.routing.capacity import Origin
from domain.routing.offers import OfferEnd, make_offer, offer_end_outcome

ACCEPTS = frozenset({Trigger.ACCEPT, Trigger.AUTO_ASSIGN})

_OFFER_ENDS: dict[Trigger, OfferEnd] = {
    Trigger.ACCEPT: OfferEnd.ACCEPTED,
    Trigger.AUTO_ASSIGN: OfferEnd.ACCEPTED,
    Trigger.DECLINE: OfferEnd.DECLINED,
    Trigger.NOTIFICATION_TIMED_OUT: OfferEnd.TIMED_OUT,
    Trigger.AGENT_DISCONNECTED: OfferEnd.AGENT_GONE,
}
"""How each trigger ends an offer; any other withdraws it."""

_OFFER_FACTS: dict[OfferEnd, FactKind] = {
    OfferEnd.ACCEPTED: FactKind.OFFER_ACCEPTED,
    OfferEnd.DECLINED: FactKind.OFFER_DECLINED,
    OfferEnd.TIMED_OUT: FactKind.OFFER_TIMED_OUT,
    OfferEnd.AGENT_GONE: FactKind.OFFER_WITHDRAWN,
    OfferEnd.WITHDRAWN: FactKind.OFFER_WITHDRAWN,
}

_ORIGINS: dict[Trigger, Origin] = {
    Trigger.PICK: Origin.PICK,
    Trigger.REOPEN: Origin.REOPEN,
    Trigger.START: Origin.START,
    Trigger.ASSIGN: Origin.ASSIGN,
    Trigger.TRANSFER: Origin.TRANSFER,
}


@dataclass(frozen=True, slots=True)
class Assignee:
    """Who gets a conversation. `slot_id`: of the capacity that is claimed for it, and of its session."""

    agent_id: str
    slot_id: str | None = None
    origin: Origin | None = None


def begin_session(
    draft: Draft, conversation: Conversation, row: Transition, assignee: Assignee
) -> Conversation:
    """Begin a session, with an offer or, where nobody has to answer one, accepted."""
    settings = draft.state.settings
    is_offered = row.phase is Phase.AWAITING_ACCEPTANCE
    session = AgentSession(
        assignee.slot_id or draft.new_id(),
        conversation.sessions + 1,
        assignee.agent_id,
        settings.human_agent_tag,
        draft.at,
        assignee.origin or _ORIGINS[row.trigger],
        None if is_offered else draft.at,
    )
    draft.start_session(conversation.id, session)
    draft.note(
        FactKind.SESSION_STARTED,
        ActorKind.SYSTEM if is_offered else ActorKind.AGENT,
        actor_id=None if is_offered else session.agent_id,
        conversation_id=conversation.id,
        data={
            "session_id": session.id,
            "number": session.number,
            "human_agent_tag": session.human_agent_tag,
            "reason": conversation.status_reason,
        },
    )
    begun = replace(conversation, agent_id=session.agent_id, session=session, sessions=session.number)
    if not is_offered:
        return _taken(begun, session)
    offer = make_offer(
        session.id, session.agent_id, session.origin, settings.distribution.notification, draft.at
    )
    draft.note(
        FactKind.OFFER_MADE,
        row.actor,
        conversation_id=conversation.id,
        data={
            "offer_id": offer.id,
            "agent_id": offer.agent_id,
            "origin": offer.origin,
            "expires_at": offer.expires_at.isoformat(),
        },
    )
    return replace(begun, offer=offer)


def accept_session(draft: Draft, conversation: Conversation) -> Conversation:
    """The session that awaited acceptance is the agent's now."""
    if conversation.session is None:
        return conversation
    session = replace(conversation.session, accepted_at=draft.at)
    draft.start_session(conversation.id, session)
    return _taken(replace(conversation, session=session), session)


def end_offer(
    draft: Draft, conversation: Conversation, row: Transition, actor_id: str | None
) -> Conversation:
    """End the offer as the trigger says, with what that means for the agent."""
    offer = conversation.offer
    if offer is None:
        return conversation
    end = _OFFER_ENDS.get(row.trigger, OfferEnd.WITHDRAWN)
    outcome = offer_end_outcome(offer, draft.state.settings.distribution.notification, end)
    data: dict[str, FactValue] = {"offer_id": offer.id, "agent_id": offer.agent_id}
    if outcome.mark is not None:
        data["mark"] = outcome.mark
    if _OFFER_FACTS[end] is FactKind.OFFER_WITHDRAWN:
        data["reason"] = row.reason
    draft.note(_OFFER_FACTS[end], row.actor, actor_id=actor_id, conversation_id=conversation.id, data=data)
    returns = conversation.returns
    if outcome.counts_as_declined:
        returns = {**returns, offer.agent_id: returns.get(offer.agent_id, 0) + 1}
    return replace(conversation, offer=None, returns=returns)


def end_session(
    draft: Draft, conversation: Conversation, row: Transition, actor_id: str | None
) -> Conversation:
    """End the session, unless the conversation goes to Wrap-up."""
    session = conversation.session
    if session is None:
        return conversation
    # Wrap-up belongs to the session: it ends when the conversation does.
    if row.target is Status.WRAP_UP:
        return conversation
    draft.close_session(session.id, row.reason)
    draft.note(
        FactKind.SESSION_CLOSED,
        row.actor,
        actor_id=actor_id,
        conversation_id=conversation.id,
        data={"session_id": session.id, "reason": row.reason, "agent_id": session.agent_id},
    )
    had_it = session.accepted_at is not None
    former = session.agent_id if had_it else conversation.former_agent_id
    return replace(conversation, session=None, former_agent_id=former)


def _taken(conversation: Conversation, session: AgentSession) -> Conversation:
    return replace(conversation, accepted_session_id=session.id, accepted_at=session.accepted_at, returns={})
