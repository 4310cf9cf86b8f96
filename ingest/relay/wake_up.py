"""What a relay waits for when it has nothing to do."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

from store.db.signals import INBOX_WRITTEN, RELAYS_CHANGED, Signals


class WakeUpEvent:
    """Set when there may be something to read, or the relay's share of the partitions may have changed."""

    def __init__(self, announce: Callable[[], None] = lambda: None) -> None:
        """`announce` has the signals sent to this relay: it has begun to work."""
        self.announce = announce
        self._event = asyncio.Event()
        self._shares_changed = False

    def wake(self) -> None:
        """Wake the relay."""
        self._event.set()

    def wake_for_shares(self) -> None:
        """Wake the relay, for relays came or left."""
        self._shares_changed = True
        self._event.set()

    def shares_changed(self) -> bool:
        """Whether relays came or left since this was asked last."""
        changed, self._shares_changed = self._shares_changed, False
        return changed

    async def wait(self, at_most: float) -> None:
        """Wait until it is woken, at most so many seconds: the relay polls as well."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(at_most):
                await self._event.wait()
        self._event.clear()


@contextlib.asynccontextmanager
async def wake_up_by(signals: Signals) -> AsyncIterator[WakeUpEvent]:
    """A wake-up event that is set by the signals of the other processes."""
    wake_up = WakeUpEvent()
    handlers = {INBOX_WRITTEN: wake_up.wake, RELAYS_CHANGED: wake_up.wake_for_shares}
    async with signals.listening(handlers) as announce:
        wake_up.announce = announce
        yield wake_up
