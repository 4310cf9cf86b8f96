"""Accounts: what is shown, what is kept, when the callback address appears."""

import asyncio
from typing import Any

import pytest
from sqlmodel import Session, SQLModel, select

from base.secret_scopes import app_secret_place, verify_token_place
from store import tables
from support.api import Api, Seed

SECRET = "0123456789abcdef"
ACCOUNT = {"name": "Shop", "app_id": "4711", "app_secret": SECRET}
PAGE = {"page_id": "1001", "name": "Shop page", "access_token": "EAAGtoken"}


async def _account(api: Api, **more: Any) -> dict[str, Any]:
    made = await api.admin.post("/v1/accounts", json={**ACCOUNT, **more})
    assert made.status_code == 201, made.text
    shown: dict[str, Any] = made.json()
    return shown


def _everything(session: Session) -> str:
    rows = (session.connection().execute(table.select()) for table in SQLModel.metadata.sorted_tables)
    return repr([row for table in rows for row in table])


async def test_the_callback_address_appears_with_the_first_page(api: Api) -> None:
    made = await _account(api)
    assert (made["callback_url"], made["verify_token"], made["page_ids"]) == (None, None, [])

    page = await api.admin.post(f"/v1/accounts/{made['id']}/pages", json=PAGE)
    assert page.status_code == 201, page.text
    account = (await api.admin.get(f"/v1/accounts/{made['id']}")).json()
    assert account["callback_url"] == f"http://127.0.0.1:8000/webhooks/messenger/{made['id']}"
    assert account["verify_token"].startswith("pdv_")
    assert account["page_ids"] == ["1001"]

    await api.admin.post(f"/v1/accounts/{made['id']}/pages", json={**PAGE, "page_id": "1002"})
    again = (await api.admin.get(f"/v1/accounts/{made['id']}")).json()
    assert again["verify_token"] == account["verify_token"]


async def test_an_account_may_come_with_its_pages(api: Api) -> None:
    made = await _account(api, pages=[PAGE, {**PAGE, "page_id": "1002"}])
    assert made["page_ids"] == ["1001", "1002"]
    assert made["verify_token"]
    assert api.engine.checked == ["1001", "1002"]


async def test_a_page_of_another_account_is_refused_and_nothing_is_made(api: Api) -> None:
    await _account(api, pages=[PAGE])
    second = await _account(api, app_id="4712")
    refused = await api.admin.post(f"/v1/accounts/{second['id']}/pages", json=PAGE)
    assert (refused.status_code, refused.json()["code"]) == (409, "page_in_use")
    after = (await api.admin.get(f"/v1/accounts/{second['id']}")).json()
    assert (after["callback_url"], after["verify_token"]) == (None, None)


async def test_an_account_with_a_page_of_another_is_not_made_at_all(api: Api) -> None:
    await _account(api, pages=[PAGE])
    refused = await api.admin.post(
        "/v1/accounts", json={**ACCOUNT, "app_id": "4712", "pages": [{**PAGE, "page_id": "1002"}, PAGE]}
    )
    assert (refused.status_code, refused.json()["code"]) == (409, "page_in_use")
    assert len((await api.admin.get("/v1/accounts")).json()["items"]) == 1
    assert (await api.admin.get("/v1/pages/1002")).status_code == 404


async def test_the_same_page_twice_in_one_account_is_refused(api: Api) -> None:
    made = await _account(api, pages=[PAGE])
    again = await api.admin.post(f"/v1/accounts/{made['id']}/pages", json=PAGE)
    assert (again.status_code, again.json()["code"]) == (409, "page_exists")
    both = await api.admin.post("/v1/accounts", json={**ACCOUNT, "app_id": "1", "pages": [PAGE, PAGE]})
    assert both.status_code == 409


async def test_only_admins_see_the_verify_token(api: Api) -> None:
    made = await _account(api, pages=[PAGE])
    _, supervisor = await api.somebody("supervisor")
    shown = (await supervisor.get(f"/v1/accounts/{made['id']}")).json()
    assert shown["verify_token"] is None
    assert shown["callback_url"] == made["callback_url"]


async def test_secrets_are_sealed_and_never_shown(api: Api) -> None:
    made = await _account(api, pages=[PAGE])
    listed = await api.admin.get("/v1/accounts")
    pages = await api.admin.get(f"/v1/accounts/{made['id']}/pages")
    for answer in (listed, pages, await api.admin.get("/v1/pages/1001")):
        assert SECRET not in answer.text
        assert PAGE["access_token"] not in answer.text
    row = await api.database.read(lambda s: s.get_one(tables.Account, made["id"]))
    assert api.settings.vault.open(row.app_secret, app_secret_place(row.id)) == SECRET
    assert row.verify_token is not None
    assert api.settings.vault.open(row.verify_token, verify_token_place(row.id)) == made["verify_token"]
    stored = await api.database.read(_everything)
    for secret in (SECRET, PAGE["access_token"], made["verify_token"]):
        assert secret not in stored


async def test_a_new_app_secret_replaces_the_old_one(api: Api) -> None:
    made = await _account(api)
    changed = await api.admin.patch(
        f"/v1/accounts/{made['id']}", json={"name": "Store", "app_secret": "fedcba9876543210"}
    )
    assert (changed.status_code, changed.json()["name"]) == (200, "Store")
    row = await api.database.read(lambda s: s.get_one(tables.Account, made["id"]))
    assert api.settings.vault.open(row.app_secret, app_secret_place(row.id)) == "fedcba9876543210"


