"""Messages that the window refused and that wait for the customer to write again.

They belong to the thread and outlive their conversation. They are offered for review when the window opens,
or sent unseen if the workstream says so, each judged again; after 7 days they expire.
"""

from dataclasses import replace
from datetime import timedelta

from domain.conversations.automated_messages import say
from domain.conversations.changes import Draft, FactValue
from domain.conversations.lifecycle import ActorKind
from domain.conversations.state import Conversation, HeldMessage, QueuedSend
from domain.events.kinds import FactKind
from domain.sending.decide_send import ContentKind, Permission, SenderKind, SendRefusal, decide_send
from domain.sending.delivery import MessageStatus
from domain.workstreams.conversation_settings import AutomatedTrigger

HELD_LIMIT = timedelta(days=7)


def hold(
    draft: Draft, conversation: Conversation, message_id: str, agent_id: str, refusal: SendRefusal
) -> None:
    """Keep an agent's message until the customer writes again."""
    held = HeldMessage(message_id, conversation.id, agent_id, draft.at, draft.at + HELD_LIMIT)
    draft.set(held=(*draft.state.held, held))
    draft.change_status(message_id, MessageStatus.HELD, reason=refusal.code)
    draft.note(
        FactKind.MESSAGE_HELD,
        ActorKind.AGENT,
        actor_id=agent_id,
        conversation_id=conversation.id,
        message_id=message_id,
        data={"reason": refusal.code, "expires_at": held.expires_at.isoformat()},
    )
    cause = "held_unseen" if draft.state.settings.send_held_unseen else "held"
    say(draft, conversation, AutomatedTrigger.OUTSIDE_WINDOW, agent_id=agent_id, cause=cause)


def window_opened(draft: Draft) -> None:
    """The customer is back: send what is held, or offer it to the agents, once."""
    conversation = draft.conversation
    if conversation is None or not draft.state.held:
        return
    if isinstance(_verdict(draft, conversation), SendRefusal):
        return  # a late word of an old opening
    for held in draft.state.held:
        if draft.state.settings.send_held_unseen:
            release(draft, held, conversation, ActorKind.SYSTEM, None, setting="send_held_unseen")
        elif not held.offered:
            draft.note(
                FactKind.MESSAGE_HELD_OFFERED,
                ActorKind.SYSTEM,
                conversation_id=conversation.id,
                message_id=held.message_id,
            )
            _replace(draft, held, replace(held, offered=True))


def release(
    draft: Draft,
    held: HeldMessage,
    conversation: Conversation,
    actor: ActorKind,
    actor_id: str | None,
    **why: FactValue,
) -> SendRefusal | None:
    """Queue a held message in the conversation that is live now, or say why the window still refuses it."""
    verdict = _verdict(draft, conversation)
    if isinstance(verdict, SendRefusal):
        return verdict
    _replace(draft, held, None)
    draft.change_status(held.message_id, MessageStatus.QUEUED, conversation_id=conversation.id)
    draft.queue(
        QueuedSend(
            held.message_id,
            SenderKind.AGENT,
            conversation.id,
            human_agent_tag=_human_agent_tag(conversation),
            agent_id=held.agent_id,
        )
    )
    draft.note(
        FactKind.MESSAGE_QUEUED,
        actor,
        actor_id=actor_id,
        conversation_id=conversation.id,
        message_id=held.message_id,
        data={"held_since": held.held_at.isoformat(), **why},
    )
    return None


def cancel(draft: Draft, held: HeldMessage, agent_id: str) -> None:
    """Somebody does not want it sent any more."""
    _drop(draft, held, MessageStatus.CANCELLED, ActorKind.AGENT, agent_id)


def expire(draft: Draft, held: HeldMessage) -> None:
    """The customer has not written in time."""
    _drop(draft, held, MessageStatus.EXPIRED, ActorKind.SYSTEM, None, setting="held_limit")


def _drop(
    draft: Draft,
    held: HeldMessage,
    status: MessageStatus,
    actor: ActorKind,
    actor_id: str | None,
    **why: FactValue,
) -> None:
    _replace(draft, held, None)
    draft.change_status(held.message_id, status)
    draft.note(
        FactKind(f"message.{status}"),
        actor,
        actor_id=actor_id,
        conversation_id=held.conversation_id,
        message_id=held.message_id,
        data={"held_since": held.held_at.isoformat(), **why},
    )


def _verdict(draft: Draft, conversation: Conversation) -> Permission | SendRefusal:
    human_agent_tag = _human_agent_tag(conversation)
    return decide_send(
        draft.now, draft.state.window, SenderKind.AGENT, ContentKind.MESSAGE, human_agent_tag=human_agent_tag
    )


def _human_agent_tag(conversation: Conversation) -> bool:
    return conversation.session is not None and conversation.session.human_agent_tag


def _replace(draft: Draft, held: HeldMessage, by: HeldMessage | None) -> None:
    kept = (by if each == held else each for each in draft.state.held)
    draft.set(held=tuple(each for each in kept if each is not None))
