"""Moving a conversation along the table of the lifecycle, with everything that comes with a move.

An offer, a session and a stay in a queue begin or end, the customer gets the automated message of the moment,
and an ending may owe a survey.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from domain.conversations import participants, queue_stays, surveys
from domain.conversations.automated_messages import say
from domain.conversations.changes import Draft, FactValue
from domain.conversations.lifecycle import Phase, Status, Transition, Trigger, transition
from domain.conversations.sessions import (
    ACCEPTS,
    Assignee,
    accept_session,
    begin_session,
    end_offer,
    end_session,
)
from domain.conversations.state import Conversation
from domain.events.kinds import FactKind
from domain.routing.capacity import Origin
from domain.routing.placement import StayEnd
from domain.workstreams.conversation_settings import AutomatedTrigger, ConversationSettings

_ENDINGS = frozenset(
    {
        Trigger.END,
        Trigger.IDLE_TOO_LONG,
        Trigger.WAITING_TOO_LONG,
        Trigger.RULE_CLOSES,
    }
)
"""What counts as an ending: see docs/reference/service-behaviour.md, "Surveys"."""

_ENDS_WITHOUT_SURVEY = frozenset({Trigger.FORCE_CLOSE, Trigger.OVERFLOW, Trigger.QUEUE_WITHOUT_AGENTS})

_AUTOMATED_MESSAGE_FOR: dict[Trigger, AutomatedTrigger] = {
    Trigger.PICK: AutomatedTrigger.AGENT_JOINED,
    Trigger.ACCEPT: AutomatedTrigger.AGENT_JOINED,
    Trigger.AUTO_ASSIGN: AutomatedTrigger.AGENT_JOINED,
    Trigger.REOPEN: AutomatedTrigger.AGENT_JOINED,
    Trigger.END: AutomatedTrigger.AGENT_ENDED,
    Trigger.COMPLETE: AutomatedTrigger.SESSION_ENDED,
    Trigger.OVERFLOW: AutomatedTrigger.OVERFLOW_ENDED,
    Trigger.QUEUE_WITHOUT_AGENTS: AutomatedTrigger.OVERFLOW_ENDED,
    Trigger.AGENT_DISCONNECTED: AutomatedTrigger.AGENT_DISCONNECTED,
    Trigger.AGENT_DISCONNECTED_IDLE: AutomatedTrigger.AGENT_DISCONNECTED,
}

_ENDED = frozenset({Status.WRAP_UP, Status.CLOSED})

_STAY_ENDS: dict[Trigger, StayEnd] = {
    Trigger.DECLINE: StayEnd.DECLINED,
    Trigger.NOTIFICATION_TIMED_OUT: StayEnd.TIMED_OUT,
    Trigger.AGENT_DISCONNECTED: StayEnd.AGENT_GONE,
    Trigger.ASSIGN_TO_QUEUE: StayEnd.TRANSFERRED,
    Trigger.OVERFLOW_TO_QUEUE: StayEnd.OVERFLOWED,
    Trigger.OVERFLOW: StayEnd.OVERFLOWED,
}
"""How each trigger ends a stay that is not over; any other by where it leads."""

_KEEPS_QUEUE = frozenset(
    {
        Trigger.RELEASE,
        Trigger.DECLINE,
        Trigger.NOTIFICATION_TIMED_OUT,
        Trigger.AGENT_DISCONNECTED,
        Trigger.RULE_RETURNS_TO_QUEUE,
    }
)
"""After these a conversation waits in the queue that it was in, without being routed again."""


def open_conversation(draft: Draft, trigger: Trigger, *, message_id: str | None) -> None:
    """A customer's words make a conversation; it is greeted. `trigger`: why it is ours."""
    row = required(None, trigger)
    conversation = _new(draft, draft.new_id(), row)
    _begin(draft, conversation, row, None, message_id=message_id)
    if draft.state.privacy_notice_at is None and say(draft, conversation, AutomatedTrigger.PRIVACY_NOTICE):
        draft.set(privacy_notice_at=draft.at)
    say(draft, conversation, AutomatedTrigger.GREETING)


