"""The product as processes, with canaries in everything that is secret or personal.

A whole conversation, and everything that can be refused on the way.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
from temporalio.client import Client, WorkflowHandle

from base import clock
from base.ids import new_id
from base.settings import Settings
from local.processes.ports import free_port
from local.processes.processes import Child, running
from sandbox import wire
from store.db.database import Database
from store.tables import Survey
from support import children
from support.deliveries import body_of, text_event
from support.eventually import eventually
from support.signed_requests import signed_request

TAG = new_id()[:12]
APP, PAGE, PSID = "1187452390019999", "108823774519999", "7421908834569876"
UNROUTABLE_PSID = "7421908834561234"
"""Whatever this customer writes, routing fails, and the error names them."""
SECRETS = {
    "app secret": f"canary-app-secret-{TAG}",
    "page token": f"EAAcanaryPageToken{TAG}",
    "new page token": f"EAAcanaryWrongToken{TAG}",
    "admin key": f"canary-admin-key-{TAG}",
    "refused key": f"canary-refused-key-{TAG}",
    "password": f"canary-password-{TAG}",
}
PERSONAL = {
    "text": f"canary text <{TAG}> of the customer",
    "odd text": f"canary odd text {TAG}",
    "answer": f"canary answer <{TAG}> of the agent",
    "name": f"Canaria Nightingale-{TAG}",
    "PSID": PSID,
    "quick reply payload": f"canary-payload-{TAG}",
    "attachment": f"https://scontent.example/canary-attachment-{TAG}.jpg",
    "survey comment": f"canary comment {TAG} of the customer",
    "app-scoped id": "10158811223399887",
}


OF_ANOTHER = {
    "unroutable PSID": UNROUTABLE_PSID,
    "unroutable text": f"canary unroutable text {TAG}",
}
_FAULT = {"PAGEDESK_FAILPOINTS": f"router.event={UNROUTABLE_PSID}"}


@dataclass
class CanaryDesk:
    """The product as processes, after the conversation."""

    settings: Settings
    api: httpx.AsyncClient
    meta: httpx.AsyncClient
    engine: Client
    logs: dict[str, Child]
    account: dict[str, Any] = field(default_factory=dict)
    conversation: dict[str, Any] = field(default_factory=dict)
    agent_id: str = ""
    secrets: dict[str, str] = field(default_factory=lambda: dict(SECRETS))
    errors: dict[str, bytes] = field(default_factory=dict)
    survey_id: str = ""
    erasure_id: str = ""
    links: dict[str, str] = field(default_factory=dict)

    async def post(self, path: str, **body: Any) -> Any:
        """A POST that must succeed."""
        return (await self.api.post(path, json=body)).raise_for_status().json()

    async def get(self, path: str, **params: Any) -> Any:
        """A GET that must succeed."""
        return (await self.api.get(path, params=params)).raise_for_status().json()

    async def webhook(self, event: dict[str, Any]) -> httpx.Response:
        """A signed delivery of one event."""
        body = body_of(event, page_id=PAGE)
        headers = wire.signature_headers(body, SECRETS["app secret"])
        return await self.api.post(f"/webhooks/messenger/{self.account['id']}", content=body, headers=headers)

    async def histories(self) -> dict[str, bytes]:
        """Everything that Temporal keeps of this product's workflows."""
        customer_id = self.conversation["customer"]["id"]
        kept = {}
        for workflow_id in (f"conversation/{PAGE}/{customer_id}", f"page/{PAGE}"):
            handle: WorkflowHandle[Any, Any] = self.engine.get_workflow_handle(workflow_id)
            history = await handle.fetch_history()
            kept[f"history of {workflow_id}"] = b"\n".join(
                event.SerializeToString() for event in history.events
            )
            kept[f"JSON of {workflow_id}"] = history.to_json().encode()
            kept[f"description of {workflow_id}"] = (
                await handle.describe()
            ).raw_description.SerializeToString()
        return kept


