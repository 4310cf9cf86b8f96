"""Measuring by turns, so that a noisy minute falls on both sides."""

from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar

T = TypeVar("T")


async def interleaved(rounds: int, sides: Mapping[str, Callable[[], Awaitable[T]]]) -> dict[str, list[T]]:
    """Every side's results, one per round. Each round begins with another side."""
    names = list(sides)
    results: dict[str, list[T]] = {name: [] for name in names}
    for turn in range(rounds):
        first = turn % len(names)
        for name in names[first:] + names[:first]:
            results[name].append(await sides[name]())
    return results
