"""Agents and their keys."""

import re
from types import SimpleNamespace
from typing import Any

import pytest
from sqlmodel import select

from api.access.agents import AgentInput
from api.app import create_app
from api.security.auth import BOOTSTRAP_ADMIN_ID
from api.security.idempotency import once
from base.secrets import Vault
from store.tables import Agent, ApiKey, IdempotencyRecord
from support.api import Api, FakeEngine, Seed

PASSWORD = "correct horse battery"
ADA = {"name": "Ada", "role": "agent", "email": "Ada@Example.org", "password": PASSWORD}


async def test_an_agent_is_shown_without_the_password(api: Api) -> None:
    made = await api.admin.post("/v1/agents", json=ADA)
    assert made.status_code == 201, made.text
    shown = made.json()
    assert shown.keys() == {"id", "name", "email", "role", "active", "has_password", "created_at"}
    assert (shown["email"], shown["has_password"]) == ("ada@example.org", True)
    stored = await api.database.read(lambda s: s.get_one(Agent, shown["id"]).password_hash)
    assert stored is not None
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


async def test_a_key_is_shown_once_and_stored_as_its_digest(api: Api) -> None:
    agent_id = (await api.admin.post("/v1/agents", json=ADA)).json()["id"]
    made = (await api.admin.post(f"/v1/agents/{agent_id}/keys", json={"name": "laptop"})).json()
    assert re.fullmatch(r"pdk_[A-Za-z0-9_-]{43}", made["key"])
    assert made["prefix"] == made["key"][:12]
    listed = (await api.admin.get(f"/v1/agents/{agent_id}/keys")).json()["items"]
    assert [key.keys() for key in listed] == [
        {"id", "name", "prefix", "created_at", "expires_at", "revoked_at"}
    ]
    stored = await api.database.read(lambda s: s.exec(select(ApiKey)).one().model_dump())
    assert made["key"] not in repr(stored)


@pytest.mark.parametrize(
    "password", ["brief", "password1", "11111111", "aaaabbbb", "ada12345", "x" * 201, 12345678]
)
async def test_a_password_that_is_guessed_first_is_refused(api: Api, password: object) -> None:
    answer = await api.admin.post("/v1/agents", json={**ADA, "password": password})
    assert answer.status_code == 422
    assert answer.json()["code"] in ("weak_password", "invalid_request")
    assert str(password) not in answer.text


@pytest.mark.parametrize(
    "change",
    [
        {"role": "owner"},
        {"role": None, "name": ""},
        {"name": "a\nb"},
        {"email": "no address"},
        {"active": 1},
        {"active": "true"},
        {"id": "x"},
        {"password_hash": "x"},
        {"created_at": "2020-01-01T00:00:00Z"},
    ],
)
async def test_only_what_may_change_changes(api: Api, change: dict[str, object]) -> None:
    agent_id, _ = await api.somebody("agent")
    before = (await api.admin.get(f"/v1/agents/{agent_id}")).json()
    assert (await api.admin.patch(f"/v1/agents/{agent_id}", json=change)).status_code == 422
    assert (await api.admin.get(f"/v1/agents/{agent_id}")).json() == before


@pytest.mark.parametrize("change", [{"active": False}, {"role": "agent"}])
async def test_somebody_must_stay_admin(api: Api, change: dict[str, object]) -> None:
    address = f"/v1/agents/{BOOTSTRAP_ADMIN_ID}"
    refused = await api.admin.patch(address, json=change)
    assert (refused.status_code, refused.json()["code"]) == (409, "last_admin")
    _, other = await api.somebody("admin")
    assert (await other.patch(address, json=change)).status_code == 200


async def test_an_admin_who_cannot_come_in_is_not_the_one_who_stays(api: Api) -> None:
    """The bootstrap admin has no way in without the setting, and nobody without a password and keys."""
    nobody = {"name": "Nobody", "role": "admin", "email": "nobody@example.org"}
    await api.admin.post("/v1/agents", json=nobody)
    admin_id, admin = await api.somebody("admin")
    object.__setattr__(api.settings, "admin_token", None)
    refused = await admin.patch(f"/v1/agents/{admin_id}", json={"active": False})
    assert (refused.status_code, refused.json()["code"]) == (409, "last_admin")
    made = await admin.post("/v1/agents", json={**ADA, "role": "admin"})
    assert made.status_code == 201
    assert (await admin.patch(f"/v1/agents/{admin_id}", json={"active": False})).status_code == 200


