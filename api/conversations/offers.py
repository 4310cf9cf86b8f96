"""The agent's answer to an offer: accept, decline. Each is an update of the thread's workflow."""

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
from domain.conversations.command_types import AnswerOffer
from domain.conversations.lifecycle import Trigger

router: APIRouter = api_router("conversations")


class AnswerInput(Input):
    """Which offer is meant. The body may be left out."""

    offer_id: Id | None = Field(
        default=None,
        description="`offer_id` of `GET /v1/me/work` or of `offer.made`; where one is consulted, "
        "`participant_id` of `consult.asked`. Without it the answer is to whatever is offered now, which may "
        "be the conversation's next offer, if yours timed out meanwhile.",
    )


_WHATEVER_IS_OFFERED = AnswerInput()


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


def _request_to_answer(
    action: Literal[Trigger.ACCEPT, Trigger.DECLINE], body: AnswerInput, key: str | None
) -> CommandRequest:
    offer_id = body.offer_id
    return CommandRequest(action, key, lambda fields: AnswerOffer(**fields, action=action, offer_id=offer_id))
