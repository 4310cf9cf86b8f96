"""Agents' replies.

201: the workflow has the message and sends it. 202: the message is kept, but the workflow gave no answer; a
sweep brings it there and it is judged anew. A refusal is a problem, and the message stays as `failed`.
"""

from typing import Annotated, Any, Self

from fastapi import Response
from pydantic import Field, model_validator
from sqlmodel import Session

from api.auth import Caller, Principal
from api.dispatch import give
from api.engine import CommandRefusedError, Engine, EngineBusyError, EngineUnavailableError
from api.fields import Flag, Id, IdempotencyKey, Input, MessageText, PathId
from api.flights import Flights
from api.problem_docs import problems
from api.problems import Problem
from api.refusals import REFUSAL_CODES, refusal_problem
from api.routing import api_router
from api.services import Services, Shared
from api.views import MessageView
from base import clock
from base.ids import id_from_key
from domain.sending import RefusalCode
from store import conversations, replies
from store.database import Database
from store.idempotency import request_hash
from store.refs import record_refusal
from store.tables import Message

router = api_router("conversations")


class AttachmentRef(Input):
    """A file by its id."""

    id: Id


class ReplyInput(Input):
    """What to say to the customer. Pagedesk alone chooses Meta's messaging type and tag."""

    text: MessageText | None = None
    attachments: Annotated[list[AttachmentRef], Field(min_length=1, max_length=1)] | None = Field(
        default=None,
        description="The file to send, uploaded with POST /v1/attachments. A message of Messenger is a text "
        "or a file: send two for both.",
    )
    reply_to_mid: Annotated[str, Field(min_length=1, max_length=500, pattern=r"^[\x21-\x7e]+$")] | None = (
        Field(default=None, description="The `mid` of a message of this thread that is answered to.")
    )
    hold: Flag = Field(
        default=False,
        description="If the window refuses the message, keep it as `held` until the customer writes again.",
    )

    @model_validator(mode="after")
    def _is_one_message(self) -> Self:
        if (self.text is None) == (self.attachments is None):
            raise ValueError("A message is either a text or a file.")
        return self


@router.post(
    "/v1/conversations/{conversation_id}/messages",
    status_code=201,
    responses={
        202: {"model": MessageView, "description": "Kept; the workflow engine has not answered yet."},
        **problems(
            "not_found",
            "idempotency_key_reused",
            "unknown_reply_to",
            "attachments_switched_off",
            "unknown_attachment",
            "not_legal_now",
            "conversation_closed",
            "not_your_conversation",
            *RefusalCode,
            "too_many_messages",
        ),
    },
)
async def reply(
    services: Shared,
    caller: Caller,
    *,
    conversation_id: PathId,
    body: ReplyInput,
    idempotency_key: IdempotencyKey,
    response: Response,
) -> MessageView:
    """Answer the customer. The same key again gives the same message and never a second one."""
    services.replies.take(conversation_id)
    intent = await _keep(services, caller, conversation_id, body, idempotency_key)
    return await _answered(services, intent, response)


@router.post(
    "/v1/messages/{message_id}/resend",
    status_code=201,
    responses={
        202: {"model": MessageView, "description": "Kept; the workflow engine has not answered yet."},
        **problems(
            "not_found",
            "message_not_resendable",
            "idempotency_key_reused",
            "not_legal_now",
            "conversation_closed",
            "not_your_conversation",
            *RefusalCode,
            "too_many_messages",
        ),
    },
)
async def resend_message(
    services: Shared,
    caller: Caller,
    *,
    message_id: PathId,
    idempotency_key: IdempotencyKey,
    response: Response,
) -> MessageView:
    """Say a message again whose outcome is `unknown`, or that `failed`: as a new one, judged anew.

    Nobody but a person decides this: the first may have arrived.
    """
    new_id = id_from_key(caller.agent_id, message_id, "resend", idempotency_key)
    intent = await services.database.write(
        lambda s: replies.keep_resend(
            s, message_id, agent_id=caller.agent_id, new_message_id=new_id, at=clock.now()
        )
    )
    services.replies.take(intent.conversation.id)
    return await _answered(services, intent, response)


async def settle(database: Database, engine: Engine, flights: Flights, message_id: str) -> None:
    """Bring one kept reply to the workflow. A reply that is settled already is left alone.

    Raises EngineBusyError, EngineUnavailableError, and, once it is recorded, CommandRefusedError.
    """
    found = await database.read(lambda s: replies.reply_command(s, message_id))
    if found is None:
        return
    conversation, command = found
    try:
        await give(database, engine, flights, conversation, command)
    except CommandRefusedError as error:
        refusal, now = error.refusal, clock.now()
        problem = refusal_problem(refusal, now).body

        def record(session: Session) -> None:
            replies.refuse(session, session.get_one(Message, message_id), refusal, problem, now)
            record_refusal(session, conversation, command, refusal.code, now)

        await database.write(record)
        raise


async def _answered(services: Services, intent: replies.Intent, response: Response) -> MessageView:
    """Bring a kept message to the workflow, and show it; raises the problem of a refusal."""
    if intent.refused_with is not None:
        raise _again(intent.refused_with)
    if intent.is_open and not await _give(services, intent.message.id):
        response.status_code = 202
    return await _shown(services.database, intent)


async def _keep(
    services: Services, caller: Principal, conversation_id: str, body: ReplyInput, key: str
) -> replies.Intent:
    wanted = replies.Reply(
        message_id=id_from_key(caller.agent_id, conversation_id, key),
        agent_id=caller.agent_id,
        text=body.text,
        reply_to_mid=body.reply_to_mid,
        attachment_id=body.attachments[0].id if body.attachments else None,
        hold=body.hold,
        request_hash=request_hash("reply", body.model_dump_json()),
    )
    return await services.database.write(
        lambda s: replies.keep_intent(s, conversation_id, wanted, clock.now())
    )


async def _give(services: Services, message_id: str) -> bool:
    """Whether the workflow has the message; raises the problem of a refusal."""
    try:
        await settle(services.database, services.engine, services.flights, message_id)
    except CommandRefusedError as error:
        raise refusal_problem(error.refusal, clock.now()) from error
    except (EngineBusyError, EngineUnavailableError):
        return False
    return True


async def _shown(database: Database, intent: replies.Intent) -> MessageView:
    def load(session: Session) -> MessageView:
        record = conversations.find(session, intent.conversation.id)
        message = session.get_one(Message, intent.message.id)
        return MessageView.of(message, record.thread if record else None)

    return await database.read(load)


def _again(problem: dict[str, Any]) -> Problem:
    """The problem that this key was answered with before."""
    code = str(problem["code"])
    extras = {
        name: value for name, value in problem.items() if name in ("conversation_status", "legal", "window")
    }
    return Problem(code if code in REFUSAL_CODES else "conflict", str(problem["detail"]), **extras)
