"""Pauses between tries."""

import asyncio


class Backoff:
    """Pauses that double from the first to the longest (ADR 0023)."""

    def __init__(self, first_seconds: float, max_seconds: float) -> None:
        self._first_seconds = first_seconds
        self._max_seconds = max_seconds
        self.next_seconds = first_seconds

    async def wait(self) -> None:
        """Wait for as long as it is time now; the next wait is longer."""
        seconds = self.next_seconds
        self.next_seconds = min(2 * seconds, self._max_seconds)
        await asyncio.sleep(seconds)

    def reset(self) -> None:
        """Begin with the first pause again."""
        self.next_seconds = self._first_seconds
