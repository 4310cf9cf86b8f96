"""Agents' commands on conversations: pick, close-session, reopen, end, complete.

Each is an update of the thread's workflow under an id of its own. A refusal changes nothing, is answered as a
problem, and goes into the timeline.
"""

from fastapi import APIRouter

from api.auth import Caller, Principal
from api.dispatch import give
from api.engine import CommandRefusedError, EngineBusyError, EngineUnavailableError
from api.fields import OptionalIdempotencyKey, PathId
from api.problem_docs import problems
from api.problems import Problem
from api.refusals import refusal_problem
from api.routing import api_router
from api.services import Services, Shared
from api.views import ConversationView
from base import clock
from base.ids import id_from_key, new_id
from domain.lifecycle import Trigger
from domain.state import Command
from store import conversations, replies

_CODES = (
    "not_found",
    "conversation_closed",
    "not_legal_now",
    "not_your_conversation",
    "busy",
    "engine_unavailable",
)

router: APIRouter = api_router("conversations")


@router.post("/v1/conversations/{conversation_id}/pick", responses=problems("already_picked", *_CODES))
async def pick(
    services: Shared, caller: Caller, conversation_id: PathId, idempotency_key: OptionalIdempotencyKey = None
) -> ConversationView:
    """Take an open conversation: it becomes active, in a new session of yours. The first one wins."""
    return await _command(services, caller, conversation_id, Trigger.PICK, idempotency_key)


@router.post("/v1/conversations/{conversation_id}/close-session", responses=problems(*_CODES))
async def close_session(
    services: Shared, caller: Caller, conversation_id: PathId, idempotency_key: OptionalIdempotencyKey = None
) -> ConversationView:
    """Leave the conversation without ending it: it waits for the customer."""
    return await _command(services, caller, conversation_id, Trigger.CLOSE_SESSION, idempotency_key)


@router.post("/v1/conversations/{conversation_id}/reopen", responses=problems(*_CODES))
async def reopen(
    services: Shared, caller: Caller, conversation_id: PathId, idempotency_key: OptionalIdempotencyKey = None
) -> ConversationView:
    """Go on with a waiting conversation in a new session, which reads the human agent tag anew."""
    return await _command(services, caller, conversation_id, Trigger.REOPEN, idempotency_key)


@router.post("/v1/conversations/{conversation_id}/end", responses=problems(*_CODES))
async def end(
    services: Shared, caller: Caller, conversation_id: PathId, idempotency_key: OptionalIdempotencyKey = None
) -> ConversationView:
    """End the conversation: wrap-up begins."""
    return await _command(services, caller, conversation_id, Trigger.END, idempotency_key)


@router.post("/v1/conversations/{conversation_id}/complete", responses=problems(*_CODES))
async def complete(
    services: Shared, caller: Caller, conversation_id: PathId, idempotency_key: OptionalIdempotencyKey = None
) -> ConversationView:
    """Finish wrap-up: the conversation is closed."""
    return await _command(services, caller, conversation_id, Trigger.COMPLETE, idempotency_key)


async def _command(
    services: Services, caller: Principal, conversation_id: str, action: Trigger, key: str | None
) -> ConversationView:
    database = services.database
    conversation = await database.read(lambda s: replies.conversation_ref(s, conversation_id))
    command = Command(
        action.value,
        id_from_key(caller.agent_id, conversation_id, action, key) if key else new_id(),
        conversation_id,
        caller.agent_id,
        supervises=caller.supervises,
        settings=conversation.settings,
    )
    try:
        await give(database, services.engine, services.flights, conversation, command)
    except CommandRefusedError as error:
        refusal, now = error.refusal, clock.now()
        await database.write(lambda s: replies.record_refusal(s, conversation, command, refusal.code, now))
        raise refusal_problem(refusal, now) from error
    except EngineBusyError as error:
        raise Problem("busy") from error
    except EngineUnavailableError as error:
        raise Problem("engine_unavailable") from error
    return await _shown(services, conversation_id)


async def _shown(services: Services, conversation_id: str) -> ConversationView:
    """The conversation as projected; the projection was written before the workflow answered."""
    record = await services.database.read(lambda s: conversations.find(s, conversation_id))
    if record is None:
        raise Problem("not_found")
    return ConversationView.of(record, clock.now())
