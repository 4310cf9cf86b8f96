"""Waking those who wait for something to change: test drivers and the web page's event stream."""

import asyncio


class Changes:
    """A counter of changes that can be awaited. Notifying nobody costs next to nothing."""

    def __init__(self) -> None:
        self.version = 0
        self._event: asyncio.Event | None = None

    def notify(self) -> None:
        """Something changed."""
        self.version += 1
        if self._event is not None:
            self._event.set()
            self._event = None

    async def wait(self, timeout: float) -> bool:  # noqa: ASYNC109 - the caller's own patience
        """Wait for the next change; False after `timeout` seconds of quiet."""
        if self._event is None:
            self._event = asyncio.Event()
        try:
            await asyncio.wait_for(self._event.wait(), timeout)
        except TimeoutError:
            return False
        return True
