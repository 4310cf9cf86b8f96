"""One action on many conversations: supervisors assign, transfer or close a whole list."""

import asyncio
from enum import StrEnum
from typing import Annotated, Self

from pydantic import BaseModel, Field, model_validator
from sqlmodel import Session

from api.conversations.execute_command import CommandRequest, request_to_give, send_command_request
from api.http.dependencies import DatabaseDep
from api.http.fields import Id, Input, OptionalIdempotencyKey
from api.http.problem_docs import problems
from api.http.problems import Problem
from api.security.auth import Caller, Principal
from api.security.guarded_route import api_router
from api.services.conversation_commands import CommandsDep, ConversationCommands
from domain.conversations.command_types import MoveConversation
from domain.conversations.lifecycle import Status, Trigger
from store.access.visibility import refuse_unseen
from store.db.database import Database
from store.db.refusals import StoreRefusalError

MAX_CONVERSATIONS = 100
_AT_ONCE = 10

router = api_router("conversations")


class BulkAction(StrEnum):
    """What is done with each conversation, as by the operation of the same name."""

    ASSIGN = "assign"
    TRANSFER = "transfer"
    FORCE_CLOSE = "force_close"


_GIVES = {
    BulkAction.ASSIGN: (Trigger.ASSIGN, Trigger.ASSIGN_TO_QUEUE),
    BulkAction.TRANSFER: (Trigger.TRANSFER, Trigger.TRANSFER_TO_QUEUE),
}


class BulkActionInput(Input):
    """An action on conversations, each named once. `assign` and `transfer` need an agent or a queue."""

    action: BulkAction
    conversation_ids: Annotated[list[Id], Field(min_length=1, max_length=MAX_CONVERSATIONS)]
    agent_id: Id | None = None
    queue_id: Id | None = None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        given = (self.agent_id is not None) + (self.queue_id is not None)
        if given != (1 if self.action in _GIVES else 0):
            raise ValueError(
                "`assign` and `transfer` need exactly one of `agent_id` and `queue_id`, `force_close` none."
            )
        if len(set(self.conversation_ids)) < len(self.conversation_ids):
            raise ValueError("A conversation is named twice.")
        return self


class BulkResultView(BaseModel):
    """What became of one conversation: its status after the action, or the code of why it was not done.

    Codes are those of the single operation. `not_tried`: the outcome for another was unknown, as Temporal did
    not answer; ask again with the same key.
    """

    conversation_id: str
    status: Status | None
    code: str | None
    detail: str | None


class BulkActionView(BaseModel):
    """A result for each conversation, in the order in which they were named."""

    action: BulkAction
    results: list[BulkResultView]


@router.post("/v1/bulk-actions", responses=problems("agent_not_available", "unknown_queue"))
async def act_on_conversations(
    database: DatabaseDep,
    commands: CommandsDep,
    caller: Caller,
    body: BulkActionInput,
    idempotency_key: OptionalIdempotencyKey = None,
) -> BulkActionView:
    """Assign, transfer or close up to 100 conversations.

    Each is acted on by itself, as by the operation of that name, and has its own result; its timeline tells
    of it, or of the refusal. The same key again repeats nothing that was done and answers the same.
    """
    request = _command_request(body, idempotency_key)
    await database.read(request.require)
    turns, stopped = asyncio.Semaphore(_AT_ONCE), asyncio.Event()

    async def result_of(conversation_id: str) -> BulkResultView:
        async with turns:
            if stopped.is_set():
                return _failed(conversation_id, "not_tried", "The outcome for another was unknown.")
            result = await _act(database, commands, caller, conversation_id, request)
            if result.code == "outcome_unknown":
                stopped.set()
            return result

    results = await asyncio.gather(*map(result_of, body.conversation_ids))
    return BulkActionView(action=body.action, results=results)


def _command_request(body: BulkActionInput, key: str | None) -> CommandRequest:
    if body.action in _GIVES:
        return request_to_give(body.agent_id, body.queue_id, _GIVES[body.action], key)
    return CommandRequest(
        Trigger.FORCE_CLOSE, key, lambda fields: MoveConversation(**fields, action=Trigger.FORCE_CLOSE)
    )


async def _act(
    database: Database,
    commands: ConversationCommands,
    caller: Principal,
    conversation_id: str,
    request: CommandRequest,
) -> BulkResultView:
    def refuse(session: Session) -> None:
        refuse_unseen(session, caller.reader, "conversation_id", conversation_id)

    try:
        await database.read(refuse)
        done = await send_command_request(database, commands, caller, conversation_id, request)
    except Problem as problem:
        return _failed(conversation_id, problem.code, str(problem.detail))
    except StoreRefusalError as refusal:
        return _failed(conversation_id, refusal.code.value, None)
    return BulkResultView(conversation_id=conversation_id, status=done.status, code=None, detail=None)


def _failed(conversation_id: str, code: str, detail: str | None) -> BulkResultView:
    return BulkResultView(conversation_id=conversation_id, status=None, code=code, detail=detail)
