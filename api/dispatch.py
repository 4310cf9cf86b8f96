"""Giving a command to the thread's workflow, whether or not a run of it is open."""

from api.engine import CommandRefusedError, Engine, RunNotFoundError
from api.flights import Flights
from domain.changes import Refusal
from domain.lifecycle import Status
from domain.state import Command
from store import conversations
from store.database import Database
from store.replies import ConversationRef
from workflows.messages import CommandResult

_CLOSED = Refusal("conversation_closed", "This conversation is closed.", Status.CLOSED)


async def give(
    database: Database, engine: Engine, flights: Flights, conversation: ConversationRef, command: Command
) -> CommandResult:
    """Give a command once; raises the errors of `api.engine`.

    That no run is open does not say that the conversation is closed: the row decides. A live one gets its run
    back under the same update id.
    """
    page_id, customer_id = conversation.page_id, conversation.customer_id

    async def call() -> CommandResult:
        try:
            return await engine.command(page_id, customer_id, command)
        except RunNotFoundError:
            record = await database.read(lambda s: conversations.find(s, conversation.id))
            if record is None or record.conversation.status == Status.CLOSED:
                raise CommandRefusedError(_CLOSED) from None
            return await engine.command_with_start(page_id, customer_id, command)

    return await flights.run(conversation.id, command.command_id, call)
