"""What happens at the door is counted at once, and soon stands in the audit and in the log."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from freezegun import freeze_time
from prometheus_client import REGISTRY
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from api.access.audit_log import AUDITED
from api.security import refused_requests
from api.security.refused_requests import Refused, RefusedRequests
from support.api import NOW, Api, Seed
from support.signed_requests import signed_request

PASSWORD = "correct horse battery"
SOURCE = "127.0.0.1"


def _trail(api: Api) -> RefusedRequests:
    trail: RefusedRequests = api.app.state.refused_requests
    return trail


async def _told(api: Api, *kinds: str) -> list[dict[str, Any]]:
    await _trail(api).flush()
    answer = await api.admin.get("/v1/audit", params={"kind": list(kinds)})
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def _counted(kind: str) -> float:
    return REGISTRY.get_sample_value("pagedesk_access_refused_total", {"kind": kind}) or 0.0


async def _ada(api: Api) -> str:
    body = {"name": "Ada", "role": "agent", "email": "ada@example.org", "password": PASSWORD}
    return str((await api.admin.post("/v1/agents", json=body)).json()["id"])


async def _sign_in(api: Api, password: str, email: str = "ada@example.org") -> httpx.Response:
    return await api.client().post("/v1/sign-in", json={"email": email, "password": password})


async def test_a_failed_sign_in_names_the_source_the_account_and_the_reason(api: Api) -> None:
    ada, before = await _ada(api), _counted("sign_in.failed")
    for _ in range(2):
        await _sign_in(api, "wrong horse battery")
    await _sign_in(api, "wrong horse battery", email="eve@example.org")
    assert _counted("sign_in.failed") == before + 3
    with capture_logs() as lines:
        told = await _told(api, "sign_in.failed")
    logged = [line for line in lines if line["event"] == "sign_in.failed"]
    assert [each["data"] for each in told] == [
        {"source": SOURCE, "count": 1, "reason": "unknown_address"},
        {"source": SOURCE, "count": 2, "reason": "wrong_password", "agent_id": ada},
    ]
    assert [(line["log_level"], line["count"]) for line in logged] == [("warning", 2), ("warning", 1)]
    assert "eve@example.org" not in repr(logged) + repr(told)


async def test_signing_in_and_out_is_told_too(api: Api) -> None:
    ada = await _ada(api)
    signed_in = (await _sign_in(api, PASSWORD)).json()
    await api.client(signed_in["token"]).post("/v1/sign-out")
    told = await _told(api, "sign_in.created", "sign_in.revoked")
    assert [(each["kind"], each["actor_id"]) for each in told] == [
        ("sign_in.revoked", ada),
        ("sign_in.created", ada),
    ]
    assert told[1]["data"]["source"] == SOURCE
    assert signed_in["token"] not in repr(told)


async def test_a_guessed_token_is_told_with_its_source_and_without_itself(api: Api) -> None:
    for number in range(3):
        await api.client(f"pdk_guess{number}").get("/v1/me")
    await api.client().get("/v1/me", headers={"Authorization": "Basic YTpi"})
    await api.client().get("/v1/me")  # nobody guesses who gives none
    told = await _told(api, "token.refused")
    assert sorted((each["data"]["reason"], each["data"]["count"]) for each in told) == [
        ("malformed", 1),
        ("unknown", 3),
    ]
    assert "guess" not in repr(told)


async def test_a_key_that_is_over_is_told_with_its_agent(api: Api) -> None:
    with freeze_time(NOW) as clock:
        agent_id, agent = await api.somebody("agent")
        address = f"/v1/agents/{agent_id}/keys"
        until = (NOW + timedelta(hours=1)).isoformat()
        made = (await api.admin.post(address, json={"name": "trip", "expires_at": until})).json()
        assert made["expires_at"] == "2026-11-20T13:00:00Z"
        short = api.client(made["key"])
        assert (await short.get("/v1/me")).status_code == 200
        ids = {each["name"]: each["id"] for each in (await api.admin.get(address)).json()["items"]}
        await api.admin.delete(f"{address}/{ids['test']}")
        clock.tick(timedelta(hours=1))
        assert [(await each.get("/v1/me")).status_code for each in (short, agent)] == [401, 401]
        told = await _told(api, "token.refused")
    assert {(each["data"]["reason"], each["data"]["agent_id"]) for each in told} == {
        ("expired", agent_id),
        ("revoked", agent_id),
    }


async def test_a_key_cannot_be_over_before_it_begins(api: Api) -> None:
    agent_id, _ = await api.somebody("agent")
    body = {"name": "late", "expires_at": "2020-01-01T00:00:00Z"}
    answer = await api.admin.post(f"/v1/agents/{agent_id}/keys", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "expiry_in_past")


async def test_a_denial_is_told_with_who_and_what(api: Api) -> None:
    agent_id, agent = await api.somebody("agent")
    assert (await agent.get("/v1/agents")).status_code == 403
    (told,) = await _told(api, "access.denied")
    assert (told["actor_kind"], told["actor_id"]) == ("agent", agent_id)
    assert told["data"] == {"source": SOURCE, "count": 1, "operation": "list_agents", "role": "agent"}


async def test_a_forged_webhook_is_told_with_its_account(api: Api, seed: Seed) -> None:
    account_id = (await api.admin.get(f"/v1/pages/{await seed.page()}")).json()["account_id"]
    wrong = {"X-Hub-Signature-256": "sha256=" + "0" * 64}
    address = f"/webhooks/messenger/{account_id}"
    handshake = {"hub.mode": "subscribe", "hub.verify_token": "guess", "hub.challenge": "1"}
    assert (await api.client().post(address, content=b"{}", headers=wrong)).status_code == 401
    assert (await api.client().post(address, content=b"{}")).status_code == 401
    assert (await api.client().get(address, params=handshake)).status_code == 403
    assert (await api.client().post("/webhooks/messenger/whoever", content=b"{}")).status_code == 404
    told = await _told(api, "webhook.refused")
    assert {(each["data"]["reason"], each["data"].get("account_id")) for each in told} == {
        ("wrong_signature", account_id),
        ("no_signature", account_id),
        ("verify_token", account_id),
        ("unknown_account", None),
    }
    assert "whoever" not in repr(told)


async def test_guessed_links_and_forged_deletion_requests_are_told(api: Api, seed: Seed) -> None:
    account_id = (await api.admin.get(f"/v1/pages/{await seed.page()}")).json()["account_id"]
    forged = signed_request("another secret", "42", NOW)
    address = f"/webhooks/messenger/{account_id}/data-deletion"
    assert (await api.client().post(address, data={"signed_request": forged})).status_code == 400
    assert (await api.client().get("/survey/" + "x" * 43)).status_code == 404
    assert (await api.client().get("/data-deletion/" + "x" * 43)).status_code == 404
    (deletion,) = await _told(api, "deletion_request.refused")
    assert deletion["data"] == {"source": SOURCE, "count": 1, "account_id": account_id}
    links = await _told(api, "link.refused")
    assert {each["data"]["page"] for each in links} == {"survey", "data-deletion"}


async def test_the_audit_is_paged_newest_first_and_knows_its_kinds(api: Api) -> None:
    made = [(await api.somebody("agent"))[0] for _ in range(3)]
    page = (await api.admin.get("/v1/audit", params={"kind": "agent.created", "limit": 2})).json()
    rest = (
        await api.admin.get("/v1/audit", params={"kind": "agent.created", "cursor": page["next_cursor"]})
    ).json()
    items = page["items"] + rest["items"]
    assert [each["data"]["agent_id"] for each in items] == made[::-1]
    everything = (await api.admin.get("/v1/audit")).json()["items"]
    assert {each["kind"] for each in everything} == {"agent.created", "key.created"} <= set(AUDITED)
    assert (await api.admin.get("/v1/audit", params={"kind": "message.sent"})).status_code == 422


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    time = [0.0]
    monkeypatch.setattr("api.security.refused_requests._monotonic", lambda: time[0])
    return time


async def test_the_same_refusal_is_one_entry_a_minute(api: Api, clock: list[float]) -> None:
    trail = RefusedRequests(api.database)
    for second in range(121):
        clock[0] = float(second)
        trail.note(Refused.TOKEN, "192.0.2.1", reason="unknown")
        await trail.flush()
    told = await _told(api, "token.refused")
    assert [each["data"]["count"] for each in told] == [60, 60, 1]


async def test_many_sources_do_not_fill_the_store(api: Api, clock: list[float]) -> None:
    trail = RefusedRequests(api.database)
    for number in range(refused_requests.MAX_SOURCES_REMEMBERED + 500):
        trail.note(Refused.TOKEN, f"2001:db8::{number:x}", reason="unknown")
    await trail.flush()
    await trail.flush()
    assert len(trail._tallies) == refused_requests.MAX_SOURCES_REMEMBERED + 1
    first = await api.walk("/v1/audit", limit=200)
    assert len(first) == refused_requests.MAX_ENTRIES_A_MINUTE
    clock[0] = 30.0
    await trail.flush()
    assert len(await api.walk("/v1/audit", limit=200)) == refused_requests.MAX_ENTRIES_A_MINUTE * 1.5
    clock[0] = 3600.0
    for _ in range(60):
        clock[0] += 60.0
        await trail.flush()
    told = await _told(api, "token.refused")
    assert told[0]["data"] == {"source": "many", "count": 500}
    assert trail._tallies == {}


async def test_what_the_store_does_not_take_is_told_later(
    api: Api, clock: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: Any) -> None:
        raise OperationalError("", {}, Exception())

    trail = RefusedRequests(api.database)
    trail.note(Refused.TOKEN, "192.0.2.1", reason="unknown")
    with monkeypatch.context() as without_store:
        without_store.setattr(api.database, "write", away)
        await trail.flush()
    trail.note(Refused.TOKEN, "192.0.2.1", reason="unknown")
    clock[0] += 1
    await trail.flush()
    (told,) = await _told(api, "token.refused")
    assert told["data"]["count"] == 2
