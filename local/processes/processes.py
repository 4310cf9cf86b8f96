"""A child process: its command, its log file, when it is ready, how it is stopped."""

import asyncio
import contextlib
import os
import signal
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from local.processes.die_with_parent import leashed
from local.processes.errors import ChildFailedError
from local.processes.ports import Port, is_free
from local.processes.priority import lower_priority

_READY_POLL_SECONDS = 0.1
_KILL_SECONDS = 5
_SHOWN_LINES = 15
_MAX_LOG_BYTES = 20_000_000
_MORE_STARTS = 2
_PORT_TAKEN = "address already in use"


@dataclass(frozen=True)
class ChildSpec:
    """What to run and how to tell that it works."""

    name: str
    argv: Sequence[str]
    ready: Callable[[], Awaitable[bool]]
    remedy: str
    """What the operator can do if it does not start."""
    env: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    """The whole environment."""
    ports: Sequence[Port] = ()
    ready_timeout: float = 60.0
    """Seconds until it must be ready."""
    stop_timeout: float = 10.0
    """Seconds from SIGTERM to SIGKILL."""
    replaceable: bool = True
    """If not, its end is the end of everything: what it holds cannot come back."""
    niceness: int = 0
    """How far it steps back for the others, once it is ready, when processor time is short; 0 to 19."""


class Child:
    """One run after another of the same command. It never outlives this process.

    By `local/processes/die_with_parent.py`.
    """

    def __init__(self, spec: ChildSpec, log_directory: Path) -> None:
        self.spec = spec
        self.log = log_directory / f"{spec.name}.log"
        self._process: asyncio.subprocess.Process | None = None
        self._log_start = 0

    @property
    def started(self) -> bool:
        """Whether it has been started at least once."""
        return self._process is not None

    @property
    def exit_status(self) -> int | None:
        """None while it runs; negative for a signal."""
        return self._process.returncode if self._process else None

    async def start(self) -> None:
        """Start it in a session of its own, so that Ctrl-C in the terminal reaches the supervisor alone."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        if self.log.exists() and self.log.stat().st_size > _MAX_LOG_BYTES:
            self.log.replace(self.log.with_suffix(".log.1"))
        with self.log.open("ab") as log:
            self._log_start = log.tell()
            self._process = await asyncio.create_subprocess_exec(
                *leashed(list(self.spec.argv)),
                env=dict(self.spec.env),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=asyncio.subprocess.STDOUT,
                start_new_session=True,
            )

    async def until_ready(self) -> None:
        """Return when it is ready; raise ChildFailedError when it ends before or takes too long.

        Temporal's dev server draws some of its ports itself, and may lose one to another program before it
        listens there. Nobody can mend that but by starting it again, so it is.
        """
        try:
            async with asyncio.timeout(self.spec.ready_timeout):
                await self._until_ready_or_ended()
                for _ in range(_MORE_STARTS):
                    if not self._lost_a_port():
                        break
                    await self.start()
                    await self._until_ready_or_ended()
        except TimeoutError as error:
            raise self.failure(f"is not ready after {self.spec.ready_timeout:g} s") from error
        if self._process is None or self.exit_status is not None:
            raise self.failure(f"stopped before it was ready ({describe(self.exit_status)})")
        if self.spec.niceness:
            await lower_priority(self._process.pid, self.spec.niceness)

    async def _until_ready_or_ended(self) -> None:
        while self.exit_status is None:
            if await self.spec.ready():
                return
            await asyncio.sleep(_READY_POLL_SECONDS)

    def _lost_a_port(self) -> bool:
        """Whether it ended for a port that is none of those which it was told."""
        return (
            self.exit_status is not None
            and any(_PORT_TAKEN in line.casefold() for line in self._last_lines())
            and all(map(is_free, self.spec.ports))
        )

    async def wait(self) -> int:
        """The exit status of the current run, when it and what it may have started have ended."""
        assert self._process is not None  # noqa: S101 - started before
        status = await self._process.wait()
        self.kill()
        return status

    async def stop(self, now: asyncio.Event) -> bool:
        """End it: SIGTERM, and SIGKILL when its time is up or `now` is set. Whether it ended by itself."""
        if self._process is None or self.exit_status is not None:
            return True
        self._signal(signal.SIGTERM)
        ended, hurried = asyncio.create_task(self.wait()), asyncio.create_task(now.wait())
        await asyncio.wait(
            {ended, hurried}, timeout=self.spec.stop_timeout, return_when=asyncio.FIRST_COMPLETED
        )
        hurried.cancel()
        if ended.done():
            return True
        self.kill()
        await asyncio.wait_for(ended, _KILL_SECONDS)
        return False

    def kill(self) -> None:
        """End it at once, without asking, and what it has started."""
        self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None  # noqa: S101 - started before
        with contextlib.suppress(ProcessLookupError, PermissionError):  # gone; macOS says so of a zombie
            os.killpg(self._process.pid, number)

    def failure(self, what: str) -> ChildFailedError:
        """The error that tells what happened, the last lines of the log, and the remedy."""
        lines = "".join(f"    {line}\n" for line in self._last_lines()) or "    (none)\n"
        return ChildFailedError(
            f"{self.spec.name} {what}.\nIts last lines ({self.log}):\n{lines}What helps: {self.spec.remedy}"
        )

    def _last_lines(self) -> list[str]:
        with self.log.open(errors="replace") as log:
            log.seek(self._log_start)
            return [line.rstrip() for line in deque(log, maxlen=_SHOWN_LINES)]


@asynccontextmanager
async def running(spec: ChildSpec, log_directory: Path) -> AsyncIterator[Child]:
    """One child alone, ready, for the length of the block; raises ChildFailedError."""
    child = Child(spec, log_directory)
    await child.start()
    try:
        await child.until_ready()
        yield child
    finally:
        await child.stop(asyncio.Event())


def describe(status: int | None) -> str:
    """An exit status in words: `exit status 1`, `killed by SIGKILL`."""
    if status is None or status >= 0:
        return f"exit status {status}"
    return f"killed by {signal.Signals(-status).name}"
