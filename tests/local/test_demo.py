"""The demo of `make run`: its queues, and the customers who write by themselves."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.demo.customers import CUSTOMERS, write_now_and_then
from local.demo.installation import DemoSecrets
from local.demo.queues import seed_queues
from local.demo.seeding import PAGE_ID
from local.processes.served import served
from support.demo import demo_environment, found, running_demo
from support.eventually import eventually

from .conftest import Transcript

SECRETS = DemoSecrets("admin", "secret", "token", {})
MONDAY_AT_NOON, SUNDAY_AT_NOON = "2026-11-30T12:00:00Z", "2026-11-29T12:00:00Z"


class FakeServers:
    """API and sandbox: who has a live conversation, and who has written."""

    def __init__(self) -> None:
        self.live: list[str] = []
        self.wrote: list[str] = []
        self.is_away = False

    @property
    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/v1/conversations", self._conversations),
                Route("/_sandbox/customers", self._customer, methods=["POST"]),
                Route("/_sandbox/customers/{page_id}/{psid}/say", self._say, methods=["POST"]),
            ]
        )

    async def _conversations(self, request: Request) -> Response:
        assert set(request.query_params.getlist("status")) == {"open", "active", "waiting", "wrap_up"}
        if self.is_away:
            return Response(status_code=503)
        return JSONResponse({"items": [{"customer": {"psid": psid}} for psid in self.live]})

    async def _customer(self, _: Request) -> Response:
        return JSONResponse({})

    async def _say(self, request: Request) -> Response:
        self.wrote.append(request.path_params["psid"])
        self.live.append(request.path_params["psid"])
        return JSONResponse({})


@contextlib.asynccontextmanager
async def writing(servers: FakeServers, transcript: Transcript) -> AsyncIterator[None]:
    """The demo's customers at their work, a hundred times as quick."""
    async with served(servers.app) as address:
        task = asyncio.create_task(
            write_now_and_then(address, address, SECRETS, transcript.progress, pause=0.01)
        )
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


async def test_nobody_writes_who_has_a_live_conversation(transcript: Transcript) -> None:
    servers = FakeServers()
    everybody = [customer.psid for customer in CUSTOMERS]
    first, second, *_ = everybody

    async def wrote(psids: list[str]) -> bool:
        return servers.wrote == psids

    async with writing(servers, transcript):
        await eventually(lambda: wrote(everybody))
        servers.live.remove(second)
        await eventually(lambda: wrote([*everybody, second]))
        servers.live.remove(first)
        await eventually(lambda: wrote([*everybody, second, first]))


async def test_while_a_server_is_away_customers_wait_and_it_is_said_once(transcript: Transcript) -> None:
    servers = FakeServers()
    servers.is_away = True

    async def told() -> bool:
        return "customers do not write at the moment" in transcript.text

    async def wrote() -> bool:
        return bool(servers.wrote)

    async with writing(servers, transcript):
        await eventually(told)
        servers.is_away = False
        await eventually(wrote)
    assert transcript.text.count("do not write") == 1


@pytest.mark.dev_server
@pytest.mark.timeout(240)  # it starts five processes
async def test_a_newcomer_is_offered_work_within_a_minute(tmp_path: Path) -> None:
    env = demo_environment(PAGEDESK_DATA_DIR=str(tmp_path / "data"))
    async with running_demo(tmp_path, env) as log:
        api = found(r"API +(\S+)/docs", log)
        admin = {"Authorization": f"Bearer {found(r'admin (pdk_.*)', log)}"}
        mia = {"Authorization": f"Bearer {found(r'Mia (pdk_.*)', log)}"}
        async with httpx.AsyncClient(base_url=api, headers=mia, timeout=60) as client:
            async with asyncio.timeout(60):
                accepted = await accept_first_offer(client)
            assert accepted["phase"] == "in_conversation"
        async with httpx.AsyncClient(base_url=api, timeout=60) as client:
            password = json.loads((tmp_path / "data" / "demo.json").read_text())["password"]
            assert await role_of(client, "mia@example.com", password) == "agent"
            assert await role_of(client, "vera@example.com", password) == "supervisor"
            assert await role_of(client, "olga@example.com", password) == "admin"
        async with httpx.AsyncClient(base_url=api, headers=admin, timeout=60) as client:
            demo = (await client.get("/v1/demo")).raise_for_status().json()
            assert (demo["time_travel"], demo["command"]) == (False, "pagedesk demo --time-travel")
            names = await queue_names(client)
            assert sorted(names.values()) == ["Default queue", "Sales", "Service"]
            sale, other = {"referral": "sale-summer"}, {"referral": "winter"}
            assert await queue_of(client, {**sale, "at": MONDAY_AT_NOON}) == "Sales"
            assert await queue_of(client, {**sale, "at": SUNDAY_AT_NOON}) == "Service"
            assert await queue_of(client, {**other, "at": MONDAY_AT_NOON}) == "Service"
            before = await configuration(client)
            await seed_queues(api, DemoSecrets(admin["Authorization"].removeprefix("Bearer "), "", "", {}))
            assert await configuration(client) == before


async def role_of(client: httpx.AsyncClient, email: str, password: str) -> str:
    """The role of somebody who signs in as the console's link does."""
    began = await client.post("/v1/sign-in", json={"email": email, "password": password})
    token = began.raise_for_status().json()["token"]
    me = await client.get("/v1/me", headers={"Authorization": f"Bearer {token}"})
    return str(me.raise_for_status().json()["role"])


async def accept_first_offer(client: httpx.AsyncClient) -> dict[str, Any]:
    """Accept the first that is offered to somebody who opens the event stream."""
    stream = {"presence": "1", "kind": "offer.made"}
    async with client.stream("GET", "/v1/events", params=stream) as events:
        async for line in events.aiter_lines():
            if line.startswith("data: ") and '"offer.made"' in line:
                offer = json.loads(line.removeprefix("data: "))
                answer = await client.post(f"/v1/conversations/{offer['conversation_id']}/accept")
                accepted: dict[str, Any] = answer.raise_for_status().json()
                return accepted
    raise AssertionError("the stream has ended")


async def queue_names(client: httpx.AsyncClient) -> dict[str, str]:
    """The queues' names by their ids."""
    queues = (await client.get("/v1/queues")).raise_for_status().json()["items"]
    return {queue["id"]: queue["name"] for queue in queues}


async def queue_of(client: httpx.AsyncClient, facts: dict[str, Any]) -> str:
    """The queue to which the demo's rules lead."""
    page = (await client.get(f"/v1/pages/{PAGE_ID}")).raise_for_status().json()
    address = f"/v1/workstreams/{page['workstream_id']}/routing/dry-run"
    answer = await client.post(address, json={**facts, "page_id": PAGE_ID})
    return str(answer.raise_for_status().json()["queue_name"])


async def configuration(client: httpx.AsyncClient) -> list[Any]:
    """All that the demo has set of work distribution."""
    paths = ("/v1/queues", "/v1/workstreams", "/v1/operating-hours", "/v1/skills")
    found = [(await client.get(path)).raise_for_status().json() for path in paths]
    sets = [
        (await client.get(f"/v1/workstreams/{each['id']}/rule-sets")).raise_for_status().json()
        for each in found[1]["items"]
    ]
    return [*found, *sets]
