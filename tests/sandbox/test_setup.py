"""Setting up over the Graph API: tokens, both subscription levels, profiles."""

from typing import Any

import httpx
import pytest

from support.sandbox_driver import APP, CALLBACK, PAGE, PSID, SECRET, TOKEN, Messenger, Receiver, error_of

APP_TOKEN = f"{APP}|{SECRET}"
HOOK = {"object": "page", "callback_url": CALLBACK, "verify_token": "vt", "fields": "messages,message_echoes"}


async def test_debug_token_tells_a_tokens_life(messenger: Messenger) -> None:
    answer = await messenger.graph("GET", "/v26.0/debug_token", token=APP_TOKEN, input_token=TOKEN)
    data = answer.json()["data"]
    assert (data["app_id"], data["type"], data["is_valid"], data["profile_id"]) == (APP, "PAGE", True, PAGE)
    assert {"pages_messaging", "pages_manage_metadata"} <= set(data["scopes"])
    assert (data["expires_at"], data["data_access_expires_at"]) == (0, 0)
    await messenger.control("/tokens", access_token=TOKEN, app_id=APP, invalid_subcode=460)
    data = (await messenger.graph("GET", "/debug_token", token=APP_TOKEN, input_token=TOKEN)).json()["data"]
    assert data["is_valid"] is False
    assert data["error"]["subcode"] == 460


async def test_debug_token_of_an_unknown_or_foreign_token(messenger: Messenger) -> None:
    unknown = await messenger.graph("GET", "/debug_token", token=APP_TOKEN, input_token="EAA-unknown")
    assert unknown.json()["data"]["is_valid"] is False
    await messenger.control("/apps", app_id="2045518837702214", app_secret="other")
    foreign = await messenger.graph("GET", "/debug_token", token="2045518837702214|other", input_token=TOKEN)
    assert error_of(foreign) == (100, None)
    assert error_of(await messenger.graph("GET", "/debug_token", token=APP_TOKEN)) == (100, None)
    assert error_of(await messenger.client.get("/debug_token?input_token=x")) == (104, None)


async def test_the_app_subscription_asks_the_callback_first(messenger: Messenger) -> None:
    await messenger.control("/apps", app_id=APP, callback_url=None, fields=[])
    answer = await messenger.graph("POST", f"/v26.0/{APP}/subscriptions", token=APP_TOKEN, **HOOK)
    assert answer.json() == {"success": True}
    listed = await messenger.graph("GET", f"/v26.0/{APP}/subscriptions", token=APP_TOKEN)
    shown = listed.json()["data"][0]
    assert (shown["object"], shown["callback_url"], shown["active"]) == ("page", CALLBACK, True)
    assert [field["name"] for field in shown["fields"]] == ["messages", "message_echoes"]


@pytest.mark.parametrize(
    "callback",
    [
        httpx.Response(403),
        httpx.Response(200, text="something else"),
        httpx.ConnectError("refused"),
    ],
    ids=["refuses", "wrong challenge", "unreachable"],
)
async def test_a_callback_that_fails_the_handshake_changes_nothing(
    messenger: Messenger, receiver: Receiver, callback: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[httpx.URL] = []

    async def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url)
        if isinstance(callback, Exception):
            raise callback
        response: httpx.Response = callback
        return response

    monkeypatch.setattr(receiver, "handle_async_request", answer)
    given = {**HOOK, "callback_url": "http://other.test/hook"}
    refused = await messenger.graph("POST", f"/v26.0/{APP}/subscriptions", token=APP_TOKEN, **given)
    assert error_of(refused) == (2200, None)
    assert asked[0].params["hub.mode"] == "subscribe"
    assert asked[0].params["hub.verify_token"] == "vt"
    assert asked[0].params["hub.challenge"].isdecimal()
    assert messenger.world.apps[APP].callback_url == CALLBACK


async def test_the_app_subscription_needs_the_apps_own_token(messenger: Messenger) -> None:
    assert error_of(await messenger.graph("POST", f"/{APP}/subscriptions", **HOOK)) == (10, None)
    assert error_of(await messenger.graph("GET", "/999/subscriptions", token=APP_TOKEN)) == (10, None)


async def test_the_app_subscription_can_be_ended(messenger: Messenger) -> None:
    await messenger.graph("DELETE", f"/{APP}/subscriptions", token=APP_TOKEN, fields="messages")
    assert "messages" not in messenger.world.apps[APP].fields
    await messenger.graph("DELETE", f"/{APP}/subscriptions", token=APP_TOKEN)
    assert (await messenger.graph("GET", f"/{APP}/subscriptions", token=APP_TOKEN)).json() == {"data": []}


async def test_the_page_subscription(messenger: Messenger) -> None:
    path = f"/v26.0/{PAGE}/subscribed_apps"
    done = await messenger.graph("POST", path, subscribed_fields="messages,messaging_handover,standby")
    assert done.json() == {"success": True}
    listed = (await messenger.graph("GET", path)).json()["data"][0]
    assert listed["id"] == APP
    assert listed["subscribed_fields"] == ["messages", "messaging_handovers", "standby"]
    assert (await messenger.graph("DELETE", path)).json() == {"success": True}
    assert (await messenger.graph("GET", path)).json() == {"data": []}


@pytest.mark.parametrize(
    ("change", "fields", "expected"),
    [
        ({"permissions": ["pages_messaging"]}, "messages", (10, None)),
        ({"permissions": ["pages_manage_metadata"]}, "messages", (10, None)),
        ({"tasks": ["MESSAGING"]}, "messages", (200, None)),
        ({}, "messages,no_such_field", (100, None)),
        ({}, "", (100, None)),
    ],
)
async def test_a_page_subscription_is_refused(
    messenger: Messenger, change: dict[str, Any], fields: str, expected: tuple[int, int | None]
) -> None:
    await messenger.control("/tokens", access_token=TOKEN, app_id=APP, **change)
    answer = await messenger.graph("POST", f"/{PAGE}/subscribed_apps", subscribed_fields=fields)
    assert error_of(answer) == expected


