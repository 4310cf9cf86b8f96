"""The time of a time-skipping Temporal server, for `base.clock`.

In time-travel mode every process asks Temporal for the time, each time: nothing kept here could be right
after a journey.
"""

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from typing import Any, Self, TypeVar

from google.protobuf.empty_pb2 import Empty
from temporalio.service import ConnectConfig, GrpcCompression, ServiceClient

from base import clock
from base.settings import Settings

_TIMEOUT = timedelta(seconds=10)

T = TypeVar("T")


def process_time(settings: Settings) -> AbstractContextManager[None]:
    """For the length of the block: Temporal's time in time-travel mode, else the process clock's."""
    return skipping_clock(settings.temporal_target) if settings.time_travel else nullcontext()


@contextmanager
def skipping_clock(target: str) -> Iterator[None]:
    """Take this process's time from the skipping server at host:port, for the length of the block."""
    with _Asking(target) as asking, clock.taken_from(asking.now):
        yield


class _Asking:
    """Asks on an event loop of its own: `now` is called in threads and from inside other loops."""

    def __init__(self, target: str) -> None:
        self._target = target
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="skipping-clock", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._service = self._wait_for(_connected(self._target)).test_service
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def now(self) -> datetime:
        """The server's time. Blocks for about two milliseconds; raises RPCError when the server is gone."""
        answer = self._wait_for(self._service.get_current_time(Empty(), retry=True, timeout=_TIMEOUT))
        return answer.time.ToDatetime(UTC)

    def _wait_for(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()


async def _connected(target: str) -> ServiceClient:
    """It connects with its first question: the process may start before the server does."""
    return await ServiceClient.connect(
        ConnectConfig(target_host=target, lazy=True, grpc_compression=GrpcCompression.NONE)
    )
