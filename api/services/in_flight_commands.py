"""Commands in flight to Temporal: one call per command id, a few per conversation.

The server refuses an eleventh update in flight on one run; we stay below, and let the others wait a little. A
command without an answer may have been carried out, or be lost with the task that took it: only asking again,
under its id, can tell.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from api.services.workflow_client import TemporalUnavailableError, TooManyUpdatesError
from base.backoff import Backoff
from workflows.messages import CommandResult

MAX_PER_CONVERSATION = 8
MAX_WAIT_SECONDS = 2.0
MAX_RETRY_SECONDS = 60.0
"""For so long a command is sent again whose outcome is not known."""

_FIRST_PAUSE_SECONDS = 0.25
_MAX_PAUSE_SECONDS = 2.0


class InFlightCommands:
    """Shared by all requests of one process."""

    def __init__(self) -> None:
        self._tasks: dict[str, asyncio.Task[CommandResult]] = {}
        self._slots: dict[str, asyncio.Semaphore] = {}
        self._users: Counter[str] = Counter()

    async def run(
        self, conversation_id: str, command_id: str, call: Callable[[], Awaitable[CommandResult]]
    ) -> CommandResult:
        """Send a command once, however many requests bring it at the same time."""
        return await self._share(command_id, lambda: self._call_in_slot(conversation_id, call))

    async def run_until_known(
        self, conversation_id: str, command_id: str, call: Callable[[], Awaitable[CommandResult]]
    ) -> CommandResult:
        """As `run`; but a command whose outcome is not known is sent again, whether or not callers wait."""
        return await self._share(command_id, lambda: self._call_until_known(conversation_id, call))

    async def _share(
        self, command_id: str, send: Callable[[], Coroutine[Any, Any, CommandResult]]
    ) -> CommandResult:
        """Wait for the command's task, which is started if there is none."""
        task = self._tasks.get(command_id)
        if task is None:
            task = asyncio.create_task(send())
            self._tasks[command_id] = task
            task.add_done_callback(lambda done: self._forget(command_id, done))
        return await asyncio.shield(task)

    def _forget(self, command_id: str, task: asyncio.Task[CommandResult]) -> None:
        del self._tasks[command_id]
        if not task.cancelled():
            task.exception()  # Retrieved, also when every caller has gone.

    async def _call_until_known(
        self, conversation_id: str, call: Callable[[], Awaitable[CommandResult]]
    ) -> CommandResult:
        ends_at = asyncio.get_running_loop().time() + MAX_RETRY_SECONDS
        pauses = Backoff(_FIRST_PAUSE_SECONDS, _MAX_PAUSE_SECONDS)
        unknown: TemporalUnavailableError | None = None
        while True:
            try:
                return await self._call_in_slot(conversation_id, call)
            except TemporalUnavailableError as error:
                unknown = error
            except TooManyUpdatesError:
                if unknown is None:
                    raise  # it was not taken
            if asyncio.get_running_loop().time() + pauses.next_seconds >= ends_at:
                raise unknown
            await pauses.wait()

    async def _call_in_slot(
        self, conversation_id: str, call: Callable[[], Awaitable[CommandResult]]
    ) -> CommandResult:
        slots = self._slots.setdefault(conversation_id, asyncio.Semaphore(MAX_PER_CONVERSATION))
        self._users[conversation_id] += 1
        try:
            try:
                async with asyncio.timeout(MAX_WAIT_SECONDS):
                    await slots.acquire()
            except TimeoutError as error:
                raise TooManyUpdatesError from error
            try:
                return await call()
            finally:
                slots.release()
        finally:
            self._users[conversation_id] -= 1
            if not self._users[conversation_id]:
                del self._users[conversation_id], self._slots[conversation_id]
