"""The demo's account, page and agents, made through the public API. Seeding again changes nothing."""

import asyncio
from dataclasses import replace
from typing import Any

import httpx

from base.settings import Settings
from local.demo.installation import DemoSecrets, keep_secrets
from local.demo.requests import find_or_make, get_json, send_json

APP_ID = "1187452390011223"
PAGE_ID = "108823774519302"
PAGE_NAME = "Example Shop"
CUSTOMER = {"page_id": PAGE_ID, "psid": "7421908834567012", "name": "Ada Byron"}
AGENTS = ("Mia", "Tom", "Noor")
LEADERS = {"Vera": "supervisor", "Olga": "admin"}
"""Who else can sign in, with their roles. They are offered no work."""
_SURVEY = {"active": True, "question": "csat", "way": "buttons"}
_WORKSTREAM = {"name": "Messenger", "work_distribution": {"mode": "pick"}}
_LOOKS = 100
_LOOK_SECONDS = 0.2


async def seed_sandbox(sandbox_url: str, demo: DemoSecrets) -> None:
    """Make the app, the page and one customer known to the sandbox, which forgets nothing that it had."""
    async with httpx.AsyncClient(base_url=sandbox_url) as sandbox:
        app = {"app_id": APP_ID, "app_secret": demo.app_secret, "name": "Demo app", "mode": "live"}
        await send_json(sandbox, "POST", "/_sandbox/apps", app | {"features": ["human_agent"]})
        page = {"page_id": PAGE_ID, "name": PAGE_NAME, "access_token": demo.page_token, "app_id": APP_ID}
        await send_json(sandbox, "POST", "/_sandbox/pages", page)
        await send_json(sandbox, "POST", "/_sandbox/customers", CUSTOMER)


async def seed_desk(
    api_url: str, settings: Settings, demo: DemoSecrets, *, human_agent_tag: bool
) -> DemoSecrets:
    """Make account, page and agents in Pagedesk; returns the secrets with the agents' keys.

    `human_agent_tag`: whether the page has the human agent tag. Agents pick conversations from the list
    until `seed_queues` has work offered to them.
    """
    async with admin_client(api_url, demo) as api:
        account_id = await _account(api, demo)
        await _page(api, account_id, demo, human_agent_tag=human_agent_tag)
        keys = dict(demo.agent_keys)
        for name in AGENTS:
            if name not in keys:
                keys[name] = await _agent_key(api, name)
        for name, role in LEADERS.items():
            leader = await find_or_make(api, "/v1/agents", {"name": name, "role": role})
            await send_json(api, "PUT", f"/v1/agents/{leader['id']}/capacity", {"units": 0})
        await _let_people_sign_in(api, demo.password)
    kept = replace(demo, agent_keys=keys)
    keep_secrets(settings.data_dir, kept)
    return kept


def admin_client(api_url: str, demo: DemoSecrets) -> httpx.AsyncClient:
    """A client of the API with the rights of the demo's administrator."""
    return httpx.AsyncClient(base_url=api_url, headers={"Authorization": f"Bearer {demo.admin_token}"})


async def _account(api: httpx.AsyncClient, demo: DemoSecrets) -> str:
    for account in (await get_json(api, "/v1/accounts"))["items"]:
        if account["app_id"] == APP_ID:
            return str(account["id"])
    body = {"name": "Demo app", "app_id": APP_ID, "app_secret": demo.app_secret}
    return str((await send_json(api, "POST", "/v1/accounts", body))["id"])


async def _page(api: httpx.AsyncClient, account_id: str, demo: DemoSecrets, *, human_agent_tag: bool) -> None:
    pages = (await get_json(api, f"/v1/accounts/{account_id}/pages"))["items"]
    if any(page["page_id"] == PAGE_ID for page in pages):
        return
    body = {
        "page_id": PAGE_ID,
        "name": PAGE_NAME,
        "access_token": demo.page_token,
        "human_agent_tag": human_agent_tag,
        "attachments_for_customers": True,
        "attachments_for_agents": True,
        "workstream_id": (await find_or_make(api, "/v1/workstreams", _WORKSTREAM))["id"],
    }
    await send_json(api, "POST", f"/v1/accounts/{account_id}/pages", body)
    await send_json(api, "PUT", f"/v1/pages/{PAGE_ID}/survey", _SURVEY)


async def _agent_key(api: httpx.AsyncClient, name: str) -> str:
    agent = await find_or_make(api, "/v1/agents", {"name": name, "role": "agent"})
    return str((await send_json(api, "POST", f"/v1/agents/{agent['id']}/keys", {"name": "demo"}))["key"])


def email_of(name: str) -> str:
    """The address with which somebody of the demo signs in; the console makes it by the same rule."""
    return f"{name.lower()}@example.com"


async def _let_people_sign_in(api: httpx.AsyncClient, password: str) -> None:
    """Give those who cannot sign in yet an address and the password."""
    for agent in (await get_json(api, "/v1/agents"))["items"]:
        if agent["name"] in (*AGENTS, *LEADERS) and not agent["has_password"]:
            change = {"email": email_of(agent["name"]), "password": password}
            await send_json(api, "PATCH", f"/v1/agents/{agent['id']}", change)


async def page_problem(api_url: str, demo: DemoSecrets) -> str | None:
    """Wait until the demo page is Running; what is wrong if it is not."""
    page: dict[str, Any] = {}
    async with admin_client(api_url, demo) as api:
        for _ in range(_LOOKS):
            page = await get_json(api, f"/v1/pages/{PAGE_ID}")
            if page["provisioning_state"] == "Running":
                return None
            await asyncio.sleep(_LOOK_SECONDS)
    return f"{page['provisioning_state']} {[problem['detail'] for problem in page['problems']]}"
