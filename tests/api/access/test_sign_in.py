"""Signing in: short tokens, slow guessing, nobody's address told."""

import asyncio
import threading
import time
from datetime import timedelta

import httpx
import pytest
from freezegun import freeze_time
from zxcvbn.frequency_lists import FREQUENCY_LISTS

from api.access import passwords
from api.access import sign_in_throttle as throttle
from api.app import create_app
from api.http.problems import Problem
from store.access.sign_in_tries import TryLimit
from support.api import NOW, Api

PASSWORD = "correct horse battery"


async def _ada(api: Api) -> str:
    body = {"name": "Ada", "role": "agent", "email": "ada@example.org", "password": PASSWORD}
    made = await api.admin.post("/v1/agents", json=body)
    return str(made.json()["id"])


async def _sign_in(
    api: Api, password: str = PASSWORD, email: str = "ada@example.org"
) -> tuple[int, dict[str, str]]:
    answer = await api.client().post("/v1/sign-in", json={"email": email, "password": password})
    return answer.status_code, answer.json()


async def test_a_sign_in_lasts_two_hours(api: Api) -> None:
    with freeze_time(NOW) as clock:
        agent_id = await _ada(api)
        status, signed_in = await _sign_in(api, email=" ADA@example.org ")
        assert status == 201
        assert signed_in["token"].startswith("pds_")
        assert signed_in["agent_id"] == agent_id
        assert signed_in["expires_at"] == "2026-11-20T14:00:00Z"
        client = api.client(signed_in["token"])
        clock.tick(timedelta(minutes=119, seconds=59))
        assert (await client.get("/v1/me")).status_code == 200
        clock.tick(timedelta(seconds=1))
        assert (await client.get("/v1/me")).status_code == 401


async def test_signing_out_ends_this_sign_in_only(api: Api) -> None:
    await _ada(api)
    (_, first), (_, second) = await _sign_in(api), await _sign_in(api)
    assert first["token"] != second["token"]
    assert (await api.client(first["token"]).post("/v1/sign-out")).status_code == 204
    assert (await api.client(first["token"]).get("/v1/me")).status_code == 401
    assert (await api.client(second["token"]).get("/v1/me")).status_code == 200


@pytest.mark.parametrize("change", [{"active": False}, {"password": "another fine phrase"}])
async def test_deactivating_and_a_new_password_end_every_sign_in(api: Api, change: dict[str, object]) -> None:
    agent_id = await _ada(api)
    _, signed_in = await _sign_in(api)
    await api.admin.patch(f"/v1/agents/{agent_id}", json=change)
    await api.admin.patch(f"/v1/agents/{agent_id}", json={"active": True})
    assert (await api.client(signed_in["token"]).get("/v1/me")).status_code == 401


async def test_wrong_unknown_and_inactive_look_the_same(api: Api) -> None:
    agent_id = await _ada(api)
    wrong = await _sign_in(api, "not the password")
    unknown = await _sign_in(api, email="eve@example.org")
    await api.admin.patch(f"/v1/agents/{agent_id}", json={"active": False})
    inactive = await _sign_in(api)
    assert wrong == unknown == inactive
    assert wrong[0] == 401
    assert wrong[1]["code"] == "invalid_credentials"


async def test_an_unknown_address_costs_the_same_work_as_a_known_one(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _ada(api)
    verified: list[str] = []
    original = passwords._verify

    def recording(stored: str, password: str) -> bool:
        verified.append(stored)
        return original(stored, password)

    monkeypatch.setattr(passwords, "_verify", recording)
    await _sign_in(api, "not the password")
    await _sign_in(api, "not the password", email="eve@example.org")
    known, unknown = (stored.rsplit("$", 2)[0] for stored in verified)
    assert known == unknown == "$argon2id$v=19$m=19456,t=2,p=1"


async def test_guessing_is_slowed_down_for_the_account(api: Api) -> None:
    with freeze_time(NOW) as clock:
        await _ada(api)
        assert [(await _sign_in(api, "wrong"))[0] for _ in range(6)] == [401] * 5 + [429]
        refused = await api.client().post(
            "/v1/sign-in", json={"email": "ada@example.org", "password": PASSWORD}
        )
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "300")
        clock.tick(timedelta(seconds=300))
        assert (await _sign_in(api))[0] == 201


def _from(api: Api, address: str) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(api.app, client=(address, 50_000))
    return httpx.AsyncClient(transport=transport, base_url="http://desk.test")


async def _try(client: httpx.AsyncClient, words: str = "wrong", **more: str) -> httpx.Response:
    body = {"email": "ada@example.org", "password": words, **more}
    return await client.post("/v1/sign-in", json=body)


