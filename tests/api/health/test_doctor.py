"""`pagedesk doctor` against a running API: what it shows, what it calls well, and what it cannot reach."""

import io
from typing import Any

import httpx
import pytest
from pydantic import AnyHttpUrl, SecretStr
from rich.console import Console
from sqlmodel import Session

from base.http.connections import Connections
from base.http.proxies import TrustedProxies
from base.settings import Settings
from domain.pages.page_problems import PageProblem
from local.demo.installation import load_or_make_secrets, with_demo_admin
from local.doctor import Diagnosis, examine, show
from local.processes.ports import free_port
from store.pages.pages import get_rows
from support.api import NOW, Api, Seed


class Doctor:
    """Examines the API of a test."""

    def __init__(self, api: Api) -> None:
        self._api = api

    async def sees(self, **settings: Any) -> Diagnosis:
        """What it finds; Temporal is never there."""
        changed = {"temporal_address": f"127.0.0.1:{free_port()}"} | settings
        looked_with = self._api.settings.model_copy(update=changed)
        return await examine(looked_with, "http://api.test", transport=httpx.ASGITransport(self._api.app))


@pytest.fixture
def doctor(api: Api) -> Doctor:
    return Doctor(api)


def states(diagnosis: Diagnosis) -> dict[str, str]:
    return {check.what: check.state for check in diagnosis.checks}


def printed(diagnosis: Diagnosis) -> str:
    text = io.StringIO()
    show(diagnosis, Console(file=text, width=200))
    return text.getvalue()


async def change(api: Api, page_id: str, **values: Any) -> None:
    def work(session: Session) -> None:
        rows = get_rows(session, page_id)
        for row in (rows.page, rows.health, rows.send_state):
            row.sqlmodel_update(
                {name: values.pop(name) for name in [*values] if name in type(row).model_fields}
            )
        assert not values

    await api.database.write(work)


async def test_it_shows_a_page_with_its_problems_remedies_and_dates(
    api: Api, seed: Seed, doctor: Doctor
) -> None:
    page_id = await seed.page()
    dead = PageProblem(
        "token_invalid", "The password was changed.", facts={"meta_code": 190, "meta_subcode": 460}
    )
    await change(
        api,
        page_id,
        provisioning_state="Problem",
        problems=[dead.shown()],
        warnings=[PageProblem("standby_only").shown()],
        send_gate="held",
        send_gate_reason="token_invalid",
        checked_at=NOW,
        token_refresh_due_at=NOW,
    )
    seen = await doctor.sees()
    assert not seen.is_well
    text = printed(seen)
    for part in (
        page_id,
        "Problem",
        "held (token_invalid)",
        "token_invalid (Meta's 190/460): The password was changed.",
        "Create a new access token",
        "standby_only: ",
        "never, says Meta",
        "2026-11-20T12:00:00Z",
        "Something needs mending",
    ):
        assert part in text
    assert seen.as_json()["pages"][0]["problems"][0]["code"] == "token_invalid"


async def test_a_page_that_works_is_well_and_a_warning_is_no_illness(
    api: Api, seed: Seed, doctor: Doctor
) -> None:
    page_id = await seed.page()
    await change(
        api, page_id, provisioning_state="Running", warnings=[PageProblem("silent").shown()], checked_at=NOW
    )
    seen = await doctor.sees(public_url=AnyHttpUrl("https://desk.example.com"), trusted_proxies="127.0.0.1")
    assert states(seen) == {
        "settings": "ok",
        "public address": "ok",
        "storage": "ok",
        "temporal": "problem",
        "api": "ok",
        "proxy": "ok",
        "accounts": "ok",
    }
    others = [check for check in seen.checks if check.what not in ("temporal", "api")]
    assert Diagnosis(others, seen.accounts, seen.pages).is_well
    assert "verify_token" not in str(seen.as_json())