def start_conversation(draft: Draft, conversation_id: str, agent_id: str) -> None:
    """An agent starts a conversation with a known customer; the caller has judged the window."""
    row = required(None, Trigger.START)
    conversation = replace(_new(draft, conversation_id, row), phase=row.phase)
    _begin(draft, conversation, row, agent_id)
    _put(draft, begin_session(draft, conversation, row, Assignee(agent_id)))
    draft.place(conversation_id)


def apply_transition(
    draft: Draft,
    conversation: Conversation,
    row: Transition,
    *,
    actor_id: str | None = None,
    to: Assignee | None = None,
    queue_id: str | None = None,
    skip_survey: bool = False,
    why: Mapping[str, FactValue] | None = None,
) -> Conversation:
    """Take one row of the table.

    `to`: who gets the conversation, unless it is the actor. `queue_id`: where it waits, unless it stays in
    its queue or has to be routed. `why`: the setting or the rule that has it taken.
    """
    assignee = to or (Assignee(actor_id) if actor_id is not None else None)
    moved = replace(
        conversation,
        status=row.target,
        status_reason=row.reason,
        status_changed_at=draft.at,
        waits_since=None,
        active_at=max(draft.at, conversation.active_at),
        opened_or_reopened_at=draft.at
        if conversation.status is Status.CLOSED
        else conversation.opened_or_reopened_at,
        closed_at=None,
        phase=row.phase,
    )
    if row.source in _ENDED and row.target not in _ENDED:
        moved = replace(moved, disposition_code_id=None)  # it goes on, and ends anew
    moved = end_offer(draft, moved, row, actor_id)
    if row.trigger in ACCEPTS:
        moved = accept_session(draft, moved)
    elif moved.session is not None:
        moved = end_session(draft, moved, row, actor_id)
    moved = _without_stay(draft, moved, row, assignee)
    if row.target is Status.ACTIVE and row.trigger not in ACCEPTS and assignee is not None:
        moved = begin_session(draft, moved, row, assignee)
    if row.target is Status.OPEN:
        moved = replace(moved, agent_id=None)
    moved = participants.after_move(draft, conversation, moved, row)
    if row.trigger is Trigger.TRANSFER and conversation.status is Status.ACTIVE:
        moved = _keep_former_agent(draft, conversation, moved, row, actor_id)
    draft.note(
        FactKind(f"conversation.{row.target}"),
        row.actor,
        actor_id=actor_id,
        conversation_id=conversation.id,
        data={"from": conversation.status, "reason": row.reason, **(why or {})},
    )
    if queue_id is not None:
        moved = queue_stays.enter_queue(draft, moved, queue_id, row.reason)
    elif row.trigger in _KEEPS_QUEUE:
        moved = queue_stays.enter_same_queue(
            draft, _others_first(moved, row, conversation.agent_id), row.reason
        )
    if row.source is Status.CLOSED:
        draft.reopen(conversation.id)
    draft.place(conversation.id)
    moved = _closed(draft, moved) if row.target is Status.CLOSED else _live(draft, moved)
    _say_and_survey(draft, conversation, moved, row, skip_survey=skip_survey)
    return moved


def _others_first(moved: Conversation, row: Transition, agent_id: str | None) -> Conversation:
    """Have others offered what a rule takes from an agent, as if the agent had not taken it."""
    if row.trigger is not Trigger.RULE_RETURNS_TO_QUEUE or agent_id is None:
        return moved
    return replace(moved, returns={agent_id: 1})


def _say_and_survey(
    draft: Draft, before: Conversation, moved: Conversation, row: Transition, *, skip_survey: bool
) -> None:
    """What a move has the customer told, and whether they are asked how it was."""
    trigger = _what_to_say(before, moved, row)
    if trigger is not None:
        # Of the session that there is now, or that has just ended.
        session = moved.session or before.session
        say(draft, moved, trigger, agent_id=session.agent_id if session is not None else None)
    if row.trigger in _ENDINGS:
        surveys.after_ending(draft, moved, skip="skipped_by_agent" if skip_survey else None)
    elif row.trigger in _ENDS_WITHOUT_SURVEY and row.source is not Status.WRAP_UP:
        surveys.after_ending(draft, moved, skip=row.reason)


