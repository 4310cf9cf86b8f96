"""Agents' replies.

201: the workflow has the message and sends it. 202: the message is kept, but the workflow gave no answer; a
sweep brings it there and it is judged anew; refused then, it stays as `failed`. A refusal that is answered is
a problem, and nothing is kept but its line in the timeline.
"""

from collections.abc import Callable
from typing import Annotated, Any, Self

import orjson
from fastapi import Response
from pydantic import Field, model_validator
from sqlmodel import Session

from api.conversations.service import give
from api.conversations.thread_control import owner_by_meta
from api.http.fields import Flag, Id, IdempotencyKey, Input, MessageText, PathId
from api.http.problem_docs import ProblemDocument, problems
from api.http.problems import Problem
from api.runtime.dependencies import AppDependencies, ServicesDep
from api.runtime.in_flight_commands import InFlightCommands
from api.runtime.refusals import REFUSAL_CODES, refusal_problem
from api.runtime.workflow_client import (
    CommandRefusedError,
    EngineBusyError,
    EngineUnavailableError,
    WorkflowClient,
)
from api.schemas.message_inputs import QuickReplies, Template, content_of
from api.schemas.views import MessageView, ThreadOwnerView
from api.security.auth import Caller, Principal
from api.security.guarded_route import api_router
from base import clock
from base.ids import id_from_key
from domain.conversations.changes import Refusal
from domain.conversations.state import Command
from domain.sending.decide import RefusalCode
from messenger.graph.limits import MESSAGE_BYTES
from store.access.idempotency import request_hash
from store.conversations.command_targets import (
    CommandTarget,
    command_target,
    message_ref,
    named_by,
    record_refusal,
)
from store.conversations.messages import replied_ids
from store.conversations.thread_owners import NOT_OURS
from store.db.database import Database
from store.db.refusals import StoreRefusalError
from store.sending import replies
from store.tables import Message, Thread

router = api_router("conversations")

_OF_EVERY_PROBLEM = frozenset(ProblemDocument.model_fields)


class AttachmentRef(Input):
    """A file by its id."""

    id: Id


