"""The demo of `make run`: an account, a page, a workstream and agents, made through the public API.

Seeding again changes nothing. The keys are kept in the data directory, readable by its owner only, so that a
second start can print them again: this is invented data on one's own machine.
"""

import asyncio
import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import httpx
from pydantic import SecretStr

from base.ids import new_secret
from base.settings import Settings
from local.processes.data_lock import is_held

APP_ID = "1187452390011223"
PAGE_ID = "108823774519302"
PAGE_NAME = "Example Shop"
CUSTOMER = {"page_id": PAGE_ID, "psid": "7421908834567012", "name": "Ada Byron"}
AGENTS = ("Mia", "Tom")
DATA_DIR = Path(".data-demo")
TEMPORAL_UI_PORT = 8233
DEMO_FILE = "demo.json"
_CREATED = (200, 201)
_LOOKS = 100
_LOOK_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class DemoSecrets:
    """The invented secrets of a demo."""

    admin_token: str
    app_secret: str
    page_token: str
    agent_keys: dict[str, str]


def load_or_make_secrets(data_dir: Path) -> DemoSecrets:
    """The demo's secrets, made on first use."""
    file = data_dir / DEMO_FILE
    if file.exists():
        return DemoSecrets(**json.loads(file.read_text()))
    made = DemoSecrets(
        admin_token=new_secret("pdk"),
        app_secret=secrets.token_hex(16),
        page_token="EAAdemo" + secrets.token_urlsafe(24),
        agent_keys={},
    )
    _keep(file, made)
    return made


def demo_settings(settings: Settings) -> Settings:
    """These settings with the demo's own data directory and Temporal's web page, unless they differ."""
    own: dict[str, Any] = {"temporal_ui_port": settings.temporal_ui_port or TEMPORAL_UI_PORT}
    if "data_dir" not in settings.model_fields_set:
        own["data_dir"] = DATA_DIR
    return settings.model_copy(update=own)


def with_demo_admin(settings: Settings) -> Settings:
    """These settings; where they name no admin and a demo runs or ran here, as its admin sees it."""
    demo = demo_settings(settings)
    is_here = (demo.data_dir / DEMO_FILE).exists() and not is_held(settings.data_dir)
    if settings.admin_token is not None or not (is_here or is_held(demo.data_dir)):
        return settings
    token = SecretStr(load_or_make_secrets(demo.data_dir).admin_token)
    return demo.model_copy(update={"admin_token": token})


async def seed_sandbox(sandbox_url: str, demo: DemoSecrets) -> None:
    """Make the app, the page and one customer known to the sandbox, which forgets nothing that it had."""
    async with httpx.AsyncClient(base_url=sandbox_url) as sandbox:
        app = {"app_id": APP_ID, "app_secret": demo.app_secret, "name": "Demo app", "mode": "live"}
        await _post(sandbox, "/_sandbox/apps", app | {"features": ["human_agent"]})
        page = {"page_id": PAGE_ID, "name": PAGE_NAME, "access_token": demo.page_token, "app_id": APP_ID}
        await _post(sandbox, "/_sandbox/pages", page)
        await _post(sandbox, "/_sandbox/customers", CUSTOMER)


async def seed_desk(
    api_url: str, settings: Settings, demo: DemoSecrets, *, human_agent_tag: bool
) -> DemoSecrets:
    """Make account, page and agents in Pagedesk; returns the secrets with the agents' keys.

    `human_agent_tag`: whether the page has the human agent tag.
    """
    headers = {"Authorization": f"Bearer {demo.admin_token}"}
    async with httpx.AsyncClient(base_url=api_url, headers=headers) as api:
        account_id = await _account(api, demo)
        await _page(api, account_id, demo, human_agent_tag=human_agent_tag)
        keys = dict(demo.agent_keys)
        for name in AGENTS:
            if name not in keys:
                keys[name] = await _agent_key(api, name)
    kept = DemoSecrets(demo.admin_token, demo.app_secret, demo.page_token, keys)
    _keep(settings.data_dir / DEMO_FILE, kept)
    return kept


async def _account(api: httpx.AsyncClient, demo: DemoSecrets) -> str:
    for account in (await _get(api, "/v1/accounts"))["items"]:
        if account["app_id"] == APP_ID:
            return str(account["id"])
    body = {"name": "Demo app", "app_id": APP_ID, "app_secret": demo.app_secret}
    return str((await _post(api, "/v1/accounts", body))["id"])


async def _page(api: httpx.AsyncClient, account_id: str, demo: DemoSecrets, *, human_agent_tag: bool) -> None:
    pages = (await _get(api, f"/v1/accounts/{account_id}/pages"))["items"]
    if any(page["page_id"] == PAGE_ID for page in pages):
        return
    body = {
        "page_id": PAGE_ID,
        "name": PAGE_NAME,
        "access_token": demo.page_token,
        "human_agent_tag": human_agent_tag,
        "attachments_for_customers": True,
        "attachments_for_agents": True,
    }
    await _post(api, f"/v1/accounts/{account_id}/pages", body)


async def _agent_key(api: httpx.AsyncClient, name: str) -> str:
    agents = {agent["name"]: agent for agent in (await _get(api, "/v1/agents"))["items"]}
    agent = agents.get(name) or await _post(api, "/v1/agents", {"name": name, "role": "agent"})
    return str((await _post(api, f"/v1/agents/{agent['id']}/keys", {"name": "demo"}))["key"])


async def _get(client: httpx.AsyncClient, path: str) -> dict[str, Any]:
    response = await client.get(path)
    response.raise_for_status()
    body: dict[str, Any] = response.json()
    return body


async def _post(client: httpx.AsyncClient, path: str, body: dict[str, Any]) -> dict[str, Any]:
    response = await client.post(path, json=body)
    if response.status_code not in _CREATED:
        raise RuntimeError(f"{path} answered {response.status_code}: {response.text[:500]}")
    made: dict[str, Any] = response.json()
    return made


def _keep(file: Path, made: DemoSecrets) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_suffix(".draft")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as stream:
        json.dump(asdict(made), stream)
    draft.replace(file)


async def page_problem(api_url: str, demo: DemoSecrets) -> str | None:
    """Wait until the demo page is Running; what is wrong if it is not."""
    headers = {"Authorization": f"Bearer {demo.admin_token}"}
    page: dict[str, Any] = {}
    async with httpx.AsyncClient(base_url=api_url, headers=headers) as api:
        for _ in range(_LOOKS):
            page = await _get(api, f"/v1/pages/{PAGE_ID}")
            if page["provisioning_state"] == "Running":
                return None
            await asyncio.sleep(_LOOK_SECONDS)
    return f"{page['provisioning_state']} {[problem['detail'] for problem in page['problems']]}"
