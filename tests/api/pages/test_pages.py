"""Pages: settings, provisioning, removal."""

from typing import Any

import pytest
from sqlmodel import Session

from base.secret_scopes import access_token_place
from domain.conversations.lifecycle import Status
from store import tables
from store.pages.pages import get_rows
from support.api import Api, Seed

PAGE = {"page_id": "1001", "name": "Shop page", "access_token": "EAAGtoken"}


async def _account(api: Api, app_id: str = "4711") -> str:
    body = {"name": "Shop", "app_id": app_id, "app_secret": "0123456789abcdef"}
    return str((await api.admin.post("/v1/accounts", json=body)).json()["id"])


async def _save(api: Api, **more: Any) -> dict[str, Any]:
    made = await api.admin.post(f"/v1/accounts/{await _account(api)}/pages", json={**PAGE, **more})
    assert made.status_code == 201, made.text
    shown: dict[str, Any] = made.json()
    return shown


async def test_a_page_is_saved_with_its_defaults_and_checked(api: Api) -> None:
    shown = await _save(api)
    assert shown.pop("created_at")
    account_id, workstream_id = shown.pop("account_id"), shown.pop("workstream_id")
    assert shown == {
        "page_id": "1001",
        "name": "Shop page",
        "language": "en",
        "human_agent_tag": False,
        "attachments_for_customers": False,
        "attachments_for_agents": False,
        "provisioning_state": "Provisioning",
        "problems": [],
        "warnings": [],
        "send_gate": {
            "state": "open",
            "reason": None,
            "message_reason": None,
            "until": None,
            "slowed_until": None,
            "usage_percent": None,
        },
        "checked_at": None,
        "last_event_at": None,
        "token_expires_at": None,
        "token_refresh_due_at": None,
        "gap_since": None,
    }
    assert api.engine.checked == ["1001"]
    workstream = (await api.admin.get(f"/v1/workstreams/{workstream_id}")).json()
    assert (workstream["name"], workstream["page_ids"]) == ("Messenger", ["1001"])
    pages = (await api.admin.get(f"/v1/accounts/{account_id}/pages")).json()["items"]
    assert [page["page_id"] for page in pages] == ["1001"]


async def test_without_the_engine_a_page_is_saved_and_says_so(api: Api) -> None:
    api.engine.is_down = True
    shown = await _save(api)
    assert shown["provisioning_state"] == "Provisioning"
    assert [problem["code"] for problem in shown["problems"]] == ["temporal_unavailable"]
    checked = await api.admin.post("/v1/pages/1001/check")
    assert (checked.status_code, checked.json()["code"]) == (503, "temporal_unavailable")
    api.engine.is_down = False
    assert (await api.admin.post("/v1/pages/1001/check")).status_code == 200
    assert api.engine.checked == ["1001"]


async def test_a_new_access_token_provisions_anew(api: Api) -> None:
    await _save(api)

    def broke(session: Session) -> None:
        rows = get_rows(session, "1001")
        rows.page.provisioning_state = "Failed"
        rows.health.problems = [{"code": "token_dead", "detail": "d", "remedy": "r"}]

    await api.database.write(broke)
    shown = (await api.admin.post("/v1/pages/1001/reauthorize", json={"access_token": "EAAGnew"})).json()
    assert (shown["provisioning_state"], shown["problems"]) == ("Provisioning", [])
    assert api.engine.checked == ["1001", "1001"]
    row = await api.database.read(lambda s: s.get_one(tables.Page, "1001"))
    assert api.settings.vault.open(row.access_token, access_token_place("1001")) == "EAAGnew"


async def test_settings_change_one_by_one(api: Api) -> None:
    before = await _save(api)
    changed = (
        await api.admin.patch("/v1/pages/1001", json={"language": "de-AT", "human_agent_tag": True})
    ).json()
    assert changed == {**before, "language": "de-AT", "human_agent_tag": True}
    workstream = await api.admin.post("/v1/workstreams", json={"name": "Support"})
    moved = await api.admin.patch("/v1/pages/1001", json={"workstream_id": workstream.json()["id"]})
    assert moved.json()["workstream_id"] == workstream.json()["id"]


