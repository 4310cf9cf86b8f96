"""Those who find Temporal away wait together, and all go on when it is back."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from unittest import mock

import pytest
from temporalio.service import RPCError, RPCStatusCode

from ingest.relay import temporal_watch
from ingest.relay.temporal_watch import TemporalWatch

AWAY = RPCError("no", RPCStatusCode.UNAVAILABLE, b"")


@contextlib.asynccontextmanager
async def watching(*looks: object) -> AsyncIterator[tuple[TemporalWatch, mock.AsyncMock]]:
    """A watch whose looks at Temporal end like this."""
    client = mock.Mock()
    client.service_client.check_health = mock.AsyncMock(side_effect=looks)
    watch = TemporalWatch(client)
    running = asyncio.create_task(watch.run())
    yield watch, client.service_client.check_health
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(temporal_watch, "_PROBE_INTERVAL_SECONDS", 0.01)


async def test_sixteen_wait_for_one_that_looks() -> None:
    async with watching(AWAY, AWAY, TimeoutError(), False, True) as (watch, looks):
        assert await asyncio.gather(*(watch.recovers("UNAVAILABLE") for _ in range(16))) == [True] * 16
        assert looks.await_count == 5
        await watch.wait_until_up()


async def test_a_call_that_failed_for_another_reason_is_told_so() -> None:
    async with watching(True) as (watch, _):
        assert await watch.recovers("RESOURCE_EXHAUSTED") is False


async def test_an_engine_that_tells_nothing_of_its_health_answers() -> None:
    async with watching(RPCError("no such service", RPCStatusCode.UNIMPLEMENTED, b"")) as (watch, _):
        assert await watch.recovers("UNAVAILABLE") is False


async def test_every_absence_is_watched_anew() -> None:
    async with watching(AWAY, True, True) as (watch, _):
        assert await watch.recovers("UNAVAILABLE") is True
        assert await watch.recovers("UNAVAILABLE") is False
