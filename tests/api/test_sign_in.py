"""Signing in: short tokens, slow guessing, nobody's address told."""

from datetime import timedelta

import pytest
from freezegun import freeze_time

from api import passwords
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


async def test_a_sign_in_lasts_an_hour(api: Api) -> None:
    with freeze_time(NOW) as clock:
        agent_id = await _ada(api)
        status, signed_in = await _sign_in(api, email=" ADA@example.org ")
        assert status == 201
        assert signed_in["token"].startswith("pds_")
        assert signed_in["agent_id"] == agent_id
        assert signed_in["expires_at"] == "2026-11-20T13:00:00Z"
        client = api.client(signed_in["token"])
        clock.tick(timedelta(minutes=59, seconds=59))
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
    assert wrong[1]["code"] == "wrong_credentials"


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


@pytest.mark.slow
async def test_guessing_is_slowed_down_for_the_source_too(api: Api) -> None:
    with freeze_time(NOW):
        statuses = [(await _sign_in(api, email=f"{number}@example.org"))[0] for number in range(21)]
    assert statuses == [401] * 20 + [429]


@pytest.mark.slow
async def test_forwarded_headers_do_not_make_another_source(api: Api) -> None:
    with freeze_time(NOW):
        for number in range(21):
            answer = await api.client().post(
                "/v1/sign-in",
                json={"email": f"{number}@example.org", "password": "wrong"},
                headers={"X-Forwarded-For": f"203.0.113.{number}", "Forwarded": f"for=203.0.113.{number}"},
            )
    assert answer.status_code == 429


@pytest.mark.slow
async def test_successes_do_not_use_up_tries(api: Api) -> None:
    with freeze_time(NOW):
        await _ada(api)
        for _ in range(12):
            await _sign_in(api, "wrong")
            assert (await _sign_in(api))[0] == 201
