"""One page's calls hang: how much longer does the greeting of another page's new customers take?"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bench.closed_loop import closed_loop
from bench.context import Bench
from bench.deliveries import Deliveries
from bench.rows import Row, Target, percentile
from bench.sides import soon
from bench.wire import Server
from local.demo.seeding import APP_ID

_TARGET = Target("≤", 2.0)
_HUNG_PAGE = {"page_id": "104857600000001", "name": "A page that hangs", "access_token": "bench-hung-page"}
_HUNG_SECONDS = 20
_FIRST_PSID = 7_431_000_000_000_000
_AT_A_TIME = 2


async def measure(bench: Bench) -> list[Row]:
    """By turns: the other page alone, and beside a page that hangs with all its conversations waiting."""
    hung = await _HungPage.prepare(bench)
    alone, beside = [], []
    for _ in range(bench.plan.rounds):
        alone.append(await _p95(bench))
        async with hung.waiting(bench.plan.hung_conversations):
            beside.append(await _p95(bench))
    name = (
        f"lanes: greeting of a page, p95, while {bench.plan.hung_conversations} conversations of another hang"
    )
    return [
        Row(name, "ms", beside, alone, _TARGET, "The baseline is Pagedesk itself with no page that hangs.")
    ]


async def _p95(bench: Bench) -> float:
    """Of new customers who write, a few at a time."""
    waiting = iter(await bench.customers.new(bench.plan.lane_shots))
    taken: list[float] = []

    async def shot(psid: str) -> None:
        taken.append(await bench.pagedesk.greeted(psid))

    await closed_loop([waiting] * _AT_A_TIME, shot)
    return percentile(taken, 95)


class _HungPage:
    """A second page of the account. The sandbox lets its calls hang on demand."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._sandbox = Server(bench.stack.settings.sandbox_port)
        self._next_psid = _FIRST_PSID
        self._deliveries = Deliveries(
            f"/webhooks/messenger/{bench.stack.account_id}",
            _HUNG_PAGE["page_id"],
            bench.stack.secrets.app_secret,
            "hung",
        )

    @classmethod
    async def prepare(cls, bench: Bench) -> "_HungPage":
        """Make the page on both sides and wait until it works."""
        page = cls(bench)
        await page._sandbox.call("POST", "/_sandbox/pages", _HUNG_PAGE | {"app_id": APP_ID})
        api = Server(bench.stack.settings.port)
        admin = {"Authorization": f"Bearer {bench.stack.secrets.admin_token}"}
        await api.call("POST", f"/v1/accounts/{bench.stack.account_id}/pages", _HUNG_PAGE, admin)

        async def running() -> None:
            path = f"/v1/pages/{_HUNG_PAGE['page_id']}"
            while (await api.call("GET", path, headers=admin))["provisioning_state"] != "Running":  # noqa: ASYNC110 - another process's state
                await asyncio.sleep(0.1)

        await soon(running(), "the page that is to hang")
        return page

    @asynccontextmanager
    async def waiting(self, conversations: int) -> AsyncIterator[None]:
        """So many new customers write to the page; their greetings hang for the length of the block."""
        page_id = _HUNG_PAGE["page_id"]
        fault = {"kind": "hang", "seconds": _HUNG_SECONDS, "page_id": page_id}
        await self._sandbox.call("POST", "/_sandbox/faults", fault)
        for _ in range(conversations):
            psid = str(self._next_psid)
            self._next_psid += 1
            await self._sandbox.call("POST", "/_sandbox/customers", {"page_id": page_id, "psid": psid})
            await self._sandbox.call("POST", f"/_sandbox/customers/{page_id}/{psid}/say", {"text": "Hello"})
            await self._bench.pagedesk.deliver(self._deliveries.render(psid))
        await self._bench.store.all_applied()  # taking them in is work of its own, and not what hangs
        yield
        await self._sandbox.call("DELETE", "/_sandbox/faults")
        await self._bench.store.quiet()