async def test_me_accounts_lists_the_pages_with_their_tokens(messenger: Messenger) -> None:
    await messenger.control("/apps", app_id=APP, require_proof=False)
    await messenger.control("/tokens", access_token="EAA-user", app_id=APP, pages=[PAGE])
    answer = await messenger.graph("GET", "/v26.0/me/accounts", token="EAA-user")
    page = answer.json()["data"][0]
    assert (page["id"], page["name"], page["access_token"]) == (PAGE, "Shop", TOKEN)
    assert "MESSAGING" in page["tasks"]
    assert error_of(await messenger.graph("GET", "/me/accounts")) == (100, 33)
    await messenger.control("/tokens", access_token=TOKEN, app_id=APP, invalid_subcode=460)
    fresh = (await messenger.graph("GET", "/me/accounts", token="EAA-user")).json()["data"][0]
    assert fresh["access_token"] != TOKEN
    assert (await messenger.graph("GET", "/me", token=fresh["access_token"])).json()["id"] == PAGE


async def test_a_user_token_is_exchanged_for_60_days(messenger: Messenger) -> None:
    await messenger.control(
        "/tokens", access_token="EAA-user", app_id=APP, pages=[PAGE], expires_at=2_000_000_000
    )
    query = {
        "grant_type": "fb_exchange_token",
        "client_id": APP,
        "client_secret": SECRET,
        "fb_exchange_token": "EAA-user",
    }
    answer = await messenger.client.get("/v26.0/oauth/access_token", params=query)
    assert (answer.json()["token_type"], answer.json()["expires_in"]) == ("bearer", 5_183_944)
    wrong = await messenger.client.get("/oauth/access_token", params={**query, "client_secret": "x"})
    assert error_of(wrong) == (100, None)


async def test_a_profile_is_shown_once_the_person_has_written(messenger: Messenger) -> None:
    path = f"/v26.0/{PSID}"
    assert error_of(await messenger.graph("GET", path)) == (100, 33)
    await messenger.act("say", text="hello")
    shown = (await messenger.graph("GET", path, fields="first_name,last_name,locale,profile_pic")).json()
    assert (shown["first_name"], shown["last_name"], shown["locale"]) == ("Ada", "Byron", "en_US")
    assert (await messenger.client.get(shown["profile_pic"])).headers["content-type"] == "image/png"


@pytest.mark.parametrize(
    ("where", "change", "expected"),
    [
        ("/apps", {"app_id": APP, "profile_access": False}, (100, 2018247)),
        ("/customers", {"page_id": PAGE, "psid": PSID, "phone_account": True}, (2018218, None)),
        ("/customers", {"page_id": PAGE, "psid": PSID, "hidden_profile": True}, (100, 33)),
        (
            "/tokens",
            {"access_token": TOKEN, "app_id": APP, "permissions": ["pages_messaging"]},
            (100, 2018247),
        ),
    ],
)
async def test_a_profile_is_refused(
    messenger: Messenger, where: str, change: dict[str, Any], expected: tuple[int, int | None]
) -> None:
    await messenger.act("say", text="hello")
    await messenger.control(where, **change)
    assert error_of(await messenger.graph("GET", f"/{PSID}", fields="name,locale")) == expected


async def test_a_refused_webhook_field_is_named_and_nothing_is_subscribed(messenger: Messenger) -> None:
    await messenger.control("/apps", app_id=APP, refused_fields=["message_edits"])
    before = messenger.world.subscriptions[APP, PAGE].fields
    answer = await messenger.graph(
        "POST", f"/v26.0/{PAGE}/subscribed_apps", subscribed_fields="messages,message_edits"
    )
    assert error_of(answer) == (100, None)
    told = answer.json()["error"]["message"]
    assert told.startswith("(#100) Param subscribed_fields[1] must be one of {INBOX_LABELS, ")
    assert told.endswith('} - got "message_edits".')
    assert "MESSAGE_EDITS" not in told
    assert messenger.world.subscriptions[APP, PAGE].fields == before
    answer = await messenger.graph(
        "POST", f"/v26.0/{PAGE}/subscribed_apps", subscribed_fields="messages,standby"
    )
    assert answer.json() == {"success": True}


async def test_the_messenger_profile_is_kept(messenger: Messenger) -> None:
    path = "/v26.0/me/messenger_profile"
    started = {"payload": "GET_STARTED"}
    assert (await messenger.graph("POST", path, get_started=started)).json() == {"result": "success"}
    assert (await messenger.graph("GET", path, fields="get_started,greeting")).json() == {
        "data": [{"get_started": started}]
    }
    assert (await messenger.graph("DELETE", path, fields=["get_started"])).json() == {"result": "success"}
    assert (await messenger.graph("GET", path, fields="get_started")).json() == {"data": []}
    assert error_of(await messenger.graph("GET", path, fields="colour")) == (100, None)


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", f"/v26.0/{PAGE}/nowhere", (2500, None)),
        ("PUT", f"/v26.0/{PAGE}/messages", (2500, None)),
        ("POST", f"/v26.0/{PAGE}", (2500, None)),
        ("GET", "/v26.0/999", (100, 33)),
        ("GET", "/v26.0/", (2500, None)),
    ],
)
async def test_what_does_not_exist(
    messenger: Messenger, method: str, path: str, expected: tuple[int, int | None]
) -> None:
    assert error_of(await messenger.graph(method, path)) == expected
