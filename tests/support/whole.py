"""The whole product in one process: sandbox, API and worker, joined without a network, on a real engine."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from pydantic import AnyHttpUrl, SecretStr
from sqlmodel import select
from starlette.applications import Starlette
from temporalio.client import Client
from temporalio.service import RPCError

from api.app import create_app
from base.settings import Settings
from sandbox.app import create_app as create_sandbox
from sandbox.config import Config
from store.attachments.rows import messages_with_pending_files
from store.db.database import Database
from store.tables import Thread
from support.eventually import eventually
from support.store import APP_ID, APP_SECRET, PAGE_A, PAGE_B, TOKEN, make_settings
from worker import working
from workflows.messages import (
    RETENTION_WORKFLOW_ID,
    conversation_workflow_id,
    files_workflow_id,
    page_workflow_id,
)

ADMIN_KEY = "whole-product-admin-key"
_ADDRESS = "http://desk.test"
_META = "http://meta.test"


class Whole:
    """Clients of the two sides, and the store to look into."""

    def __init__(
        self, settings: Settings, api: httpx.AsyncClient, meta: httpx.AsyncClient, engine: Client
    ) -> None:
        self.settings = settings
        self.api = api
        self.meta = meta
        self.engine = engine
        self.store = Database(settings.store_url)
        self.inbox = Database(settings.inbox_url)
        self.account_id = ""
        self.files_url = ""

    async def customer(self, page_id: str = PAGE_A, name: str = "Ann") -> str:
        """A new person in the sandbox; the PSID."""
        made = await self.meta.post("/_sandbox/customers", json={"page_id": page_id, "name": name})
        return str(made.raise_for_status().json()["psid"])

    async def says(self, psid: str, text: str = "hello", page_id: str = PAGE_A, **more: Any) -> str:
        """The customer writes; the mid."""
        answer = await self.meta.post(
            f"/_sandbox/customers/{page_id}/{psid}/say", json={"text": text, **more}
        )
        return str(answer.raise_for_status().json()["mid"])

    async def conversations(self, **filters: str) -> list[dict[str, Any]]:
        """The list as agents see it."""
        answer = await self.api.get("/v1/conversations", params=filters)
        items: list[dict[str, Any]] = answer.raise_for_status().json()["items"]
        return items

    async def conversation_of(self, psid: str) -> dict[str, Any]:
        """The newest conversation of a person, as soon as there is one."""

        async def look() -> dict[str, Any] | None:
            found = [one for one in await self.conversations() if one["customer"]["psid"] == psid]
            return found[0] if found else None

        found = await eventually(look)
        assert found is not None
        return found

    async def messages(self, conversation_id: str) -> list[dict[str, Any]]:
        """A conversation's messages in order."""
        answer = await self.api.get(f"/v1/conversations/{conversation_id}/messages")
        items: list[dict[str, Any]] = answer.raise_for_status().json()["items"]
        return items

    async def message_with(self, conversation_id: str, **wanted: Any) -> dict[str, Any]:
        """The first message with these fields, as soon as there is one."""

        async def look() -> dict[str, Any] | None:
            for message in await self.messages(conversation_id):
                if all(message[name] == value for name, value in wanted.items()):
                    return message
            return None

        found = await eventually(look)
        assert found is not None
        return found

    async def act(self, conversation_id: str, action: str, **headers: str) -> httpx.Response:
        """Give a command as the admin."""
        return await self.api.post(f"/v1/conversations/{conversation_id}/{action}", headers=headers)

    async def answer(self, conversation_id: str, text: str, key: str) -> httpx.Response:
        """Reply to the customer."""
        return await self.api.post(
            f"/v1/conversations/{conversation_id}/messages",
            json={"text": text},
            headers={"Idempotency-Key": key},
        )

    async def agent_client(self, name: str) -> httpx.AsyncClient:
        """A client with the key of a new agent; close it yourself."""
        made = await self.api.post("/v1/agents", json={"name": name, "role": "agent"})
        agent_id = made.raise_for_status().json()["id"]
        key = (await self.api.post(f"/v1/agents/{agent_id}/keys", json={"name": "test"})).json()["key"]
        shared = self.api._transport if isinstance(self.api._transport, httpx.ASGITransport) else None
        return httpx.AsyncClient(
            transport=shared, base_url=self.api.base_url, headers={"Authorization": f"Bearer {key}"}
        )


class _Later(httpx.AsyncBaseTransport):
    """Each of the two applications calls the other: one is made first."""

    transport: httpx.AsyncBaseTransport

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await self.transport.handle_async_request(request)


