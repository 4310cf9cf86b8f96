"""What an agent has read, and how many conversations their lists have."""

from fastapi import Response
from sqlmodel import Session

from api.conversations.show_conversation import find_conversation
from api.http.dependencies import DatabaseDep
from api.http.fields import Id, Input, PathId
from api.http.problem_docs import problems
from api.http.problems import Problem
from api.schemas.counts_view import CountsView
from api.security.auth import Caller
from api.security.guarded_route import api_router
from base import clock
from store.conversations import transcripts
from store.conversations.counts import read_counts
from store.conversations.read_positions import mark_read

router = api_router("conversations")


class ReadInput(Input):
    """The last message that was read: all before it count as read, and all after it as unread.

    Null: nothing has been read.
    """

    up_to: Id | None


@router.get("/v1/conversations/counts")
async def count_conversations(database: DatabaseDep, caller: Caller) -> CountsView:
    """How many conversations your lists have. A stream with `counts=1` tells when that changes."""
    return await database.read(
        lambda session: CountsView.of(read_counts(session, caller.reader, clock.now()))
    )


@router.put(
    "/v1/conversations/{conversation_id}/read",
    status_code=204,
    responses=problems("not_found", "unknown_item"),
)
async def set_read_position(
    database: DatabaseDep, caller: Caller, conversation_id: PathId, body: ReadInput
) -> Response:
    """Note how far you have read; `unread` of the conversation follows. Nobody else is told, nor is Meta.

    `up_to` is any message of the conversation's thread. What arrives late and stands before it is unread.
    """

    def work(session: Session) -> None:
        conversation, last = find_conversation(session, conversation_id).conversation, None
        if body.up_to is not None:
            last = transcripts.message_of_thread(session, conversation.customer_id, body.up_to)
            if last is None:
                raise Problem("unknown_item")
        mark_read(session, caller.agent_id, conversation, last)

    await database.write(work)
    return Response(status_code=204)
