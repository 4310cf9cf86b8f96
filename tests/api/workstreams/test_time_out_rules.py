"""Time-out rules and the other settings of a workstream that decide about conversations."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from store.conversations.conversation_settings import conversation_settings
from support.api import Api, Seed

CLOSE = {"silent": "customer", "after_minutes": 240, "action": "close"}
SEND = {
    "silent": "customer",
    "after_minutes": 120,
    "action": "send",
    "texts": {"en": "Still there, {CustomerName}?", "de": "Noch da?"},
    "fallback_language": "en",
}


async def _workstream(api: Api, seed: Seed) -> str:
    """The workstream of a page with one running conversation."""
    thread = await seed.conversation()
    shown: str = (await api.admin.get(f"/v1/pages/{thread.page_id}")).json()["workstream_id"]
    return shown


def _address(workstream_id: str) -> str:
    return f"/v1/workstreams/{workstream_id}/time-out-rules"


async def test_a_rule_is_made_read_changed_and_deleted(api: Api, seed: Seed) -> None:
    address = _address(await _workstream(api, seed))
    made = await api.admin.post(address, json=SEND)
    assert made.status_code == 201, made.text
    rule = made.json()
    assert {name: rule[name] for name in SEND} == SEND
    assert (rule["receiver"], rule["priority"], rule["active"]) == ("customer", 0, True)
    of_rule = f"{address}/{rule['id']}"
    assert (await api.admin.get(of_rule)).json() == rule

    changed = await api.admin.put(of_rule, json={**CLOSE, "priority": 3, "active": False})
    assert changed.json() == {
        **rule,
        **CLOSE,
        "priority": 3,
        "active": False,
        "texts": {},
        "fallback_language": None,
    }
    assert (await api.admin.get(address)).json()["items"] == [changed.json()]
    assert (await api.admin.delete(of_rule)).status_code == 204
    for answer in (await api.admin.get(of_rule), await api.admin.delete(of_rule)):
        assert answer.status_code == 404


async def test_rules_are_listed_by_priority(api: Api, seed: Seed) -> None:
    address = _address(await _workstream(api, seed))
    for priority in (2, 0, 1):
        await api.admin.post(address, json={**CLOSE, "priority": priority})
    listed = (await api.admin.get(address)).json()
    assert [rule["priority"] for rule in listed["items"]] == [0, 1, 2]
    assert listed["next_cursor"] is None


@pytest.mark.parametrize(
    "rule",
    [
        {**CLOSE, "after_minutes": 0},
        {**CLOSE, "after_minutes": 1.5},
        {**CLOSE, "after_minutes": 10**30},
        {**CLOSE, "silent": "bot"},
        {**CLOSE, "action": "shout"},
        {**CLOSE, "priority": -1},
        {**CLOSE, "texts": {"en": "Bye"}},
        {**CLOSE, "texts": {"en": "Bye"}, "fallback_language": "en"},
        {**SEND, "texts": {}},
        {**SEND, "texts": {}, "fallback_language": None},
        {**SEND, "fallback_language": None},
        {**SEND, "fallback_language": "fr"},
        {**SEND, "receiver": "everybody"},
        {**SEND, "texts": {"en": "x" * 2001}},
        {"silent": "customer", "action": "close"},
    ],
)
async def test_rules_that_make_no_sense_are_refused(api: Api, seed: Seed, rule: dict[str, Any]) -> None:
    address = _address(await _workstream(api, seed))
    answer = await api.admin.post(address, json=rule)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert (await api.admin.get(address)).json()["items"] == []


async def test_a_workstream_has_at_most_twenty_rules(api: Api, seed: Seed) -> None:
    address = _address(await _workstream(api, seed))
    answers = await asyncio.gather(*(api.admin.post(address, json=CLOSE) for _ in range(22)))
    assert sorted(answer.status_code for answer in answers) == [201] * 20 + [409] * 2
    refused = await api.admin.post(address, json=CLOSE)
    assert (refused.json()["code"], refused.json()["limit"]) == ("limit_reached", 20)
    first = (await api.admin.get(address)).json()["items"][0]
    await api.admin.delete(f"{address}/{first['id']}")
    assert (await api.admin.post(address, json=CLOSE)).status_code == 201


async def test_the_same_key_makes_one_rule(api: Api, seed: Seed) -> None:
    address = _address(await _workstream(api, seed))
    answers = [
        await api.admin.post(address, json=CLOSE, headers={"Idempotency-Key": "one"}) for _ in range(2)
    ]
    assert answers[0].json() == answers[1].json()
    assert len((await api.admin.get(address)).json()["items"]) == 1


async def test_a_rule_belongs_to_its_workstream(api: Api, seed: Seed) -> None:
    mine = _address(await _workstream(api, seed))
    other = (await api.admin.post("/v1/workstreams", json={"name": "Other"})).json()["id"]
    rule = (await api.admin.post(mine, json=CLOSE)).json()
    foreign = f"{_address(other)}/{rule['id']}"
    for answer in (
        await api.admin.get(foreign),
        await api.admin.put(foreign, json=CLOSE),
        await api.admin.delete(foreign),
        await api.admin.post(_address("404"), json=CLOSE),
    ):
        assert answer.status_code == 404
    assert (await api.admin.get(f"{mine}/{rule['id']}")).json() == rule


async def test_rules_go_with_their_workstream(api: Api) -> None:
    made = (await api.admin.post("/v1/workstreams", json={"name": "Short"})).json()["id"]
    assert (await api.admin.post(_address(made), json=CLOSE)).status_code == 201
    assert (await api.admin.delete(f"/v1/workstreams/{made}")).status_code == 204


async def test_conversations_are_judged_by_the_rules_and_messages_of_the_moment(api: Api, seed: Seed) -> None:
    thread = await seed.conversation()
    page = (await api.admin.get(f"/v1/pages/{thread.page_id}")).json()
    address = _address(page["workstream_id"])
    rule = (await api.admin.post(address, json={**SEND, "priority": 1})).json()
    await api.admin.post(address, json={**CLOSE, "active": False})
    await api.admin.put(f"/v1/pages/{thread.page_id}/automated-messages/agent_joined", json={"active": True})
    await api.admin.patch(
        f"/v1/workstreams/{page['workstream_id']}",
        json={"window_warning_minutes": 30, "send_held_unseen": True},
    )

    settings = await api.database.read(lambda s: conversation_settings(s, thread.page_id))
    assert [
        (each.id, each.after_seconds, each.action, each.priority) for each in settings.time_out_rules
    ] == [(rule["id"], 7200, "send", 1)]
    assert "agent_joined" in settings.automated_messages
    assert (settings.window_warning_seconds, settings.send_held_unseen) == (1800, True)


async def test_with_automated_messages_off_agents_are_told_and_customers_are_not(
    api: Api, seed: Seed
) -> None:
    thread = await seed.conversation()
    page = (await api.admin.get(f"/v1/pages/{thread.page_id}")).json()
    address = _address(page["workstream_id"])
    await api.admin.post(address, json=SEND)
    for_agent = (await api.admin.post(address, json={**SEND, "receiver": "agent"})).json()
    closes = (await api.admin.post(address, json=CLOSE)).json()
    of_workstream = f"/v1/workstreams/{page['workstream_id']}"
    changed = await api.admin.patch(of_workstream, json={"allow_automated_messages": False})
    assert changed.json()["allow_automated_messages"] is False

    settings = await api.database.read(lambda s: conversation_settings(s, thread.page_id))
    assert settings.automated_messages == ("message_not_sent", "outside_window")
    assert {rule.id for rule in settings.time_out_rules} == {for_agent["id"], closes["id"]}


async def test_every_change_gives_the_settings_their_next_version(api: Api, seed: Seed) -> None:
    page_id, other_page_id = await seed.page(), await seed.page()
    workstream_id = (await api.admin.get(f"/v1/pages/{page_id}")).json()["workstream_id"]
    address = _address(workstream_id)
    both = sorted((page_id, other_page_id))

    async def check(
        method: str, path: str, body: dict[str, Any] | None = None, *, changed: Sequence[str]
    ) -> dict[str, Any]:
        answer = await api.admin.request(method, path, json=body)
        assert answer.is_success, answer.text
        assert await api.pages_with_untold_settings() == changed
        shown: dict[str, Any] = answer.json() if answer.content else {}
        return shown

    rule = await check("POST", address, CLOSE, changed=both)
    await check("PUT", f"{address}/{rule['id']}", CLOSE, changed=both)
    await check("DELETE", f"{address}/{rule['id']}", changed=both)
    of_workstream = f"/v1/workstreams/{workstream_id}"
    await check("PATCH", of_workstream, {"auto_close_waiting_after_minutes": 5}, changed=both)
    await check("PATCH", f"/v1/pages/{page_id}", {"human_agent_tag": True}, changed=[page_id])
    await check("PUT", f"/v1/pages/{page_id}/survey", {"active": True}, changed=[page_id])
    other = (await api.admin.post("/v1/workstreams", json={"name": "Other"})).json()["id"]
    await check("PUT", f"/v1/workstreams/{other}/pages", {"page_ids": [page_id]}, changed=[page_id])
    await check("PUT", f"/v1/workstreams/{other}/pages", {"page_ids": []}, changed=[page_id])
