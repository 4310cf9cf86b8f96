"""The two sides of a comparison, driven alike: customers write, and one sees when the Graph API is called."""

import asyncio
import itertools
import time
from collections.abc import Awaitable
from typing import TypeVar

from temporalio.client import Client

from bench.baseline_workflow import BASELINE_TASK_QUEUE, BASELINE_WORKFLOW, WRITE_SIGNAL
from bench.deliveries import Deliveries
from bench.desk_store import DeskStore
from bench.graph_calls import GraphCalls
from bench.rows import BrokenError
from bench.stack import Stack
from bench.wire import Server
from local.demo.seeding import PAGE_ID
from workflows.messages import TASK_TIMEOUT

_TIMEOUT_SECONDS = 60.0
_FIRST_PSID = 7_421_000_000_000_000

T = TypeVar("T")


def now_ms() -> float:
    """Milliseconds since 1970, as the sandbox counts them."""
    return time.time() * 1000


async def soon(awaitable: Awaitable[T], what: str) -> T:
    """The result, or BrokenError if it takes more than a minute."""
    try:
        async with asyncio.timeout(_TIMEOUT_SECONDS):
            return await awaitable
    except TimeoutError as error:
        raise BrokenError(f"{what}: nothing after {_TIMEOUT_SECONDS:g} s.") from error


class Customers:
    """People who have opened their window at the sandbox, and are new to both sides."""

    def __init__(self, sandbox: Server) -> None:
        self._sandbox = sandbox
        self._psids = itertools.count(_FIRST_PSID)

    @classmethod
    async def prepare(cls, stack: Stack) -> "Customers":
        """Keep the sandbox from telling Pagedesk of them: what counts is posted by the driver."""
        sandbox = Server(stack.settings.sandbox_port)
        await sandbox.call("POST", "/_sandbox/deliveries/hold", {"kinds": ["message"]})
        await sandbox.call("POST", "/_sandbox/settings", {"echo": {"on": False}, "delivery": {"on": False}})
        return cls(sandbox)

    async def new(self, count: int) -> list[str]:
        """The PSIDs of so many new customers."""
        psids = [str(next(self._psids)) for _ in range(count)]
        for psid in psids:
            await self._sandbox.call("POST", "/_sandbox/customers", {"page_id": PAGE_ID, "psid": psid})
            await self._sandbox.call("POST", f"/_sandbox/customers/{PAGE_ID}/{psid}/say", {"text": "Hello"})
        return psids

    async def receipts(self, *, on: bool) -> None:
        """Whether Messenger echoes the messages of the Page and reports deliveries, as the real one does."""
        await self._sandbox.call("POST", "/_sandbox/settings", {"echo": {"on": on}, "delivery": {"on": on}})

    async def receipts_delivered(self) -> None:
        """Wait until all echoes and deliveries are out."""
        await self._sandbox.call("POST", "/_sandbox/wait", {"what": "delivered_all", "timeout": 25})


class Pagedesk:
    """Our side: signed webhooks and the agents' API."""

    def __init__(self, stack: Stack, calls: GraphCalls, store: DeskStore) -> None:
        self._api = Server(stack.settings.port)
        self._key = {"Authorization": f"Bearer {stack.secrets.agent_keys['Mia']}"}
        self._calls = calls
        self._store = store
        self._replies = itertools.count()
        self.deliveries = Deliveries(
            f"/webhooks/messenger/{stack.account_id}", PAGE_ID, stack.secrets.app_secret, "drive"
        )

    async def greeted(self, psid: str) -> float:
        """A new customer writes; milliseconds until the greeting is at the Graph API."""
        call = self._calls.next_to(psid)
        began = now_ms()
        await self.post(psid)
        return await soon(call, "a greeting") - began

    async def applied(self, psid: str, customer_id: str) -> float:
        """A known customer writes; milliseconds until the conversation has applied and projected it."""
        done = self._store.applied(customer_id, self._store.applied_seq(customer_id) + 1)
        began = now_ms()
        await self.post(psid)
        return await soon(done, "a message") - began

    async def replied(self, psid: str, conversation_id: str) -> float:
        """An agent answers; milliseconds until the answer is at the Graph API."""
        call = self._calls.next_to(psid)
        headers = self._key | {"Idempotency-Key": f"bench-{next(self._replies)}"}
        path = f"/v1/conversations/{conversation_id}/messages"
        began = now_ms()
        await self._api.call("POST", path, {"text": "It is on its way."}, headers)
        return await soon(call, "an agent's reply") - began

    async def pick(self, conversation_id: str) -> None:
        """An agent takes the conversation."""
        await self._api.call("POST", f"/v1/conversations/{conversation_id}/pick", headers=self._key)

    async def post(self, psid: str) -> None:
        """Post one message; BrokenError unless it is acknowledged."""
        await self.deliver(self.deliveries.render(psid))

    async def deliver(self, request: bytes) -> None:
        """Post a rendered delivery; BrokenError unless it is acknowledged."""
        status, answer = await self._api.exchange(request)
        if status != 200:
            raise BrokenError(f"A webhook was answered {status}: {answer.decode()}")


class Baseline:
    """Baseline B's side: signal-with-start by Temporal's client."""

    def __init__(self, client: Client, calls: GraphCalls) -> None:
        self._client = client
        self._calls = calls
        self._messages = itertools.count()

    async def answered(self, psid: str) -> float:
        """A customer writes, new or known; milliseconds until the answer is at the Graph API."""
        call = self._calls.next_to(psid)
        began = now_ms()
        await self._client.start_workflow(
            BASELINE_WORKFLOW,
            psid,
            id=f"baseline/{psid}",
            task_queue=BASELINE_TASK_QUEUE,
            task_timeout=TASK_TIMEOUT,
            start_signal=WRITE_SIGNAL,
            start_signal_args=[f"baseline-{next(self._messages)}"],
        )
        return await soon(call, "the baseline's answer") - began
