"""Agents' commands, sent to the workflows of their threads whether or not a run is open.

A command is an update of the workflow under an id of its own, which says when it is the same command again.
A refusal changes nothing, is answered as a problem, and is recorded in the timeline.
"""

import contextlib
from collections.abc import Awaitable, Callable
from typing import Annotated

from sqlmodel import Session

from api.http.dependencies import from_app
from api.http.problems import Problem
from api.services.in_flight_commands import InFlightCommands
from api.services.refusals import refusal_problem
from api.services.workflow_client import (
    CommandRefusedError,
    RunNotFoundError,
    TemporalUnavailableError,
    TooManyUpdatesError,
    WorkflowClient,
)
from base import clock
from domain.conversations.changes import Refusal
from domain.conversations.command_types import (
    CancelMessage,
    Command,
    SendHeldMessage,
    StartConversation,
)
from domain.conversations.lifecycle import Status
from store.conversations import listing as conversations
from store.conversations.command_targets import CommandTarget, named_by, record_refusal
from store.conversations.conversation_settings import conversation_settings
from store.db.database import Database
from workflows.messages import CommandResult

_CLOSED = Refusal("conversation_closed", "This conversation is closed.", Status.CLOSED)
_NEED_NO_LIVE_CONVERSATION = (StartConversation, SendHeldMessage, CancelMessage)


class ConversationCommands:
    """Sends commands. One for all requests of a process, as it knows which commands are in flight."""

    def __init__(self, database: Database, workflow_client: WorkflowClient) -> None:
        self._database = database
        self._workflows = workflow_client
        self._in_flight = InFlightCommands()

    async def send_command(self, target: CommandTarget, command: Command) -> CommandResult:
        """Send a command once; raises the errors of `api.services.workflow_client`.

        After TemporalUnavailableError the outcome is unknown: send it again under the same id.
        """
        return await self._in_flight.run(target.id, command.command_id, self._call(target, command))

    async def execute(self, target: CommandTarget, command: Command) -> CommandResult:
        """Send a command until its outcome is known or time is up.

        Raises the problem of a refusal, once that is recorded in the timeline; `conversation_busy`, if the
        command was
        not taken; or `outcome_unknown`.
        """
        try:
            return await self._in_flight.run_until_known(
                target.id, command.command_id, self._call(target, command)
            )
        except CommandRefusedError as error:
            raise await self._record(target, command, error.refusal) from error
        except TooManyUpdatesError as error:
            raise Problem("conversation_busy") from error
        except TemporalUnavailableError as error:
            raise Problem("outcome_unknown") from error

    def _call(self, target: CommandTarget, command: Command) -> Callable[[], Awaitable[CommandResult]]:
        tries = 0

        async def call() -> CommandResult:
            nonlocal tries
            tries += 1
            try:
                return await self._update(target, command)
            except CommandRefusedError:
                if tries > 1:
                    await self._request_projection(target)
                raise

        return call

    async def _update(self, target: CommandTarget, command: Command) -> CommandResult:
        """Update the open run, or one that is started for it.

        That no run is open does not say that the conversation is closed: the row decides. One that is live,
        or may be reopened, gets a run under the same update id, and so does a command that needs no live one.
        """
        try:
            return await self._workflows.command(target.page_id, target.customer_id, command)
        except RunNotFoundError:
            if not (isinstance(command, _NEED_NO_LIVE_CONVERSATION) or await self._may_live(target)):
                raise CommandRefusedError(_CLOSED) from None
        return await self._workflows.command_with_start(target.page_id, target.customer_id, command)

    async def _may_live(self, target: CommandTarget) -> bool:
        def look(session: Session) -> bool:
            record = conversations.find(session, target.id)
            settings = conversation_settings(session, target.page_id)
            return record is not None and conversations.may_live(record.conversation, settings, clock.now())

        return await self._database.read(look)

    async def _request_projection(self, target: CommandTarget) -> None:
        """An earlier try may have reached a task that was discarded; nothing else would correct the rows."""
        with contextlib.suppress(RunNotFoundError, TemporalUnavailableError, TooManyUpdatesError):
            await self._workflows.request_projection(target.page_id, target.customer_id)

    async def _record(self, target: CommandTarget, command: Command, refusal: Refusal) -> Problem:
        now = clock.now()

        def write(session: Session) -> dict[str, str]:
            named = named_by(session, target, refusal.code)
            record_refusal(session, target, command, refusal.code, now)
            return named

        return refusal_problem(refusal, now, await self._database.write(write))


CommandsDep = Annotated[ConversationCommands, from_app("commands")]
