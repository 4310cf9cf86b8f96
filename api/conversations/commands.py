"""Agents' commands on conversations: pick, close-session, reopen, release, end, complete, force-close.

Each is an update of the thread's workflow under an id of its own. A refusal changes nothing, is answered as a
problem, and goes into the timeline.
"""

from fastapi import APIRouter
from pydantic import Field

from api.conversations.service import show_conversation
from api.http.dependencies import DatabaseDep
from api.http.fields import Flag, Input, OptionalIdempotencyKey, PathId
from api.http.problem_docs import problems
from api.schemas.views import ConversationView
from api.security.auth import Caller, Principal
from api.security.guarded_route import api_router
from api.services.conversation_commands import CommandsDep, ConversationCommands
from base.ids import id_from_key, new_id
from domain.conversations.command_types import EndConversation, Move, MoveConversation
from domain.conversations.lifecycle import Trigger
from store.conversations.command_targets import CommandTarget, command_target
from store.db.database import Database

_CODES = (
    "not_found",
    "conversation_closed",
    "invalid_state",
    "not_your_conversation",
    "conversation_busy",
    "outcome_unknown",
)

router: APIRouter = api_router("conversations")


class EndInput(Input):
    """How the conversation ends. The body may be left out."""

    skip_survey: Flag = Field(default=False, description="No survey after this ending.")


_WITH_SURVEY = EndInput()


@router.post("/v1/conversations/{conversation_id}/pick", responses=problems("already_picked", *_CODES))
async def pick(
    database: DatabaseDep,
    commands: CommandsDep,
    caller: Caller,
    conversation_id: PathId,
    idempotency_key: OptionalIdempotencyKey = None,
) -> ConversationView:
    """Take an open conversation: it becomes active, in a new session of yours. The first one wins."""
    return await _move(database, commands, caller, conversation_id, Trigger.PICK, key=idempotency_key)


@router.post("/v1/conversations/{conversation_id}/close-session", responses=problems(*_CODES))
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


@router.post("/v1/conversations/{conversation_id}/reopen", responses=problems(*_CODES))
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


@router.post("/v1/conversations/{conversation_id}/end", responses=problems(*_CODES))
async def end(
    database: DatabaseDep,
    commands: CommandsDep,
    caller: Caller,
    *,
    conversation_id: PathId,
    body: EndInput = _WITH_SURVEY,
    idempotency_key: OptionalIdempotencyKey = None,
) -> ConversationView:
    """End the conversation: wrap-up begins, and the survey that the page asks for, unless it is skipped."""
    target = await _target(database, conversation_id)
    command = EndConversation(
        command_id=_command_id(caller, conversation_id, Trigger.END, idempotency_key),
        conversation_id=conversation_id,
        agent_id=caller.agent_id,
        supervises=caller.supervises,
        settings_version=target.settings_version,
        skip_survey=body.skip_survey,
    )
    await commands.execute(target, command)
    return await show_conversation(database, conversation_id)


@router.post("/v1/conversations/{conversation_id}/complete", responses=problems(*_CODES))
async def complete(
    database: DatabaseDep,
    commands: CommandsDep,
    caller: Caller,
    conversation_id: PathId,
    idempotency_key: OptionalIdempotencyKey = None,
) -> ConversationView:
    """Finish wrap-up: the conversation is closed."""
    return await _move(database, commands, caller, conversation_id, Trigger.COMPLETE, key=idempotency_key)


@router.post("/v1/conversations/{conversation_id}/release", responses=problems(*_CODES))
async def release(
    database: DatabaseDep,
    commands: CommandsDep,
    caller: Caller,
    conversation_id: PathId,
    idempotency_key: OptionalIdempotencyKey = None,
) -> ConversationView:
    """Release the conversation: it is open, and anybody may pick it."""
    return await _move(database, commands, caller, conversation_id, Trigger.RELEASE, key=idempotency_key)


@router.post("/v1/conversations/{conversation_id}/force-close", responses=problems(*_CODES))
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
    target = await _target(database, conversation_id)
    command = MoveConversation(
        command_id=_command_id(caller, conversation_id, action, key),
        conversation_id=conversation_id,
        agent_id=caller.agent_id,
        supervises=caller.supervises,
        settings_version=target.settings_version,
        action=action,
    )
    await commands.execute(target, command)
    return await show_conversation(database, conversation_id)


async def _target(database: Database, conversation_id: str) -> CommandTarget:
    return await database.read(lambda s: command_target(s, conversation_id))


def _command_id(caller: Principal, conversation_id: str, action: Trigger, key: str | None) -> str:
    return id_from_key(caller.agent_id, conversation_id, action, key) if key else new_id()
