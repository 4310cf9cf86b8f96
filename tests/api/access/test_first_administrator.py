"""The first administrator: a code, printed where Pagedesk runs, good once and for an hour."""

import asyncio
import hashlib
from datetime import timedelta

import httpx
import pytest
from freezegun import freeze_time

from local.first_sign_in import how_to_use, make_code, make_code_if_needed
from store import tables
from support.api import NOW, Api
from support.store import rows

PASSWORD = "correct horse battery"


@pytest.fixture
def new(api: Api) -> Api:
    """A desk that was never used: no setting names an administrator."""
    object.__setattr__(api.settings, "admin_token", None)
    return api


async def _sign_in(
    api: Api, code: str, email: str = "ada@example.org", password: str = PASSWORD
) -> httpx.Response:
    body = {"email": email, "password": password, "code": code}
    return await api.client().post("/v1/sign-in", json=body)


async def test_who_has_the_code_is_administrator_and_signs_in_without_it_from_then_on(new: Api) -> None:
    code = make_code_if_needed(new.settings)
    assert code is not None
    assert code.startswith("pdc_")
    signed_in = await _sign_in(new, code)
    assert signed_in.status_code == 201
    me = (await new.client(signed_in.json()["token"]).get("/v1/me")).json()
    assert (me["role"], me["email"], me["name"]) == ("admin", "ada@example.org", "Administrator")
    again = await new.client().post("/v1/sign-in", json={"email": "ada@example.org", "password": PASSWORD})
    assert again.status_code == 201
    assert make_code_if_needed(new.settings) is None


async def test_a_code_is_used_once_and_kept_as_its_digest(new: Api) -> None:
    code = make_code(new.settings)
    (kept,) = await rows(new.database, tables.SignInCode)
    assert kept.digest == hashlib.sha256(code.encode()).hexdigest()
    assert (await _sign_in(new, code)).status_code == 201
    for email in ("ada@example.org", "eve@example.org"):
        answer = await _sign_in(new, code, email)
        assert (answer.status_code, answer.json()["code"]) == (401, "invalid_code")
    assert await rows(new.database, tables.SignInCode) == []


async def test_of_five_who_use_it_at_once_one_is_administrator(new: Api) -> None:
    code = make_code(new.settings)
    answers = await asyncio.gather(*(_sign_in(new, code, f"{name}@example.org") for name in "abcde"))
    assert sorted(answer.status_code for answer in answers) == [201, 401, 401, 401, 401]
    assert [agent.role for agent in await rows(new.database, tables.Agent) if agent.email] == ["admin"]


@pytest.mark.parametrize(("age", "status"), [(3599, 201), (3600, 401)])
async def test_a_code_holds_for_an_hour_of_the_process_clock(new: Api, age: int, status: int) -> None:
    with freeze_time(NOW) as time:
        code = make_code(new.settings)
        time.tick(timedelta(seconds=age))
        assert (await _sign_in(new, code)).status_code == status


async def test_a_new_code_takes_the_place_of_the_last(new: Api) -> None:
    first, second = make_code(new.settings), make_code(new.settings)
    assert (await _sign_in(new, first)).json()["code"] == "invalid_code"
    assert (await _sign_in(new, second)).status_code == 201


async def test_a_weak_password_leaves_the_code_as_it_is(new: Api) -> None:
    code = make_code(new.settings)
    weak = await _sign_in(new, code, password="pagedesk2026")
    assert (weak.status_code, weak.json()["code"]) == (422, "weak_password")
    assert (await _sign_in(new, code)).status_code == 201


async def test_guessing_codes_is_slowed_down(new: Api) -> None:
    with freeze_time(NOW):
        statuses = [(await _sign_in(new, "pdc_guess")).status_code for _ in range(6)]
    assert statuses == [401] * 5 + [429]


async def test_who_is_locked_out_comes_in_again_with_their_name_and_old_sign_ins_end(api: Api) -> None:
    """A code of `pagedesk sign-in-code` for somebody who is known: active, administrator, new password."""
    ada = {"name": "Ada", "role": "agent", "email": "ada@example.org", "password": PASSWORD}
    agent_id = (await api.admin.post("/v1/agents", json=ada)).json()["id"]
    before = await api.client().post("/v1/sign-in", json={"email": ada["email"], "password": PASSWORD})
    await api.admin.patch(f"/v1/agents/{agent_id}", json={"active": False})
    answer = await _sign_in(api, make_code(api.settings), password="another fine phrase")
    assert answer.json()["agent_id"] == agent_id
    me = (await api.client(answer.json()["token"]).get("/v1/me")).json()
    assert (me["name"], me["role"], me["active"]) == ("Ada", "admin", True)
    assert (await api.client(before.json()["token"]).get("/v1/me")).status_code == 401
    members = {row.agent_id for row in await rows(api.database, tables.QueueMember)}
    assert agent_id not in members
    told = (await api.admin.get("/v1/audit", params={"kind": "agent.restored"})).json()["items"]
    assert [each["data"] for each in told] == [{"agent_id": agent_id, "cause": "code"}]


async def test_where_an_administrator_can_come_in_a_start_makes_no_code(api: Api) -> None:
    assert make_code_if_needed(api.settings) is None
    assert await rows(api.database, tables.SignInCode) == []


def test_what_is_printed_is_a_request_that_works(new: Api) -> None:
    text = how_to_use(new.settings, "pdc_x")
    assert '"code": "pdc_x"' in text
    assert "/v1/sign-in" in text
