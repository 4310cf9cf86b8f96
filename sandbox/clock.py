"""The sandbox's time: its own clock, which can be set, advanced and sped up, or the clock behind a URL."""

import asyncio
import math
import time
from typing import Any

import httpx

POLL_SECONDS = 0.2


def wall_ms() -> int:
    """The machine's time in milliseconds since the epoch; ledgers carry it beside the sandbox's."""
    return time.time_ns() // 1_000_000


class Clock:
    """Milliseconds since the epoch, as Meta would count them.

    Own clock: runs `speed` times as fast as the machine's, from the instant it was last set; speed 0 stands
    still. With a clock URL the answer of `GET url` (`{"now_ms": …}`) is the time: `refresh` reads it once per
    request and delivery attempt, and the clock cannot be changed here.
    """

    def __init__(self, url: str | None = None, client: httpx.AsyncClient | None = None) -> None:
        self.url = url
        self.speed = 1.0
        self._client = client
        self._anchor_wall = self._anchor = wall_ms()
        self._changed = asyncio.Event()

    def now_ms(self) -> int:
        """The current instant in milliseconds since the epoch."""
        if self.url is not None:
            return self._anchor
        return self._anchor + math.floor((wall_ms() - self._anchor_wall) * self.speed)

    async def refresh(self) -> None:
        """Read the clock URL, if there is one; it never runs backwards. Raises `httpx.HTTPError`."""
        if self.url is None or self._client is None:
            return
        answer = await self._client.get(self.url, timeout=5)
        answer.raise_for_status()
        self._anchor = max(self._anchor, int(answer.json()["now_ms"]))

    def change(
        self, *, set_ms: int | None = None, advance_seconds: float = 0, speed: float | None = None
    ) -> None:
        """Set, advance, speed up the own clock. Raises `ValueError` with a clock URL or a negative speed."""
        if self.url is not None:
            raise ValueError("this sandbox takes its time from --clock-url; move that clock instead")
        if speed is not None and speed < 0:
            raise ValueError("speed cannot be negative")
        now = self.now_ms() if set_ms is None else set_ms
        self._anchor = now + round(advance_seconds * 1000)
        self._anchor_wall = wall_ms()
        self.speed = self.speed if speed is None else speed
        self._changed.set()
        self._changed = asyncio.Event()

    def reset(self) -> None:
        """Back to the machine's time and speed, unless a clock URL rules."""
        if self.url is None:
            self.change(set_ms=wall_ms(), speed=1)

    async def wait_until(self, at_ms: float, wake: asyncio.Event) -> None:
        """Sleep until the sandbox's clock shows `at_ms`, the clock is changed, or `wake` is set."""
        if self.url is not None:
            await self._poll_until(at_ms, wake)
            return
        remaining = at_ms - self.now_ms()
        if remaining <= 0:
            return
        # One millisecond more, so that the rounded clock has surely reached the instant.
        timeout = None if math.isinf(at_ms) or self.speed == 0 else (remaining / self.speed + 1) / 1000
        waiters = [asyncio.ensure_future(event.wait()) for event in (self._changed, wake)]
        try:
            await asyncio.wait(waiters, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for waiter in waiters:
                waiter.cancel()

    async def _poll_until(self, at_ms: float, wake: asyncio.Event) -> None:
        pause = None if math.isinf(at_ms) else POLL_SECONDS
        while not wake.is_set() and self.now_ms() < at_ms:
            try:
                await asyncio.wait_for(wake.wait(), pause)
            except TimeoutError:
                await self.refresh()

    def state(self) -> dict[str, Any]:
        """What survives a restart: the own clock goes on from here, at its speed."""
        return {"anchor": self._anchor, "anchor_wall": self._anchor_wall, "speed": self.speed}

    def restore(self, state: dict[str, Any]) -> None:
        """Take up a state that `state` gave, unless a clock URL rules."""
        if self.url is None:
            self._anchor, self._anchor_wall = state["anchor"], state["anchor_wall"]
            self.speed = state["speed"]
