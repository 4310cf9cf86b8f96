"""Commands on their way to the engine: one per command id, a few per conversation.

The server refuses an eleventh update in flight on one run; we stay below, and let the others wait a little.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable

from api.engine import EngineBusyError
from workflows.messages import CommandResult

LIMIT_PER_CONVERSATION = 8
WAIT_SECONDS = 2.0


class Flights:
    """Shared by all requests of one process."""

    def __init__(self) -> None:
        self._by_command: dict[str, asyncio.Task[CommandResult]] = {}
        self._slots: dict[str, asyncio.Semaphore] = {}
        self._users: Counter[str] = Counter()

    async def run(
        self, conversation_id: str, command_id: str, call: Callable[[], Awaitable[CommandResult]]
    ) -> CommandResult:
        """Give a command once, however many requests bring it at the same time."""
        task = self._by_command.get(command_id)
        if task is None:
            task = asyncio.create_task(self._give(conversation_id, call))
            self._by_command[command_id] = task
            task.add_done_callback(lambda done: self._landed(command_id, done))
        return await asyncio.shield(task)

    def _landed(self, command_id: str, task: asyncio.Task[CommandResult]) -> None:
        del self._by_command[command_id]
        if not task.cancelled():
            task.exception()  # Seen, also when every caller has gone.

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
