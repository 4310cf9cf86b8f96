"""Tells the person at the terminal, or the log of a build, what is going on."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from rich.console import Console
from rich.status import Status
from rich.text import Text

_SECONDS_BETWEEN_PLAIN_LINES = 15


class Progress:
    """Prints lines; for long work it shows elapsed time and current step, in place on a terminal."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console()

    @property
    def is_terminal(self) -> bool:
        """Whether a person reads along."""
        return self._console.is_terminal

    def say(self, line: str) -> None:
        """Print one line, or a few, as they are."""
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)

    @asynccontextmanager
    async def working(self, what: str) -> AsyncIterator[Callable[[str], None]]:
        """Show that `what` is going on until the block ends; call what it gives with each step's name."""
        ticker = _Ticker(what, self)
        task = asyncio.create_task(ticker.run(self._console if self._console.is_terminal else None))
        try:
            yield ticker.set_step
        finally:
            task.cancel()
            await asyncio.wait({task})


class _Ticker:
    def __init__(self, what: str, progress: Progress) -> None:
        self._what = what
        self._step = ""
        self._progress = progress
        self._started = asyncio.get_running_loop().time()

    def set_step(self, step: str) -> None:
        self._step = step

    async def run(self, terminal: Console | None) -> None:
        if terminal is None:
            await self._print_lines()
        else:
            with terminal.status(self._line()) as status:
                await self._refresh(status)

    def _line(self) -> Text:
        elapsed = int(asyncio.get_running_loop().time() - self._started)
        return Text(" ".join(filter(None, (f"{self._what} ({elapsed} s)", self._step))))

    async def _refresh(self, status: Status) -> None:
        while True:
            await asyncio.sleep(1)
            status.update(self._line())

    async def _print_lines(self) -> None:
        self._progress.say(f"{self._what} …")
        while True:
            await asyncio.sleep(_SECONDS_BETWEEN_PLAIN_LINES)
            self._progress.say(self._line().plain)
