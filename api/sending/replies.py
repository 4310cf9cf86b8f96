"""Agents' replies.

201: the workflow has the message and sends it. 202: the message is kept, but the workflow has not answered; a
sweep delivers it later. It is judged again then, and if refused it stays as `failed`. A refusal that is
answered is a problem, and nothing is kept but its line in the timeline.
"""

from typing import Annotated, Any, Self

import orjson
from fastapi import Response
from pydantic import Field, model_validator

from api.http.dependencies import DatabaseDep
from api.http.fields import Flag, Id, IdempotencyKey, Input, MessageText, PathId
from api.http.problem_docs import problems
from api.schemas.message_inputs import QuickReplies, Template, content_of
from api.schemas.views import MessageView
from api.security.auth import Caller, Principal
from api.security.guarded_route import api_router
from api.sending.reply_service import ReplyService, ReplyServiceDep
from base import clock
from base.ids import id_from_key
from domain.sending.decide_send import RefusalCode
from messenger.graph.text_limits import MESSAGE_BYTES
from store.access.idempotency import request_hash
from store.conversations.command_targets import command_target, message_ref
from store.sending.replies import Intent, Reply, keep_intent, keep_resend

router = api_router("conversations")


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
        202: {"model": MessageView, "description": "Kept; Temporal has not answered yet."},
        **problems(
            "not_found",
            "idempotency_key_reused",
            "unknown_reply_to",
            "attachments_disabled",
            "unknown_attachment",
            "invalid_state",
            "conversation_closed",
            "not_your_conversation",
            "thread_owned_by_another_app",
            *RefusalCode,
            "too_many_messages",
        ),
    },
)
async def reply(
    database: DatabaseDep,
    replies: ReplyServiceDep,
    caller: Caller,
    *,
    conversation_id: PathId,
    body: ReplyInput,
    idempotency_key: IdempotencyKey,
    response: Response,
) -> MessageView:
    """Answer the customer. The same key again gives the same message and never a second one."""
    await database.read(lambda s: command_target(s, conversation_id))
    replies.take_turn(caller.agent_id, conversation_id)
    wanted = Reply(
        message_id=id_from_key(caller.agent_id, conversation_id, idempotency_key),
        agent_id=caller.agent_id,
        text=body.text,
        content=body.content,
        reply_to=body.reply_to,
        attachment_id=body.attachments[0].id if body.attachments else None,
        hold=body.hold,
        client_key=idempotency_key,
        request_hash=request_hash("reply", body.model_dump_json(exclude_none=True)),
    )
    intent = await replies.keep(
        conversation_id, lambda s: keep_intent(s, conversation_id, wanted, clock.now())
    )
    return await _send(replies, caller, intent, response)


@router.post(
    "/v1/messages/{message_id}/resend",
    status_code=201,
    responses={
        202: {"model": MessageView, "description": "Kept; Temporal has not answered yet."},
        **problems(
            "not_found",
            "message_not_resendable",
            "idempotency_key_reused",
            "invalid_state",
            "conversation_closed",
            "not_your_conversation",
            "thread_owned_by_another_app",
            *RefusalCode,
            "too_many_messages",
        ),
    },
)
async def resend_message(
    database: DatabaseDep,
    replies: ReplyServiceDep,
    caller: Caller,
    *,
    message_id: PathId,
    idempotency_key: IdempotencyKey,
    response: Response,
) -> MessageView:
    """Send a message again whose outcome is `unknown`, or that `failed`: as a new one, judged again.

    Nobody but a person decides this: the first may have arrived.
    """
    new_id = id_from_key(caller.agent_id, message_id, "resend", idempotency_key)
    conversation = await database.read(lambda s: message_ref(s, message_id))
    replies.take_turn(caller.agent_id, conversation.id)
    intent = await replies.keep(
        conversation.id,
        lambda s: keep_resend(
            s,
            message_id,
            agent_id=caller.agent_id,
            new_message_id=new_id,
            client_key=idempotency_key,
            at=clock.now(),
        ),
    )
    return await _send(replies, caller, intent, response)


async def _send(replies: ReplyService, caller: Principal, intent: Intent, response: Response) -> MessageView:
    if not await replies.send_command(intent, caller.role):
        response.status_code = 202
    return await replies.show(intent)
