"""Durable webhooks per second at 32 connections, against a FastAPI route that stores nothing (baseline A).

Pagedesk is measured three times: its API with nothing behind it, which is what baseline A is; the whole,
while worker and engine work the same events off on the same processors; the whole with Temporal stopped.
Right after each window of the whole, while what it has left is worked off, the baseline is measured as well:
that is the same machine for both.
After each window it is counted that every acknowledged event is in the inbox.
"""

import asyncio
import itertools

from bench.context import Bench, open_conversations
from bench.cpu import CpuMeter
from bench.desk_store import DeskStore
from bench.interleaved import interleaved
from bench.load import Job, Outcome, generate
from bench.rows import BrokenError, Row, Target
from local.demo.seeding import PAGE_ID

_POSTS = Target("≥", 0.6)
_P99_MS = Target("≤", 30.0, "value")
_STOPPED = Target("≥", 1.0)
_WARM_UP_SECONDS = 0.5
_TIDY_SECONDS = 1.0
_WHOLE = "Worker and engine work the events off on the same processors; the baseline has them to itself."
_BUSY = "The baseline right afterwards, while worker and engine still work off what Pagedesk has taken in."


async def measure(bench: Bench) -> list[Row]:
    """Rates against the baseline, latencies, and whether a stopped engine slows acknowledgements."""
    known = await open_conversations(bench, bench.plan.existing_threads)
    posts = _Posts(bench, known.psids)
    await posts.warm_up()
    outcomes = await interleaved(
        bench.plan.rounds,
        {
            "baseline": posts.to_baseline,
            "alone": posts.to_api_alone,
            "whole": posts.to_whole,
            "stopped": posts.to_whole_without_engine,
        },
    )
    rates = {name: [each.per_second for each in taken] for name, taken in outcomes.items()}
    load = max(each.generator_load for taken in outcomes.values() for each in taken)
    generator = f"The load generator used at most {load:.2f} of a processor."
    return [
        Row(
            "durable webhooks, API alone",
            "posts/s",
            rates["alone"],
            rates["baseline"],
            _POSTS,
            generator,
            {"pagedesk": posts.cpu["alone"].per_item_ms(), "baseline": posts.cpu["baseline"].per_item_ms()},
        ),
        *_latencies("durable webhooks, API alone", outcomes["alone"], outcomes["baseline"]),
        Row(
            "durable webhooks, everything up",
            "posts/s",
            rates["whole"],
            rates["baseline"],
            _POSTS,
            _WHOLE,
            {"pagedesk": posts.cpu["whole"].per_item_ms()},
        ),
        *_latencies("durable webhooks, everything up", outcomes["whole"], outcomes["baseline"]),
        Row(
            "durable webhooks, everything up, against a baseline that shares them too",
            "posts/s",
            rates["whole"],
            [each.per_second for each in posts.shared],
            note=_BUSY,
        ),
        Row(
            "acknowledgements, Temporal stopped ÷ Temporal up",
            "posts/s",
            rates["stopped"],
            rates["whole"],
            _STOPPED,
            "The worker runs in both; Temporal's work is what is missing in one.",
        ),
    ]


def _latencies(name: str, ours: list[Outcome], theirs: list[Outcome]) -> list[Row]:
    return [
        Row(f"{name}: p50", "ms", [each.p50_ms for each in ours], [each.p50_ms for each in theirs]),
        Row(f"{name}: p99", "ms", [each.p99_ms for each in ours], [each.p99_ms for each in theirs], _P99_MS),
    ]


class _Posts:
    """Windows of posts to each side."""

    def __init__(self, bench: Bench, psids: list[str]) -> None:
        self._bench = bench
        self._psids = psids
        self._windows = itertools.count()
        self._seconds = bench.plan.window_seconds
        self._alone = DeskStore(bench.stack.alone_settings.data_dir)
        self.shared: list[Outcome] = []
        """The baseline's outcomes beside the processing, one for each window of the whole."""
        self.cpu = {name: CpuMeter(bench.stack) for name in ("alone", "baseline", "whole", "stopped")}

    async def warm_up(self) -> None:
        """One short window each."""
        planned, self._seconds = self._seconds, _WARM_UP_SECONDS
        for window in (self.to_baseline, self.to_api_alone, self.to_whole):
            await window()
        self._seconds, self.shared = planned, []

    async def to_baseline(self) -> Outcome:
        """The FastAPI route that stores nothing."""
        stack = self._bench.stack
        return await self._window(stack.baseline_settings.port, stack.account_id, "baseline")

    async def to_api_alone(self) -> Outcome:
        """Our API with nothing behind it."""
        stack = self._bench.stack
        return await self._durable(stack.alone_settings.port, stack.alone_account_id, "alone", self._alone)

    async def to_whole(self) -> Outcome:
        """Our API with worker and engine, which start to work the events off at once."""
        stack = self._bench.stack
        outcome = await self._durable(stack.settings.port, stack.account_id, "whole", self._bench.store)
        self.shared.append(await self.to_baseline())
        await self._rest()
        return outcome

    async def to_whole_without_engine(self) -> Outcome:
        """The same while Temporal is down; afterwards it comes back and everything is worked off."""
        temporal = self._bench.stack.temporal
        await temporal.down()
        stack = self._bench.stack
        outcome = await self._durable(stack.settings.port, stack.account_id, "stopped", self._bench.store)
        await temporal.up()
        await self._rest()
        return outcome

    async def _rest(self) -> None:
        """Let everything be worked off, and Temporal tidy up after it, before the next window."""
        await self._bench.store.quiet()
        await asyncio.sleep(_TIDY_SECONDS)

    async def _durable(self, port: int, account_id: str, side: str, store: DeskStore) -> Outcome:
        before = store.inbox_size()
        outcome = await self._window(port, account_id, side)
        stored = store.inbox_size() - before
        if stored != outcome.acknowledged:
            raise BrokenError(f"{outcome.acknowledged} events were acknowledged, {stored} are in the inbox.")
        return outcome

    async def _window(self, port: int, account_id: str, side: str) -> Outcome:
        job = Job(
            port=port,
            path=f"/webhooks/messenger/{account_id}",
            page_id=PAGE_ID,
            app_secret=self._bench.stack.secrets.app_secret,
            series=f"window{next(self._windows)}",
            psids=self._psids,
            seconds=self._seconds,
        )
        with self.cpu[side].metering():
            outcome = await generate(job)
        self.cpu[side].items += outcome.acknowledged
        return outcome