async def test_an_attacker_closes_an_account_for_nobody_but_himself(api: Api) -> None:
    with freeze_time(NOW):
        await _ada(api)
        async with _from(api, "203.0.113.7") as attacker, _from(api, "198.51.100.4") as owner:
            assert [(await _try(attacker)).status_code for _ in range(6)] == [401] * 5 + [429]
            assert (await _try(owner, PASSWORD)).status_code == 201


async def test_an_ipv6_network_of_one_line_is_one_source(api: Api) -> None:
    with freeze_time(NOW):
        await _ada(api)
        statuses = []
        for number in range(6):
            async with _from(api, f"2001:db8:7:7::{number + 1}") as attacker:
                statuses.append((await _try(attacker)).status_code)
        assert statuses == [401] * 5 + [429]
        async with _from(api, "2001:db8:7:8::1") as owner:
            assert (await _try(owner, PASSWORD)).status_code == 201


async def test_guessing_from_everywhere_is_limited_and_does_not_keep_a_known_device_out(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttle, "ON_AN_ACCOUNT", TryLimit(8, timedelta(hours=1)))
    with freeze_time(NOW) as clock:
        await _ada(api)
        async with _from(api, "198.51.100.4") as owner:
            known = (await _try(owner, PASSWORD)).json()["device_token"]
        statuses = []
        for number in range(9):
            async with _from(api, f"203.0.113.{number}") as bot:
                statuses.append((await _try(bot)).status_code)
        assert statuses == [401] * 8 + [429]
        async with _from(api, "192.0.2.9") as owner:
            assert (await _try(owner, PASSWORD)).status_code == 429
            renewed = await _try(owner, PASSWORD, device_token=known)
            assert renewed.status_code == 201
            clock.tick(timedelta(days=170))
            renewed = await _try(owner, PASSWORD, device_token=renewed.json()["device_token"])
            assert renewed.status_code == 201


@pytest.mark.parametrize("forged", ["", "pdd_x", "pdd_x.1.y", "pdd_x.99999999999999999999.y", "pdd_é.1.y"])
async def test_a_device_that_is_not_known_is_counted_like_others(api: Api, forged: str) -> None:
    with freeze_time(NOW):
        await _ada(api)
        async with _from(api, "203.0.113.7") as attacker:
            statuses = [(await _try(attacker, device_token=forged)).status_code for _ in range(6)]
    assert statuses == [401] * 5 + [429]


async def test_a_known_device_is_known_for_its_account_for_a_time_and_counted_itself(api: Api) -> None:
    with freeze_time(NOW) as clock:
        await _ada(api)
        body = {"name": "Eve", "role": "agent", "email": "eve@example.org", "password": PASSWORD}
        await api.admin.post("/v1/agents", json=body)
        eves = (await _sign_in(api, email="eve@example.org"))[1]["device_token"]
        adas = (await _sign_in(api))[1]["device_token"]
        async with _from(api, "203.0.113.7") as client:
            assert [(await _try(client, device_token=eves)).status_code for _ in range(6)] == [401] * 5 + [
                429
            ]
            own = [(await _try(client, device_token=adas)).status_code for _ in range(11)]
            assert own == [401] * 10 + [429]
            clock.tick(throttle.DEVICE_LIFETIME + timedelta(seconds=1))
            late = [(await _try(client, device_token=adas)).status_code for _ in range(6)]
            assert late == [401] * 5 + [429]


async def test_tries_at_another_process_count_too(api: Api) -> None:
    other = create_app(api.settings, database=api.database, workflow_client=api.engine)
    with freeze_time(NOW):
        await _ada(api)
        async with (
            other.router.lifespan_context(other),
            httpx.AsyncClient(transport=httpx.ASGITransport(other), base_url="http://desk.test") as elsewhere,
        ):
            assert [(await _try(elsewhere)).status_code for _ in range(5)] == [401] * 5
            assert (await _sign_in(api))[0] == 429


@pytest.mark.slow
async def test_guessing_is_slowed_down_for_the_source_too(api: Api) -> None:
    with freeze_time(NOW):
        statuses = [(await _sign_in(api, email=f"{number}@example.org"))[0] for number in range(21)]
    assert statuses == [401] * 20 + [429]


