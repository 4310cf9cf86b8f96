"""`pagedesk doctor`: how this installation and its pages stand, what is wrong, and what to do about it.

It looks at the settings, the storage and Temporal by itself, and asks the running service for the rest.
What cannot be reached is said, and is a problem too.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

import httpx
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text
from sqlalchemy.exc import SQLAlchemyError

from base.settings import Settings
from base.temporal import connect
from store.db.schema_versions import schemas_behind

OK, WARNING, PROBLEM, UNKNOWN = "ok", "warning", "problem", "unknown"

_SECONDS = 5.0
_FEW_CONNECTIONS = 1000
_STYLES = {OK: "green", WARNING: "yellow", PROBLEM: "red", UNKNOWN: "red"}
_ADMIN_TOKEN = "PAGEDESK_ADMIN_TOKEN"  # noqa: S105 - the name of a setting
_START = "Start `pagedesk up`, or name its address with --url."


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at. `state`: ok, warning, problem, or unknown: it could not be looked at."""

    what: str
    state: str
    detail: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Everything that was found. `accounts` and `pages` are as the API shows them."""

    checks: list[Check] = field(default_factory=list)
    accounts: list[dict[str, Any]] = field(default_factory=list)
    pages: list[dict[str, Any]] = field(default_factory=list)

    @property
    def is_well(self) -> bool:
        """Whether nothing needs mending. Warnings do not count."""
        return all(check.state in (OK, WARNING) for check in self.checks) and all(
            map(is_page_well, self.pages)
        )

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "ok": self.is_well,
            "checks": [asdict(check) for check in self.checks],
            "accounts": self.accounts,
            "pages": self.pages,
        }


def is_page_well(page: dict[str, Any]) -> bool:
    """Whether a page works and may send."""
    return bool(page["provisioning_state"] == "Running" and page["send_gate"]["state"] != "held")


async def examine(
    settings: Settings, url: str | None = None, *, transport: httpx.AsyncBaseTransport | None = None
) -> Diagnosis:
    """Look at everything. `url` is the API's address, `transport` carries the calls to it in tests."""
    address = (url or settings.local_url).rstrip("/")
    checks = [*_of_settings(settings), await _of_storage(settings), await _of_temporal(settings)]
    token = settings.admin_token.get_secret_value() if settings.admin_token else ""
    async with httpx.AsyncClient(
        base_url=address,
        headers={"Authorization": f"Bearer {token}"} if token else {},
        timeout=_SECONDS,
        trust_env=False,
        transport=transport,
    ) as api:
        checks.append(reached := await _of_api(api, address))
        if reached.state == UNKNOWN:
            return Diagnosis([*checks, _not_asked("The API is not reached.", _START)])
        if not token:
            remedy = f"Set {_ADMIN_TOKEN} to the service's, and ask again."
            return Diagnosis([*checks, _not_asked(f"{_ADMIN_TOKEN} is not set.", remedy)])
        try:
            accounts = await _items(api, "/v1/accounts")
            pages = [
                page for one in accounts for page in await _items(api, f"/v1/accounts/{one['id']}/pages")
            ]
            checks += _of_server(settings, (await api.get("/v1/server")).raise_for_status().json())
        except (httpx.HTTPError, ValueError, KeyError) as error:
            return Diagnosis([*checks, _not_told(error)])
    checks.append(Check("accounts", OK if accounts else WARNING, f"{len(accounts)}, with {len(pages)} pages"))
    return Diagnosis(checks, [_without_secrets(one) for one in accounts], pages)


def _of_settings(settings: Settings) -> Iterator[Check]:
    yield Check("settings", OK, f"data in {settings.data_dir.absolute()}")
    if settings.public_url is None:
        yield Check(
            "public address",
            WARNING,
            f"PAGEDESK_PUBLIC_URL is not set; Meta is told {settings.public_base_url}",
            "Set it to the https address at which Meta reaches this service.",
        )
    elif settings.public_url.scheme != "https":
        yield Check(
            "public address",
            WARNING,
            f"{settings.public_base_url} is not https",
            "Meta delivers to https only; a local Messenger does not mind.",
        )
    else:
        yield Check("public address", OK, settings.public_base_url)


async def _of_storage(settings: Settings) -> Check:
    where = "PostgreSQL" if settings.database_url else f"SQLite in {settings.data_dir}"
    try:
        behind = await asyncio.to_thread(schemas_behind, settings)
    except (SQLAlchemyError, OSError) as error:
        remedy = "Check PAGEDESK_DATABASE_URL and PAGEDESK_DATA_DIR."
        return Check("storage", PROBLEM, f"{where}: {type(error).__name__}", remedy)
    if behind:
        remedy = "Run `pagedesk migrate`; `pagedesk up` does it too."
        return Check("storage", PROBLEM, f"{where}: not at the newest schema: {', '.join(behind)}", remedy)
    return Check("storage", OK, where)


async def _of_temporal(settings: Settings) -> Check:
    try:
        async with asyncio.timeout(_SECONDS):
            client = await connect(settings)
            await client.service_client.check_health()
    except (TimeoutError, RuntimeError, OSError) as error:
        return Check(
            "temporal",
            PROBLEM,
            f"Temporal does not answer at {settings.temporal_target} ({type(error).__name__})",
            "`pagedesk up` starts it; for another one check PAGEDESK_TEMPORAL_ADDRESS.",
        )
    return Check("temporal", OK, f"Temporal at {settings.temporal_target}")