@contextlib.asynccontextmanager
async def whole_product(
    data_dir: Path, engine: Client, database_url: str | None = None, *, serve_files: bool = False
) -> AsyncIterator[Whole]:
    """Start everything, with an account and two pages that are Running.

    `serve_files`: the sandbox is on the network too, for files are fetched by another way than Graph calls.
    """
    listening = socket.create_server(("127.0.0.1", 0))
    files_url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    settings = make_settings(
        data_dir,
        temporal_address=engine.service_client.config.target_host,
        public_url=AnyHttpUrl(_ADDRESS),
        graph_base_url=AnyHttpUrl(_META),
        admin_token=SecretStr(ADMIN_KEY),
        database_url=database_url,
        attachment_hosts=files_url,
    )
    to_meta = _Later()
    api_app = create_app(settings, graph_transport=to_meta)
    sandbox = create_sandbox(Config(transport=httpx.ASGITransport(api_app), ledger_dir=data_dir / "ledger"))
    to_meta.transport = httpx.ASGITransport(sandbox)
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(_end_all, settings, engine)
        await stack.enter_async_context(sandbox.router.lifespan_context(sandbox))
        await stack.enter_async_context(api_app.router.lifespan_context(api_app))
        stack.callback(listening.close)
        if serve_files:
            await stack.enter_async_context(_served(sandbox, listening))
        meta = await stack.enter_async_context(_client(sandbox, _META))
        api = await stack.enter_async_context(_client(api_app, _ADDRESS, ADMIN_KEY))
        await stack.enter_async_context(
            working(settings, engine, graph_transport=httpx.ASGITransport(sandbox))
        )
        whole = Whole(settings, api, meta, engine)
        whole.files_url = files_url
        stack.callback(whole.store.close)
        stack.callback(whole.inbox.close)
        await set_up(whole)
        yield whole


@contextlib.asynccontextmanager
async def _served(app: Starlette, listening: socket.socket) -> AsyncIterator[None]:
    """An application, already started, behind a socket."""
    config = uvicorn.Config(app, lifespan="off", log_config=None, timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        yield
    finally:
        server.should_exit = True
        await serving


async def _end_all(settings: Settings, engine: Client) -> None:
    """End the runs on the shared engine: another test's worker has nothing of theirs in its store."""
    store = Database(settings.store_url)
    threads = await store.read(lambda session: list(session.exec(select(Thread.page_id, Thread.customer_id))))
    files = await store.read(messages_with_pending_files)
    store.close()
    ids = [conversation_workflow_id(page_id, customer_id) for page_id, customer_id in threads]
    ids += [files_workflow_id(message_id) for message_id in files]
    ids += [RETENTION_WORKFLOW_ID, *(page_workflow_id(page_id) for page_id in (PAGE_A, PAGE_B))]
    for workflow_id in ids:
        with contextlib.suppress(RPCError):  # it has ended by itself
            await engine.get_workflow_handle(workflow_id).terminate()


async def set_up(whole: Whole, *, human_agent_tag: Sequence[str] = ()) -> None:
    """Make the account and both pages, some with the human agent tag, and wait until they are Running.

    Agents pick their conversations.
    """
    app = {"app_id": APP_ID, "app_secret": APP_SECRET, "name": "Test app", "mode": "live"}
    (await whole.meta.post("/_sandbox/apps", json=app | {"features": ["human_agent"]})).raise_for_status()
    account = {"name": "Test app", "app_id": APP_ID, "app_secret": APP_SECRET}
    made = await whole.api.post("/v1/accounts", json=account)
    whole.account_id = made.raise_for_status().json()["id"]
    picked = {"name": "Messenger", "work_distribution": {"mode": "pick"}}
    workstream = (await whole.api.post("/v1/workstreams", json=picked)).raise_for_status().json()
    for page_id in (PAGE_A, PAGE_B):
        page: dict[str, Any] = {
            "page_id": page_id,
            "name": f"Page {page_id}",
            "access_token": f"{TOKEN}-{page_id}",
        }
        (await whole.meta.post("/_sandbox/pages", json=page | {"app_id": APP_ID})).raise_for_status()
        page |= {"human_agent_tag": page_id in human_agent_tag, "workstream_id": workstream["id"]}
        (await whole.api.post(f"/v1/accounts/{whole.account_id}/pages", json=page)).raise_for_status()

    async def all_running() -> bool:
        states = [
            (await whole.api.get(f"/v1/pages/{page_id}")).json()["provisioning_state"]
            for page_id in (PAGE_A, PAGE_B)
        ]
        return states == ["Running", "Running"]

    await eventually(all_running, within=20)


def _client(app: Starlette, address: str, key: str | None = None) -> httpx.AsyncClient:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=address, headers=headers)
