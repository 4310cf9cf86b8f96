"""Reading conversations: lists, messages, the timeline."""

from functools import partial
from typing import Annotated

from fastapi import Query
from sqlmodel import Session
from starlette.requests import Request

from api.conversations.show_conversation import find_conversation, show_conversation
from api.events.access import subjects_for
from api.http.dependencies import DatabaseDep
from api.http.fields import Digits, Id, Instant, PathId, SearchText
from api.http.paging import (
    BothWaysList,
    BothWaysPage,
    Cursor,
    CursorPage,
    Ids,
    Limit,
    Number,
    refuse_others_than_ids,
)
from api.http.problem_docs import problems
from api.http.slow_reads import LongReadsDep
from api.http.two_way_paging import RangeQuery, TwoWayList, range_by_id, range_by_number
from api.schemas.conversation_view import ConversationView
from api.schemas.views import EventView, MessageView
from api.security.auth import Caller
from api.security.guarded_route import api_router
from api.security.permissions import PermissionsDep
from base import clock
from domain.conversations.lifecycle import Status
from store.conversations import listing as conversations
from store.conversations import transcripts
from store.conversations.details import DetailedConversation, with_details
from store.conversations.list_filters import ConversationFilter, Place, Sort, WindowFilter
from store.conversations.messages import replied_ids
from store.customers import customers
from store.db.ranges import Span
from store.db.refusals import not_found
from store.events import timeline
from store.search.texts import MAX_MATCHES
from store.tables import Message, Thread

_ME, _NOBODY = "me", "none"
_LISTS = {
    sort: BothWaysList(f"conversations_{sort}", tuple[Instant, Id], newest_first=sort is Sort.ACTIVITY)
    for sort in Sort
}
_MESSAGES = TwoWayList("messages", tuple[Instant, Number, Id])
_THREAD_MESSAGES = TwoWayList("thread_messages", tuple[Instant, Number, Id])
_TIMELINE = TwoWayList("timeline", tuple[Number])

MessageRange = Annotated[RangeQuery[str], range_by_id(default_limit=100)]
TimelineRange = Annotated[RangeQuery[int], range_by_number(default_limit=100)]

router = api_router("conversations")


