"""What the API asks of Temporal, as a protocol, and its implementation over Temporal's client.

Every call ends within a bound of our own: with the server dead, the client's own `rpc_timeout` of 2 seconds
took 6 to 9 (docs/reference/upstream.md). Failures are of four kinds only; an update without an answer may
have been carried out.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, NoReturn, Protocol, TypeVar

from temporalio.client import (
    Client,
    WithStartWorkflowOperation,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.service import RPCError, RPCStatusCode

from api.http.dependencies import from_app
from api.services.refusals import read_refusal
from base.log import get_logger
from domain.conversations.changes import Refusal
from domain.conversations.command_types import Command
from workflows.messages import (
    CHECK_SIGNAL,
    COMMAND_UPDATE,
    CONVERSATION_WORKFLOW,
    PAGE_WORKFLOW,
    TASK_QUEUE,
    TASK_TIMEOUT,
    WRITE_DOWN_SIGNAL,
    CommandResult,
    ConversationWorkflowInput,
    PageWorkflowInput,
    conversation_workflow_id,
    page_workflow_id,
)

TIMEOUT_SECONDS = 3.0
_MAX_RETRIES = 2
_RETRY_DELAY_SECONDS = 0.05

# A run that is just leaving, or that continued as new under the update, is not asked about the command.
_RUN_CHANGED = frozenset({RPCStatusCode.ABORTED, RPCStatusCode.FAILED_PRECONDITION})
# A run that left between Temporal's look at it and the update; the next try starts another.
_RUN_GONE = frozenset({RPCStatusCode.NOT_FOUND})

_log = get_logger("api")

T = TypeVar("T")


class TemporalUnavailableError(Exception):
    """No answer. Whether the call had its effect is not known."""


class TooManyUpdatesError(Exception):
    """The conversation has as many updates in flight as it may; this one was not taken."""


class RunNotFoundError(Exception):
    """No run of this workflow is open. That does not say that the conversation is closed."""


class CommandRefusedError(Exception):
    """The workflow refused the command; nothing changed."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.code)
        self.refusal = refusal


class WorkflowClient(Protocol):
    """All that the API asks of Temporal. Raises the errors of this module and no others."""

    async def command(self, page_id: str, customer_id: str, command: Command, /) -> CommandResult:
        """Give a command to the thread's open run."""

    async def command_with_start(self, page_id: str, customer_id: str, command: Command, /) -> CommandResult:
        """Give a command to the thread's open run, or to one that is started for it."""

    async def request_projection(self, page_id: str, customer_id: str, /) -> None:
        """Have the thread's open run write its rows again."""

    async def check_page(self, page_id: str, /) -> None:
        """Wake the page's workflow, starting it if need be."""

    async def ping(self) -> None:
        """Return if Temporal answers."""


class TemporalWorkflowClient:
    """Asks Temporal through its client, which may connect lazily."""

    def __init__(
        self, client: Client, *, timeout_seconds: float = TIMEOUT_SECONDS, task_queue: str = TASK_QUEUE
    ) -> None:
        self._client = client
        self._timeout_seconds = timeout_seconds
        self._task_queue = task_queue

    async def command(self, page_id: str, customer_id: str, command: Command, /) -> CommandResult:
        """Update the open run; repeated under the same id where the run changed meanwhile."""
        handle = self._client.get_workflow_handle(conversation_workflow_id(page_id, customer_id))

        async def update() -> CommandResult:
            result: CommandResult = await handle.execute_update(
                COMMAND_UPDATE, command, id=command.command_id, result_type=CommandResult
            )
            return result

        return await self._call("command", lambda: _update_with_retry(update))

    async def command_with_start(self, page_id: str, customer_id: str, command: Command, /) -> CommandResult:
        """Update-with-start; an open run is used as it is."""

        async def update() -> CommandResult:
            start: WithStartWorkflowOperation[Any, None] = WithStartWorkflowOperation(
                CONVERSATION_WORKFLOW,
                ConversationWorkflowInput(page_id, customer_id),
                id=conversation_workflow_id(page_id, customer_id),
                task_queue=self._task_queue,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                task_timeout=TASK_TIMEOUT,
            )
            result: CommandResult = await self._client.execute_update_with_start_workflow(
                COMMAND_UPDATE,
                command,
                start_workflow_operation=start,
                id=command.command_id,
                result_type=CommandResult,
            )
            return result

        retryable = _RUN_CHANGED | _RUN_GONE
        try:
            return await self._call("command_with_start", lambda: _update_with_retry(update, retryable))
        except RunNotFoundError as error:
            raise TemporalUnavailableError from error

    async def request_projection(self, page_id: str, customer_id: str, /) -> None:
        """Signal the open run; RunNotFoundError where there is none: its rows are as it left them."""
        await self._signal("request_projection", page_id, customer_id, WRITE_DOWN_SIGNAL)

    async def _signal(self, name: str, page_id: str, customer_id: str, signal: str) -> None:
        handle = self._client.get_workflow_handle(conversation_workflow_id(page_id, customer_id))

        async def tell() -> None:
            try:
                await handle.signal(signal)
            except RPCError as error:
                _raise_translated(error)

        await self._call(name, tell)

    async def check_page(self, page_id: str, /) -> None:
        """Signal-with-start of the page's workflow."""
        await self._call(
            "check_page",
            lambda: self._client.start_workflow(
                PAGE_WORKFLOW,
                PageWorkflowInput(page_id),
                id=page_workflow_id(page_id),
                task_queue=self._task_queue,
                task_timeout=TASK_TIMEOUT,
                start_signal=CHECK_SIGNAL,
            ),
        )

    async def ping(self) -> None:
        """Ask for the server's health."""
        await self._call("ping", self._client.service_client.check_health)

    async def _call(self, name: str, call: Callable[[], Awaitable[T]]) -> T:
        try:
            async with asyncio.timeout(self._timeout_seconds):
                return await call()
        except (CommandRefusedError, RunNotFoundError, TooManyUpdatesError):
            raise
        except (TimeoutError, WorkflowUpdateRPCTimeoutOrCancelledError, RPCError, RuntimeError) as error:
            _log.warning("temporal_unavailable", call=name, error=type(error).__name__)
            raise TemporalUnavailableError from error
        except Exception as error:
            _log.exception("temporal_call_failed", call=name)
            raise TemporalUnavailableError from error


async def _update_with_retry(
    update: Callable[[], Awaitable[CommandResult]],
    retryable: frozenset[RPCStatusCode] = _RUN_CHANGED,
    retries: int = _MAX_RETRIES,
) -> CommandResult:
    """An update that met a leaving run or a continue-as-new is repeated: the run remembers its id."""
    try:
        return await update()
    except WorkflowUpdateFailedError as error:
        if refusal := read_refusal(error):
            raise CommandRefusedError(refusal) from error
        if not retries:
            raise
    except RPCError as error:
        if not retries or error.status not in retryable:
            _raise_translated(error)
    await asyncio.sleep(_RETRY_DELAY_SECONDS)
    return await _update_with_retry(update, retryable, retries - 1)


def _raise_translated(error: RPCError) -> NoReturn:
    if error.status is RPCStatusCode.NOT_FOUND:
        raise RunNotFoundError from error
    if error.status is RPCStatusCode.RESOURCE_EXHAUSTED:
        raise TooManyUpdatesError from error
    raise error


WorkflowClientDep = Annotated[WorkflowClient, from_app("workflow_client")]
