"""Commands by the name of their action, as tests tell of them."""

from dataclasses import fields
from typing import Any

from domain.conversations.command_types import (
    AnswerOffer,
    CancelMessage,
    ChangeParticipant,
    Command,
    CompleteConversation,
    EndConversation,
    GiveToAgent,
    GiveToQueue,
    MoveConversation,
    PickConversation,
    Reply,
    SendHeldMessage,
    StartConversation,
    TakePart,
)

_KINDS: dict[str, type[Any]] = {
    "start": StartConversation,
    "pick": PickConversation,
    "accept": AnswerOffer,
    "decline": AnswerOffer,
    "assign": GiveToAgent,
    "transfer": GiveToAgent,
    "assign_to_queue": GiveToQueue,
    "transfer_to_queue": GiveToQueue,
    "consult": ChangeParticipant,
    "join": ChangeParticipant,
    "remove_participant": ChangeParticipant,
    "monitor": TakePart,
    "leave": TakePart,
    "end": EndConversation,
    "complete": CompleteConversation,
    "reply": Reply,
    "send_held": SendHeldMessage,
    "cancel_message": CancelMessage,
}


def kind_of(action: str) -> type[Any]:
    """Which command has this action; any other action moves the conversation."""
    return _KINDS.get(action, MoveConversation)


def make_command(
    action: str, command_id: str, conversation_id: str, agent_id: str = "mia", **more: Any
) -> Command:
    """The command of this action.

    It may be given a message's id, or false values, for fields that it lacks: tests ask for any action alike.
    Unless told otherwise, a conversation is given to zoe, who is also the colleague, or to the default queue.
    """
    kind = kind_of(action)
    if kind in (MoveConversation, AnswerOffer, GiveToAgent, GiveToQueue, ChangeParticipant, TakePart):
        more["action"] = action
    if kind is GiveToAgent:
        more.setdefault("to_agent_id", "zoe")
    if kind is ChangeParticipant:
        more.setdefault("participant_id", "zoe")
    if kind is GiveToQueue:
        more.setdefault("queue_id", "default")
    known = {each.name for each in fields(kind)}
    given = {name: value for name, value in more.items() if name in known or (value and name != "message_id")}
    command: Command = kind(
        command_id=command_id, conversation_id=conversation_id, agent_id=agent_id, **given
    )
    return command