async def _of_api(api: httpx.AsyncClient, address: str) -> Check:
    try:
        answer = await api.get("/readyz")
        asked = answer.json()["checks"]
    except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
        return Check("api", UNKNOWN, f"no Pagedesk answers at {address} ({type(error).__name__})", _START)
    failed = [name for name, outcome in asked.items() if outcome != "ok"]
    if failed:
        remedy = (
            "See the service's log: `store`, `inbox` and `temporal` must answer, `relay` must keep up, "
            "`master_key` must be the one of this database."
        )
        return Check("api", PROBLEM, f"{address}: not ready: {', '.join(failed)}", remedy)
    return Check("api", OK, address)


def _of_server(settings: Settings, server: dict[str, Any]) -> Iterator[Check]:
    """Of the API process that answers: whether it knows whom requests are from, and how many it may serve."""
    proxies = ", ".join(server["untrusted_proxies"])
    name_it = "until then everybody behind it counts as one source, also for the limits on signing in."
    if proxies:
        yield Check(
            "proxy",
            WARNING,
            f"requests come through {proxies}, which is not trusted",
            f"Set PAGEDESK_TRUSTED_PROXIES to it; {name_it}",
        )
    elif settings.trusted_proxies is None and settings.public_base_url.startswith("https:"):
        yield Check(
            "proxy",
            WARNING,
            "the public address is https, so TLS ends in a proxy, and none is trusted",
            f"Name its address in PAGEDESK_TRUSTED_PROXIES; {name_it}",
        )
    else:
        yield Check("proxy", OK, f"trusted: {settings.trusted_proxies or 'none, and none was seen'}")
    connections, files = server["connections"], server["open_files"]
    if connections is not None:
        few = connections["max"] < _FEW_CONNECTIONS
        yield Check(
            "connections",
            WARNING if few else OK,
            f"{connections['open']} of at most {connections['max']}, with {files} open files",
            "Raise the hard limit of open files (systemd: LimitNOFILE=8192)." if few else "",
        )


async def _items(api: httpx.AsyncClient, path: str) -> list[dict[str, Any]]:
    """A whole list of the API's."""
    items: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        answer = await api.get(path, params={"cursor": cursor} if cursor else {})
        body = answer.raise_for_status().json()
        items += body["items"]
        cursor = body["next_cursor"]
        if cursor is None:
            return items


def _not_asked(detail: str, remedy: str) -> Check:
    return Check("pages", UNKNOWN, f"{detail} So nothing is known of accounts and pages.", remedy)


def _not_told(error: Exception) -> Check:
    if isinstance(error, httpx.HTTPStatusError) and error.response.status_code in (401, 403):
        remedy = (
            f"Set {_ADMIN_TOKEN} to the one that the service was started with; a demo prints its admin key."
        )
        return _not_asked(f"The API does not take {_ADMIN_TOKEN}.", remedy)
    return _not_asked(f"The API's answer is not understood ({type(error).__name__}).", "See its log.")


def _without_secrets(account: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in account.items() if name != "verify_token"}


# What a person reads


def show(diagnosis: Diagnosis, console: Console) -> None:
    """Print it."""
    console.print(_checks_table(diagnosis.checks))
    for account in diagnosis.accounts:
        console.print()
        console.print(_account_line(account))
        of_account = [page for page in diagnosis.pages if page["account_id"] == account["id"]]
        for page in of_account:
            console.print(Padding(_page(page), (0, 0, 0, 2)))
        if not of_account:
            console.print("  no pages yet")
    console.print()
    console.print(_verdict(diagnosis))


def _verdict(diagnosis: Diagnosis) -> str:
    if not diagnosis.is_well:
        return "Something needs mending; see above."
    warned = any(check.state == WARNING for check in diagnosis.checks) or any(
        page["warnings"] for page in diagnosis.pages
    )
    return "Everything works; see the warnings above." if warned else "All is well."


def _checks_table(checks: list[Check]) -> Table:
    table = Table.grid(padding=(0, 2))
    for check in checks:
        text = Text(check.detail)
        if check.remedy:
            text.append(f"\n{check.remedy}", style="dim")
        table.add_row(check.what, Text(check.state, style=_STYLES[check.state]), text)
    return table


def _account_line(account: dict[str, Any]) -> Text:
    text = Text.assemble((account["name"], "bold"), f"  app {account['app_id']}")
    if account["callback_url"]:
        text.append(f"  callback {account['callback_url']}")
    if account["previous_secret_until"]:
        text.append(f"  two app secrets until {account['previous_secret_until']}", style="yellow")
    return text


def _page(page: dict[str, Any]) -> RenderableType:
    style = "green" if is_page_well(page) else "red"
    head = Text.assemble(
        (page["name"], "bold"), f"  page {page['page_id']}  ", (page["provisioning_state"], style)
    )
    facts = Table.grid(padding=(0, 2))
    gate = page["send_gate"]
    why = ", ".join(each for each in (gate["reason"], gate["until"] and f"until {gate['until']}") if each)
    for name, value in (
        ("send gate", gate["state"] + (f" ({why})" if why else "")),
        ("last event", page["last_event_at"] or "none yet"),
        ("checked", page["checked_at"] or "not yet"),
        (
            "token expires",
            page["token_expires_at"] or "never, says Meta" if page["checked_at"] else "not known",
        ),
        ("authorise anew by", page["token_refresh_due_at"] or "not known"),
    ):
        facts.add_row(Text(name, style="dim"), Text(value))
    troubles = [_trouble(each) for each in (*page["problems"], *page["warnings"])]
    return Group(head, Padding(Group(facts, *troubles), (0, 0, 0, 2)))


def _trouble(problem: dict[str, Any]) -> Text:
    style = "yellow" if problem["severity"] == "warning" else "red"
    number = "/".join(str(problem[name]) for name in ("meta_code", "meta_subcode") if problem.get(name))
    code = problem["code"] + (f" (Meta's {number})" if number else "")
    return Text.assemble((code, style), f": {problem['detail']}\n", (problem["remedy"], "dim"))
