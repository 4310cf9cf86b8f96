"""The engine's time inside activities, held until a test moves it on."""

import asyncio
from collections.abc import Callable
from datetime import datetime

import pytest

from activities.sending import read_back, send_message


class HeldTime:
    """A clock that stands still; who sleeps wakes when it is moved to their instant."""

    def __init__(self, at: datetime) -> None:
        self.at = at
        self._asleep: list[tuple[datetime, asyncio.Event]] = []

    @classmethod
    def lent(cls, at: datetime, monkeypatch: pytest.MonkeyPatch) -> "HeldTime":
        """The time by which sends and looks at Meta go, for the length of a test."""
        held = cls(at)
        for module in (send_message, read_back):
            monkeypatch.setattr(module, "activity_clock", lambda: held.now)
            monkeypatch.setattr(module, "sleep_until", held.sleep_until)
        return held

    def now(self) -> datetime:
        return self.at

    async def sleep_until(self, at: datetime, now: Callable[[], datetime]) -> None:
        if at > now():
            woken = asyncio.Event()
            self._asleep.append((at, woken))
            await woken.wait()

    @property
    def awaited(self) -> list[datetime]:
        """The instants for which somebody sleeps, in order."""
        return sorted(at for at, _ in self._asleep)

    def move_to(self, at: datetime) -> None:
        """Wake who sleeps until this instant or an earlier one."""
        self.at = at
        for until, woken in self._asleep:
            if until <= at:
                woken.set()
        self._asleep = [each for each in self._asleep if each[0] > at]