def _what_to_say(before: Conversation, moved: Conversation, row: Transition) -> AutomatedTrigger | None:
    if row.phase is Phase.AWAITING_ACCEPTANCE:
        offer = moved.offer
        is_open = offer is not None and not offer.is_over(offer.made_at)
        return AutomatedTrigger.AGENT_ASSIGNED if is_open else None
    if row.trigger is Trigger.AGENT_DISCONNECTED and before.phase is Phase.AWAITING_ACCEPTANCE:
        return None  # the customer has not met them
    session = moved.session
    if row.trigger in ACCEPTS and session is not None and session.origin is Origin.TRANSFER:
        return AutomatedTrigger.TRANSFER_ACCEPTED
    return _AUTOMATED_MESSAGE_FOR.get(row.trigger)


def may_be_reopened(settings: ConversationSettings, conversation: Conversation, at: datetime) -> bool:
    """Whether the workstream still lets a conversation that closed, or is about to, go on."""
    within = timedelta(seconds=settings.reopen_closed_within_seconds)
    closed_at = conversation.closed_at or at
    return within > timedelta(0) and at < closed_at + within


def required(source: Status | None, trigger: Trigger, phase: Phase | None = None) -> Transition:
    """A row that must be there; its absence is a fault of the table."""
    row = transition(source, trigger, phase)
    if row is None:
        raise LookupError(f"The lifecycle has no {trigger} in {source}.")
    return row


def _new(draft: Draft, conversation_id: str, row: Transition) -> Conversation:
    return Conversation(
        conversation_id,
        row.target,
        row.reason,
        status_changed_at=draft.at,
        opened_at=draft.at,
        active_at=draft.at,
        opened_or_reopened_at=draft.at,
    )


def _begin(
    draft: Draft,
    conversation: Conversation,
    row: Transition,
    actor_id: str | None,
    message_id: str | None = None,
) -> None:
    draft.set(last_closed=None, fired_deadlines={})
    _put(draft, conversation)
    draft.open(conversation.id)
    draft.note(
        FactKind.CONVERSATION_OPENED,
        row.actor,
        actor_id=actor_id,
        conversation_id=conversation.id,
        message_id=message_id,
        data={"reason": row.reason},
    )


def _put(draft: Draft, conversation: Conversation) -> None:
    draft.set(conversation=conversation)


def _live(draft: Draft, conversation: Conversation) -> Conversation:
    last_closed = draft.state.last_closed
    if last_closed is not None and last_closed.id == conversation.id:
        draft.set(last_closed=None)
    _put(draft, conversation)
    return conversation


def _closed(draft: Draft, conversation: Conversation) -> Conversation:
    closed = replace(conversation, closed_at=draft.at)
    draft.set(conversation=None, last_closed=closed)
    draft.settle(closed)
    return closed


def _keep_former_agent(
    draft: Draft, before: Conversation, moved: Conversation, row: Transition, actor_id: str | None
) -> Conversation:
    """An agent whose conversation somebody else transfers stays until the offer is answered."""
    if before.session is None or before.session.agent_id == actor_id:
        return moved
    return participants.keep_former_agent(draft, moved, before.session, row)


def _without_stay(
    draft: Draft, conversation: Conversation, row: Transition, assignee: Assignee | None
) -> Conversation:
    """End the stay in a queue, unless it goes on with an offer."""
    if row.trigger in _STAY_ENDS:
        return queue_stays.end_stay(draft, conversation, _STAY_ENDS[row.trigger])
    if row.target is Status.CLOSED:
        return queue_stays.end_stay(draft, conversation, StayEnd.CLOSED)
    if row.phase is Phase.AWAITING_ACCEPTANCE and assignee is not None:
        return queue_stays.offer_stay(draft, conversation, assignee.agent_id)
    taken_by = assignee.agent_id if assignee is not None else conversation.agent_id
    return queue_stays.end_stay(draft, replace(conversation, agent_id=taken_by), StayEnd.ACCEPTED)
