"""Accounts and their pages over the API."""

from support.api import Api

ACCOUNT = {"name": "Shop", "app_id": "4711", "app_secret": "0123456789abcdef"}
PAGE = {"page_id": "1001", "name": "Shop page", "access_token": "EAAGtoken"}


async def test_the_callback_address_appears_with_the_first_page(api: Api) -> None:
    made = (await api.admin.post("/v1/accounts", json=ACCOUNT)).json()
    assert (made["callback_url"], made["verify_token"]) == (None, None)

    page = await api.admin.post(f"/v1/accounts/{made['id']}/pages", json=PAGE)
    assert page.status_code == 201, page.text
    account = (await api.admin.get(f"/v1/accounts/{made['id']}")).json()
    assert account["callback_url"] == f"http://127.0.0.1:8000/webhooks/messenger/{made['id']}"
    assert account["verify_token"].startswith("pdv_")
    assert account["page_ids"] == ["1001"]