@pytest.mark.parametrize("change", [{"active": False}, {"role": "agent"}])
async def test_the_admin_of_the_setting_is_one_again_with_the_next_start(
    api: Api, change: dict[str, object]
) -> None:
    _, other = await api.somebody("admin")
    await other.patch(f"/v1/agents/{BOOTSTRAP_ADMIN_ID}", json=change)
    assert (await api.admin.get("/v1/agents")).status_code in (401, 403)
    for _ in range(2):
        again = create_app(api.settings, database=api.database, workflow_client=FakeEngine())
        async with again.router.lifespan_context(again):
            pass
    assert (await api.admin.get("/v1/me")).json()["role"] == "admin"
    told = (await api.admin.get("/v1/audit", params={"kind": "agent.restored"})).json()["items"]
    assert [each["data"] for each in told] == [{"cause": "PAGEDESK_ADMIN_TOKEN"}]


async def test_an_email_address_belongs_to_one(api: Api) -> None:
    await api.admin.post("/v1/agents", json=ADA)
    again = await api.admin.post("/v1/agents", json={**ADA, "email": "ada@example.ORG"})
    assert (again.status_code, again.json()["code"]) == (409, "email_taken")
    agent_id, _ = await api.somebody("agent")
    moved = await api.admin.patch(f"/v1/agents/{agent_id}", json={"email": "ada@example.org"})
    assert (moved.status_code, moved.json()["code"]) == (409, "email_taken")


async def test_creating_with_a_key_creates_once_and_keeps_no_secret(api: Api) -> None:
    headers = {"Idempotency-Key": "one"}
    first = await api.admin.post("/v1/agents", json=ADA, headers=headers)
    again = await api.admin.post("/v1/agents", json=ADA, headers=headers)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    other = await api.admin.post("/v1/agents", json={**ADA, "name": "Eve"}, headers=headers)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    other = await api.admin.post("/v1/agents", json={**ADA, "password": PASSWORD + "!"}, headers=headers)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    record = await api.database.read(lambda s: s.exec(select(IdempotencyRecord)).one().model_dump())
    assert PASSWORD not in repr(record)


async def test_what_is_kept_of_a_request_is_of_no_use_without_the_master_key() -> None:
    body = AgentInput.model_validate({**ADA, "email": "ada@example.org"})
    one, two = (Vault(bytes([key]) * 32) for key in (1, 2))
    caller: Any = SimpleNamespace(agent_id="ada")
    kept = {once(each, caller, "k", "create_agent", body).request_hash for each in (one, two, one)}
    assert len(kept) == 2


@pytest.mark.parametrize(
    ("path", "body", "secret"),
    [
        ("/v1/accounts", {"name": "Shop", "app_id": "4711", "app_secret": "0123456789abcdef"}, "app_secret"),
        (
            "/v1/accounts/{account}/pages",
            {"page_id": "7", "name": "P", "access_token": "EAAG1"},
            "access_token",
        ),
        ("/v1/agents", ADA, "password"),
    ],
)
async def test_the_same_key_with_another_secret_is_another_request(
    api: Api, seed: Seed, path: str, body: dict[str, str], secret: str
) -> None:
    page = await api.admin.get(f"/v1/pages/{await seed.page()}")
    address, headers = path.format(account=page.json()["account_id"]), {"Idempotency-Key": "one"}
    first = await api.admin.post(address, json=body, headers=headers)
    again = await api.admin.post(address, json=body, headers=headers)
    assert (first.status_code, again.status_code, first.json()) == (201, 201, again.json())
    other = await api.admin.post(address, json=body | {secret: body[secret] + "x"}, headers=headers)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


async def test_a_list_is_paged_to_its_end(api: Api) -> None:
    made = {(await api.somebody("agent"))[0] for _ in range(5)} | {BOOTSTRAP_ADMIN_ID}
    seen = await api.walk("/v1/agents", limit=2)
    assert len(seen) == len(made)
    assert set(seen) == made
