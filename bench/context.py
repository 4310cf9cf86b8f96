"""What every measure is given: the processes, the two sides, and the sizes of this run."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from temporalio.client import Client

from base.temporal import connect
from bench.closed_loop import closed_loop
from bench.desk_store import DeskStore
from bench.graph_calls import GraphCalls
from bench.grown_data import KeptDesk
from bench.plan import IN_FLIGHT, Plan
from bench.sides import Baseline, Customers, Pagedesk
from bench.stack import Stack, running_stack
from local.processes.progress import Progress


@dataclass(slots=True)
class Bench:
    """One run."""

    plan: Plan
    stack: Stack
    client: Client
    customers: Customers
    store: DeskStore
    calls: GraphCalls
    pagedesk: Pagedesk
    baseline: Baseline


@dataclass(frozen=True, slots=True)
class Known:
    """Customers whose conversation with Pagedesk is open."""

    psids: list[str]
    customer_ids: dict[str, str]

    def conversation_id(self, bench: Bench, psid: str) -> str:
        """The id of a customer's conversation."""
        return bench.store.conversation_id(self.customer_ids[psid])


@asynccontextmanager
async def running_bench(
    directory: Path, plan: Plan, progress: Progress, kept: KeptDesk | None = None
) -> AsyncIterator[Bench]:
    """Everything started and seeded, followed and ready; with what a kept desk holds, if one is given."""
    async with running_stack(directory, progress, kept) as stack:
        client = await connect(stack.settings)
        calls, store = GraphCalls(stack.ledger), DeskStore(stack.settings.data_dir)
        followers = [asyncio.create_task(each.follow(), name="follower") for each in (calls, store)]
        try:
            yield Bench(
                plan=plan,
                stack=stack,
                client=client,
                customers=await Customers.prepare(stack),
                store=store,
                calls=calls,
                pagedesk=Pagedesk(stack, calls, store),
                baseline=Baseline(client, calls),
            )
        finally:
            for follower in followers:
                follower.cancel()
            await asyncio.gather(*followers, return_exceptions=True)


async def open_conversations(bench: Bench, count: int) -> Known:
    """So many customers who were greeted by Pagedesk, some at a time, and whose conversations are idle."""
    psids = await bench.customers.new(count)
    waiting = iter(psids)
    await closed_loop([waiting] * IN_FLIGHT, bench.pagedesk.greeted)
    await bench.store.quiet()
    return Known(psids, bench.store.customer_ids(psids))
