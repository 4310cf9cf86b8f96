"""An agent ends a conversation: `end` begins wrap-up, `complete` closes. Both may say what it was about."""

from collections.abc import Callable

from fastapi import APIRouter
from pydantic import Field
from sqlmodel import Session

from api.conversations.execute_command import COMMON_REFUSALS, CommandRequest, execute_command
from api.http.dependencies import DatabaseDep
from api.http.fields import Flag, Id, Input, OptionalIdempotencyKey, PathId
from api.http.problem_docs import problems
from api.schemas.conversation_view import ConversationView
from api.security.auth import Caller
from api.security.guarded_route import api_router
from api.services.conversation_commands import CommandsDep
from domain.conversations.command_types import CompleteConversation, EndConversation
from domain.conversations.lifecycle import Trigger
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


_WITH_SURVEY = EndInput()
_AS_IT_IS = CompleteInput()


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


def _code_is_usable(code_id: str | None, conversation_id: str) -> Callable[[Session], None]:
    def check(session: Session) -> None:
        if code_id is not None:
            require_usable(session, code_id, conversation_id)

    return check
