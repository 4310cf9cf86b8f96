"""Signing in with a browser: a cookie that no script reads, from pages of this desk alone, and its life."""

import re
from datetime import timedelta
from importlib.metadata import version
from typing import Any

import httpx
import pytest
from fastapi.routing import APIRoute
from freezegun import freeze_time
from pydantic import AnyHttpUrl

from api.app import PERMISSIONS
from support.api import NOW, Api
from support.eventually import eventually
from support.streams import listening

PASSWORD = "correct horse battery"
ADA = {"name": "Ada", "role": "agent", "email": "ada@example.org", "password": PASSWORD}
OURS = {"Sec-Fetch-Site": "same-origin"}
HTTPS = "https://desk.example.org"
LOCAL = "http://127.0.0.1:8000"


@pytest.fixture
async def agent_id(api: Api) -> str:
    return str((await api.admin.post("/v1/agents", json=ADA)).json()["id"])


def browser(api: Api, base_url: str = HTTPS, **headers: str) -> httpx.AsyncClient:
    """A browser with a page of the desk open; it keeps cookies."""
    client = httpx.AsyncClient(
        transport=httpx.ASGITransport(api.app), base_url=base_url, headers=OURS | headers
    )
    api.clients.append(client)
    return client


async def sign_in(client: httpx.AsyncClient, **more: Any) -> httpx.Response:
    body = {"email": ADA["email"], "password": PASSWORD, "cookie": True} | more
    return await client.post("/v1/sign-in", json=body)


async def signed_in(api: Api, base_url: str = HTTPS, **headers: str) -> httpx.AsyncClient:
    client = browser(api, base_url, **headers)
    assert (await sign_in(client)).status_code == 201
    return client


def code_of(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


@pytest.mark.parametrize(
    ("base_url", "expected"),
    [
        (HTTPS, r"__Host-pagedesk=pds_[\w-]{43}; HttpOnly; Max-Age=43200; Path=/; SameSite=strict; Secure"),
        (LOCAL, r"pagedesk=pds_[\w-]{43}; HttpOnly; Max-Age=43200; Path=/; SameSite=strict"),
        ("http://localhost:1", r"pagedesk=pds_[\w-]{43}; HttpOnly; Max-Age=43200; Path=/; SameSite=strict"),
        ("http://[::1]:8000", r"pagedesk=pds_[\w-]{43}; HttpOnly; Max-Age=43200; Path=/; SameSite=strict"),
    ],
)
async def test_the_token_is_in_a_cookie_that_no_script_reads(
    api: Api, agent_id: str, base_url: str, expected: str
) -> None:
    answer = await sign_in(browser(api, base_url))
    assert answer.status_code == 201
    assert re.fullmatch(expected, answer.headers["set-cookie"])
    assert (answer.json()["token"], answer.json()["agent_id"]) == (None, agent_id)
    name, _, value = answer.headers["set-cookie"].partition(";")[0].partition("=")
    again = browser(api, base_url, Cookie=f"theme=dark; {name}={value}")
    shown = await again.get("/v1/sign-in")
    assert shown.status_code == 200
    assert shown.json()["agent"]["name"] == "Ada"
    assert value not in shown.text


async def test_a_program_gets_no_cookie(api: Api, agent_id: str) -> None:
    answer = await sign_in(browser(api), cookie=False)
    assert answer.json()["token"].startswith("pds_")
    assert answer.json()["agent_id"] == agent_id
    assert "set-cookie" not in answer.headers


@pytest.mark.usefixtures("agent_id")
async def test_over_http_a_cookie_is_for_this_machine_alone(api: Api) -> None:
    elsewhere = await sign_in(browser(api, "http://desk.example.org"))
    assert code_of(elsewhere) == (400, "https_required")
    # A proxy on this machine that passes its own name for the desk's: whose browser it is, nobody knows.
    forwarded = await sign_in(browser(api, LOCAL, **{"X-Forwarded-For": "203.0.113.7"}))
    assert code_of(forwarded) == (400, "https_required")
    assert not {"set-cookie"} & {*elsewhere.headers, *forwarded.headers}
    object.__setattr__(api.settings, "public_url", AnyHttpUrl(HTTPS))
    behind = await sign_in(browser(api, "http://desk.example.org", **{"X-Forwarded-For": "203.0.113.7"}))
    assert behind.headers["set-cookie"].startswith("__Host-pagedesk=")
    assert "Secure" in behind.headers["set-cookie"]


@pytest.mark.usefixtures("agent_id")
async def test_each_cookie_counts_where_it_was_given(api: Api) -> None:
    local = await signed_in(api, LOCAL)
    token = local.cookies["pagedesk"]
    for base_url, name in ((HTTPS, "pagedesk"), (LOCAL, "__Host-pagedesk")):
        answer = await browser(api, base_url, Cookie=f"{name}={token}").get("/v1/me")
        assert code_of(answer) == (401, "unauthenticated")
    # A page on another port of this machine can set one beside ours.
    two = await browser(api, LOCAL, Cookie=f"pagedesk=pds_x; pagedesk={token}").get("/v1/me")
    assert code_of(two) == (401, "unauthenticated")


FOREIGN: list[dict[str, str]] = [
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site", "Origin": HTTPS},
    {"Sec-Fetch-Site": "", "Origin": HTTPS},
    {"Origin": "https://desk.example.org:8443"},
    {"Origin": "http://desk.example.org"},
    {"Origin": "null"},
]
"""What pages of others send: on another port, on another site, and where a browser has no Sec-Fetch-Site."""


@pytest.mark.usefixtures("agent_id")
@pytest.mark.parametrize("headers", FOREIGN)
async def test_with_a_cookie_another_page_can_do_nothing(api: Api, headers: dict[str, str]) -> None:
    """Every operation, before its body is read; also what only reads: a stream makes its reader present."""
    cookie = f"__Host-pagedesk={(await signed_in(api)).cookies['__Host-pagedesk']}"
    page = httpx.AsyncClient(
        transport=httpx.ASGITransport(api.app), base_url=HTTPS, headers=headers | {"Cookie": cookie}
    )
    api.clients.append(page)
    tried = 0
    for route in api.app.routes:
        if not isinstance(route, APIRoute) or PERMISSIONS.is_public(route.name):
            continue
        (method,) = route.methods or {""}
        answer = await page.request(method, re.sub(r"\{\w+\}", "404", route.path), content=b"{no json")
        assert code_of(answer) == (403, "wrong_origin"), route.name
        tried += 1
    assert tried > 100
    assert code_of(await sign_in(page)) == (403, "wrong_origin")
    assert (await browser(api, Cookie=cookie).get("/v1/me")).status_code == 200


@pytest.mark.usefixtures("agent_id")
@pytest.mark.parametrize(
    ("headers", "reads", "changes"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, 200, 204),
        ({"Sec-Fetch-Site": "none"}, 200, 403),  # typed into the address bar
        ({"Origin": HTTPS}, 200, 204),
        ({}, 200, 403),
    ],
)
async def test_pages_of_the_desk_may(api: Api, headers: dict[str, str], reads: int, changes: int) -> None:
    cookie = f"__Host-pagedesk={(await signed_in(api)).cookies['__Host-pagedesk']}"
    page = httpx.AsyncClient(
        transport=httpx.ASGITransport(api.app), base_url=HTTPS, headers=headers | {"Cookie": cookie}
    )
    api.clients.append(page)
    assert (await page.get("/v1/me")).status_code == reads
    assert (await page.post("/v1/sign-out")).status_code == changes


