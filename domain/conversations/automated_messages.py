"""Automated messages: deciding that Pagedesk says something by itself.

What the window forbids is recorded and not tried. What a thread has heard often enough is withheld: whoever
answers a machine may be a machine too, and two of them never tire. Which text is said, and in which language,
is the store's to know; the stock texts are in `automated_texts`.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum

from domain.conversations.changes import Draft
from domain.conversations.lifecycle import ActorKind
from domain.conversations.state import AutomatedMessage, Conversation, Notice, QueuedSend, ThreadState
from domain.events.kinds import FactKind
from domain.sending.decide_send import ContentKind, SenderKind, SendRefusal, decide_send
from domain.workstreams.conversation_settings import AutomatedTrigger

FOR_AGENTS = frozenset({AutomatedTrigger.MESSAGE_NOT_SENT, AutomatedTrigger.OUTSIDE_WINDOW})
"""These are told to the agent, and no window forbids them."""

RULE = "rule"

BUDGET_PERIOD = timedelta(hours=1)
MAX_IN_PERIOD = 12
"""Automated messages to one customer within BUDGET_PERIOD: two short conversations in which every trigger is
switched on stay below."""

_CAUSED_BY_AGENTS = frozenset(
    {
        AutomatedTrigger.AGENT_JOINED,
        AutomatedTrigger.TRANSFER_ACCEPTED,
        AutomatedTrigger.CONSULT_ACCEPTED,
        AutomatedTrigger.CONSULT_ENDED,
        AutomatedTrigger.COLLEAGUE_JOINED,
        AutomatedTrigger.COLLEAGUE_LEFT,
        AutomatedTrigger.AGENT_ENDED,
        AutomatedTrigger.SESSION_ENDED,
    }
)
"""Each of these follows something that a person did, and may be said as often as that is done."""


class WithheldCode(StrEnum):
    """Why an automated message is withheld. The values are part of the API.

    REPEATED: the same was said in this conversation within the last BUDGET_PERIOD. RATE_LIMITED: the thread
    has had MAX_IN_PERIOD automated messages within it, whatever they said.
    """

    REPEATED = "repeated"
    RATE_LIMITED = "rate_limited"


def say(
    draft: Draft,
    conversation: Conversation,
    trigger: AutomatedTrigger,
    *,
    agent_id: str | None = None,
    cause: str | None = None,
) -> bool:
    """Say what the trigger asks for, if it is switched on. `agent_id`: whose name `{AgentName}` is.

    `cause`: why, where a notice for the agent has words of its own for it.

    Returns whether a message was queued.
    """
    if trigger not in draft.state.settings.automated_messages:
        return False
    if trigger in FOR_AGENTS:
        draft.notify(Notice(draft.new_id(), conversation.id, trigger, cause_id=cause, agent_id=agent_id))
        return False
    return say_automatically(draft, conversation, trigger, agent_id=agent_id)


def say_automatically(
    draft: Draft,
    conversation: Conversation,
    trigger: str,
    *,
    cause_id: str | None = None,
    agent_id: str | None = None,
) -> bool:
    """Queue an automated message to the customer, or record why it is not said."""
    permission = decide_send(
        draft.now, draft.state.window, SenderKind.AUTOMATIC, ContentKind.MESSAGE, human_agent_tag=False
    )
    if isinstance(permission, SendRefusal):
        draft.note(
            FactKind.MESSAGE_NOT_ALLOWED,
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
    message = AutomatedMessage(f"{trigger}/{cause_id}" if cause_id else trigger, conversation.id, draft.now)
    if not _fits_budget(draft, message, trigger, cause_id):
        return False
    draft.create(
        QueuedSend(
            draft.new_id(),
            SenderKind.AUTOMATIC,
            conversation.id,
            trigger=trigger,
            cause_id=cause_id,
            agent_id=agent_id,
        )
    )
    return True


def _fits_budget(draft: Draft, message: AutomatedMessage, trigger: str, cause_id: str | None) -> bool:
    """Count the message, or withhold it. That is told once for what stands in its way, not each time."""
    recent = _recent(draft.state, draft.now)
    found = _obstacle(recent, message)
    if found is None:
        draft.set(automated=(*recent, message))
        return True
    code, obstacle = found
    if code not in obstacle.withheld:
        told = replace(obstacle, withheld=(*obstacle.withheld, code))
        draft.set(automated=tuple(told if each is obstacle else each for each in recent))
        draft.note(
            FactKind.MESSAGE_WITHHELD,
            ActorKind.SYSTEM,
            conversation_id=message.conversation_id,
            data={
                "trigger": trigger,
                "cause_id": cause_id,
                "code": code,
                "until": (obstacle.said_at + BUDGET_PERIOD).isoformat(),
            },
        )
    return False


def _recent(state: ThreadState, now: datetime) -> tuple[AutomatedMessage, ...]:
    """The messages that still count, oldest first: never more than MAX_IN_PERIOD."""
    return tuple(each for each in state.automated if now < each.said_at + BUDGET_PERIOD)


def _obstacle(
    recent: tuple[AutomatedMessage, ...], message: AutomatedMessage
) -> tuple[WithheldCode, AutomatedMessage] | None:
    """Which of the messages that were said keeps this one back, and by which rule; None where none does."""
    if message.what not in _CAUSED_BY_AGENTS:
        for said in recent:
            if (said.what, said.conversation_id) == (message.what, message.conversation_id):
                return WithheldCode.REPEATED, said
    return (WithheldCode.RATE_LIMITED, recent[0]) if len(recent) >= MAX_IN_PERIOD else None
