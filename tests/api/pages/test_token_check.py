"""An access token is judged before it is saved, and an account remembers that its callback was verified."""

from typing import Any

import httpx
import orjson
import pytest

from support.api import Api

PAGE = "1001"
TOKEN = "EAAGtoken"
GOOD = {"is_valid": True, "app_id": "4711", "scopes": ["pages_messaging", "pages_manage_metadata"]}
DEAD = {"is_valid": False, "error": {"code": 190, "subcode": 463, "message": "It has expired."}}


async def _account(api: Api) -> str:
    body = {"name": "Shop", "app_id": "4711", "app_secret": "0123456789abcdef"}
    return str((await api.admin.post("/v1/accounts", json=body)).json()["id"])


def _meta_says(api: Api, told: dict[str, Any], page_id: str = PAGE) -> None:
    """What Meta knows of the token, and whose page it is of."""

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/me"):
            return httpx.Response(200, json={"id": page_id, "name": "Example Shop"})
        body = orjson.dumps({"data": told}).decode()
        return httpx.Response(200, json=[{"code": 200, "headers": [], "body": body}])

    api.meta.answer = answer


async def _check(api: Api) -> httpx.Response:
    path = f"/v1/accounts/{await _account(api)}/check-token"
    return await api.admin.post(path, json={"page_id": PAGE, "access_token": TOKEN})


async def test_a_good_token_has_no_problems_and_names_its_page(api: Api) -> None:
    _meta_says(api, {**GOOD, "issued_at": 1795000000})
    shown = (await _check(api)).json()
    assert shown == {
        "page_name": "Example Shop",
        "permissions": ["pages_manage_metadata", "pages_messaging"],
        "expires_at": None,
        "refresh_due_at": "2027-01-17T11:06:40Z",
        "problems": [],
    }


@pytest.mark.parametrize(
    ("told", "page_id", "codes"),
    [
        pytest.param(DEAD, PAGE, ["token_invalid"], id="dead"),
        pytest.param({**GOOD, "app_id": "815"}, PAGE, ["token_of_another_app"], id="app"),
        pytest.param({**GOOD, "scopes": ["pages_messaging"]}, PAGE, ["permission_missing"], id="permission"),
        pytest.param(GOOD, "1002", ["token_of_another_page"], id="page"),
        pytest.param(
            {**GOOD, "scopes": []}, "1002", ["permission_missing", "token_of_another_page"], id="both"
        ),
    ],
)
async def test_what_is_wrong_with_a_token_is_named_with_its_remedy(
    api: Api, told: dict[str, Any], page_id: str, codes: list[str]
) -> None:
    _meta_says(api, told, page_id)
    answer = await _check(api)
    assert answer.status_code == 200
    assert [each["code"] for each in answer.json()["problems"]] == codes
    assert all(each["remedy"] for each in answer.json()["problems"])
    assert TOKEN not in answer.text


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        pytest.param(190, "app_secret_invalid", id="Meta does not accept app id and secret"),
        pytest.param(100, "token_of_another_app", id="Meta tells of a token to its own app alone"),
        pytest.param(2, "meta_refuses", id="Meta has a fault"),
    ],
)
async def test_what_meta_refuses_to_tell_is_named(api: Api, code: int, problem: str) -> None:
    api.meta.fail(code)
    assert [each["code"] for each in (await _check(api)).json()["problems"]] == [problem]


async def test_a_meta_that_does_not_answer_is_named(api: Api) -> None:
    def unreachable(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no way", request=request)

    api.meta.answer = unreachable
    assert [each["code"] for each in (await _check(api)).json()["problems"]] == ["meta_unreachable"]


async def test_a_check_keeps_nothing(api: Api) -> None:
    _meta_says(api, GOOD)
    account_id = await _account(api)
    body = {"page_id": PAGE, "access_token": TOKEN}
    await api.admin.post(f"/v1/accounts/{account_id}/check-token", json=body)
    assert (await api.admin.get(f"/v1/accounts/{account_id}/pages")).json()["items"] == []
    assert (await api.admin.get(f"/v1/accounts/{account_id}")).json()["callback_url"] is None


async def test_checks_are_limited(api: Api) -> None:
    _meta_says(api, GOOD)
    path = f"/v1/accounts/{await _account(api)}/check-token"
    body = {"page_id": PAGE, "access_token": TOKEN}
    answers = [(await api.admin.post(path, json=body)).status_code for _ in range(25)]
    assert (answers[0], answers[-1]) == (200, 429)


async def test_an_account_tells_when_its_callback_was_verified_and_what_to_subscribe(api: Api) -> None:
    account_id = await _account(api)
    await api.admin.post(
        f"/v1/accounts/{account_id}/pages", json={"page_id": PAGE, "name": "Shop", "access_token": TOKEN}
    )
    before = (await api.admin.get(f"/v1/accounts/{account_id}")).json()
    assert before["callback_verified_at"] is None
    assert before["webhook_fields"][0] == {
        "name": "messages",
        "reason": "What customers write: the work, and the window.",
        "required": True,
    }
    asked = {"hub.mode": "subscribe", "hub.challenge": "7", "hub.verify_token": "wrong"}
    path = f"/webhooks/messenger/{account_id}"
    assert (await api.admin.get(path, params=asked)).status_code == 403
    assert (await api.admin.get(f"/v1/accounts/{account_id}")).json()["callback_verified_at"] is None
    asked["hub.verify_token"] = before["verify_token"]
    assert (await api.admin.get(path, params=asked)).text == "7"
    assert (await api.admin.get(f"/v1/accounts/{account_id}")).json()["callback_verified_at"] is not None
