"""Context variables of a conversation: what is known of it beyond its messages."""

from typing import Annotated

from pydantic import BaseModel, Field, StrictFloat, StrictInt, StringConstraints
from pydantic.functional_validators import AfterValidator
from sqlmodel import Session

from api.http.dependencies import DatabaseDep
from api.http.fields import STORABLE, Input, PathId, VariableName
from api.http.problem_docs import problems
from api.security.auth import Caller, Principal
from api.security.guarded_route import api_router
from base import clock
from domain.access.roles import Role
from domain.conversations.changes import Fact
from domain.conversations.lifecycle import ActorKind
from domain.events.kinds import FactKind
from store.contacts import links
from store.events.events import append_events, event_row
from store.tables import Conversation
from store.workstreams import context_variables as context

_MAX_VALUE_LENGTH = 4000
_64_BITS = 2**63


def _small_enough(value: float) -> float:
    if isinstance(value, int) and not -_64_BITS <= value < _64_BITS:
        raise ValueError("A whole number must fit 64 bits.")
    return value


VariableText = Annotated[str, StringConstraints(strict=True, max_length=_MAX_VALUE_LENGTH), STORABLE]
VariableValue = VariableText | Annotated[StrictInt | StrictFloat, AfterValidator(_small_enough)]

router = api_router("conversations")


class ContextInput(Input):
    """All variables that the conversation is to have. Names are case-sensitive."""

    variables: Annotated[dict[VariableName, VariableValue], Field(max_length=context.MAX_VARIABLES)]


class ContextChange(Input):
    """The variables to set; those that are null are forgotten, the others stay."""

    variables: Annotated[
        dict[VariableName, VariableValue | None], Field(max_length=2 * context.MAX_VARIABLES)
    ]


class ContextView(BaseModel):
    """The variables of a conversation. `{$Name$}` in an automated message stands for the one of that name."""

    conversation_id: str
    variables: dict[str, str | int | float]


@router.get("/v1/conversations/{conversation_id}/context", responses=problems("not_found"))
async def get_context(database: DatabaseDep, conversation_id: PathId) -> ContextView:
    """The context variables of a conversation."""
    return await database.read(lambda s: _view(s, conversation_id))


@router.put(
    "/v1/conversations/{conversation_id}/context", responses=problems("not_found", "not_your_conversation")
)
async def set_context(
    database: DatabaseDep, caller: Caller, conversation_id: PathId, body: ContextInput
) -> ContextView:
    """Let the conversation have exactly these variables.

    An agent may set those of conversations that no other agent has; supervisors and machines of all.
    """
    limited = _limited_to(caller)

    def work(session: Session) -> ContextView:
        changed = context.replace(session, conversation_id, body.variables, clock.now(), by_agent=limited)
        links.identify_by_context(session, changed, clock.now())
        _record(session, caller, changed, len(body.variables))
        return _view(session, conversation_id)

    return await database.write(work)


@router.patch(
    "/v1/conversations/{conversation_id}/context",
    responses=problems("not_found", "limit_reached", "not_your_conversation"),
)
async def change_context(
    database: DatabaseDep, caller: Caller, conversation_id: PathId, body: ContextChange
) -> ContextView:
    """Set some variables and forget those that are null. A conversation may have 100.

    An agent may set those of conversations that no other agent has; supervisors and machines of all.
    """
    limited = _limited_to(caller)

    def work(session: Session) -> ContextView:
        changed = context.change(session, conversation_id, body.variables, clock.now(), by_agent=limited)
        links.identify_by_context(session, changed, clock.now())
        _record(session, caller, changed, len(body.variables))
        return _view(session, conversation_id)

    return await database.write(work)


def _limited_to(caller: Principal) -> str | None:
    return caller.agent_id if caller.role is Role.AGENT else None


def _record(session: Session, caller: Principal, conversation: Conversation, variables: int) -> None:
    """That they changed goes into the timeline; names and values stay out of it."""
    fact = Fact(
        FactKind.CONVERSATION_CONTEXT_CHANGED,
        clock.now(),
        ActorKind.AGENT,
        caller.agent_id,
        conversation.id,
        data={"variables": variables},
    )
    append_events(session, [event_row(fact, conversation.page_id, conversation.customer_id, None)])


def _view(session: Session, conversation_id: str) -> ContextView:
    variables = context.of_conversation(session, conversation_id)
    return ContextView(conversation_id=conversation_id, variables=variables)
