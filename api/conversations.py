"""Reading conversations: lists, messages, the timeline."""

from typing import Annotated

from fastapi import Query
from sqlmodel import Session

from api.auth import Caller
from api.event_access import subjects_for
from api.fields import Digits, Id, Instant, PathId, SearchText
from api.paging import Cursor, CursorOf, Limit, Number, Page
from api.problem_docs import problems
from api.problems import Problem
from api.routing import api_router
from api.services import Shared
from api.views import ConversationView, EventView, MessageView
from base import clock
from domain.lifecycle import Status
from store import conversations, customers, timeline
from store.conversations import ConversationFilter, ConversationRecord, WindowFilter
from store.messages import replied_ids

_ME = "me"
_BY_ACTIVITY = CursorOf("conversations", tuple[Instant, Id])
_BY_TIME = CursorOf("messages", tuple[Instant, Number, Id])
_OF_THREAD = CursorOf("thread_messages", tuple[Instant, Number, Id])
_BY_NUMBER = CursorOf("timeline", tuple[Number])

router = api_router("conversations")


@router.get("/v1/conversations", responses=problems("invalid_cursor"))
async def list_conversations(
    services: Shared,
    caller: Caller,
    *,
    status: Annotated[list[Status] | None, Query(description="One status or several.")] = None,
    page_id: Digits | None = None,
    customer_id: Id | None = None,
    agent_id: Annotated[Id | None, Query(description="An agent's id, or `me`.")] = None,
    queue_id: Id | None = None,
    window: Annotated[
        WindowFilter | None, Query(description="`closing_soon`: the stage changes within the hour.")
    ] = None,
    q: Annotated[
        SearchText | None, Query(description="Part of the customer's name or of a message's text.")
    ] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[ConversationView]:
    """Conversations, those with the newest activity first."""
    now, after = clock.now(), _BY_ACTIVITY.read(cursor)
    wanted = ConversationFilter(
        statuses=[each.value for each in status or ()],
        page_id=page_id,
        customer_id=customer_id,
        agent_id=caller.agent_id if agent_id == _ME else agent_id,
        queue_id=queue_id,
        window=window,
        text=q,
    )
    found = await services.database.read(
        lambda s: conversations.search(s, wanted, now=now, after=after, limit=limit + 1)
    )
    return _BY_ACTIVITY.page(
        found,
        limit,
        lambda record: ConversationView.of(record, now),
        lambda record: (record.activity_at, record.conversation.id),
    )


@router.get("/v1/conversations/{conversation_id}", responses=problems("not_found"))
async def get_conversation(services: Shared, conversation_id: PathId) -> ConversationView:
    """One conversation."""
    record = await services.database.read(lambda s: _found(s, conversation_id))
    return ConversationView.of(record, clock.now())


@router.get(
    "/v1/conversations/{conversation_id}/messages",
    responses=problems("not_found", "invalid_cursor"),
)
async def list_messages(
    services: Shared, conversation_id: PathId, cursor: Cursor = None, limit: Limit = 100
) -> Page[MessageView]:
    """The messages of a conversation, oldest first: by Meta's time, then by arrival."""
    after = _BY_TIME.read(cursor)

    def load(session: Session) -> Page[MessageView]:
        thread = _found(session, conversation_id).thread
        found = conversations.messages_of(session, conversation_id, after=after, limit=limit + 1)
        replied = replied_ids(session, found)
        return _BY_TIME.page(
            found, limit, lambda message: MessageView.of(message, thread, replied), conversations.position_of
        )

    return await services.database.read(load)


@router.get(
    "/v1/conversations/{conversation_id}/timeline",
    responses=problems("not_found", "invalid_cursor"),
)
async def get_timeline(
    services: Shared, caller: Caller, conversation_id: PathId, cursor: Cursor = None, limit: Limit = 100
) -> Page[EventView]:
    """What happened to a conversation, in order, refused commands included.

    Without what the caller may not read: surveys are for supervisors and administrators.
    """
    after = _BY_NUMBER.read(cursor)

    def load(session: Session) -> Page[EventView]:
        _found(session, conversation_id)
        wanted = timeline.EventFilter(conversation_id, subjects=subjects_for(caller.role))
        found = timeline.read_events(session, wanted, after=after[0] if after else 0, limit=limit + 1)
        return _BY_NUMBER.page(found, limit, EventView.of, lambda event: (event.id or 0,))

    return await services.database.read(load)


@router.get("/v1/customers/{customer_id}/messages", responses=problems("not_found", "invalid_cursor"))
async def list_thread_messages(
    services: Shared, customer_id: PathId, cursor: Cursor = None, limit: Limit = 100
) -> Page[MessageView]:
    """All messages of a customer's thread, oldest first.

    Those of every conversation, and those of none: what came on standby while another app had the thread.
    """
    after = _OF_THREAD.read(cursor)

    def load(session: Session) -> Page[MessageView]:
        record = customers.find(session, customer_id)
        if record is None:
            raise Problem("not_found")
        found = conversations.messages_of_thread(session, customer_id, after=after, limit=limit + 1)
        replied = replied_ids(session, found)
        return _OF_THREAD.page(
            found,
            limit,
            lambda message: MessageView.of(message, record.thread, replied),
            conversations.position_of,
        )

    return await services.database.read(load)


def _found(session: Session, conversation_id: str) -> ConversationRecord:
    record = conversations.find(session, conversation_id)
    if record is None:
        raise Problem("not_found")
    return record
