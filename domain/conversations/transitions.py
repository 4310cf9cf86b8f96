"""Moving a conversation along the table of the lifecycle, with everything that comes with a move.

A session begins or ends, the agent's next deadline is another, the customer gets the automated message of the
moment, and an ending may owe a survey.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from domain.conversations import surveys
from domain.conversations.automated_messages import say
from domain.conversations.changes import Draft, FactValue
from domain.conversations.lifecycle import ActorKind, Phase, Status, Transition, Trigger, transition
from domain.conversations.state import AgentSession, Conversation
from domain.events.kinds import FactKind
from domain.workstreams.conversation_settings import AutomatedTrigger

_ENDINGS = frozenset(
    {
        Trigger.END,
        Trigger.IDLE_TOO_LONG,
        Trigger.WAITING_TOO_LONG,
        Trigger.RULE_CLOSES,
    }
)
"""What counts as an ending: see docs/reference/service-behaviour.md, "Surveys"."""

_AUTOMATED_MESSAGE_FOR: dict[Trigger, AutomatedTrigger] = {
    Trigger.PICK: AutomatedTrigger.AGENT_JOINED,
    Trigger.REOPEN: AutomatedTrigger.AGENT_JOINED,
    Trigger.END: AutomatedTrigger.AGENT_ENDED,
    Trigger.COMPLETE: AutomatedTrigger.SESSION_ENDED,
}


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
    conversation = replace(_new(draft, conversation_id, row), phase=Phase.IN_CONVERSATION)
    _begin(draft, conversation, row, agent_id)
    _put(draft, _with_session(draft, conversation, agent_id))


def apply_transition(
    draft: Draft,
    conversation: Conversation,
    row: Transition,
    *,
    actor_id: str | None = None,
    skip_survey: bool = False,
    why: Mapping[str, FactValue] | None = None,
) -> Conversation:
    """Take one row of the table. `why` is the setting or the rule that has it taken."""
    moved = replace(
        conversation,
        status=row.target,
        status_reason=row.reason,
        status_changed_at=draft.at,
        active_at=max(draft.at, conversation.active_at),
        opened_or_reopened_at=draft.at
        if conversation.status is Status.CLOSED
        else conversation.opened_or_reopened_at,
        closed_at=None,
        phase=Phase.IN_CONVERSATION if row.target is Status.ACTIVE else None,
    )
    if row.target is not Status.ACTIVE and moved.session is not None:
        moved = _without_session(draft, moved, row, actor_id)
    if row.target is Status.ACTIVE and actor_id is not None:
        moved = _with_session(draft, moved, actor_id)
    if row.target is Status.OPEN:
        moved = replace(moved, agent_id=None)
    draft.note(
        FactKind(f"conversation.{row.target}"),
        row.actor,
        actor_id=actor_id,
        conversation_id=conversation.id,
        data={"from": conversation.status, "reason": row.reason, **(why or {})},
    )
    if row.source is Status.CLOSED:
        draft.reopen(conversation.id)
    moved = _closed(draft, moved) if row.target is Status.CLOSED else _live(draft, moved)
    if row.trigger in _AUTOMATED_MESSAGE_FOR:
        say(draft, moved, _AUTOMATED_MESSAGE_FOR[row.trigger], agent_id=actor_id)
    if row.trigger in _ENDINGS:
        surveys.after_ending(draft, moved, skip="skipped_by_agent" if skip_survey else None)
    elif row.trigger is Trigger.FORCE_CLOSE and row.source is not Status.WRAP_UP:
        surveys.after_ending(draft, moved, skip=row.reason)
    return moved


def may_be_reopened(draft: Draft, conversation: Conversation, at: datetime) -> bool:
    """Whether the workstream still lets a conversation that closed, or is about to, go on."""
    within = timedelta(seconds=draft.state.settings.reopen_closed_within)
    closed_at = conversation.closed_at or at
    return within > timedelta(0) and at < closed_at + within


def required(source: Status | None, trigger: Trigger) -> Transition:
    """A row that must be there; its absence is a fault of the table."""
    row = transition(source, trigger)
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


def _with_session(draft: Draft, conversation: Conversation, agent_id: str) -> Conversation:
    tag = draft.state.settings.human_agent_tag
    session = AgentSession(draft.new_id(), conversation.sessions + 1, agent_id, tag, draft.at)
    draft.start_session(conversation.id, session)
    draft.note(
        FactKind.SESSION_STARTED,
        ActorKind.AGENT,
        actor_id=agent_id,
        conversation_id=conversation.id,
        data={
            "session_id": session.id,
            "number": session.number,
            "human_agent_tag": session.human_agent_tag,
            "reason": conversation.status_reason,
        },
    )
    return replace(
        conversation,
        agent_id=agent_id,
        session=session,
        sessions=session.number,
        last_session_id=session.id,
        last_session_at=session.started_at,
    )


def _without_session(
    draft: Draft, conversation: Conversation, row: Transition, actor_id: str | None
) -> Conversation:
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
    return replace(conversation, session=None)
