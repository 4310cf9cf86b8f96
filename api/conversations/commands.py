"""Agents' commands on conversations: pick, assign, transfer, close-session, reopen, release and force-close.

Each is an update of the thread's workflow under an id of its own. A refusal changes nothing, is answered as a
problem, and goes into the timeline.
"""

from typing import Self

from fastapi import APIRouter
from pydantic import Field, model_validator

from api.conversations.execute_command import (
    COMMON_REFUSALS,
    CommandRequest,
    execute_command,
    request_to_give,
)
from api.http.dependencies import DatabaseDep
from api.http.fields import Id, Input, OptionalIdempotencyKey, PathId
from api.http.problem_docs import problems
from api.schemas.conversation_view import ConversationView
from api.security.auth import Caller, Principal
from api.security.guarded_route import api_router
from api.services.conversation_commands import CommandsDep, ConversationCommands
from domain.conversations.command_types import (
    Move,
    MoveConversation,
    PickConversation,
)
from domain.conversations.lifecycle import Trigger
from store.db.database import Database

router: APIRouter = api_router("conversations")


class ReceiverInput(Input):
    """Who or what gets the conversation: an agent or a queue."""

    agent_id: Id | None = Field(default=None, description="Exactly one of an agent and a queue is needed.")
    queue_id: Id | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.agent_id is None) == (self.queue_id is None):
            raise ValueError("Exactly one of `agent_id` and `queue_id` is needed.")
        return self


@router.post(
    "/v1/conversations/{conversation_id}/pick",
    responses=problems("already_picked", "at_capacity", *COMMON_REFUSALS),
)
async def pick(
    database: DatabaseDep,
    commands: CommandsDep,
    caller: Caller,
    conversation_id: PathId,
    idempotency_key: OptionalIdempotencyKey = None,
) -> ConversationView:
    """Take an open conversation: it becomes active, in a new session of yours. The first one wins.

    What is offered to you is accepted by it. Where the workstream pushes conversations, agents may pick only
    if it says so; where its `picking_heeds_capacity` is on, only as long as they have room.
    """
    return await execute_command(
        database,
        commands,
        caller,
        conversation_id,
        CommandRequest(Trigger.PICK, idempotency_key, lambda fields: PickConversation(**fields)),
    )


@router.post(
    "/v1/conversations/{conversation_id}/assign",
    responses=problems("agent_not_available", "unknown_queue", *COMMON_REFUSALS),
)
async def assign(
    database: DatabaseDep,
    commands: CommandsDep,
    caller: Caller,
    *,
    conversation_id: PathId,
    body: ReceiverInput,
    idempotency_key: OptionalIdempotencyKey = None,
) -> ConversationView:
    """Offer an open conversation to an agent, whatever their capacity, or move it to another queue."""
    request = request_to_give(
        body.agent_id, body.queue_id, (Trigger.ASSIGN, Trigger.ASSIGN_TO_QUEUE), idempotency_key
    )
    return await execute_command(database, commands, caller, conversation_id, request)


@router.post(
    "/v1/conversations/{conversation_id}/transfer",
    responses=problems("agent_not_available", "unknown_queue", "at_capacity", *COMMON_REFUSALS),
)
async def transfer(
    database: DatabaseDep,
    commands: CommandsDep,
    caller: Caller,
    *,
    conversation_id: PathId,
    body: ReceiverInput,
    idempotency_key: OptionalIdempotencyKey = None,
) -> ConversationView:
    """Offer your conversation to another agent, or have it wait in a queue. Your session ends.

    If the agent does not accept in time, it waits in its queue. Where the workstream's
    `transfer_heeds_capacity` is on, the agent must have room.
    """
    request = request_to_give(
        body.agent_id, body.queue_id, (Trigger.TRANSFER, Trigger.TRANSFER_TO_QUEUE), idempotency_key
    )
    return await execute_command(database, commands, caller, conversation_id, request)


@router.post("/v1/conversations/{conversation_id}/close-session", responses=problems(*COMMON_REFUSALS))
async def close_session(
    database: DatabaseDep,
    commands: CommandsDep,
    caller: Caller,
    conversation_id: PathId,
    idempotency_key: OptionalIdempotencyKey = None,
) -> ConversationView:
    """Close your session without ending the conversation, which waits for the customer."""
    return await _move(
        database, commands, caller, conversation_id, Trigger.CLOSE_SESSION, key=idempotency_key
    )


@router.post("/v1/conversations/{conversation_id}/reopen", responses=problems(*COMMON_REFUSALS))
async def reopen(
    database: DatabaseDep,
    commands: CommandsDep,
    caller: Caller,
    conversation_id: PathId,
    idempotency_key: OptionalIdempotencyKey = None,
) -> ConversationView:
    """Go on in a new session, which reads the human agent tag again.

    Possible while the conversation waits, and after it closed for as long as its workstream allows.
    """
    return await _move(database, commands, caller, conversation_id, Trigger.REOPEN, key=idempotency_key)


@router.post("/v1/conversations/{conversation_id}/release", responses=problems(*COMMON_REFUSALS))
async def release(
    database: DatabaseDep,
    commands: CommandsDep,
    caller: Caller,
    conversation_id: PathId,
    idempotency_key: OptionalIdempotencyKey = None,
) -> ConversationView:
    """Release the conversation: it is open, and anybody may pick it."""
    return await _move(database, commands, caller, conversation_id, Trigger.RELEASE, key=idempotency_key)


@router.post("/v1/conversations/{conversation_id}/force-close", responses=problems(*COMMON_REFUSALS))
async def force_close(
    database: DatabaseDep,
    commands: CommandsDep,
    caller: Caller,
    conversation_id: PathId,
    idempotency_key: OptionalIdempotencyKey = None,
) -> ConversationView:
    """Close the conversation at once, whichever agent has it. No survey follows."""
    return await _move(database, commands, caller, conversation_id, Trigger.FORCE_CLOSE, key=idempotency_key)


async def _move(
    database: Database,
    commands: ConversationCommands,
    caller: Principal,
    conversation_id: str,
    action: Move,
    *,
    key: str | None,
) -> ConversationView:
    request = CommandRequest(action, key, lambda fields: MoveConversation(**fields, action=action))
    return await execute_command(database, commands, caller, conversation_id, request)
