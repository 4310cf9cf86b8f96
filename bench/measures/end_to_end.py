"""Conversations and messages per second, 32 in flight, against the minimal workflow (baseline B)."""

import itertools
from collections.abc import Awaitable, Callable

from bench.closed_loop import closed_loop
from bench.context import Bench, Known, open_conversations
from bench.cpu import CpuMeter
from bench.interleaved import interleaved
from bench.plan import IN_FLIGHT
from bench.rows import Row, Target

_TARGET = Target("≥", 0.6)
_NO_RECEIPTS = "Messenger's echoes and delivery receipts are off: the baseline hears none."
_RECEIPTS = "Messenger echoes each message of the Page and reports its delivery; the baseline hears neither."
_EXISTING = (
    "Pagedesk: until applied and projected, nothing is to be sent. Baseline: until its answer is sent."
)

Work = Callable[[str], Awaitable[float]]


async def measure(bench: Bench) -> list[Row]:
    """New conversations, the same with echoes and receipts, messages into existing conversations."""
    await _warm_up(bench)
    return [*await _new(bench), await _existing(bench)]


async def _warm_up(bench: Bench) -> None:
    for work in (bench.pagedesk.greeted, bench.baseline.answered):
        await closed_loop([iter(await bench.customers.new(IN_FLIGHT))] * 8, work)
    await bench.store.quiet()


async def _new(bench: Bench) -> list[Row]:
    meters = {name: CpuMeter(bench.stack) for name in ("pagedesk", "receipts", "baseline")}

    async def run(name: str, work: Work) -> float:
        count = bench.plan.new_conversations
        waiting = iter(await bench.customers.new(count))
        with meters[name].metering():
            rate = await closed_loop([waiting] * IN_FLIGHT, work)
        meters[name].items += count
        await bench.store.quiet()
        return rate

    async def with_receipts() -> float:
        await bench.customers.receipts(on=True)
        rate = await run("receipts", bench.pagedesk.greeted)
        await bench.customers.receipts_delivered()
        await bench.customers.receipts(on=False)
        await bench.store.quiet()
        return rate

    rates = await interleaved(
        bench.plan.rounds,
        {
            "pagedesk": lambda: run("pagedesk", bench.pagedesk.greeted),
            "baseline": lambda: run("baseline", bench.baseline.answered),
            "receipts": with_receipts,
        },
    )
    cpu = {name: meter.per_item_ms() for name, meter in meters.items()}
    return [
        Row(
            name="new customer's first message → greeting at the Graph API",
            unit="conversations/s",
            pagedesk=rates["pagedesk"],
            baseline=rates["baseline"],
            target=_TARGET,
            note=_NO_RECEIPTS,
            cpu_ms={"pagedesk": cpu["pagedesk"], "baseline": cpu["baseline"]},
        ),
        Row(
            name="the same with echoes and receipts",
            unit="conversations/s",
            pagedesk=rates["receipts"],
            baseline=rates["baseline"],
            note=_RECEIPTS,
            cpu_ms={"pagedesk": cpu["receipts"]},
        ),
    ]


async def _existing(bench: Bench) -> Row:
    known = await open_conversations(bench, IN_FLIGHT)
    answered = await bench.customers.new(IN_FLIGHT)
    await closed_loop([iter(answered)] * 8, bench.baseline.answered)
    meters = {name: CpuMeter(bench.stack) for name in ("pagedesk", "baseline")}

    async def run(name: str, psids: list[str], work: Work) -> float:
        messages = bench.plan.messages_per_conversation
        lanes = [itertools.repeat(psid, messages) for psid in psids]
        with meters[name].metering():
            rate = await closed_loop(lanes, work)
        meters[name].items += messages * len(psids)
        await bench.store.quiet()
        return rate

    rates = await interleaved(
        bench.plan.rounds,
        {
            "pagedesk": lambda: run("pagedesk", known.psids, _applied(bench, known)),
            "baseline": lambda: run("baseline", answered, bench.baseline.answered),
        },
    )
    return Row(
        name="message into an existing conversation → applied",
        unit="messages/s",
        pagedesk=rates["pagedesk"],
        baseline=rates["baseline"],
        target=_TARGET,
        note=_EXISTING,
        cpu_ms={name: meter.per_item_ms() for name, meter in meters.items()},
    )


def _applied(bench: Bench, known: Known) -> Work:
    return lambda psid: bench.pagedesk.applied(psid, known.customer_ids[psid])