class ReplyInput(Input):
    """What to say to the customer. Pagedesk alone chooses Meta's messaging type and tag."""

    text: MessageText | None = Field(
        default=None, description="Exactly one of a text, a template and an attachment is needed."
    )
    template: Template | None = None
    attachments: Annotated[list[AttachmentRef], Field(min_length=1, max_length=1)] | None = Field(
        default=None,
        description="The file to send, uploaded with POST /v1/attachments. A message of Messenger is a text "
        "or a file: send two for both.",
    )
    quick_replies: QuickReplies | None = None
    reply_to: Id | None = Field(
        default=None, description="The id of a message of this thread that is answered to; Meta must know it."
    )
    hold: Flag = Field(
        default=False,
        description="If the window refuses the message, keep it as `held` until the customer writes again.",
    )

    @property
    def content(self) -> dict[str, Any] | None:
        """What the Send API's `message` holds besides the text."""
        return content_of(self.quick_replies, self.template)

    @model_validator(mode="after")
    def _is_one_message(self) -> Self:
        if sum(each is not None for each in (self.text, self.template, self.attachments)) != 1:
            raise ValueError("A message is one of a text, a template and an attachment.")
        size = len(orjson.dumps({"text": self.text} | (self.content or {})))
        if size > MESSAGE_BYTES:
            raise ValueError(
                f"The whole message must not be larger than {MESSAGE_BYTES} bytes; it has {size}."
            )
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
            "thread_owned_by_another_app",
            *RefusalCode,
            "too_many_messages",
        ),
    },
)
async def reply(
    services: ServicesDep,
    caller: Caller,
    *,
    conversation_id: PathId,
    body: ReplyInput,
    idempotency_key: IdempotencyKey,
    response: Response,
) -> MessageView:
    """Answer the customer. The same key again gives the same message and never a second one."""
    await services.database.read(lambda s: command_target(s, conversation_id))
    _take_turn(services, caller, conversation_id)
    intent = await _keep(services, caller, conversation_id, body, idempotency_key)
    return await _answered(services, caller, intent, response)


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
            "thread_owned_by_another_app",
            *RefusalCode,
            "too_many_messages",
        ),
    },
)
async def resend_message(
    services: ServicesDep,
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
    conversation = await services.database.read(lambda s: message_ref(s, message_id))
    _take_turn(services, caller, conversation.id)
    intent = await _kept(
        services,
        conversation.id,
        lambda s: replies.keep_resend(
            s, message_id, agent_id=caller.agent_id, new_message_id=new_id, at=clock.now()
        ),
    )
    return await _answered(services, caller, intent, response)


async def settle(
    database: Database, engine: WorkflowClient, flights: InFlightCommands, message_id: str
) -> None:
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
        await _record(database, conversation, command, error.refusal, answered=False)
        raise


async def _record(
    database: Database, conversation: CommandTarget, command: Command, refusal: Refusal, *, answered: bool
) -> Problem:
    """Record a refusal; returns the problem that it is answered with."""
    now = clock.now()

    def write(session: Session) -> Problem:
        problem = refusal_problem(refusal, now, named_by(session, conversation, refusal.code))
        replies.refuse(session, command.command_id, refusal, problem.body, now, answered=answered)
        record_refusal(session, conversation, command, refusal.code, now)
        return problem

    return await database.write(write)


def _take_turn(services: AppDependencies, caller: Principal, conversation_id: str) -> None:
    """How often one agent may write to one customer: nobody uses up what is another's."""
    services.replies.take(f"{caller.agent_id} {conversation_id}")


async def _answered(
    services: AppDependencies, caller: Principal, intent: replies.Intent, response: Response
) -> MessageView:
    """Bring a kept message to the workflow, and show it; raises the problem of a refusal."""
    if intent.is_open and not await _is_given(services, caller, intent):
        response.status_code = 202
    return await _shown(services.database, intent)


async def _keep(
    services: AppDependencies, caller: Principal, conversation_id: str, body: ReplyInput, key: str
) -> replies.Intent:
    wanted = replies.Reply(
        message_id=id_from_key(caller.agent_id, conversation_id, key),
        agent_id=caller.agent_id,
        text=body.text,
        content=body.content,
        reply_to=body.reply_to,
        attachment_id=body.attachments[0].id if body.attachments else None,
        hold=body.hold,
        request_hash=request_hash("reply", body.model_dump_json(exclude_none=True)),
    )
    return await _kept(
        services,
        conversation_id,
        lambda s: replies.keep_intent(s, conversation_id, wanted, clock.now()),
    )


async def _kept(
    services: AppDependencies, conversation_id: str, keep: Callable[[Session], replies.Intent]
) -> replies.Intent:
    """Keep a message, unless another app has the thread; before that is the answer, Meta is asked."""
    try:
        return await services.database.write(keep)
    except replies.RefusedBeforeError as error:
        raise _again(error.problem) from error
    except StoreRefusalError as error:
        if error.code != NOT_OURS:
            raise
    owner = await owner_by_meta(services, conversation_id)
    if owner.is_other:
        raise Problem(NOT_OURS, thread_owner=ThreadOwnerView.of_known(owner).model_dump(mode="json"))
    return await services.database.write(keep)


async def _is_given(services: AppDependencies, caller: Principal, intent: replies.Intent) -> bool:
    """Whether the workflow has the message; raises the problem of a refusal."""
    database, conversation = services.database, intent.conversation
    command = replies.command_for(intent.message, conversation, caller.role)
    try:
        await give(database, services.engine, services.flights, conversation, command)
    except CommandRefusedError as error:
        raise await _record(database, conversation, command, error.refusal, answered=True) from error
    except (EngineBusyError, EngineUnavailableError):
        now = clock.now()
        refusal = await database.read(
            lambda s: replies.refusal_by_row(s, conversation.id, caller.agent_id, now)
        )
        if refusal is not None:
            raise await _record(database, conversation, command, refusal, answered=True) from None
        return False
    return True


async def _shown(database: Database, intent: replies.Intent) -> MessageView:
    def load(session: Session) -> MessageView:
        message = session.get(Message, intent.message.id)
        if message is None:
            # The same reply, brought by two at once, was refused for the other one and taken for this one.
            raise Problem("conflict")
        # Receipts, which the thread has, tell something of what was sent alone.
        thread = session.get(Thread, message.customer_id) if message.sent_at is not None else None
        return MessageView.of(message, thread, replied_ids(session, [message]))

    return await database.read(load)


def _again(problem: dict[str, Any]) -> Problem:
    """The problem that this key was answered with before."""
    code = str(problem["code"])
    extras = {name: value for name, value in problem.items() if name not in _OF_EVERY_PROBLEM}
    return Problem(code if code in REFUSAL_CODES else "conflict", str(problem["detail"]), **extras)
