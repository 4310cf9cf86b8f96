"""Commands on their way to the engine: one per command id, a few per conversation.

The server refuses an eleventh update in flight on one run; we stay below, and let the others wait a little. A
command without an answer may have been carried out, or be lost with the task that took it: only asking again,
under its id, can tell.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from api.runtime.workflow_client import EngineBusyError, EngineUnavailableError
from workflows.messages import CommandResult

LIMIT_PER_CONVERSATION = 8
WAIT_SECONDS = 2.0
INSIST_SECONDS = 60.0
"""For so long a command is asked again whose fate is not known."""

_FIRST_PAUSE_SECONDS = 0.25
_MAX_PAUSE_SECONDS = 2.0


class InFlightCommands:
    """Shared by all requests of one process."""

    def __init__(self) -> None:
        self._by_command: dict[str, asyncio.Task[CommandResult]] = {}
        self._slots: dict[str, asyncio.Semaphore] = {}
        self._users: Counter[str] = Counter()

    async def run(
        self, conversation_id: str, command_id: str, call: Callable[[], Awaitable[CommandResult]]
    ) -> CommandResult:
        """Give a command once, however many requests bring it at the same time."""
        return await self._fly(command_id, lambda: self._give(conversation_id, call))

    async def insist(
        self, conversation_id: str, command_id: str, call: Callable[[], Awaitable[CommandResult]]
    ) -> CommandResult:
        """As `run`; but a command whose fate is not known is given again, whether or not its callers wait."""
        return await self._fly(command_id, lambda: self._give_until_known(conversation_id, call))

    async def _fly(
        self, command_id: str, give: Callable[[], Coroutine[Any, Any, CommandResult]]
    ) -> CommandResult:
        task = self._by_command.get(command_id)
        if task is None:
            task = asyncio.create_task(give())
            self._by_command[command_id] = task
            task.add_done_callback(lambda done: self._landed(command_id, done))
        return await asyncio.shield(task)

    def _landed(self, command_id: str, task: asyncio.Task[CommandResult]) -> None:
        del self._by_command[command_id]
        if not task.cancelled():
            task.exception()  # Seen, also when every caller has gone.

    async def _give_until_known(
        self, conversation_id: str, call: Callable[[], Awaitable[CommandResult]]
    ) -> CommandResult:
        ends_at = asyncio.get_running_loop().time() + INSIST_SECONDS
        pause = _FIRST_PAUSE_SECONDS
        unknown: EngineUnavailableError | None = None
        while True:
            try:
                return await self._give(conversation_id, call)
            except EngineUnavailableError as error:
                unknown = error
            except EngineBusyError:
                if unknown is None:
                    raise  # it was not taken
            if asyncio.get_running_loop().time() + pause >= ends_at:
                raise unknown
            await asyncio.sleep(pause)
            pause = min(pause * 2, _MAX_PAUSE_SECONDS)

    async def _give(
        self, conversation_id: str, call: Callable[[], Awaitable[CommandResult]]
    ) -> CommandResult:
        slots = self._slots.setdefault(conversation_id, asyncio.Semaphore(LIMIT_PER_CONVERSATION))
        self._users[conversation_id] += 1
        try:
            try:
                async with asyncio.timeout(WAIT_SECONDS):
                    await slots.acquire()
            except TimeoutError as error:
                raise EngineBusyError from error
            try:
                return await call()
            finally:
                slots.release()
        finally:
            self._users[conversation_id] -= 1
            if not self._users[conversation_id]:
                del self._users[conversation_id], self._slots[conversation_id]
