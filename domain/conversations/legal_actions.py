"""What somebody may ask of a conversation now, and why not: asked of the judge of commands itself."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from domain.conversations.command_types import (
    AnswerOffer,
    ChangeParticipant,
    Command,
    CompleteConversation,
    EndConversation,
    GiveToAgent,
    GiveToQueue,
    MoveConversation,
    PickConversation,
    TakePart,
)
from domain.conversations.judge_command import is_done_already, judge_command, target_conversation
from domain.conversations.lifecycle import Participation, Trigger
from domain.conversations.state import Conversation, ThreadState

_SOMEBODY = ""
"""An agent, a queue or a code that is still to be chosen; no id is empty."""


class ActionName(StrEnum):
    """What can be asked of a conversation: the last part of the operation's address.

    To a queue, `assign` and `transfer` have rules of their own.
    """

    PICK = "pick"
    ACCEPT = "accept"
    DECLINE = "decline"
    ASSIGN = "assign"
    ASSIGN_TO_QUEUE = "assign-to-queue"
    TRANSFER = "transfer"
    TRANSFER_TO_QUEUE = "transfer-to-queue"
    CLOSE_SESSION = "close-session"
    REOPEN = "reopen"
    RELEASE = "release"
    END = "end"
    COMPLETE = "complete"
    FORCE_CLOSE = "force-close"
    CONSULT = "consult"
    JOIN = "join"
    MONITOR = "monitor"
    LEAVE = "leave"
    REMOVE_PARTICIPANT = "remove-participant"


@dataclass(frozen=True, slots=True)
class Asker:
    """Somebody who may ask. `supervises`: they are a supervisor or an admin."""

    agent_id: str
    supervises: bool = False

    def fields(self, conversation_id: str) -> dict[str, Any]:
        """What every command of theirs says."""
        return {
            "command_id": "",
            "conversation_id": conversation_id,
            "agent_id": self.agent_id,
            "supervises": self.supervises,
        }


@dataclass(frozen=True, slots=True)
class Action:
    """Something that can be asked. `reason`: the code by which it is refused now; None where it is legal."""

    name: ActionName
    reason: str | None

    @property
    def is_legal(self) -> bool:
        """Whether it is done if it is asked for now."""
        return self.reason is None


_Fields = dict[str, Any]
_Make = Callable[[_Fields, Conversation], Sequence[Command]]


def _moves(action: Any) -> _Make:
    return lambda fields, _: [MoveConversation(**fields, action=action)]


def _answers(action: Any) -> _Make:
    return lambda fields, _: [AnswerOffer(**fields, action=action)]


def _give_to_agent(action: Any) -> _Make:
    return lambda fields, _: [GiveToAgent(**fields, action=action, to_agent_id=_SOMEBODY)]


def _give_to_queue(action: Any) -> _Make:
    return lambda fields, _: [GiveToQueue(**fields, action=action, queue_id=_SOMEBODY)]


def _take_part(action: Any) -> _Make:
    return lambda fields, _: [TakePart(**fields, action=action)]


def _consult(fields: _Fields, _: Conversation) -> Sequence[Command]:
    return [ChangeParticipant(**fields, action=Participation.CONSULT, participant_id=_SOMEBODY)]


def _join(fields: _Fields, conversation: Conversation) -> Sequence[Command]:
    whom = [fields["agent_id"], *(each.agent_id for each in conversation.participants)]
    return [ChangeParticipant(**fields, action=Participation.JOIN, participant_id=each) for each in whom]


def _remove(fields: _Fields, conversation: Conversation) -> Sequence[Command]:
    whom = [each.agent_id for each in conversation.participants] or [_SOMEBODY]
    return [ChangeParticipant(**fields, action=Participation.REMOVE, participant_id=each) for each in whom]


_COMMANDS: Mapping[ActionName, _Make] = {
    ActionName.PICK: lambda fields, _: [PickConversation(**fields)],
    ActionName.ACCEPT: _answers(Trigger.ACCEPT),
    ActionName.DECLINE: _answers(Trigger.DECLINE),
    ActionName.ASSIGN: _give_to_agent(Trigger.ASSIGN),
    ActionName.ASSIGN_TO_QUEUE: _give_to_queue(Trigger.ASSIGN_TO_QUEUE),
    ActionName.TRANSFER: _give_to_agent(Trigger.TRANSFER),
    ActionName.TRANSFER_TO_QUEUE: _give_to_queue(Trigger.TRANSFER_TO_QUEUE),
    ActionName.CLOSE_SESSION: _moves(Trigger.CLOSE_SESSION),
    ActionName.REOPEN: _moves(Trigger.REOPEN),
    ActionName.RELEASE: _moves(Trigger.RELEASE),
    ActionName.END: lambda fields, _: [EndConversation(**fields, disposition_code_id=_SOMEBODY)],
    ActionName.COMPLETE: lambda fields, _: [CompleteConversation(**fields, disposition_code_id=_SOMEBODY)],
    ActionName.FORCE_CLOSE: _moves(Trigger.FORCE_CLOSE),
    ActionName.CONSULT: _consult,
    ActionName.JOIN: _join,
    ActionName.MONITOR: _take_part(Participation.MONITOR),
    ActionName.LEAVE: _take_part(Participation.LEAVE),
    ActionName.REMOVE_PARTICIPANT: _remove,
}


def judge_actions(
    state: ThreadState, conversation: Conversation, asker: Asker, now: datetime
) -> tuple[Action, ...]:
    """Everything that can be asked of a conversation, each judged for somebody at an instant.

    With receivers, colleagues and codes left open: an action is legal if it is for any that fits.
    """
    fields = asker.fields(conversation.id)
    return tuple(
        Action(name, _why_none(state, make(fields, conversation), now)) for name, make in _COMMANDS.items()
    )


def _why_none(state: ThreadState, commands: Sequence[Command], now: datetime) -> str | None:
    """Why each of some commands is refused: the first reason; None where one of them is to be done."""
    reasons = [_why_not(state, command, now) for command in commands]
    return None if None in reasons else reasons[0]


def _why_not(state: ThreadState, command: Command, now: datetime) -> str | None:
    refusal = judge_command(state, command, now)
    if refusal is not None:
        return refusal.code
    conversation = target_conversation(state, command, now)
    if conversation is not None and is_done_already(conversation, command):
        return "invalid_state"
    return None
