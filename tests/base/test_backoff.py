"""Pauses between tries."""

import asyncio

import pytest

from base.backoff import Backoff


async def test_pauses_double_up_to_the_longest_and_begin_anew_when_reset(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    pauses = Backoff(0.25, 2.0)
    for _ in range(5):
        await pauses.wait()
    assert pauses.next_seconds == 2.0
    pauses.reset()
    await pauses.wait()
    assert waited == [0.25, 0.5, 1.0, 2.0, 2.0, 0.25]
