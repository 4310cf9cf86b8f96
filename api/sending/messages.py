"""Messages across conversations, and what may be done with those that are held."""

from functools import partial
from typing import Annotated

from fastapi import Query
from sqlmodel import Session
from starlette.requests import Request

from api.http.dependencies import DatabaseDep
from api.http.fields import Digits, Id, IdempotencyText, Instant, OptionalIdempotencyKey, PathId
from api.http.paging import CursorPage, Ids, refuse_others_than_ids
from api.http.problem_docs import problems
from api.http.two_way_paging import RangeQuery, TwoWayList, range_by_id
from api.schemas.views import MessageView
from api.security.auth import Caller, Principal
from api.security.guarded_route import api_router
from api.services.conversation_commands import CommandsDep, ConversationCommands
from base.ids import id_from_key, new_id
from domain.conversations.command_types import CancelMessage, SendHeldMessage
from domain.sending.decide_send import RefusalCode
from domain.sending.delivery import MessageStatus
from store.access.visibility import Reader
from store.conversations import listing as conversations
from store.conversations import outbound_messages as own_messages
from store.conversations.command_targets import message_ref
from store.conversations.messages import messages_with_threads, replied_ids
from store.conversations.outbound_messages import MessageFilter
from store.db.database import Database
from store.db.refusals import not_found
from store.tables import Message

_ME = "me"
_OWN = TwoWayList("outbound_messages", tuple[Instant, Id])
_CODES = ("not_found", "message_not_held", "not_your_conversation", "conversation_busy", "outcome_unknown")

router = api_router("messages")


@router.get("/v1/messages", responses=problems("invalid_cursor", "unknown_item"))
async def list_outbound_messages(
    database: DatabaseDep,
    caller: Caller,
    query: Annotated[RangeQuery[str], range_by_id(default_limit=50)],
    *,
    status: Annotated[MessageStatus | None, Query(description="As stored: receipts are not applied.")] = None,
    page_id: Digits | None = None,
    customer_id: Id | None = None,
    agent_id: Annotated[Id | None, Query(description="An agent's id, or `me`.")] = None,
    client_key: Annotated[
        IdempotencyText | None,
        Query(description="Sent with this `Idempotency-Key`; say whose by `agent_id`."),
    ] = None,
    ids: Ids = None,
    request: Request,
) -> CursorPage[MessageView]:
    """Our own messages, by the instant they were written: of one status, say those that are `held`.

    `ids` stand alone: these messages in this order, the customers' too, as far as you see them.
    """
    if ids is not None:
        refuse_others_than_ids(request)
        shown = await database.read(lambda s: _show_seen(s, ids, caller.reader))
        return CursorPage(items=shown, next_cursor=None)
    wanted = MessageFilter(
        status=status.value if status is not None else None,
        page_id=page_id,
        customer_id=customer_id,
        agent_id=caller.agent_id if agent_id == _ME else agent_id,
        client_key=client_key,
    )

    def load(session: Session) -> CursorPage[MessageView]:
        def show(messages: list[Message]) -> list[MessageView]:
            replied = replied_ids(session, messages)
            return [MessageView.of(message, None, replied) for message in messages]

        return _OWN.page(
            query,
            read=partial(own_messages.listed, session, wanted, caller.reader),
            find=partial(own_messages.find, session, caller.reader),
            place_of=own_messages.place_of,
            show=show,
        )

    return await database.read(load)


@router.get("/v1/messages/{message_id}", responses=problems("not_found"))
async def get_message(database: DatabaseDep, caller: Caller, message_id: PathId) -> MessageView:
    """One message, the customer's or ours, with the receipts of its thread."""
    shown = await database.read(lambda s: _show_seen(s, [message_id], caller.reader))
    if not shown:
        raise not_found("message", message_id)
    return shown[0]


@router.post(
    "/v1/messages/{message_id}/send-held",
    responses=problems("conversation_closed", *RefusalCode, *_CODES),
)
async def send_held_message(
    database: DatabaseDep,
    commands: CommandsDep,
    caller: Caller,
    message_id: PathId,
    idempotency_key: OptionalIdempotencyKey = None,
) -> MessageView:
    """Send a held message in the conversation that the customer has now; it is judged again."""
    return await _execute(
        database, commands, caller, message_id, SendHeldMessage, action="send_held", key=idempotency_key
    )


@router.post("/v1/messages/{message_id}/cancel", responses=problems(*_CODES))
async def cancel_message(
    database: DatabaseDep,
    commands: CommandsDep,
    caller: Caller,
    message_id: PathId,
    idempotency_key: OptionalIdempotencyKey = None,
) -> MessageView:
    """Cancel a held message. It stays in the transcript as `cancelled`."""
    return await _execute(
        database, commands, caller, message_id, CancelMessage, action="cancel_message", key=idempotency_key
    )


async def _execute(
    database: Database,
    commands: ConversationCommands,
    caller: Principal,
    message_id: str,
    kind: type[SendHeldMessage | CancelMessage],
    *,
    action: str,
    key: str | None,
) -> MessageView:
    conversation = await database.read(lambda s: message_ref(s, message_id))
    command = kind(
        command_id=id_from_key(caller.agent_id, message_id, action, key) if key else new_id(),
        conversation_id=conversation.id,
        agent_id=caller.agent_id,
        supervises=caller.supervises,
        settings_version=conversation.settings_version,
        message_id=message_id,
    )
    await commands.execute(conversation, command)
    return await database.read(lambda s: _show_message(s, message_id))


def _show_seen(session: Session, ids: list[str], reader: Reader) -> list[MessageView]:
    found = messages_with_threads(session, ids, reader)
    replied = replied_ids(session, [message for message, _ in found])
    shown = [MessageView.of(message, thread, replied) for message, thread in found]
    return sorted(shown, key=lambda each: ids.index(each.id))


def _show_message(session: Session, message_id: str) -> MessageView:
    message = session.get(Message, message_id)
    if message is None or message.conversation_id is None:
        raise not_found("message of ours", message_id)
    record = conversations.find(session, message.conversation_id)
    return MessageView.of(message, record.thread if record else None, replied_ids(session, [message]))
