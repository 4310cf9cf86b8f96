"""Moves the time of a time-skipping server, and keeps it from running on past work that is still under way.

While time may skip, the server jumps to its next timer as soon as it has nothing to do itself: it waits for
workflow tasks and activities, but not for what happens outside of it, such as webhooks that a send causes. So
the outside reads the time here, and time does not skip from a reading until the outside is at rest. All that
an activity causes outside is done before the next timer fires, and bears the right date.

The server must have been started without `--enable-time-skipping`: its time skips during a journey only.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from google.protobuf.duration_pb2 import Duration
from google.protobuf.empty_pb2 import Empty
from temporalio.api.testservice.v1 import LockTimeSkippingRequest, SleepRequest, UnlockTimeSkippingRequest
from temporalio.service import ConnectConfig, ServiceClient

_PAUSE_SECONDS = 0.005
_MAX_HOLD_SECONDS = 30.0
_MIN_PROBE = timedelta(milliseconds=20)
_MAX_PROBE = timedelta(seconds=1)
# A call without a time-out of its own gets one of 30 seconds from the client.
_FOR_EVER = timedelta(days=365)

_log = logging.getLogger("local.time_travel.time_machine")


@dataclass(frozen=True, slots=True)
class ExternalActivity:
    """How the outside stands: what it is at now, and when it will go on by itself."""

    busy: tuple[str, ...] = ()
    """In words; empty at rest."""
    due: datetime | None = None
    """When it has planned to do more; an instant that has passed means that it is about to."""
    pauses_at: datetime | None = None
    """When Temporal is next to do what the outside has to answer: a journey is at rest there, too."""


LookOutside = Callable[[], Awaitable[ExternalActivity]]


class NotIdleError(Exception):
    """A journey does not get on: something waits for what does not come."""


class InThePastError(ValueError):
    """Time goes forwards only."""


class TimeMachine:
    """The time of one server. Everything that moves its time in this installation does it here."""

    def __init__(self, service: ServiceClient, look_outside: LookOutside) -> None:
        self._service = service.test_service
        self._look = look_outside
        self._gate = asyncio.Lock()
        self._journey = asyncio.Lock()
        self._readings = 0
        self._held = False
        self._planned: set[datetime] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    @classmethod
    async def of(cls, target: str, look_outside: LookOutside) -> "TimeMachine":
        """The machine for the server at host:port, which may start later."""
        return cls(await ServiceClient.connect(ConnectConfig(target_host=target, lazy=True)), look_outside)

    async def now(self) -> datetime:
        """The server's time, without any effect."""
        answer = await self._service.get_current_time(Empty(), retry=True)
        return answer.time.ToDatetime(UTC)

    async def read_outside(self) -> datetime:
        """The time, for somebody outside who is at work: it does not skip until the outside is at rest."""
        async with self._gate:
            self._readings += 1
            if not self._held:
                await self._lock()
                self._held = True
                self._start(self._hold())
        return await self.now()

    async def travel_to(self, instant: datetime, *, within: float = 600.0) -> None:
        """Skip to an instant and come to rest there; every timer on the way fires at its time.

        Raises InThePastError, and TimeStandsStillError after `within` seconds.
        """
        await self._within(within, self._travel_to(instant))

    async def settle(self, *, within: float = 60.0) -> None:
        """Return when engine and outside are at rest. Takes some milliseconds of the server's time.

        Raises TimeStandsStillError after `within` seconds.
        """
        await self._within(within, self._travel_to(None))

    async def close(self) -> None:
        """Stop watching. The server's time is of no use after this, unless all was at rest."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _travel_to(self, instant: datetime | None) -> None:
        async with self._journey:
            await self._settle()
            if instant is None:
                return
            if instant < await self.now():
                raise InThePastError(f"It is later than {instant:%Y-%m-%d %H:%M:%S} already.")
            lateness = _MIN_PROBE
            while (now := await self.now()) < instant:
                pause = (await self._see()).pauses_at
                if pause is not None and pause <= now:
                    # Its timer is late: it began as its workflow task ended, which the machine's load delays.
                    pause, lateness = now + lateness, 2 * lateness
                else:
                    lateness = _MIN_PROBE
                stop = instant if pause is None else min(pause, instant)
                await self._skip(stop - now)
                await self._settle()

    async def _within(self, seconds: float, journey: Coroutine[Any, Any, None]) -> None:
        """A journey that takes too long is left to itself: it gives its lock back when it arrives."""
        task = self._start(journey)
        await asyncio.wait({task}, timeout=seconds)
        if task.done():
            task.result()
            return
        why = ", ".join((await self._see()).busy) or "Temporal waits for a worker"
        raise NotIdleError(f"Still not at rest after {seconds:g} s: {why}.")

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _settle(self) -> None:
        probe = _MIN_PROBE
        while True:
            readings = await self._outside_at_rest()
            if not await self._engine_at_rest(probe):
                probe = min(2 * probe, _MAX_PROBE)
            elif await self._outside_at_rest() == readings:
                return

    async def _engine_at_rest(self, probe: timedelta) -> bool:
        """Whether the server, asked for a short skip, skips: it does not while it has work in hand."""
        started = time.monotonic()
        await self._skip(probe)
        return time.monotonic() - started < probe.total_seconds()

    async def _outside_at_rest(self) -> int:
        """Return when it is, with the number of readings until then: it proves later that nothing came."""
        while True:
            readings, outside = self._readings, await self._see()
            if not await self._busy(outside) and readings == self._readings:
                return readings
            await asyncio.sleep(_PAUSE_SECONDS)

    async def _see(self) -> ExternalActivity:
        """Look outside; one that cannot be seen is not at rest."""
        try:
            return await self._look()
        except Exception as error:  # noqa: BLE001 - whatever hides it, it is not known to be at rest
            _log.exception("The outside cannot be seen.")
            return ExternalActivity((f"the outside cannot be seen ({type(error).__name__})",))

    async def _busy(self, outside: ExternalActivity) -> bool:
        return bool(outside.busy) or (outside.due is not None and outside.due <= await self.now())

    async def _hold(self) -> None:
        """Hold the time until the outside is at rest, and again at the instant for which it has planned."""
        while True:
            due = await self._release_at_rest()
            if due is None:
                return
            await self._skip(due - await self.now())
            async with self._gate:
                self._planned.discard(due)
                if self._held:
                    await self._unlock()
                    return
                self._held = True

    async def _release_at_rest(self) -> datetime | None:
        """Let time skip, or give an instant up to which alone it may: then the caller must let it skip."""
        until = time.monotonic() + _MAX_HOLD_SECONDS
        while True:
            readings, outside = self._readings, await self._see()
            busy, late = await self._busy(outside), time.monotonic() > until
            async with self._gate:
                if (readings == self._readings and not busy) or late:
                    self._held = False
                    if late:
                        _log.warning("Time goes on, though this is not done: %s", ", ".join(outside.busy))
                    elif outside.due is not None and outside.due not in self._planned:
                        self._planned.add(outside.due)
                        return outside.due
                    await self._unlock()
                    return None
            await asyncio.sleep(_PAUSE_SECONDS)

    async def _lock(self) -> None:
        await self._service.lock_time_skipping(LockTimeSkippingRequest())

    async def _unlock(self) -> None:
        await self._service.unlock_time_skipping(UnlockTimeSkippingRequest())

    async def _skip(self, length: timedelta) -> None:
        """Give one lock up for so long; the server takes it again at the very instant at which it ends."""
        duration = Duration()
        duration.FromTimedelta(max(length, timedelta(0)))
        await self._service.unlock_time_skipping_with_sleep(
            SleepRequest(duration=duration), timeout=_FOR_EVER
        )
