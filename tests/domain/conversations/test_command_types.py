"""Commands as JSON: the action tells which one it is, and each has its own fields and no others."""

from typing import Any

import pytest
from pydantic import ValidationError
from pydantic_core import to_json

from base.json_codec import adapter_of
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
from domain.conversations.lifecycle import Participation, Trigger

IDS: dict[str, Any] = {
    "command_id": "one",
    "conversation_id": "two",
    "agent_id": "mia",
    "settings_version": 7,
}
COMMANDS = [
    StartConversation(**IDS),
    PickConversation(**IDS, slot_id="slot"),
    *(AnswerOffer(**IDS, action=action, offer_id="offer") for action in (Trigger.ACCEPT, Trigger.DECLINE)),
    GiveToAgent(**IDS, action=Trigger.ASSIGN, to_agent_id="tom"),
    GiveToAgent(**IDS, action=Trigger.TRANSFER, to_agent_id="tom"),
    GiveToQueue(**IDS, action=Trigger.ASSIGN_TO_QUEUE, queue_id="default"),
    GiveToQueue(**IDS, action=Trigger.TRANSFER_TO_QUEUE, queue_id="default"),
    EndConversation(**IDS, skip_survey=True, disposition_code_id="solved"),
    CompleteConversation(**IDS, disposition_code_id="solved"),
    Reply(**IDS, message_id="m", hold=True, resends="n"),
    SendHeldMessage(**IDS, message_id="m", supervises=True),
    CancelMessage(**IDS, message_id="m"),
    *(
        ChangeParticipant(**IDS, action=action, participant_id="tom")
        for action in (Participation.CONSULT, Participation.JOIN, Participation.REMOVE)
    ),
    *(TakePart(**IDS, action=action) for action in (Participation.MONITOR, Participation.LEAVE)),
    *(
        MoveConversation(**IDS, action=action)
        for action in (
            Trigger.CLOSE_SESSION,
            Trigger.REOPEN,
            Trigger.RELEASE,
            Trigger.FORCE_CLOSE,
        )
    ),
]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: str(command.action))
def test_a_command_is_read_as_it_was_written(command: Command) -> None:
    read = adapter_of(Command).validate_json(to_json(command))
    assert (type(read), read) == (type(command), command)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"action": "no_such_action"}, "does not match any of the expected tags"),
        ({}, "Unable to extract tag"),
        ({"action": "reply"}, "reply.message_id"),
        ({"action": "handed_over"}, "does not match any of the expected tags"),
    ],
)
def test_what_is_no_command_is_refused_and_says_why(said: dict[str, str], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        adapter_of(Command).validate_json(to_json(IDS | said))
