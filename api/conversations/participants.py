"""Who takes part in a conversation beside its agent: consult a colleague, join, monitor, leave, remove."""

from typing import Literal

from fastapi import APIRouter
from pydantic import Field

from api.conversations.execute_command import COMMON_REFUSALS, CommandRequest, execute_command
from api.http.dependencies import DatabaseDep
from api.http.fields import Id, Input, OptionalIdempotencyKey, PathId
from api.http.problem_docs import problems
from api.schemas.conversation_view import ConversationView
from api.security.auth import Caller
from api.security.guarded_route import api_router
from api.services.conversation_commands import CommandsDep
from domain.conversations.command_types import ChangeParticipant, TakePart
from domain.conversations.lifecycle import Participation
from store.routing.receivers import require_available

router: APIRouter = api_router("conversations")


class ColleagueInput(Input):
    """Who is meant."""

    agent_id: Id


class JoinInput(Input):
    """Who is to write to the customer. The body may be left out."""

    agent_id: Id | None = Field(
        default=None, description="A consulted colleague. Without it you join yourself, as a supervisor."
    )


_YOURSELF = JoinInput()


@router.post(
    "/v1/conversations/{conversation_id}/consult",
    responses=problems(
        "agent_not_available", "already_participating", "too_many_participants", *COMMON_REFUSALS
    ),
)
async def consult(
    database: DatabaseDep,
    commands: CommandsDep,
    caller: Caller,
    *,
    conversation_id: PathId,
    body: ColleagueInput,
    idempotency_key: OptionalIdempotencyKey = None,
) -> ConversationView:
    """Ask a colleague into your conversation. Who accepts in time reads along; the customer does not see it.

    The colleague answers with `accept` or `decline`, before the `expires_at` of their entry in
    `participants`. It takes none of their capacity. They leave with your session.
    """
    colleague_id = body.agent_id
    request = CommandRequest(
        Participation.CONSULT,
        idempotency_key,
        lambda fields: ChangeParticipant(**fields, action=Participation.CONSULT, participant_id=colleague_id),
        lambda s: require_available(s, colleague_id, transfer=True),
    )
    return await execute_command(database, commands, caller, conversation_id, request)


@router.post(
    "/v1/conversations/{conversation_id}/join",
    responses=problems("agent_not_available", "not_participating", "too_many_participants", *COMMON_REFUSALS),
)
async def join(
    database: DatabaseDep,
    commands: CommandsDep,
    caller: Caller,
    *,
    conversation_id: PathId,
    body: JoinInput = _YOURSELF,
    idempotency_key: OptionalIdempotencyKey = None,
) -> ConversationView:
    """Let a consulted colleague write to the customer; or join somebody's conversation, as a supervisor."""
    request = _command_request(Participation.JOIN, body.agent_id or caller.agent_id, idempotency_key)
    return await execute_command(database, commands, caller, conversation_id, request)


@router.post(
    "/v1/conversations/{conversation_id}/monitor",
    responses=problems("agent_not_available", "already_participating", *COMMON_REFUSALS),
)
async def monitor(
    database: DatabaseDep,
    commands: CommandsDep,
    caller: Caller,
    conversation_id: PathId,
    idempotency_key: OptionalIdempotencyKey = None,
) -> ConversationView:
    """Watch somebody's conversation until it is open or closed, or you leave. The customer sees nothing."""
    request = CommandRequest(
        Participation.MONITOR,
        idempotency_key,
        lambda fields: TakePart(**fields, action=Participation.MONITOR),
    )
    return await execute_command(database, commands, caller, conversation_id, request)


@router.post(
    "/v1/conversations/{conversation_id}/leave", responses=problems("not_participating", *COMMON_REFUSALS)
)
async def leave(
    database: DatabaseDep,
    commands: CommandsDep,
    caller: Caller,
    conversation_id: PathId,
    idempotency_key: OptionalIdempotencyKey = None,
) -> ConversationView:
    """Leave a conversation of somebody else in which you take part."""
    request = CommandRequest(
        Participation.LEAVE, idempotency_key, lambda fields: TakePart(**fields, action=Participation.LEAVE)
    )
    return await execute_command(database, commands, caller, conversation_id, request)


@router.post(
    "/v1/conversations/{conversation_id}/remove-participant",
    responses=problems("not_participating", *COMMON_REFUSALS),
)
async def remove_participant(
    database: DatabaseDep,
    commands: CommandsDep,
    caller: Caller,
    *,
    conversation_id: PathId,
    body: ColleagueInput,
    idempotency_key: OptionalIdempotencyKey = None,
) -> ConversationView:
    """End somebody's part in your conversation, or withdraw what they were asked."""
    request = _command_request(Participation.REMOVE, body.agent_id, idempotency_key)
    return await execute_command(database, commands, caller, conversation_id, request)


def _command_request(
    action: Literal[Participation.JOIN, Participation.REMOVE], agent_id: str, key: str | None
) -> CommandRequest:
    return CommandRequest(
        action, key, lambda fields: ChangeParticipant(**fields, action=action, participant_id=agent_id)
    )