async def test_without_the_api_it_says_what_it_does_not_know(api: Api) -> None:
    nobody = f"http://127.0.0.1:{free_port()}"
    settings = api.settings.model_copy(update={"temporal_address": f"127.0.0.1:{free_port()}"})
    seen = await examine(settings, nobody)
    assert (states(seen)["api"], states(seen)["pages"]) == ("unknown", "unknown")
    assert not seen.is_well
    assert "So nothing is known of accounts and pages." in printed(seen)


@pytest.mark.parametrize("token", [None, "another-admin-token"])
async def test_without_the_right_token_it_says_which_to_set(
    doctor: Doctor, settings: Settings, token: str | None
) -> None:
    wrong = type(settings)(data_dir=settings.data_dir, admin_token=token).admin_token
    seen = await doctor.sees(admin_token=wrong)
    (pages,) = [check for check in seen.checks if check.what == "pages"]
    assert pages.state == "unknown"
    assert "PAGEDESK_ADMIN_TOKEN" in pages.detail + pages.remedy


def test_where_a_demo_ran_its_admin_asks_if_no_other_is_named(settings: Settings) -> None:
    nobody = settings.model_copy(update={"admin_token": None})
    assert with_demo_admin(nobody).admin_token is None
    made = load_or_make_secrets(settings.data_dir).admin_token
    assert with_demo_admin(nobody).admin_token == SecretStr(made)
    assert with_demo_admin(settings) == settings


async def test_a_database_that_is_not_there_or_old_is_a_problem(doctor: Doctor, settings: Settings) -> None:
    if settings.database_url is not None:
        pytest.skip("PostgreSQL databases are not made by their first use")
    seen = await doctor.sees(data_dir=settings.data_dir / "nowhere")
    (storage,) = [check for check in seen.checks if check.what == "storage"]
    assert (storage.state, "store, inbox" in storage.detail) == ("problem", True)
    assert not (settings.data_dir / "nowhere").exists()


@pytest.mark.slow
async def test_many_accounts_and_pages_are_all_shown(seed: Seed, doctor: Doctor) -> None:
    for _ in range(60):
        await seed.page()
    seen = await doctor.sees()
    assert (len(seen.accounts), len(seen.pages)) == (60, 60)


async def _forwarded(api: Api, proxy: str) -> None:
    transport = httpx.ASGITransport(api.app, client=(proxy, 50_000))
    async with httpx.AsyncClient(transport=transport, base_url="http://desk.test") as client:
        for _ in range(3):
            await client.get("/healthz", headers={"X-Forwarded-For": "203.0.113.7"})


async def test_a_proxy_that_is_not_trusted_is_told_with_its_remedy(
    api: Api, doctor: Doctor, capsys: pytest.CaptureFixture[str]
) -> None:
    assert states(await doctor.sees())["proxy"] == "ok"
    await _forwarded(api, "198.51.100.4")
    assert states(await doctor.sees())["proxy"] == "ok"
    await _forwarded(api, "172.18.0.5")
    assert capsys.readouterr().out.count("proxy_not_trusted") == 1
    seen = await doctor.sees()
    (check,) = (check for check in seen.checks if check.what == "proxy")
    assert (check.state, check.detail) == (
        "warning",
        "requests come through 172.18.0.5, which is not trusted",
    )
    assert check.remedy.startswith("Set PAGEDESK_TRUSTED_PROXIES to it;")


async def test_https_without_a_trusted_proxy_is_a_warning(doctor: Doctor) -> None:
    https = AnyHttpUrl("https://desk.example.org")
    assert states(await doctor.sees(public_url=https))["proxy"] == "warning"
    assert states(await doctor.sees(public_url=https, trusted_proxies="127.0.0.1"))["proxy"] == "ok"


@pytest.mark.parametrize(("most", "state"), [(768, "warning"), (4096, "ok")])
async def test_the_connections_that_a_process_may_have_are_told(
    api: Api, doctor: Doctor, most: int, state: str
) -> None:
    api.app.state.connections = Connections(most, TrustedProxies())
    (check,) = (check for check in (await doctor.sees()).checks if check.what == "connections")
    assert check.state == state
    assert check.detail.startswith(f"0 of at most {most}, with ")
