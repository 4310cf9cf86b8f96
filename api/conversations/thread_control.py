"""Conversation routing: which app may answer in a thread, and how agents take, pass, release or ask for it.

Meta alone decides; each command is one call there. What Meta says is kept with the thread at once, and in the
conversation's timeline with who asked.
"""

from typing import Annotated

from pydantic import Field
from sqlmodel import Session

from api.conversations.show_conversation import show_conversation
from api.http.dependencies import DatabaseDep
from api.http.fields import Digits, Input, PathId, displayed_text
from api.http.problem_docs import problems
from api.http.problems import Problem
from api.schemas.conversation_view import ConversationView
from api.security.auth import Caller, Principal
from api.security.guarded_route import api_router
from api.services.meta_actions import PROBLEMS_AT_META, MetaActions, MetaActionsDep, ThreadTarget
from base import clock
from base.ids import new_id
from domain.sending.thread_owner import PAGE_INBOX_APP_ID
from messenger.graph.error_table import ErrorKind
from store.conversations.thread_owners import note_control, told_by_meta
from store.db.database import Database

_TIMEOUT_SECONDS = 10.0
_MAX_METADATA_LENGTH = 1000
_TAKE_NEEDS = (
    "Meta lets only the Page's default app take threads: choose it in the Page's conversation routing."
)
_CODES = ("not_found", "conversation_closed", "not_your_conversation", "too_many_requests", *PROBLEMS_AT_META)

router = api_router("conversations")


class PassInput(Input):
    """Who is to have the thread. The body may be left out: the Page inbox."""

    app_id: Digits = Field(
        default=PAGE_INBOX_APP_ID, description="The Facebook app; the Page inbox if left out."
    )
    metadata: (
        Annotated[
            str, Field(min_length=1, max_length=_MAX_METADATA_LENGTH), displayed_text(_MAX_METADATA_LENGTH)
        ]
        | None
    ) = Field(default=None, description="A word for the other app.")


_TO_INBOX = PassInput()


@router.post("/v1/conversations/{conversation_id}/thread/take", responses=problems(*_CODES))
async def take_thread(
    database: DatabaseDep, meta: MetaActionsDep, caller: Caller, conversation_id: PathId
) -> ConversationView:
    """Take the thread from the app that has it. Meta allows it to the Page's default app only."""
    try:
        found = await _ask_meta(meta, caller, conversation_id, "take")
    except Problem as problem:
        if problem.extras.get("reason") == ErrorKind.CONFIG:
            raise Problem("meta_refused", f"{problem.detail} {_TAKE_NEEDS}", **problem.extras) from problem
        raise
    return await _record_and_show(database, caller, found, "taken", found.own_app_id)


@router.post("/v1/conversations/{conversation_id}/thread/pass", responses=problems(*_CODES))
async def pass_thread(
    database: DatabaseDep,
    meta: MetaActionsDep,
    caller: Caller,
    conversation_id: PathId,
    body: PassInput = _TO_INBOX,
) -> ConversationView:
    """Give the thread to another app or to the Page inbox. Only its owner may, or anybody if it is idle."""
    found = await _ask_meta(
        meta, caller, conversation_id, "pass", target_app_id=body.app_id, metadata=body.metadata
    )
    return await _record_and_show(database, caller, found, "passed", body.app_id)


@router.post("/v1/conversations/{conversation_id}/thread/release", responses=problems(*_CODES))
async def release_thread(
    database: DatabaseDep, meta: MetaActionsDep, caller: Caller, conversation_id: PathId
) -> ConversationView:
    """Give the thread up: it is idle, and every app may answer."""
    found = await _ask_meta(meta, caller, conversation_id, "release")
    return await _record_and_show(database, caller, found, "released", None)


@router.post("/v1/conversations/{conversation_id}/thread/request", responses=problems(*_CODES))
async def request_thread(
    database: DatabaseDep, meta: MetaActionsDep, caller: Caller, conversation_id: PathId
) -> ConversationView:
    """Ask the app that has the thread to pass it here. It may do so or not."""
    found = await _ask_meta(meta, caller, conversation_id, "request")
    return await _record_and_show(database, caller, found, "requested", found.own_app_id, changes=False)


async def _ask_meta(
    meta: MetaActions,
    caller: Principal,
    conversation_id: str,
    action: str,
    *,
    target_app_id: str | None = None,
    metadata: str | None = None,
) -> ThreadTarget:
    found = await meta.load_target(conversation_id, caller.agent_id, supervises=caller.supervises)
    await meta.ask(
        lambda graph: graph.control_thread(
            found.credentials, found.psid, action, target_app_id=target_app_id, metadata=metadata
        ),
        timeout_seconds=_TIMEOUT_SECONDS,
    )
    return found


async def _record_and_show(
    database: Database,
    caller: Principal,
    found: ThreadTarget,
    outcome: str,
    app_id: str | None,
    *,
    changes: bool = True,
) -> ConversationView:
    conversation, now, key = found.conversation, clock.now(), new_id()

    def write(session: Session) -> None:
        if changes:
            told_by_meta(session, conversation.customer_id, app_id, found.own_app_id, now)
        note_control(session, conversation, outcome, agent_id=caller.agent_id, app_id=app_id, key=key, at=now)

    await database.write(write)
    return await show_conversation(database, conversation.id, caller)
