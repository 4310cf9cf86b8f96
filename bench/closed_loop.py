"""A closed loop: a fixed number of items in flight, the next begins when one is done."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import TypeVar

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
    async with asyncio.TaskGroup() as group:
        for lane in lanes:
            group.create_task(run(lane))
    return done / (time.perf_counter() - began)
