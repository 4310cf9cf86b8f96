"""A desk with one of each thing, whose API is called with what Schemathesis makes of the OpenAPI document."""

import asyncio
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from api.app import create_app
from base.settings import Settings
from store.db.database import Database
from store.db.migrate import migrate
from support.api import ADMIN_TOKEN, Api, FakeEngine, FakeMeta, Seed, committed_openapi

_MADE_BY = {
    "skill_id": "create_skill",
    "hours_id": "create_operating_hours",
    "rule_set_id": "create_rule_set",
    "template_id": "create_session_template",
    "profile_id": "create_capacity_profile",
    "code_id": "create_disposition_code",
    "rule_id": "create_time_out_rule",
    "key_id": "create_key",
}
"""Path parameters, and the operation whose first example makes what they name."""


@dataclass(frozen=True, slots=True)
class CalledApi:
    """The API in this process, with the ids of what there is, by the names of path parameters."""

    loop: asyncio.AbstractEventLoop
    clients: Mapping[str, httpx.AsyncClient]
    known_ids: Mapping[str, str]

    def call(self, role: str, method: str, url: str, **request: Any) -> httpx.Response:
        """One request as somebody of this role, without what earlier answers left in the client."""
        client = self.clients[role]
        client.cookies.clear()
        return self.loop.run_until_complete(client.request(method, url, **request))


@pytest.fixture(scope="session")
def called_api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CalledApi]:
    settings = Settings(data_dir=tmp_path_factory.mktemp("schema"), admin_token=SecretStr(ADMIN_TOKEN))
    migrate(settings)
    database = Database(settings.store_url)
    engine, meta = FakeEngine(), FakeMeta()
    app = create_app(settings, database=database, workflow_client=engine, graph_transport=meta.transport)
    with asyncio.Runner() as runner:
        lifespan = app.router.lifespan_context(app)
        runner.run(lifespan.__aenter__())
        api = Api(app, settings, database, engine, meta)
        clients, known_ids = runner.run(_furnish(api))
        yield CalledApi(runner.get_loop(), clients, known_ids)
        runner.run(api.close())
        runner.run(lifespan.__aexit__(None, None, None))
    database.close()
    shutil.rmtree(settings.data_dir)


async def _furnish(api: Api) -> tuple[dict[str, httpx.AsyncClient], dict[str, str]]:
    clients = {"admin": api.admin, "nobody": api.client()}
    known: dict[str, str] = {"queue_id": "default"}
    for role in ("supervisor", "agent"):
        known["agent_id"], clients[role] = await api.somebody(role)
    thread = await Seed(api).conversation()
    known |= {
        "page_id": thread.page_id,
        "customer_id": thread.customer_id,
        "conversation_id": thread.conversation_id,
        "account_id": (await api.admin.get("/v1/accounts")).json()["items"][0]["id"],
        "workstream_id": (await api.admin.get("/v1/workstreams")).json()["items"][0]["id"],
    }
    for parameter, operation_id in _MADE_BY.items():
        known[parameter] = await _make(api, operation_id, known)
    return clients, known


async def _make(api: Api, operation_id: str, known: Mapping[str, str]) -> str:
    """The id of what the first example of an operation makes."""
    path, operation = next(
        (path, operation)
        for path, operations in committed_openapi()["paths"].items()
        for operation in operations.values()
        if operation["operationId"] == operation_id
    )
    examples = operation["requestBody"]["content"]["application/json"]["examples"]
    body = next(iter(examples.values()))["value"]
    made = await api.admin.post(path.format_map(known), json=body)
    assert made.status_code == 201, f"{operation_id}: {made.text}"
    return str(made.json()["id"])