@asynccontextmanager
async def canary_desk(settings: Settings, temporal_address: str) -> AsyncIterator[CanaryDesk]:
    """A conversation from the first word to its end, over migrated databases."""
    api_port, meta_port = free_port(), free_port()
    env = children.environment(
        settings,
        api_port,
        PAGEDESK_TEMPORAL_ADDRESS=temporal_address,
        PAGEDESK_ADMIN_TOKEN=SECRETS["admin key"],
        PAGEDESK_GRAPH_BASE_URL=f"http://127.0.0.1:{meta_port}",
        PAGEDESK_LOG_LEVEL="DEBUG",
    )
    logs = settings.data_dir / "logs"
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(
            running(children.sandbox(env, meta_port, settings.data_dir / "ledger"), logs)
        )
        started = {
            spec.name: await stack.enter_async_context(running(spec, logs))
            for spec in (children.api(env), children.worker(env | _FAULT))
        }
        admin = {"Authorization": f"Bearer {SECRETS['admin key']}"}
        api = await stack.enter_async_context(_client(api_port, admin))
        meta = await stack.enter_async_context(_client(meta_port, {}))
        desk = CanaryDesk(settings, api, meta, await Client.connect(temporal_address), started)
        await _set_up(desk)
        await _talk(desk)
        await _ask_for_deletion(desk)
        await _be_refused(desk)
        yield desk


def _client(port: int, headers: dict[str, str]) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=30)


async def _set_up(desk: CanaryDesk) -> None:
    app = {"app_id": APP, "app_secret": SECRETS["app secret"]}
    page = {"page_id": PAGE, "name": "Shop", "access_token": SECRETS["page token"]}
    for path, body in (
        ("apps", app),
        ("pages", {**page, "app_id": APP}),
        ("customers", {"page_id": PAGE, "psid": PSID, "name": PERSONAL["name"]}),
    ):
        (await desk.meta.post(f"/_sandbox/{path}", json=body)).raise_for_status()
    account_id = (await desk.post("/v1/accounts", name="Shop", **app))["id"]
    picked = await desk.post("/v1/workstreams", name="Messenger", work_distribution={"mode": "pick"})
    await desk.post(f"/v1/accounts/{account_id}/pages", **page, workstream_id=picked["id"])
    await eventually(lambda: _page_is(desk, "Running"), within=30)
    desk.account = await desk.get(f"/v1/accounts/{account_id}")
    desk.secrets["verify token"] = desk.account["verify_token"]
    desk.agent_id = (await desk.post("/v1/agents", name="Mia", role="agent"))["id"]
    desk.secrets["agent key"] = (await desk.post(f"/v1/agents/{desk.agent_id}/keys", name="k"))["key"]


async def _page_is(desk: CanaryDesk, state: str) -> bool:
    return bool((await desk.get(f"/v1/pages/{PAGE}"))["provisioning_state"] == state)


async def _talk(desk: CanaryDesk) -> None:
    """The customer writes, an agent answers, the customer reads and the agent ends it."""
    said = await desk.meta.post(f"/_sandbox/customers/{PAGE}/{PSID}/say", json={"text": PERSONAL["text"]})
    said.raise_for_status()

    async def listed() -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = (await desk.get("/v1/conversations", page_id=PAGE))["items"]
        return items

    (desk.conversation,) = await eventually(listed)
    path = f"/v1/conversations/{desk.conversation['id']}"
    agent = {"Authorization": f"Bearer {desk.secrets['agent key']}"}
    (await desk.api.post(f"{path}/pick", headers=agent)).raise_for_status()
    answer = await desk.api.post(
        f"{path}/messages", json={"text": PERSONAL["answer"]}, headers={**agent, "Idempotency-Key": "1"}
    )
    answer.raise_for_status()

    async def delivered() -> bool:
        messages = (await desk.get(f"{path}/messages"))["items"]
        return all(each["status"] in (None, "delivered") for each in messages) and len(messages) == 3

    await eventually(delivered)
    (await desk.meta.post(f"/_sandbox/customers/{PAGE}/{PSID}/read", json={})).raise_for_status()
    more = {
        "quick_reply": {"payload": PERSONAL["quick reply payload"]},
        "attachments": [{"type": "image", "payload": {"url": PERSONAL["attachment"]}}],
    }
    (await desk.webhook(text_event(PSID, PAGE, **more))).raise_for_status()
    await eventually(lambda: _shows(desk, f"{path}/messages", PERSONAL["quick reply payload"]))
    await eventually(lambda: _shows(desk, "/v1/customers", PERSONAL["name"]))
    blocked = {"page_id": PAGE, "psid": PSID, "unreachable": "blocked"}
    (await desk.meta.post("/_sandbox/customers", json=blocked)).raise_for_status()
    refused = await desk.api.post(
        f"{path}/messages", json={"text": PERSONAL["answer"]}, headers={**agent, "Idempotency-Key": "2"}
    )
    refused.raise_for_status()

    async def failed() -> bool:
        messages = (await desk.get(f"{path}/messages"))["items"]
        return any(each["status"] == "failed" for each in messages)

    await eventually(failed)
    (await desk.api.put(f"/v1/pages/{PAGE}/survey", json={"active": True})).raise_for_status()
    for action in ("end", "complete"):
        (await desk.api.post(f"{path}/{action}", headers=agent)).raise_for_status()
    await _be_asked(desk)


