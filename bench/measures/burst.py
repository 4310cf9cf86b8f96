"""A thousand events at once: how long until all are acknowledged, and until all are worked off."""

import asyncio
import itertools
from collections.abc import Iterator, Sequence

from bench.closed_loop import together
from bench.context import Bench, Known, open_conversations
from bench.rows import BrokenError, Row, Target
from bench.sides import now_ms

_ACKNOWLEDGED = Target("≤", 5.0, "value")
_PROCESSED = Target("≤", 60.0, "value")
_CONNECTIONS = 200
_KNOWN = 100
_NEW_SHARE = 5
_TIMEOUT_SECONDS = 170.0


async def measure(bench: Bench) -> list[Row]:
    """A mixed burst, every round; and one of new customers only, the hardest there is."""
    known = await open_conversations(bench, _KNOWN)
    events = bench.plan.burst_events
    mixed = [
        await _burst(bench, await bench.customers.new(events // _NEW_SHARE), _messages(known, events))
        for _ in range(bench.plan.rounds)
    ]
    fresh = [await _burst(bench, await bench.customers.new(events), [])]
    return [
        *_rows(f"burst of {events}, every fifth from a new customer", mixed),
        *_rows(f"burst of {events}, all from new customers", fresh),
    ]


def _rows(name: str, bursts: Sequence[tuple[float, float]]) -> list[Row]:
    return [
        Row(f"{name}: all acknowledged", "s", [burst[0] for burst in bursts], target=_ACKNOWLEDGED),
        Row(f"{name}: all worked off", "s", [burst[1] for burst in bursts], target=_PROCESSED),
    ]


def _messages(known: Known, events: int) -> list[str]:
    """Who writes the messages into existing conversations."""
    return list(itertools.islice(itertools.cycle(known.psids), events - events // _NEW_SHARE))


async def _burst(bench: Bench, new: list[str], existing: list[str]) -> tuple[float, float]:
    """Seconds until the last acknowledgement; until every greeting is sent and every message applied."""
    greetings = [bench.calls.next_to(psid) for psid in new]
    requests = iter([bench.pagedesk.deliveries.render(psid) for psid in _mixed(new, existing)])
    began = now_ms()
    await together(_post(bench, requests) for _ in range(_CONNECTIONS))
    acknowledged = now_ms()
    try:
        async with asyncio.timeout(_TIMEOUT_SECONDS):
            await asyncio.gather(*greetings)
    except TimeoutError as error:
        missing = sum(not greeting.done() for greeting in greetings)
        raise BrokenError(f"{missing} greetings are missing after {_TIMEOUT_SECONDS:g} s.") from error
    await bench.store.quiet()
    return (acknowledged - began) / 1000, (now_ms() - began) / 1000


def _mixed(new: list[str], existing: list[str]) -> list[str]:
    """New customers spread evenly among the others."""
    if not existing:
        return new
    step = len(existing) // max(1, len(new))
    rest = iter(existing)
    spread = [psid for one in new for psid in (one, *itertools.islice(rest, step))]
    return [*spread, *rest]


async def _post(bench: Bench, requests: Iterator[bytes]) -> None:
    for request in requests:
        await bench.pagedesk.deliver(request)
