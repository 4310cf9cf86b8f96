"""Group commit: what waits while a commit is being flushed shares the next one."""

import queue
import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

Item = TypeVar("Item")


class GroupCommitter(Generic[Item]):
    """One thread, to which any other gives what is to be committed."""

    def __init__(
        self,
        name: str,
        commit: Callable[[list[Item]], None],
        *,
        max_size: int,
        size_of: Callable[[Item], int] = lambda _: 1,
    ) -> None:
        """`commit` gets each group in the thread of this name, tells whoever waits, and does not raise.

        A group takes no more once it has reached `max_size`; `size_of` measures an item.
        """
        self._commit = commit
        self._max_size = max_size
        self._size_of = size_of
        self._waiting: queue.SimpleQueue[Sequence[Item] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def submit(self, items: Sequence[Item]) -> None:
        """Commit these, all in one group, after those that came before."""
        self._waiting.put(items)

    def close(self) -> None:
        """Commit what waits, then stop."""
        self._waiting.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (first := self._waiting.get()) is not None:
            group = list(first)
            stopping = self._gather(group)
            self._commit(group)
            if stopping:
                return

    def _gather(self, group: list[Item]) -> bool:
        """Add what waits already to the group; True if it is to stop after it."""
        size = sum(map(self._size_of, group))
        while size < self._max_size:
            try:
                following = self._waiting.get_nowait()
            except queue.Empty:
                return False
            if following is None:
                return True
            group.extend(following)
            size += sum(map(self._size_of, following))
        return False
