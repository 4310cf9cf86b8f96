"""Giving commands of people: to whom they go, under which id, and with what capacity they need."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from sqlmodel import Session

from api.conversations.show_conversation import show_conversation
from api.http.problems import Problem
from api.schemas.conversation_view import ConversationView
from api.security.auth import Principal
from api.services.conversation_commands import ConversationCommands
from base import clock
from base.ids import id_from_key, new_id
from domain.conversations.command_types import Command, GiveToAgent, GiveToQueue, PickConversation
from domain.conversations.lifecycle import Trigger
from store.conversations.command_targets import CommandTarget, command_target
from store.db.database import Database
from store.routing.claims import take_back
from store.routing.command_claims import CommandClaim, claim_for_pick, claim_for_transfer
from store.routing.receivers import require_available, require_queue
from store.routing.transactions import with_routing_writes
from workflows.messages import CommandResult

COMMON_REFUSALS = (
    "not_found",
    "conversation_closed",
    "invalid_state",
    "not_your_conversation",
    "conversation_busy",
    "outcome_unknown",
)
"""The codes by which every command may be refused."""


@dataclass(frozen=True, slots=True)
class CommandRequest:
    """A command that is to be given. `make` makes it of what all have in common; `require` may refuse it."""

    action: StrEnum
    key: str | None
    make: Callable[[dict[str, Any]], Command]
    require: Callable[[Session], None] = lambda _: None


def request_to_give(
    agent_id: str | None, queue_id: str | None, actions: tuple[Any, Any], key: str | None
) -> CommandRequest:
    """To an agent by the first of the actions, to a queue by the second. One of both ids is given."""
    to_agent, to_queue = actions
    if agent_id is not None:
        return CommandRequest(
            to_agent,
            key,
            lambda fields: GiveToAgent(**fields, action=to_agent, to_agent_id=agent_id),
            lambda s: require_available(s, agent_id, transfer=to_agent is Trigger.TRANSFER),
        )
    return CommandRequest(
        to_queue,
        key,
        lambda fields: GiveToQueue(**fields, action=to_queue, queue_id=queue_id or ""),
        lambda s: require_queue(s, queue_id or ""),
    )


async def execute_command(
    database: Database,
    commands: ConversationCommands,
    caller: Principal,
    conversation_id: str,
    request: CommandRequest,
) -> ConversationView:
    """Give a command and show the conversation as it then is. Raises the problem of a refusal."""
    await send_command_request(database, commands, caller, conversation_id, request)
    return await show_conversation(database, conversation_id, caller)


async def send_command_request(
    database: Database,
    commands: ConversationCommands,
    caller: Principal,
    conversation_id: str,
    request: CommandRequest,
) -> CommandResult:
    """Give a command. Raises the problem of a refusal, or StoreRefusalError.

    The same key is the same command: it is done once, and answered alike.
    """

    def read(session: Session) -> CommandTarget:
        target = command_target(session, conversation_id)
        request.require(session)
        return target

    target = await database.read(read)
    key = request.key
    fields = {
        "command_id": id_from_key(caller.agent_id, conversation_id, request.action, key) if key else new_id(),
        "conversation_id": conversation_id,
        "agent_id": caller.agent_id,
        "supervises": caller.supervises,
        "settings_version": target.settings_version,
    }
    return await _give(database, commands, target, request.make(fields))


async def _give(
    database: Database, commands: ConversationCommands, target: CommandTarget, command: Command
) -> CommandResult:
    """Give a command; capacity that it needs is claimed before, and taken back where it is refused."""
    match command:
        case PickConversation() if target.picking_heeds_capacity:
            claim, agent_id = claim_for_pick, command.agent_id
        case GiveToAgent(action=Trigger.TRANSFER) if target.transfer_heeds_capacity:
            claim, agent_id = claim_for_transfer, command.to_agent_id
        case _:
            return await commands.execute(target, command)
    wanted = CommandClaim(target.id, agent_id, id_from_key("slot", command.command_id))
    now = clock.now()
    is_claimed = await database.write(
        with_routing_writes(lambda session, writes: claim(session, wanted, writes, now))
    )
    if not is_claimed:
        return await commands.execute(target, command)
    try:
        return await commands.execute(target, replace(command, slot_id=wanted.slot_id))
    except Problem as problem:
        if problem.code != "outcome_unknown":  # else it may be confirmed yet, or lapses
            await database.write(
                with_routing_writes(
                    lambda session, writes: take_back(session, wanted.slot_id, writes, clock.now())
                )
            )
        raise