async def test_behind_a_proxy_that_is_not_trusted_nobody_locks_the_others_out_with_a_few_tries(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttle, "FROM_A_SOURCE", TryLimit(3, timedelta(minutes=5)))
    monkeypatch.setattr(throttle, "FROM_AN_UNTRUSTED_PROXY", TryLimit(8, timedelta(minutes=5)))
    with freeze_time(NOW):
        await _ada(api)
        async with _from(api, "172.18.0.5") as proxy:
            proxy.headers["X-Forwarded-For"] = "203.0.113.7"
            assert [(await _try(proxy)).status_code for _ in range(6)] == [401] * 6
            proxy.headers["X-Forwarded-For"] = "198.51.100.4"
            assert (await _try(proxy, PASSWORD)).status_code == 201
            assert [(await _try(proxy)).status_code for _ in range(3)] == [401, 401, 429]


async def test_forwarded_headers_of_a_stranger_do_not_make_another_source(api: Api) -> None:
    with freeze_time(NOW):
        async with _from(api, "203.0.113.7") as attacker:
            statuses = []
            for number in range(6):
                attacker.headers["X-Forwarded-For"] = f"198.51.100.{number}"
                attacker.headers["Forwarded"] = f"for=198.51.100.{number}"
                statuses.append((await _try(attacker)).status_code)
    assert statuses == [401] * 5 + [429]


@pytest.mark.slow
async def test_successes_do_not_use_up_tries(api: Api) -> None:
    with freeze_time(NOW):
        await _ada(api)
        for _ in range(12):
            await _sign_in(api, "wrong")
            assert (await _sign_in(api))[0] == 201


async def test_somebody_changes_their_own_password_and_stays_signed_in_here_alone(api: Api) -> None:
    await _ada(api)
    (_, here), (_, elsewhere) = await _sign_in(api), await _sign_in(api)
    client, new = api.client(here["token"]), "a new and finer phrase"
    body = {"current_password": PASSWORD, "new_password": new}
    assert (await client.post("/v1/me/password", json=body)).status_code == 204
    assert (await client.get("/v1/me")).status_code == 200
    assert (await api.client(elsewhere["token"]).get("/v1/me")).status_code == 401
    assert [(await _sign_in(api, each))[0] for each in (PASSWORD, new)] == [401, 201]


async def test_a_password_is_not_changed_by_who_does_not_know_it(api: Api) -> None:
    with freeze_time(NOW):
        await _ada(api)
        _, signed_in = await _sign_in(api)
        client = api.client(signed_in["token"])
        body = {"current_password": "a guess", "new_password": "a new and finer phrase"}
        answers = [await client.post("/v1/me/password", json=body) for _ in range(6)]
    codes = [answer.json()["code"] for answer in answers]
    assert codes == ["invalid_credentials"] * 5 + ["too_many_attempts"]
    _, keeper = await api.somebody("agent")
    assert (await keeper.post("/v1/me/password", json=body)).json()["code"] == "invalid_credentials"


@pytest.mark.parametrize(
    "weak",
    [
        *("password", "iloveyou2", "12341234", "88888888", "michelle", "qwertzuiop", "passwort1", "abcdefgh"),
        *("Facebook1!", "pagedesk2026", "adaada99", "ada@example.org", "lovelace1", "hunter2hunter2"),
        "1" * 200,
    ],
)
async def test_a_password_that_is_soon_guessed_is_refused(api: Api, weak: str) -> None:
    body = {"name": "Ada Lovelace", "role": "agent", "email": "ada@example.org", "password": weak}
    answer = await api.admin.post("/v1/agents", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "weak_password")


def test_thousands_of_common_passwords_are_refused() -> None:
    common = [each for each in FREQUENCY_LISTS["passwords"] if len(each) >= passwords.MIN_LENGTH]
    assert len(common) > 10_000
    for each in common[:: len(common) // 300]:
        assert passwords._guesses(each, []) < passwords.MIN_GUESSES, each


def test_the_longest_password_is_judged_in_a_moment() -> None:
    started = time.thread_time()
    for each in ("x" * 200, "password" * 25, "1a" * 100, "aB3$" * 50):
        passwords._guesses(each, ["ada@example.org"])
    assert time.thread_time() - started < 2


async def test_few_may_wait_for_their_password_to_be_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = threading.Semaphore(0)
    go_on = threading.Event()

    def judged(_stored: str, _password: str) -> bool:
        asked.release()
        return go_on.wait(10)

    monkeypatch.setattr(passwords, "_verify", judged)
    busy = passwords.Passwords()
    waiting = [asyncio.create_task(busy.matches("x", "y")) for _ in range(passwords.MAX_WAITING + 4)]
    await asyncio.to_thread(asked.acquire)
    with pytest.raises(Problem) as refused:
        await busy.matches("x", "y")
    assert (refused.value.code, refused.value.headers) == ("too_many_requests", {"Retry-After": "1"})
    go_on.set()
    assert await asyncio.gather(*waiting) == [True] * len(waiting)
    assert await busy.matches("x", "y")
