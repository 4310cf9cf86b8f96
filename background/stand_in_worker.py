"""A second Temporal worker, started when Temporal is back, until the pollers of the first poll again.

While Temporal is down the SDK's pollers ask again after pauses that double from 0.2 s to 10 s, each a fifth
longer or shorter at random; they can be neither set nor woken (`task_poll_retry_policy` in
https://github.com/temporalio/sdk-core/blob/master/crates/client/src/retry.rs). After some
seconds of downtime tasks would wait for up to 12 s more. A new worker polls at once (ADR 0020).
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from temporalio.client import Client
from temporalio.service import ServiceClient
from temporalio.worker import Worker

from base.log import get_logger

_LOOK_SECONDS = 0.5
_MIN_DOWNTIME_SECONDS = 2.0
"""The pause that follows a shorter one ends within three seconds."""
_STANDS_IN_SECONDS = 15.0

_log = get_logger("base")


@dataclass(frozen=True, slots=True)
class StandIns:
    """Probes Temporal, and has another worker run for a while after each downtime.

    `answers` tells whether Temporal answers; `make` makes a worker that has yet to be started.
    """

    answers: Callable[[], Awaitable[bool]]
    make: Callable[[], Awaitable[Worker]]
    min_downtime_seconds: float = _MIN_DOWNTIME_SECONDS
    look_seconds: float = _LOOK_SECONDS

    async def run(self) -> None:
        """Work until cancelled."""
        clock = asyncio.get_running_loop().time
        down_since: float | None = None
        async with asyncio.TaskGroup() as group:
            while True:
                if not await self.answers():
                    down_since = clock() if down_since is None else down_since
                elif down_since is not None:
                    if clock() - down_since >= self.min_downtime_seconds:
                        group.create_task(self._stand_in())
                    down_since = None
                await asyncio.sleep(self.look_seconds)

    async def _stand_in(self) -> None:
        try:
            async with await self.make():
                _log.info("stand_in_begun", seconds=_STANDS_IN_SECONDS)
                await asyncio.sleep(_STANDS_IN_SECONDS)
        except Exception as error:  # noqa: BLE001 - Temporal may be down again; its next return starts another
            _log.warning("stand_in_failed", error=type(error).__name__)


async def connect_again(client: Client) -> Client:
    """Another connection like this one: a client takes one worker of a task queue only.

    See the worker registry of https://github.com/temporalio/sdk-rust/pull/1058.
    """
    config = client.config()
    config["service_client"] = await ServiceClient.connect(client.service_client.config)
    return Client(**config)
