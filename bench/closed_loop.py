"""A closed loop: a fixed number of items in flight, the next begins when one is done."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator, Sequence
from typing import Any, TypeVar

T = TypeVar("T")


async def closed_loop(lanes: Sequence[Iterator[T]], work: Callable[[T], Awaitable[object]]) -> float:
    """Work every lane's items off one after another, the lanes side by side; items per second.

    Lanes that share one iterator take turns at it.
    """
    done = 0

    async def run(lane: Iterator[T]) -> None:
        nonlocal done
        for item in lane:
            await work(item)
            done += 1

    began = time.perf_counter()
    await together(run(lane) for lane in lanes)
    return done / (time.perf_counter() - began)


async def together(works: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Wait for all; the first that fails ends the others and is raised as it is."""
    try:
        async with asyncio.TaskGroup() as group:
            for work in works:
                group.create_task(work)
    except BaseExceptionGroup as failed:
        raise failed.exceptions[0] from None