@pytest.mark.usefixtures("agent_id")
async def test_a_request_with_both_is_refused(api: Api) -> None:
    client = await signed_in(api)
    key = (await api.somebody("agent"))[1].headers["Authorization"]
    answer = await client.get("/v1/me", headers={"Authorization": key})
    assert code_of(answer) == (400, "two_credentials")


@pytest.mark.usefixtures("agent_id")
@pytest.mark.parametrize("cookie", [True, False])
async def test_a_sign_in_lives_by_what_its_person_does_and_no_longer_than_a_day_of_work(
    api: Api, *, cookie: bool
) -> None:
    with freeze_time(NOW) as clock:  # noon
        client = browser(api)
        begun = (await sign_in(client, cookie=cookie)).json()
        if not cookie:
            client = api.client(begun["token"])
        assert (begun["expires_at"], begun["ends_at"]) == ("2026-11-20T14:00:00Z", "2026-11-21T00:00:00Z")
        clock.move_to(NOW + timedelta(minutes=119))
        assert (await client.get("/v1/sign-in")).json()["expires_at"] == "2026-11-20T14:00:00Z"
        extended = (await client.post("/v1/sign-in/extend")).json()
        assert extended["expires_at"] == "2026-11-20T15:59:00Z"
        for hours in (3, 4.5, 6, 7.5, 9, 10.5):
            clock.move_to(NOW + timedelta(hours=hours))
            extended = (await client.post("/v1/sign-in/extend")).json()
        assert (extended["expires_at"], extended["ends_at"]) == (begun["ends_at"], begun["ends_at"])
        clock.move_to(NOW + timedelta(hours=11, minutes=59, seconds=59))
        assert (await client.get("/v1/me")).status_code == 200
        clock.tick(timedelta(seconds=1))
        assert (await client.get("/v1/me")).status_code == 401
        assert (await client.post("/v1/sign-in/extend")).status_code == 401


@pytest.mark.usefixtures("agent_id")
async def test_reading_extends_nothing(api: Api) -> None:
    with freeze_time(NOW) as clock:
        client = await signed_in(api)
        clock.tick(timedelta(minutes=119))
        assert (await client.get("/v1/me")).status_code == 200
        clock.tick(timedelta(minutes=1))
        assert (await client.get("/v1/me")).status_code == 401


async def test_both_lengths_are_settings(api: Api, agent_id: str) -> None:
    object.__setattr__(api.settings, "sign_in_idle_minutes", 90)
    object.__setattr__(api.settings, "sign_in_hours", 1)
    with freeze_time(NOW):
        answer = await sign_in(browser(api))
    assert answer.json()["agent_id"] == agent_id
    assert (answer.json()["expires_at"], answer.json()["ends_at"]) == ("2026-11-20T13:00:00Z",) * 2
    assert "Max-Age=3600;" in answer.headers["set-cookie"]


