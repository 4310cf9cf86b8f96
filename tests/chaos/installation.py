"""One installation on its own ports: an account with two Pages, and a sandbox as Meta."""

import asyncio
import secrets
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx

from chaos.balancer import Balancer
from chaos.processes import ADMIN_KEY, API, FRONT, SANDBOX, SECOND_API, Fleet
from store.db.migrate import migrate
from support.eventually import eventually

APP_ID = "1187452390011223"
PAGES = ("108823774519302", "230451889017744")

# Meta's own waits between tries, a hundred times as fast: retries and recovery share one trial.
_RETRY_AFTER_SECONDS = [0, 0.05, 0.1, 0.2, 0.4, 0.8, 1.0]
_PROVISIONING_SECONDS = 60.0

# A connection must not be used again in the instant in which the server closes it, after five idle seconds.
_LIMITS = httpx.Limits(keepalive_expiry=3.0)


@dataclass(frozen=True, slots=True)
class Installation:
    """A running desk, ready to be hurt."""

    fleet: Fleet
    account_id: str
    app_secret: str
    token: str

    def token_of(self, page_id: str) -> str:
        """The access token of a Page. One token opens one Page: the sandbox keeps tokens by their text."""
        return self.token + page_id

    @property
    def directory(self) -> Path:
        """The data directory; the ledgers are in it as well."""
        return self.fleet.directory

    def sandbox(self) -> httpx.AsyncClient:
        """A client of the sandbox."""
        return self._client(SANDBOX)

    def api(self) -> httpx.AsyncClient:
        """A client of the API, or of what is in front of two, with the administrator's key."""
        name = FRONT if SECOND_API in self.fleet.product else API
        return self._client(name, Authorization=f"Bearer {ADMIN_KEY}")

    def _client(self, name: str, **headers: str) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            base_url=self.fleet.url(name), headers=headers, trust_env=False, timeout=30, limits=_LIMITS
        )


async def install(directory: Path, temporal: Path, database_url: str | None = None) -> Installation:
    """Migrate, start everything and provision both Pages; on PostgreSQL two APIs and two workers."""
    fleet = Fleet(directory, temporal, database_url)
    fleet.start(SANDBOX)
    if database_url:
        Balancer(fleet.ports[FRONT], [fleet.ports[API], fleet.ports[SECOND_API]]).start()
    await asyncio.to_thread(migrate, fleet.settings())
    await fleet.up(*fleet.product)
    await fleet.ready(SANDBOX)
    app_secret, token = secrets.token_hex(16), "EAAchaos" + secrets.token_urlsafe(16)
    installation = Installation(fleet, "", app_secret, token)
    async with installation.sandbox() as sandbox, installation.api() as api:
        await _seed_sandbox(sandbox, installation)
        account_id = await _seed_desk(api, installation)
    return replace(installation, account_id=account_id)


async def _seed_sandbox(sandbox: httpx.AsyncClient, installation: Installation) -> None:
    secret = installation.app_secret
    await _post(sandbox, "/_sandbox/apps", app_id=APP_ID, app_secret=secret, name="App", mode="live")
    for page_id in PAGES:
        await _post(
            sandbox,
            "/_sandbox/pages",
            page_id=page_id,
            name=f"Page {page_id}",
            access_token=installation.token_of(page_id),
            app_id=APP_ID,
        )
    await _post(sandbox, "/_sandbox/deliveries/settings", retry_after_s=_RETRY_AFTER_SECONDS)


async def _seed_desk(api: httpx.AsyncClient, installation: Installation) -> str:
    secret = installation.app_secret
    account = await _post(api, "/v1/accounts", name="App", app_id=APP_ID, app_secret=secret)
    picked = await _post(api, "/v1/workstreams", name="Messenger", work_distribution={"mode": "pick"})
    for page_id in PAGES:
        path = f"/v1/accounts/{account['id']}/pages"
        page = {"page_id": page_id, "name": f"Page {page_id}", "workstream_id": picked["id"]}
        await _post(api, path, access_token=installation.token_of(page_id), **page)

    async def all_run() -> bool:
        pages = [(await api.get(f"/v1/pages/{page_id}")).json() for page_id in PAGES]
        return all(page["provisioning_state"] == "Running" for page in pages)

    await eventually(all_run, within=_PROVISIONING_SECONDS)
    return str(account["id"])


async def _post(client: httpx.AsyncClient, path: str, **body: Any) -> dict[str, Any]:
    answer = await client.post(path, json=body)
    if not answer.is_success:
        raise AssertionError(f"{path} answered {answer.status_code}: {answer.text[:500]}")
    made: dict[str, Any] = answer.json()
    return made
