"""The whole service on a time-skipping engine, and a hand on its clock.

Everything is real and speaks HTTP: the API under uvicorn, the worker with its relay, the sandbox with its
clock URL, the Java test server. All of it but that server lives in this process. Nothing here waits by
sleeping: after `travel` and `settled` all that follows from what a test did has happened.

    psid = await desk.customer()
    conversation_id = await desk.picked(psid)    # the customer has written, an agent has taken it
    await desk.travel(hours=25)
    assert (await desk.reply(conversation_id, "Too late.")).status_code == 409

The fixture `desk` of tests/travel/conftest.py is one service for all tests of a file. Time is everybody's:
tests that share it use customers of their own, and only differences of time.
"""

import contextlib
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import httpx
from pydantic import AnyHttpUrl, SecretStr
from temporalio.client import Client

from api.app import create_app
from base.temporal import connect
from base.time_skipping_clock import skipping_clock
from local.child_processes import skipping_engine
from local.processes.ports import free_port
from local.processes.processes import running
from local.processes.progress import Progress
from local.processes.served import served
from local.time_travel.control import clock_url, keeping_time
from local.time_travel.time_machine import TimeMachine
from sandbox.app import create_app as create_sandbox
from sandbox.config import Config
from sandbox.world import World
from support.store import PAGE_A, PAGE_B, make_settings
from support.whole import ADMIN_KEY, Whole, set_up
from worker import working

UNTAGGED, TAGGED = PAGE_A, PAGE_B
"""Two pages: agents of the second may answer for seven days, by the human agent tag."""


class TravellingDesk(Whole):
    """The service of `support.whole` with its time in the test's hand."""

    def __init__(self, *args: Any, machine: TimeMachine, world: World) -> None:
        super().__init__(*args)
        self.machine = machine
        self.world = world
        self._keys = count(1)

    async def now(self) -> datetime:
        """The time, everywhere."""
        return await self.machine.now()

    async def travel(self, **length: float) -> None:
        """Skip so far, by `timedelta`'s words, and come to rest: `travel(hours=25)`."""
        await self.travel_to(await self.now() + timedelta(**length))

    async def travel_to(self, instant: datetime) -> None:
        """Skip to an instant and come to rest; one arrives at it or some milliseconds later."""
        await self.machine.travel_to(instant, within=90)

    async def settled(self) -> None:
        """Return when all that follows from what was done has happened."""
        await self.machine.settle(within=30)

    async def customer_writes(self, psid: str, text: str = "hello", page_id: str = UNTAGGED) -> datetime:
        """The customer writes, and what follows from it happens. Gives Meta's time."""
        mid = await self.says(psid, text, page_id)
        await self.settled()
        return await self.sent_at(psid, mid, page_id)

    async def customer_does(
        self, psid: str, action: str, /, page_id: str = UNTAGGED, **body: Any
    ) -> dict[str, Any]:
        """Any action of the sandbox's customers (sandbox/README.md), and what follows from it."""
        answer = await self.meta.post(f"/_sandbox/customers/{page_id}/{psid}/{action}", json=body)
        await self.settled()
        done: dict[str, Any] = answer.raise_for_status().json()
        return done

    async def steer(self, what: str, **body: Any) -> None:
        """Hold or release the sandbox's webhooks, or anything else of its `/deliveries/{what}`."""
        (await self.meta.post(f"/_sandbox/deliveries/{what}", json=body)).raise_for_status()

    async def sent_at(self, psid: str, mid: str, page_id: str = UNTAGGED) -> datetime:
        """Meta's time of a message."""
        thread = (await self.meta.get(f"/_sandbox/threads/{page_id}/{psid}")).raise_for_status().json()
        (at_ms,) = [message["at_ms"] for message in thread["messages"] if message["mid"] == mid]
        return datetime.fromtimestamp(at_ms / 1000, (await self.now()).tzinfo)

    async def picked(self, psid: str, page_id: str = UNTAGGED, text: str = "hello") -> str:
        """The customer writes and an agent takes the conversation; its id."""
        await self.customer_writes(psid, text, page_id)
        conversation_id = str((await self.conversation_of(psid))["id"])
        (await self.act(conversation_id, "pick")).raise_for_status()
        return conversation_id

    async def reply(self, conversation_id: str, text: str = "Hello!") -> httpx.Response:
        """An agent answers; not yet settled."""
        return await self.answer(conversation_id, text, f"key-{next(self._keys)}")

    async def window(self, conversation_id: str) -> dict[str, Any]:
        """The conversation's window as agents see it."""
        answer = await self.api.get(f"/v1/conversations/{conversation_id}")
        window: dict[str, Any] = answer.raise_for_status().json()["window"]
        return window


@contextlib.asynccontextmanager
async def travelling_desk(
    data_dir: Path, *, page_check_minutes: int = 60 * 24 * 366, demo: bool = False
) -> AsyncIterator[TravellingDesk]:
    """Start everything, with an account and two Running pages, UNTAGGED and TAGGED.

    Unless a test wants it, the pages are not checked again: that would be most of what a journey takes.
    `demo`: clients are told that this is a demo whose time they move.
    """
    async with contextlib.AsyncExitStack() as stack:
        settings = make_settings(
            data_dir,
            temporal_port=free_port(),
            port=free_port(),
            sandbox_port=free_port(),
            travel_port=free_port(),
            admin_token=SecretStr(ADMIN_KEY),
            page_check_minutes=page_check_minutes,
            demo=demo,
            time_travel=demo,
        )
        settings = settings.model_copy(update={"graph_base_url": AnyHttpUrl(settings.sandbox_url)})
        engine = await skipping_engine(settings, Progress())
        await stack.enter_async_context(running(engine, data_dir / "logs"))
        stack.enter_context(skipping_clock(settings.temporal_target))
        api_app = create_app(settings)
        sandbox = create_sandbox(Config(clock_url=clock_url(settings), ledger_dir=data_dir / "ledger"))
        meta = await stack.enter_async_context(httpx.AsyncClient(base_url=settings.sandbox_url))
        machine = await stack.enter_async_context(keeping_time(settings))
        for app, port in ((sandbox, settings.sandbox_port), (api_app, settings.port)):
            await stack.enter_async_context(app.router.lifespan_context(app))
            await stack.enter_async_context(served(app, port))
        headers = {"Authorization": f"Bearer {ADMIN_KEY}"}
        api = await stack.enter_async_context(
            httpx.AsyncClient(base_url=settings.local_url, headers=headers, timeout=20)
        )
        client: Client = await connect(settings)
        await stack.enter_async_context(working(settings, client))
        desk = TravellingDesk(settings, api, meta, client, machine=machine, world=sandbox.state.world)
        stack.callback(desk.store.close)
        stack.callback(desk.inbox.close)
        await set_up(desk, human_agent_tag=[TAGGED])
        await desk.settled()
        yield desk
