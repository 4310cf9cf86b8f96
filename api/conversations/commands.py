"""Agents' commands on conversations: pick, accept, decline, assign, transfer, close-session and others.

Each is an update of the thread's workflow under an id of its own. A refusal changes nothing, is answered as a
problem, and goes into the timeline.
"""

from collections.abc import Callable
from typing import Literal, Self

from fastapi import APIRouter
from pydantic import Field, model_validator
from sqlmodel import Session

from api.conversations.execute_command import (
    COMMON_REFUSALS,
    CommandRequest,
    execute_command,
    request_to_give,
)
from api.http.dependencies import DatabaseDep
from api.http.fields import Flag, Id, Input, OptionalIdempotencyKey, PathId
from api.http.problem_docs import problems
from api.schemas.conversation_view import ConversationView
from api.security.auth import Caller, Principal
from api.security.guarded_route import api_router
from api.services.conversation_commands import CommandsDep, ConversationCommands
from domain.conversations.command_types import (
    AnswerOffer,
    CompleteConversation,
    EndConversation,
    Move,
    MoveConversation,
    PickConversation,
)
from domain.conversations.lifecycle import Trigger
from store.db.database import Database
from store.routing.disposition_codes import require_usable

router: APIRouter = api_router("conversations")


class CompleteInput(Input):
    """What the conversation was about. The body may be left out."""

    disposition_code_id: Id | None = Field(
        default=None,
        description="A disposition code of the workstream. Needed where the workstream has "
        "`disposition_required` and none was given before.",
    )


class EndInput(CompleteInput):
    """How the conversation ends. The body may be left out."""

    skip_survey: Flag = Field(default=False, description="No survey after this ending.")


class AnswerInput(Input):
    """Which offer is meant. The body may be left out."""

    offer_id: Id | None = Field(
        default=None,
        description="`offer_id` of `GET /v1/me/work` or of `offer.made`; where one is consulted, "
        "`participant_id` of `consult.asked`. Without it the answer is to whatever is offered now, which may "
        "be the conversation's next offer, if yours timed out meanwhile.",
    )


_WHATEVER_IS_OFFERED = AnswerInput()
_WITH_SURVEY = EndInput()
_AS_IT_IS = CompleteInput()


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
    "/v1/conversations/{conversation_id}/accept",
    responses=problems("not_offered_to_you", "offer_over", *COMMON_REFUSALS),
)
async def accept(
    database: DatabaseDep,
    commands: CommandsDep,
    caller: Caller,
    *,
    conversation_id: PathId,
    body: AnswerInput = _WHATEVER_IS_OFFERED,
    idempotency_key: OptionalIdempotencyKey = None,
) -> ConversationView:
    """Accept what is offered to you, before its `offer_expires_at`.

    Name the offer: an answer that comes late then takes no other one, and is refused with `offer_over`.
    """
    request = _request_to_answer(Trigger.ACCEPT, body, idempotency_key)
    return await execute_command(database, commands, caller, conversation_id, request)


@router.post(
    "/v1/conversations/{conversation_id}/decline",
    responses=problems("not_offered_to_you", "offer_over", "cannot_be_declined", *COMMON_REFUSALS),
)
async def decline(
    database: DatabaseDep,
    commands: CommandsDep,
    caller: Caller,
    *,
    conversation_id: PathId,
    body: AnswerInput = _WHATEVER_IS_OFFERED,
    idempotency_key: OptionalIdempotencyKey = None,
) -> ConversationView:
    """Decline what is offered to you: it is offered to somebody else. The workstream must allow it."""
    request = _request_to_answer(Trigger.DECLINE, body, idempotency_key)
    return await execute_command(database, commands, caller, conversation_id, request)


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


@router.post(
    "/v1/conversations/{conversation_id}/end",
    responses=problems("disposition_required", "unknown_disposition_code", *COMMON_REFUSALS),
)
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
    code_id = body.disposition_code_id
    request = CommandRequest(
        Trigger.END,
        idempotency_key,
        lambda fields: EndConversation(**fields, skip_survey=body.skip_survey, disposition_code_id=code_id),
        _code_is_usable(code_id, conversation_id),
    )
    return await execute_command(database, commands, caller, conversation_id, request)


@router.post(
    "/v1/conversations/{conversation_id}/complete",
    responses=problems("disposition_required", "unknown_disposition_code", *COMMON_REFUSALS),
)
async def complete(
    database: DatabaseDep,
    commands: CommandsDep,
    caller: Caller,
    *,
    conversation_id: PathId,
    body: CompleteInput = _AS_IT_IS,
    idempotency_key: OptionalIdempotencyKey = None,
) -> ConversationView:
    """Finish wrap-up: the conversation is closed. Another disposition code takes the place of the first."""
    code_id = body.disposition_code_id
    request = CommandRequest(
        Trigger.COMPLETE,
        idempotency_key,
        lambda fields: CompleteConversation(**fields, disposition_code_id=code_id),
        _code_is_usable(code_id, conversation_id),
    )
    return await execute_command(database, commands, caller, conversation_id, request)


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


def _request_to_answer(
    action: Literal[Trigger.ACCEPT, Trigger.DECLINE], body: AnswerInput, key: str | None
) -> CommandRequest:
    offer_id = body.offer_id
    return CommandRequest(action, key, lambda fields: AnswerOffer(**fields, action=action, offer_id=offer_id))


def _code_is_usable(code_id: str | None, conversation_id: str) -> Callable[[Session], None]:
    def check(session: Session) -> None:
        if code_id is not None:
            require_usable(session, code_id, conversation_id)

    return check


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
