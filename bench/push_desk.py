"""A page whose work is offered to agents, beside the demo's page where they take it from the list."""

import asyncio
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bench.agent_streams import AgentStream
from bench.closed_loop import closed_loop, together
from bench.context import Bench
from bench.deliveries import Deliveries
from bench.plan import IN_FLIGHT
from bench.rows import BrokenError
from bench.sides import soon
from bench.wire import Server
from domain.events.kinds import FactKind
from local.demo.seeding import APP_ID

OFFER_MADE, SESSION_CLOSED = FactKind.OFFER_MADE.value, FactKind.SESSION_CLOSED.value
CONTEXT_CHANGED = FactKind.CONVERSATION_CONTEXT_CHANGED.value
_KINDS = (OFFER_MADE, SESSION_CLOSED, CONTEXT_CHANGED)
_COUNTDOWN_SECONDS = 3600
"""Nothing lapses while one measures."""
_LOOKS, _LOOK_SECONDS = 300, 0.1
_pages = itertools.count(880_000_000_000_001)
_psids = itertools.count(7_521_000_000_000_000)


@dataclass(frozen=True, slots=True)
class BenchAgent:
    """An agent with a key, in the queue of the page and in the default queue."""

    id: str
    key: str

    @property
    def headers(self) -> dict[str, str]:
        """What their requests carry."""
        return {"Authorization": f"Bearer {self.key}"}


@dataclass(slots=True)
class PushDesk:
    """One page with a push workstream and a queue of its own, without agents at first."""

    bench: Bench
    api: Server
    page_id: str
    queue_id: str
    workstream_id: str
    deliveries: Deliveries

    @classmethod
    async def open(cls, bench: Bench) -> "PushDesk":
        """Make it; wait until the page is Running."""
        page_id, stack = str(next(_pages)), bench.stack
        api, admin = Server(stack.settings.port), admin_headers(bench)
        sandbox = Server(stack.settings.sandbox_port)
        token = f"{stack.secrets.page_token}-{page_id}"
        page = {"page_id": page_id, "name": page_id, "access_token": token, "app_id": APP_ID}
        await sandbox.call("POST", "/_sandbox/pages", page)
        queue = await api.call("POST", "/v1/queues", {"name": page_id}, admin)
        settings = {
            "mode": "push",
            "fallback_queue_id": queue["id"],
            "affinity": False,
            "notification": {"countdown_seconds": _COUNTDOWN_SECONDS},
        }
        body = {"name": page_id, "work_distribution": settings}
        workstream = await api.call("POST", "/v1/workstreams", body, admin)
        new = {"page_id": page_id, "name": page_id, "access_token": token, "workstream_id": workstream["id"]}
        await api.call("POST", f"/v1/accounts/{stack.account_id}/pages", new, admin)
        for _ in range(_LOOKS):
            seen = await api.call("GET", f"/v1/pages/{page_id}", headers=admin)
            if seen["provisioning_state"] == "Running":
                break
            await asyncio.sleep(_LOOK_SECONDS)
        else:
            raise BrokenError(f"The page of the push workstream is {seen['provisioning_state']}.")
        path = f"/webhooks/messenger/{stack.account_id}"
        deliveries = Deliveries(path, page_id, stack.secrets.app_secret, page_id)
        return cls(bench, api, page_id, queue["id"], workstream["id"], deliveries)

    async def agents(self, count: int, units: int) -> list[BenchAgent]:
        """So many new agents of the queue, each with so much capacity, who are not there yet."""
        names = (f"{self.page_id}-{number}" for number in itertools.count())
        api, admin = self.api, admin_headers(self.bench)
        made: list[BenchAgent] = []

        async def make(name: str) -> None:
            agent = await api.call("POST", "/v1/agents", {"name": name, "role": "agent"}, admin)
            path = f"/v1/agents/{agent['id']}"
            key = (await api.call("POST", f"{path}/keys", {"name": "bench"}, admin))["key"]
            await api.call("PUT", f"{path}/capacity", {"units": units}, admin)
            await api.call("PUT", f"/v1/queues/{self.queue_id}/members/{agent['id']}", None, admin)
            made.append(BenchAgent(agent["id"], key))

        taken = itertools.islice(names, count)
        await closed_loop([taken] * 8, make)
        return made

    async def set_units(self, agent: BenchAgent, units: int) -> None:
        """Let an agent have so much capacity from now on."""
        path = f"/v1/agents/{agent.id}/capacity"
        await self.api.call("PUT", path, {"units": units}, admin_headers(self.bench))

    async def come(self, agents: Sequence[BenchAgent]) -> list[AgentStream]:
        """Open a stream for each, which makes them connected."""
        port = self.bench.stack.settings.port
        streams = [AgentStream.open(port, agent.id, agent.key, _KINDS) for agent in agents]
        return list(await asyncio.gather(*streams))

    async def go(self, streams: Sequence[AgentStream]) -> None:
        """Close the streams."""
        await together(stream.close() for stream in streams)

    async def conversations(self, count: int) -> list[str]:
        """So many new customers write, are greeted, and wait in the queue; their PSIDs."""
        psids = [str(next(_psids)) for _ in range(count)]
        sandbox = Server(self.bench.stack.settings.sandbox_port)
        for psid in psids:
            body = {"page_id": self.page_id, "psid": psid}
            await sandbox.call("POST", "/_sandbox/customers", body)
            say = f"/_sandbox/customers/{self.page_id}/{psid}/say"
            await sandbox.call("POST", say, {"text": "Hello"})

        async def greet(psid: str) -> None:
            call = self.bench.calls.next_to(psid)
            await self.bench.pagedesk.deliver(self.deliveries.render(psid))
            await soon(call, "a greeting")

        waiting = iter(psids)
        await closed_loop([waiting] * IN_FLIGHT, greet)
        await self.bench.store.quiet()
        return psids

    async def command(self, agent: BenchAgent, conversation_id: str, name: str) -> Any:
        """An agent's command on a conversation, such as `accept`."""
        path = f"/v1/conversations/{conversation_id}/{name}"
        return await self.api.call("POST", path, headers=agent.headers)


def admin_headers(bench: Bench) -> dict[str, str]:
    """What requests of the administrator carry."""
    return {"Authorization": f"Bearer {bench.stack.secrets.admin_token}"}