async def _shows(desk: CanaryDesk, path: str, text: str) -> bool:
    return text in (await desk.api.get(path)).text


async def _be_asked(desk: CanaryDesk) -> None:
    """The survey meets the blocked customer; its link is a secret of theirs all the same."""

    async def tried() -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = (await desk.get("/v1/surveys", status="failed"))["items"]
        return items

    (survey,) = await eventually(tried)
    desk.survey_id = survey["id"]
    database = Database(desk.settings.store_url)
    row = await database.read(lambda session: session.get_one(Survey, desk.survey_id))
    database.close()
    desk.links = {"survey link": row.token}
    comment = {"score": "4", "comment": PERSONAL["survey comment"]}
    (await desk.api.post(f"/survey/{row.token}", data=comment)).raise_for_status()


async def _ask_for_deletion(desk: CanaryDesk) -> None:
    """Somebody whom nobody here knows has Meta ask for the deletion of their data."""
    request = signed_request(SECRETS["app secret"], PERSONAL["app-scoped id"], clock.now())
    address = f"/webhooks/messenger/{desk.account['id']}/data-deletion"
    (await desk.api.post(address, data={"signed_request": request})).raise_for_status()

    async def done() -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = (await desk.get("/v1/erasures"))["items"]
        return [each for each in items if each["status"] == "done"]

    (erasure,) = await eventually(done, within=30)
    desk.erasure_id = erasure["id"]


async def _be_refused(desk: CanaryDesk) -> None:
    """Make everything fail that says why: its words must not repeat what it was given."""
    tries: list[tuple[str, dict[str, Any], dict[str, str]]] = [
        ("/v1/accounts", {"name": 1, "app_id": APP, "app_secret": SECRETS["app secret"]}, {}),
        ("/v1/accounts", {"name": "x", "app_id": APP, "app_secret": [SECRETS["app secret"]]}, {}),
        (
            f"/v1/accounts/{desk.account['id']}/pages",
            {"page_id": "x", "access_token": SECRETS["page token"]},
            {},
        ),
        (f"/v1/pages/{PAGE}/reauthorize", {"access_token": SECRETS["page token"] + " "}, {}),
        ("/v1/sign-in", {"email": "mia@example.test", "password": SECRETS["password"]}, {}),
        ("/v1/agents", {"name": "Eve", "role": "none", "password": SECRETS["password"]}, {}),
        ("/v1/accounts", {}, {"Authorization": f"Bearer {SECRETS['refused key']}"}),
        (f"/v1/conversations/{desk.conversation['id']}/messages", {"text": PERSONAL["answer"] * 99}, {}),
        (f"/v1/conversations/{desk.conversation['id']}/messages", {"txt": PERSONAL["answer"]}, {}),
    ]
    for number, (path, body, headers) in enumerate(tries):
        refused = await desk.api.post(path, json=body, headers={"Idempotency-Key": f"r{number}", **headers})
        assert 400 <= refused.status_code < 500, (path, refused.text)
        assert refused.status_code != 404, f"{path} is not where that can be refused."
        desk.errors[f"{number} {path}"] = refused.content + str(refused.headers).encode()
    (
        await desk.webhook(text_event(PSID, PAGE, mid={"no": "text"}, text=PERSONAL["odd text"]))
    ).raise_for_status()
    unroutable = text_event(UNROUTABLE_PSID, PAGE, text=OF_ANOTHER["unroutable text"])
    (await desk.webhook(unroutable)).raise_for_status()
    await eventually(lambda: _logs(desk, b"event_quarantined"))
    await desk.post(f"/v1/pages/{PAGE}/reauthorize", access_token=SECRETS["new page token"])
    await eventually(lambda: _page_is(desk, "Problem"), within=30)
    await _talk_nonsense(desk)


async def _logs(desk: CanaryDesk, event: bytes) -> bool:
    return any(event in child.log.read_bytes() for child in desk.logs.values())


async def _talk_nonsense(desk: CanaryDesk) -> None:
    """What is no HTTP is noted by the server, and not what it said."""
    reader, writer = await asyncio.open_connection("127.0.0.1", desk.api.base_url.port)
    writer.write(
        f"GET / HTTP/1.1\r\nAuthorization: {SECRETS['admin key']}\r\n{PERSONAL['text']}\r\n\r\n".encode()
    )
    desk.errors["nonsense"] = await reader.read()
    writer.close()