@pytest.mark.usefixtures("agent_id")
async def test_signing_out_ends_the_sign_in_and_takes_the_cookie_back(api: Api) -> None:
    client = await signed_in(api)
    cookie = f"__Host-pagedesk={client.cookies['__Host-pagedesk']}"
    answer = await client.post("/v1/sign-out")
    assert answer.status_code == 204
    assert re.match(r'__Host-pagedesk=""; .*Max-Age=0; Path=/; .*Secure', answer.headers["set-cookie"])
    assert (await browser(api, Cookie=cookie).get("/v1/me")).status_code == 401


async def test_one_sees_and_ends_ones_own_other_sign_ins(api: Api, agent_id: str) -> None:
    laptop = await signed_in(api, **{"User-Agent": "Laptop"})
    phone = await signed_in(api, **{"User-Agent": "Phone\t" + "x" * 300})
    old = await signed_in(api)
    eve = ADA | {"email": "eve@example.org"}
    await api.admin.post("/v1/agents", json=eve)
    stranger = browser(api)
    await sign_in(stranger, email="eve@example.org")

    async def listed(client: httpx.AsyncClient) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = (await client.get("/v1/sign-ins")).json()["items"]
        return items

    seen = await listed(laptop)
    assert len(seen) == 3
    assert [each["user_agent"] for each in seen if each["current"]] == ["Laptop"]
    (of_phone,) = [each for each in seen if each["user_agent"] == "Phone" + "x" * 195]
    address = f"/v1/sign-ins/{of_phone['id']}"
    assert code_of(await stranger.delete(address)) == (404, "not_found")
    assert (await laptop.delete(address)).status_code == 204
    assert (await phone.get("/v1/me")).status_code == 401
    assert (await old.get("/v1/me")).status_code == 200
    assert (await laptop.delete("/v1/sign-ins")).status_code == 204
    assert (await old.get("/v1/me")).status_code == 401
    assert [each["user_agent"] for each in await listed(laptop)] == ["Laptop"]
    assert (await stranger.get("/v1/me")).status_code == 200
    told = (await api.admin.get("/v1/audit", params={"kind": "sign_in.revoked"})).json()["items"]
    assert [each["actor_id"] for each in told] == [agent_id] * 2


@pytest.mark.usefixtures("agent_id")
async def test_a_browser_changes_its_password_and_stays_signed_in(api: Api) -> None:
    here, elsewhere = await signed_in(api), await signed_in(api, LOCAL)
    body = {"current_password": PASSWORD, "new_password": "a new and finer phrase"}
    assert (await here.post("/v1/me/password", json=body)).status_code == 204
    assert (await here.get("/v1/me")).status_code == 200
    assert (await elsewhere.get("/v1/me")).status_code == 401


async def test_a_stream_tells_first_whose_it_is_and_when_their_sign_in_is_over(
    api: Api, agent_id: str
) -> None:
    client = await signed_in(api)
    (own,) = (await client.get("/v1/sign-ins")).json()["items"]
    headers = {"host": "desk.example.org", "sec-fetch-site": "same-origin"}
    cookie = f"__Host-pagedesk={client.cookies['__Host-pagedesk']}"
    async with listening(api, token=None, headers=headers | {"cookie": cookie}) as stream:

        async def greeted() -> bool:
            return bool(stream.told("hello"))

        await eventually(greeted)
        hello = stream.told("hello")[0]["data"]
    assert (hello["agent_id"], hello["release"]) == (agent_id, version("pagedesk"))
    told = {name: hello["sign_in"][name] for name in ("id", "expires_at", "ends_at")}
    assert told == {name: own[name] for name in told}
    async with listening(api) as of_a_key:

        async def of_key_greeted() -> bool:
            return bool(of_a_key.told("hello"))

        await eventually(of_key_greeted)
        assert of_a_key.told("hello")[0]["data"]["sign_in"] is None


@pytest.mark.usefixtures("agent_id")
@pytest.mark.parametrize("how", ["signs out", "ended elsewhere"])
async def test_a_stream_opens_with_the_cookie_and_ends_with_its_sign_in(api: Api, how: str) -> None:
    client, other = await signed_in(api), await signed_in(api)
    headers = {"host": "desk.example.org", "sec-fetch-site": "same-origin"}
    cookie = f"__Host-pagedesk={client.cookies['__Host-pagedesk']}"
    async with listening(api, token=None, headers=headers | {"cookie": cookie}) as stream:
        assert stream.status == 200
        await (client.post("/v1/sign-out") if how == "signs out" else other.delete("/v1/sign-ins"))

        async def ended() -> bool:
            return stream.ended

        await eventually(ended)
        assert [block["data"]["reason"] for block in stream.told("goodbye")] == ["access_ended"]
    async with listening(api, token=None, headers=headers | {"cookie": cookie}) as stream:
        assert stream.status == 401
