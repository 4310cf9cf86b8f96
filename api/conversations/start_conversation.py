"""Agents start conversations with customers they know, while Meta's window allows a person to write."""

from pydantic import Field

from api.conversations.show_conversation import show_conversation
from api.http.dependencies import DatabaseDep
from api.http.fields import Id, Input, OptionalIdempotencyKey
from api.http.problem_docs import problems
from api.schemas.conversation_view import ConversationView
from api.security.auth import Caller
from api.security.guarded_route import api_router
from api.services.conversation_commands import CommandsDep
from base.ids import id_from_key, new_id
from domain.conversations.command_types import StartConversation
from domain.conversations.lifecycle import Trigger
from domain.sending.decide_send import RefusalCode
from store.access.visibility import refuse_unseen
from store.conversations.command_targets import new_conversation_ref

router = api_router("conversations")


class ConversationInput(Input):
    """Whom to write to."""

    customer_id: Id = Field(description="The customer's `id`, as conversations and customers show it.")


@router.post(
    "/v1/conversations",
    status_code=201,
    responses=problems(
        "not_found", "conversation_exists", *RefusalCode, "conversation_busy", "outcome_unknown"
    ),
)
async def start_conversation(
    database: DatabaseDep,
    commands: CommandsDep,
    caller: Caller,
    body: ConversationInput,
    idempotency_key: OptionalIdempotencyKey = None,
) -> ConversationView:
    """Start a conversation with a known customer: it is active, in a session of yours.

    Possible within 24 hours after the customer's last action, and up to seven days after their last message
    where the page has the human agent tag.
    """
    key = idempotency_key
    command_id = id_from_key(caller.agent_id, body.customer_id, Trigger.START, key) if key else new_id()
    await database.read(lambda s: refuse_unseen(s, caller.reader, "customer_id", body.customer_id))
    conversation = await database.read(lambda s: new_conversation_ref(s, body.customer_id, command_id))
    command = StartConversation(
        command_id=command_id,
        conversation_id=conversation.id,
        agent_id=caller.agent_id,
        supervises=caller.supervises,
        settings_version=conversation.settings_version,
    )
    await commands.execute(conversation, command)
    return await show_conversation(database, conversation.id, caller)
