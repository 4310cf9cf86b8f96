"""Automated messages: deciding that Pagedesk says something by itself.

What the window forbids is recorded and not tried. Which text is said, and in which language, is the store's
to know; the stock texts are in `automated_texts`.
"""

from domain.changes import Draft
from domain.lifecycle import ActorKind
from domain.sending import ContentKind, SenderKind, SendRefusal, decide_send
from domain.settings import AutomatedTrigger
from domain.state import Conversation, Notice, QueuedSend

FOR_AGENTS = frozenset({AutomatedTrigger.MESSAGE_NOT_SENT, AutomatedTrigger.OUTSIDE_WINDOW})
"""These are told to the agent, and no window forbids them."""

RULE = "rule"


def say(
    draft: Draft, conversation: Conversation, trigger: AutomatedTrigger, *, agent_id: str | None = None
) -> bool:
    """Say what the trigger asks for, if it is switched on. `agent_id`: whose name `{AgentName}` is.

    Returns whether a message was queued.
    """
    if trigger not in draft.state.settings.automated_messages:
        return False
    if trigger in FOR_AGENTS:
        draft.notify(Notice(draft.new_id(), conversation.id, trigger, agent_id=agent_id))
        return False
    return say_automatically(draft, conversation, trigger, agent_id=agent_id)


def say_automatically(
    draft: Draft,
    conversation: Conversation,
    trigger: str,
    *,
    cause_id: str | None = None,
    agent_id: str | None = None,
    saying_id: str | None = None,
) -> bool:
    """Queue an automated message to the customer, or record that the window forbids it.

    `saying_id`: its id, where saying it again must be known as the same.
    """
    permission = decide_send(
        draft.now, draft.state.window, SenderKind.AUTOMATIC, ContentKind.MESSAGE, tag_on=False
    )
    if isinstance(permission, SendRefusal):
        draft.note(
            "message.not_allowed",
            ActorKind.SYSTEM,
            conversation_id=conversation.id,
            data={
                "trigger": trigger,
                "cause_id": cause_id,
                "code": permission.code,
                "stage": permission.stage,
            },
        )
        return False
    draft.create(
        QueuedSend(
            saying_id or draft.new_id(),
            SenderKind.AUTOMATIC,
            conversation.id,
            trigger=trigger,
            cause_id=cause_id,
            agent_id=agent_id,
        )
    )
    return True