async def test_a_corrected_app_secret_has_the_pages_checked_at_once(api: Api) -> None:
    made = await _account(api, pages=[PAGE, PAGE | {"page_id": "1002"}])
    api.engine.checked.clear()
    await api.admin.patch(f"/v1/accounts/{made['id']}", json={"name": "Store"})
    assert api.engine.checked == []
    await api.admin.patch(f"/v1/accounts/{made['id']}", json={"app_secret": "fedcba9876543210"})
    assert api.engine.checked == ["1001", "1002"]


async def test_an_account_with_pages_is_not_deleted(api: Api) -> None:
    made = await _account(api, pages=[PAGE])
    address = f"/v1/accounts/{made['id']}"
    refused = await api.admin.delete(address)
    assert (refused.status_code, refused.json()["code"]) == (409, "account_in_use")
    assert refused.json()["page_ids"] == ["1001"]
    assert (await api.admin.delete("/v1/pages/1001")).status_code == 204
    assert (await api.admin.delete(address)).status_code == 204
    assert (await api.admin.get(address)).status_code == 404


async def test_a_deleted_account_whose_page_another_one_takes_over_keeps_no_secret(api: Api) -> None:
    former = await _account(api, pages=[PAGE])
    assert (await api.admin.delete(f"/v1/pages/{PAGE['page_id']}")).status_code == 204
    assert (await api.admin.delete(f"/v1/accounts/{former['id']}")).status_code == 204
    new = await _account(api, app_id="4712", app_secret=SECRET[::-1])
    assert await api.database.read(lambda s: s.get(tables.Account, former["id"])) is not None
    saved = await api.admin.post(f"/v1/accounts/{new['id']}/pages", json=PAGE)
    assert (saved.status_code, saved.json()["account_id"]) == (201, new["id"])
    assert await api.database.read(lambda s: s.get(tables.Account, former["id"])) is None


async def test_an_app_has_one_account(api: Api) -> None:
    await _account(api)
    again = await api.admin.post("/v1/accounts", json=ACCOUNT)
    assert (again.status_code, again.json()["code"]) == (409, "app_id_taken")


async def test_creating_with_a_key_creates_once(api: Api) -> None:
    headers = {"Idempotency-Key": "one"}
    body = {**ACCOUNT, "pages": [PAGE]}
    first = await api.admin.post("/v1/accounts", json=body, headers=headers)
    again = await api.admin.post("/v1/accounts", json=body, headers=headers)
    assert first.status_code == again.status_code == 201
    assert first.json() == again.json()
    page = f"/v1/accounts/{first.json()['id']}/pages"
    new = {**PAGE, "page_id": "1002"}
    pages = [(await api.admin.post(page, json=new, headers={"Idempotency-Key": "two"})) for _ in range(2)]
    assert [answer.status_code for answer in pages] == [201, 201]
    records = await api.database.read(lambda s: repr(s.exec(select(tables.IdempotencyRecord)).all()))
    assert first.json()["verify_token"] not in records


@pytest.mark.parametrize(
    "change",
    [
        {"name": ""},
        {"name": "x" * 101},
        {"name": "a\x00b"},
        {"name": 1},
        {"app_id": ""},
        {"app_id": 4711},
        {"app_id": "47\n11"},
        {"app_id": "abc"},
        {"app_secret": ""},
        {"app_secret": "short"},
        {"app_secret": "x" * 101},
        {"app_secret": "0123456789\nabcdef"},
        {"app_secret": "0123456789äbcdef"},
        {"app_secret": None},
        {"pages": {}},
        {"pages": [{}]},
        {"pages": [{**PAGE, "page_id": 1}]},
        {"id": "mine"},
        {"verify_token": "mine"},
        {"callback_url": "https://evil.example"},
    ],
)
async def test_a_bad_account_is_refused_without_an_echo(api: Api, change: dict[str, Any]) -> None:
    answer = await api.admin.post("/v1/accounts", json={**ACCOUNT, **change})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert "evil.example" not in answer.text
    assert SECRET not in answer.text
    assert (await api.admin.get("/v1/accounts")).json()["items"] == []


async def test_accounts_are_listed_in_few_statements(api: Api, seed: Seed) -> None:
    for _ in range(8):
        await seed.page()
    with api.counted_statements() as statements:
        answer = await api.admin.get("/v1/accounts")
    assert len(answer.json()["items"]) == 8
    assert len(statements) == 3, statements  # who asks, the accounts, their pages


async def test_twenty_at_once_with_one_key_make_one_account(api: Api) -> None:
    client, headers = api.admin, {"Idempotency-Key": "one"}
    answers = await asyncio.gather(
        *(client.post("/v1/accounts", json={**ACCOUNT, "pages": [PAGE]}, headers=headers) for _ in range(20))
    )
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1


async def test_a_page_that_two_accounts_want_at_once_goes_to_one(api: Api) -> None:
    client = api.admin
    accounts = [(await _account(api, app_id=str(number)))["id"] for number in range(8)]
    answers = await asyncio.gather(
        *(client.post(f"/v1/accounts/{account}/pages", json=PAGE) for account in accounts)
    )
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7
    shown = [(await client.get(f"/v1/accounts/{account}")).json() for account in accounts]
    assert len([account for account in shown if account["callback_url"]]) == 1
