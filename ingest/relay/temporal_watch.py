"""Whether Temporal answers, found out once for all who have something to send to it.

Whoever meets an error waits here with the others, and all go on at once when Temporal answers again, instead
of each waiting for the end of a pause of its own.
"""

import asyncio

from temporalio.client import Client

from base.log import get_logger
from base.temporal import temporal_answers

_PROBE_INTERVAL_SECONDS = 0.25

_log = get_logger("ingest")


class TemporalWatch:
    """Probes Temporal from a failed call on until it answers."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._failed_call = asyncio.Event()
        self._up = asyncio.Event()
        self._up.set()
        self._was_down = False

    async def wait_until_up(self) -> None:
        """Return when Temporal answers, as far as is known."""
        await self._up.wait()

    async def recovers(self, error: str) -> bool:
        """A call has failed with `error`. Return when Temporal answers; False if it was never down."""
        if self._up.is_set():
            self._up.clear()
            self._was_down = False
            self._failed_call.set()
            _log.warning("temporal_unavailable", error=error)
        await self._up.wait()
        return self._was_down

    async def run(self) -> None:
        """Probe until cancelled."""
        while True:
            await self._failed_call.wait()
            self._failed_call.clear()
            while not await temporal_answers(self._client):
                self._was_down = True
                await asyncio.sleep(_PROBE_INTERVAL_SECONDS)
            if self._was_down:
                _log.info("temporal_available")
            self._up.set()
