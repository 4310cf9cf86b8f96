"""Starts the children in order, keeps them running, and stops them all.

A child that does not start stops everything. One that dies later is started again, with growing pauses; if it
keeps dying, or cannot be replaced, everything stops, with a message that names it, its last lines and the
remedy.
"""

import asyncio
import signal
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from local.processes.errors import LaunchError
from local.processes.ports import require_free
from local.processes.processes import Child, ChildSpec, describe
from local.processes.progress import Progress

_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True)
class RestartPolicy:
    """How often a child may be started again, and how long to pause before each time (seconds)."""

    within: float = 60.0
    pauses: Sequence[float] = (0.1, 0.5, 1.0, 2.0, 4.0)


_DEFAULT_POLICY = RestartPolicy()


async def supervise(
    specs: Sequence[ChildSpec],
    on_ready: Callable[[], Awaitable[None]],
    *,
    log_directory: Path,
    progress: Progress,
    policy: RestartPolicy = _DEFAULT_POLICY,
) -> int:
    """Run the children until SIGINT, SIGTERM, SIGHUP or a failure; exit status 0 if asked to stop, else 1.

    Each child is started when the ones before it are ready; `on_ready` is awaited when all are, and they are
    stopped in reverse order. A second signal kills what has not stopped yet. Call it from the main thread,
    and hold the data directory's lock around it.
    """
    children = [Child(spec, log_directory) for spec in specs]
    with _signals() as (stop, now):
        work = asyncio.create_task(_run(children, on_ready, progress, policy))
        stopped = asyncio.create_task(stop.wait())
        await asyncio.wait({work, stopped}, return_when=asyncio.FIRST_COMPLETED)
        asked = not work.done()
        for task in (work, stopped):
            task.cancel()
        await asyncio.wait({work, stopped})
        await _stop_all(children, now, progress)
    if asked or work.cancelled():
        return 0
    return _failed(work, progress)


def _failed(work: asyncio.Task[None], progress: Progress) -> int:
    error = work.exception()
    if not isinstance(error, LaunchError):
        raise error or RuntimeError("the supervisor ended by itself")
    progress.say(f"\n{error}")
    return 1


@contextmanager
def _signals() -> Iterator[tuple[asyncio.Event, asyncio.Event]]:
    """Two events: a first signal came, a second signal came."""
    stop, now = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def heed() -> None:
        (now if stop.is_set() else stop).set()

    for number in _STOP_SIGNALS:
        loop.add_signal_handler(number, heed)
    try:
        yield stop, now
    finally:
        for number in _STOP_SIGNALS:
            loop.remove_signal_handler(number)


async def _run(
    children: Sequence[Child],
    on_ready: Callable[[], Awaitable[None]],
    progress: Progress,
    policy: RestartPolicy,
) -> None:
    await require_free([port for child in children for port in child.spec.ports], progress)
    for index, child in enumerate(children):
        async with progress.working(f"Starting {child.spec.name}"):
            await child.start()
            await _ready_or_blame(child, children[:index])
    await on_ready()
    keepers = [asyncio.create_task(_keep_running(child, progress, policy)) for child in children]
    try:
        await asyncio.gather(*keepers)
    finally:
        for keeper in keepers:
            keeper.cancel()
        await asyncio.wait(keepers)


async def _ready_or_blame(child: Child, earlier: Sequence[Child]) -> None:
    """A child that cannot start because one before it has died is not the one to blame."""
    try:
        await child.until_ready()
    except LaunchError as error:
        for other in earlier:
            if other.exit_status is not None:
                raise other.failure(f"stopped while {child.spec.name} was starting") from error
        raise


async def _keep_running(child: Child, progress: Progress, policy: RestartPolicy) -> None:
    clock = asyncio.get_running_loop().time
    deaths: deque[float] = deque()
    while True:
        status = describe(await child.wait())
        if not child.spec.replaceable:
            raise child.failure(f"stopped ({status})")
        deaths.append(clock())
        while deaths[0] < clock() - policy.within:
            deaths.popleft()
        if len(deaths) > len(policy.pauses):
            raise child.failure(f"stopped {len(deaths)} times within {policy.within:g} s (last: {status})")
        pause = policy.pauses[len(deaths) - 1]
        progress.say(f"{child.spec.name} stopped ({status}); starting it again in {pause:g} s")
        await asyncio.sleep(pause)
        await require_free(child.spec.ports, progress)
        await child.start()
        await _ready_again(child, progress)


async def _ready_again(child: Child, progress: Progress) -> None:
    """A new run that ends before it is ready counts as one more death; one that hangs is a failure."""
    try:
        await child.until_ready()
    except LaunchError:
        if child.exit_status is None:
            raise
    else:
        progress.say(f"{child.spec.name} runs again")


async def _stop_all(children: Sequence[Child], now: asyncio.Event, progress: Progress) -> None:
    if any(child.started for child in children):
        progress.say("Stopping …")
    for child in reversed(children):
        if not await child.stop(now):
            progress.say(f"{child.spec.name} did not stop in time and was killed")
