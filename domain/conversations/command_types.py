"""What agents may ask of a conversation: one kind of command for each set of fields. Data alone.

`action` tells them apart wherever they are JSON; the values of two kinds never overlap.
"""

from dataclasses import dataclass
from typing import Literal

from domain.conversations.lifecycle import Participation, Trigger

Move = Literal[
    Trigger.CLOSE_SESSION,
    Trigger.REOPEN,
    Trigger.RELEASE,
    Trigger.FORCE_CLOSE,
]


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentCommand:
    """What every command says.

    `conversation_id` is the conversation meant; for StartConversation the id that the new one is to have.
    `supervises`: the agent is a supervisor or an admin. `settings_version`: of the settings that held when
    the command was given; it is not judged by older ones.
    """

    command_id: str
    conversation_id: str
    agent_id: str
    supervises: bool = False
    settings_version: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class StartConversation(AgentCommand):
    """Begin a conversation with a customer who has none."""

    action: Literal[Trigger.START] = Trigger.START


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveConversation(AgentCommand):
    """Move the conversation from one status to another, with nothing more to say."""

    action: Move


@dataclass(frozen=True, slots=True, kw_only=True)
class PickConversation(AgentCommand):
    """Take an Open conversation. `slot_id`: of the capacity that was claimed for it, if any was."""

    action: Literal[Trigger.PICK] = Trigger.PICK
    slot_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerOffer(AgentCommand):
    """Say yes or no to what is offered to the agent, or to being consulted.

    `offer_id`: the offer that is meant, or the `participant_id` of the invitation; None for whatever there is
    now. With it, an answer that comes late never takes what is offered anew.
    """

    action: Literal[Trigger.ACCEPT, Trigger.DECLINE]
    offer_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GiveToAgent(AgentCommand):
    """Offer the conversation to somebody: a supervisor assigns it, or who has it transfers it.

    `slot_id`: of the capacity that was claimed for it, if any was.
    """

    action: Literal[Trigger.ASSIGN, Trigger.TRANSFER]
    to_agent_id: str
    slot_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GiveToQueue(AgentCommand):
    """Have the conversation wait in a queue, as `GiveToAgent`."""

    action: Literal[Trigger.ASSIGN_TO_QUEUE, Trigger.TRANSFER_TO_QUEUE]
    queue_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EndConversation(AgentCommand):
    """Begin wrap-up. `skip_survey`: this ending is to have no survey.

    `disposition_code_id`: what the conversation was about.
    """

    action: Literal[Trigger.END] = Trigger.END
    skip_survey: bool = False
    disposition_code_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CompleteConversation(AgentCommand):
    """Finish wrap-up, with another disposition code if one is given."""

    action: Literal[Trigger.COMPLETE] = Trigger.COMPLETE
    disposition_code_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply(AgentCommand):
    """Send a message of the agent's, which the store has as `message_id`.

    `hold`: it is to be held if the window refuses it. `resends`: the message whose outcome is unknown, or
    that failed, which this one says again.
    """

    message_id: str
    action: Literal["reply"] = "reply"
    hold: bool = False
    resends: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SendHeldMessage(AgentCommand):
    """Send a held message now."""

    message_id: str
    action: Literal["send_held"] = "send_held"


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelMessage(AgentCommand):
    """Never send a message that is held."""

    message_id: str
    action: Literal["cancel_message"] = "cancel_message"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeParticipant(AgentCommand):
    """Ask a colleague into the conversation, let somebody write to the customer, or remove somebody.

    `participant_id`: the colleague's agent id. A supervisor joins by naming themselves.
    """

    action: Literal[Participation.CONSULT, Participation.JOIN, Participation.REMOVE]
    participant_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TakePart(AgentCommand):
    """Watch the conversation of somebody else, or take part in it no more."""

    action: Literal[Participation.MONITOR, Participation.LEAVE]


ParticipationCommand = ChangeParticipant | TakePart
"""Those that change who takes part beside the conversation's agent."""

MessageCommand = Reply | SendHeldMessage | CancelMessage
"""Those that name a message."""

EndingCommand = EndConversation | CompleteConversation
"""Those that may need a disposition code."""

MovingCommand = MoveConversation | AnswerOffer | PickConversation | GiveToAgent | GiveToQueue | EndingCommand
"""Those that take a row of the table of states."""

Command = StartConversation | MovingCommand | ParticipationCommand | MessageCommand
