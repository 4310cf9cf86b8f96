"""Giving a command to the thread's workflow, whether or not a run of it is open.

A refusal changes nothing, is answered as a problem, and goes into the timeline.
"""

import contextlib

from sqlmodel import Session

from api.http.problems import Problem
from api.runtime.dependencies import AppDependencies
from api.runtime.in_flight_commands import InFlightCommands
from api.runtime.refusals import refusal_problem
from api.runtime.workflow_client import (
    CommandRefusedError,
    EngineBusyError,
    EngineUnavailableError,
    RunNotFoundError,
    WorkflowClient,
)
from api.schemas.views import ConversationView
from base import clock
from domain.conversations.changes import Refusal
from domain.conversations.lifecycle import Status, Trigger
from domain.conversations.state import CANCEL_MESSAGE, SEND_HELD, Command
from store.conversations import listing as conversations
from store.conversations.command_targets import CommandTarget, named_by, record_refusal
from store.db.database import Database
from store.db.refusals import not_found
from workflows.messages import CommandResult

_CLOSED = Refusal("conversation_closed", "This conversation is closed.", Status.CLOSED)
_OF_THE_THREAD = frozenset({Trigger.START.value, SEND_HELD, CANCEL_MESSAGE})


async def give(
    database: Database,
    engine: WorkflowClient,
    flights: InFlightCommands,
    conversation: CommandTarget,
    command: Command,
    *,
    insists: bool = False,
) -> CommandResult:
    """Give a command; raises the errors of `api.runtime.workflow_client`.

    `insists`: again, while its fate is not known.

    That no run is open does not say that the conversation is closed: the row decides. One that lives, or may
    be reopened, gets its run back under the same update id, and so does a command that needs no live one.
    """
    page_id, customer_id = conversation.page_id, conversation.customer_id

    async def call_once() -> CommandResult:
        try:
            return await engine.command(page_id, customer_id, command)
        except RunNotFoundError:
            if command.action not in _OF_THE_THREAD:
                record = await database.read(lambda s: conversations.find(s, conversation.id))
                if record is None or not conversations.may_live(
                    record.conversation, conversation.settings, clock.now()
                ):
                    raise CommandRefusedError(_CLOSED) from None
            return await engine.command_with_start(page_id, customer_id, command)

    tries = 0

    async def call() -> CommandResult:
        nonlocal tries
        tries += 1
        try:
            return await call_once()
        except CommandRefusedError:
            if tries > 1:
                await _write_down(engine, page_id, customer_id)
            raise

    fly = flights.insist if insists else flights.run
    return await fly(conversation.id, command.command_id, call)


async def _write_down(engine: WorkflowClient, page_id: str, customer_id: str) -> None:
    """An earlier try may have reached a task that was discarded; nothing else would put the rows right."""
    with contextlib.suppress(RunNotFoundError, EngineUnavailableError, EngineBusyError):
        await engine.tell_write_down(page_id, customer_id)


async def command_or_problem(
    services: AppDependencies, conversation: CommandTarget, command: Command
) -> CommandResult:
    """Give a command and answer a refusal as a problem, once it stands in the timeline."""
    database = services.database
    try:
        return await give(database, services.engine, services.flights, conversation, command, insists=True)
    except CommandRefusedError as error:
        refusal, now = error.refusal, clock.now()

        def record(session: Session) -> dict[str, str]:
            named = named_by(session, conversation, refusal.code)
            record_refusal(session, conversation, command, refusal.code, now)
            return named

        raise refusal_problem(refusal, now, await database.write(record)) from error
    except EngineBusyError as error:
        raise Problem("busy") from error
    except EngineUnavailableError as error:
        raise Problem("outcome_unknown") from error


async def shown_conversation(services: AppDependencies, conversation_id: str) -> ConversationView:
    """The conversation as projected; the projection was written before the workflow answered."""
    record = await services.database.read(lambda s: conversations.find(s, conversation_id))
    if record is None:
        raise not_found("conversation", conversation_id)
    return ConversationView.of(record, clock.now())