@pytest.mark.parametrize(
    "change",
    [
        {"access_token": "EAAGnew"},
        {"page_id": "1002"},
        {"account_id": "x"},
        {"provisioning_state": "Running"},
        {"send_gate": "open"},
        {"human_agent_tag": 1},
        {"human_agent_tag": "true"},
        {"language": "xx-klingon"},
        {"language": "de_AT"},
        {"language": "../../etc"},
        {"name": ""},
        {"workstream_id": "nobody knows"},
    ],
)
async def test_what_is_not_a_setting_is_refused(api: Api, change: dict[str, Any]) -> None:
    before = await _save(api)
    answer = await api.admin.patch("/v1/pages/1001", json=change)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert (await api.admin.get("/v1/pages/1001")).json() == before


@pytest.mark.parametrize(
    "change",
    [
        {"page_id": ""},
        {"page_id": "-1"},
        {"page_id": "1" * 101},
        {"page_id": 1001},
        {"page_id": "１００１"},  # noqa: RUF001 - digits of another script
        {"page_id": "1001\n"},
        {"access_token": ""},
        {"access_token": "x" * 10_001},
        {"access_token": "EAAG\r\nHost: evil.example"},
        {"access_token": "EAAG token"},
        {"language": ""},
    ],
)
async def test_a_bad_page_is_refused(api: Api, change: dict[str, Any]) -> None:
    account_id = await _account(api)
    answer = await api.admin.post(f"/v1/accounts/{account_id}/pages", json={**PAGE, **change})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert "evil.example" not in answer.text


async def test_a_long_access_token_is_taken(api: Api) -> None:
    account_id = await _account(api)
    token = "EAA" + "x" * 9_997
    answer = await api.admin.post(f"/v1/accounts/{account_id}/pages", json={**PAGE, "access_token": token})
    assert answer.status_code == 201
    row = await api.database.read(lambda s: s.get_one(tables.Page, "1001"))
    assert api.settings.vault.open(row.access_token, access_token_place("1001")) == token


@pytest.mark.parametrize("language", ["en", "de", "pt-BR", "zh-Hant", "zh-Hans-CN", "sr-Latn-RS"])
async def test_languages_that_are_known_are_taken(api: Api, language: str) -> None:
    assert (await _save(api, language=language))["language"] == language


async def test_an_unknown_workstream_is_named(api: Api) -> None:
    account_id = await _account(api)
    body = {**PAGE, "workstream_id": "0" * 32}
    answer = await api.admin.post(f"/v1/accounts/{account_id}/pages", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_workstream")
    assert (await api.admin.get(f"/v1/accounts/{account_id}")).json()["callback_url"] is None


async def test_a_page_with_live_conversations_is_not_removed(api: Api, seed: Seed) -> None:
    page_id = await seed.page()
    await seed.conversation(page_id=page_id)
    await seed.conversation(page_id=page_id, status=Status.WAITING)
    await seed.conversation(page_id=page_id, status=Status.CLOSED)
    refused = await api.admin.delete(f"/v1/pages/{page_id}")
    assert (refused.status_code, refused.json()["code"]) == (409, "page_in_use_by_conversations")
    assert refused.json()["conversations"] == {"open": 1, "waiting": 1}


async def test_a_deleted_page_keeps_its_history_and_is_not_shown_while_it_takes_leave(
    api: Api, seed: Seed
) -> None:
    page_id = await seed.page()
    thread = await seed.conversation(page_id=page_id, status=Status.CLOSED)
    assert (await api.admin.delete(f"/v1/pages/{page_id}")).status_code == 204
    assert (await api.admin.get(f"/v1/pages/{page_id}")).status_code == 404
    assert (await api.admin.get(f"/v1/conversations/{thread.conversation_id}")).status_code == 200
    page = await api.database.read(lambda s: s.get_one(tables.Page, page_id))
    assert page.provisioning_state == "Removing"
    state = await api.database.read(lambda s: s.get_one(tables.PageSendState, page_id))
    assert (state.send_gate, state.send_gate_reason) == ("held", "removed")
    assert api.engine.checked[-1] == page_id


async def test_a_removed_page_may_come_back_with_another_account(api: Api, seed: Seed) -> None:
    page_id = await seed.page()
    await seed.conversation(page_id=page_id, status=Status.CLOSED)
    await api.admin.delete(f"/v1/pages/{page_id}")
    account_id = await _account(api, "777")
    body = {**PAGE, "page_id": page_id}
    back = await api.admin.post(f"/v1/accounts/{account_id}/pages", json=body)
    assert (back.status_code, back.json()["provisioning_state"]) == (201, "Provisioning")
    assert back.json()["account_id"] == account_id
