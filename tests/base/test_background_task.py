"""Work in the background outlives what goes wrong in it."""

import asyncio

import pytest

from base import background_task as background
from base.background_task import keep_running


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "FIRST_PAUSE_SECONDS", 0.0)
    monkeypatch.setattr(background, "MAX_PAUSE_SECONDS", 0.0)


async def test_what_raises_is_begun_again_until_it_returns() -> None:
    begun = 0

    async def work() -> None:
        nonlocal begun
        begun += 1
        if begun == 1:
            raise ExceptionGroup("of a task group", [ValueError("a bug")])
        if begun == 2:
            raise TimeoutError

    await keep_running("work", work)
    assert begun == 3


async def test_it_ends_when_it_is_cancelled() -> None:
    running = asyncio.create_task(keep_running("work", asyncio.Event().wait))  # type: ignore[arg-type]
    await asyncio.sleep(0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
