"""Whether the engine answers, found out once for everybody who has something to tell it.

Those who find it away wait here together, and go on at once when it is back, in place of each sleeping out a
pause of its own.
"""

import asyncio

from temporalio.client import Client

from base.engine_health import engine_answers
from base.log import get_logger

_LOOK_SECONDS = 0.25

_log = get_logger("ingest")


class TemporalWatch:
    """Looks at the engine while it is doubted."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._doubted = asyncio.Event()
        self._answers = asyncio.Event()
        self._answers.set()
        self._was_away = False

    async def answers(self) -> None:
        """Return when the engine answers, as far as is known."""
        await self._answers.wait()

    async def is_back(self, error: str) -> bool:
        """A call has failed with `error`. Return when the engine answers; False if it was never away."""
        if self._answers.is_set():
            self._answers.clear()
            self._was_away = False
            self._doubted.set()
            _log.warning("engine_away", error=error)
        await self._answers.wait()
        return self._was_away

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await self._doubted.wait()
            self._doubted.clear()
            while not await engine_answers(self._client):
                self._was_away = True
                await asyncio.sleep(_LOOK_SECONDS)
            if self._was_away:
                _log.info("engine_back")
            self._answers.set()