@router.get("/v1/conversations", responses=problems("invalid_cursor", "too_many_requests", "read_too_slow"))
async def list_conversations(
    request: Request,
    long_reads: LongReadsDep,
    caller: Caller,
    *,
    status: Annotated[list[Status] | None, Query(description="One status or several.")] = None,
    page_id: Digits | None = None,
    customer_id: Id | None = None,
    agent_id: Annotated[
        Id | None, Query(description="An agent's id, `me`, or `none` for what no agent has.")
    ] = None,
    queue_id: Id | None = None,
    window: Annotated[
        WindowFilter | None,
        Query(
            description="`closing_soon`: the stage ends within the `window_warning_minutes` of the page's "
            "workstream."
        ),
    ] = None,
    owed: Annotated[bool | None, Query(description="Whether the customer is owed an answer.")] = None,
    closed_since: Annotated[
        Instant | None, Query(description="Those that have closed at this instant or later.")
    ] = None,
    q: Annotated[
        SearchText | None,
        Query(
            description="Words that one message holds, all of them, or the customer's name. The last may be "
            "the beginning of a word; case and accents do not matter. Of what people said and the newest "
            f"{MAX_MATCHES} that match; narrow it by a page or a customer."
        ),
    ] = None,
    sort: Annotated[
        Sort,
        Query(
            description="`activity`: the newest first. `owed`: only what is owed an answer, the longest "
            "first. `deadline`: only what is not closed and has an open window, the one that ends next first."
        ),
    ] = Sort.ACTIVITY,
    ids: Ids = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> BothWaysPage[ConversationView]:
    """Conversations. `previous_cursor` leads back, also to what has come to stand before the page meanwhile.

    `ids` stand alone: these conversations in this order, as far as you see them.
    """
    now, reader, name = clock.now(), caller.reader, agent_id or ""
    wanted = ConversationFilter(
        statuses=[each.value for each in status or ()],
        page_id=page_id,
        customer_id=customer_id,
        agent_id={_ME: caller.agent_id, _NOBODY: None}.get(name, agent_id),
        of_nobody=agent_id == _NOBODY,
        queue_id=queue_id,
        window=window,
        text=q,
        owed=owed,
        closed_since=closed_since,
    )

    def show(each: DetailedConversation) -> ConversationView:
        return ConversationView.of(each, caller, now)

    def load(session: Session) -> BothWaysPage[ConversationView]:
        def read(span: Span[Place]) -> list[DetailedConversation]:
            found = conversations.listed(session, wanted, span, now=now, reader=reader, sort=sort)
            return with_details(session, found, reader.agent_id)

        if ids is not None:
            found = with_details(session, conversations.seen(session, ids, reader), reader.agent_id)
            return BothWaysPage(items=[show(each) for each in found], next_cursor=None, previous_cursor=None)
        return _LISTS[sort].page(
            cursor,
            limit,
            read=read,
            place_of=lambda each: conversations.place_of(each.record, sort, now),
            show=show,
        )

    if ids is not None:
        refuse_others_than_ids(request)
    return await long_reads.read_if(q is not None, request, caller.agent_id, load)


@router.get("/v1/conversations/{conversation_id}", responses=problems("not_found"))
async def get_conversation(
    database: DatabaseDep, caller: Caller, conversation_id: PathId
) -> ConversationView:
    """One conversation."""
    return await show_conversation(database, conversation_id, caller)


@router.get(
    "/v1/conversations/{conversation_id}/messages",
    responses=problems("not_found", "invalid_cursor", "unknown_item"),
)
async def list_messages(
    database: DatabaseDep,
    conversation_id: PathId,
    query: MessageRange,
) -> CursorPage[MessageView]:
    """The messages of a conversation, by Meta's time, then by arrival."""

    def load(session: Session) -> CursorPage[MessageView]:
        thread = find_conversation(session, conversation_id).thread
        return _MESSAGES.page(
            query,
            read=partial(transcripts.of_conversation, session, conversation_id),
            find=partial(transcripts.message_of_conversation, session, conversation_id),
            place_of=transcripts.place_of,
            show=partial(_show_messages, session, thread),
        )

    return await database.read(load)


@router.get(
    "/v1/conversations/{conversation_id}/timeline",
    responses=problems("not_found", "invalid_cursor", "unknown_item"),
)
async def get_timeline(
    database: DatabaseDep,
    caller: Caller,
    permissions: PermissionsDep,
    conversation_id: PathId,
    query: TimelineRange,
) -> CursorPage[EventView]:
    """What happened to a conversation, in order, refused commands included.

    Without what the caller may not read: surveys are for supervisors and administrators.
    """
    wanted = timeline.EventFilter(conversation_id, subjects=subjects_for(permissions, caller.role))
    settled = await timeline.settled_through(database)

    def load(session: Session) -> CursorPage[EventView]:
        find_conversation(session, conversation_id)
        return _TIMELINE.page(
            query,
            read=partial(timeline.listed, session, wanted, through=settled),
            find=partial(timeline.find, session, wanted),
            place_of=timeline.place_of,
            show=lambda events: [EventView.of(event) for event in events],
        )

    return await database.read(load)


@router.get(
    "/v1/customers/{customer_id}/messages", responses=problems("not_found", "invalid_cursor", "unknown_item")
)
async def list_thread_messages(
    database: DatabaseDep,
    customer_id: PathId,
    query: MessageRange,
) -> CursorPage[MessageView]:
    """All messages of a customer's thread, by Meta's time, then by arrival.

    Those of every conversation, and those of none: what came on standby while another app had the thread.
    """

    def load(session: Session) -> CursorPage[MessageView]:
        record = customers.find(session, customer_id)
        if record is None:
            raise not_found("customer", customer_id)
        return _THREAD_MESSAGES.page(
            query,
            read=partial(transcripts.of_thread, session, customer_id),
            find=partial(transcripts.message_of_thread, session, customer_id),
            place_of=transcripts.place_of,
            show=partial(_show_messages, session, record.thread),
        )

    return await database.read(load)


def _show_messages(session: Session, thread: Thread, messages: list[Message]) -> list[MessageView]:
    replied = replied_ids(session, messages)
    return [MessageView.of(message, thread, replied) for message in messages]
