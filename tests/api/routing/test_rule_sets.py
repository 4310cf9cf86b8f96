"""Rules of a workstream over the API, and where they would lead."""

from typing import Any

import pytest

from store import tables
from support.api import Api, Seed

VIP = {
    "kind": "classification",
    "name": "Who it is",
    "rules": [
        {
            "name": "Ada",
            "conditions": {"items": [{"field": "customer_name", "operator": "begins_with", "value": "ada"}]},
            "outputs": {"priority": 7, "context": {"Tier": "gold"}},
        },
        {"name": "Others", "outputs": {"priority": 1}},
    ],
}
TO_DEFAULT = {"queue_id": "default", "percent": 100}
ROUTE = {
    "kind": "route",
    "name": "Where it goes",
    "rules": [
        {
            "name": "Urgent",
            "conditions": {"items": [{"field": "priority", "operator": "at_least", "value": 5}]},
            "targets": [TO_DEFAULT],
        }
    ],
}


async def _workstream(api: Api, name: str = "W") -> str:
    made: str = (await api.admin.post("/v1/workstreams", json={"name": name})).json()["id"]
    return made


def _where(answer: Any) -> list[tuple[str, str]]:
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request"), answer.text
    return [(".".join(map(str, each["where"][1:])), each["type"]) for each in answer.json()["errors"]]


async def test_a_rule_set_is_made_changed_and_deleted_and_rules_keep_their_ids(api: Api) -> None:
    address = f"/v1/workstreams/{await _workstream(api)}/rule-sets"
    answers = [await api.admin.post(address, json=VIP, headers={"Idempotency-Key": "k"}) for _ in range(2)]
    assert answers[0].status_code == 201, answers[0].text
    made = answers[0].json()
    assert answers[1].json() == made
    assert [(rule["name"], rule["outputs"]["priority"]) for rule in made["rules"]] == [
        ("Ada", 7),
        ("Others", 1),
    ]
    of_set = f"{address}/{made['id']}"
    assert (await api.admin.get(of_set)).json() == made

    first, second = made["rules"]
    shown = ("id", "name", "active", "conditions", "outputs")
    kept = {name: second[name] for name in shown} | {"active": False}
    swapped = {**VIP, "position": 3, "active": False, "rules": [kept, {name: first[name] for name in shown}]}
    changed = (await api.admin.put(of_set, json=swapped)).json()
    assert changed == {
        **made,
        "position": 3,
        "active": False,
        "rules": [{**second, "active": False}, first],
    }
    route = (await api.admin.post(address, json=ROUTE)).json()
    assert [each["id"] for each in (await api.admin.get(address)).json()["items"]] == [
        made["id"],
        route["id"],
    ]
    assert (await api.admin.delete(of_set)).status_code == 204
    assert (await api.admin.get(of_set)).status_code == 404
    other = f"/v1/workstreams/{await _workstream(api, 'Other')}/rule-sets/{route['id']}"
    for answer in (
        await api.admin.get(other),
        await api.admin.delete(other),
        await api.admin.put(other, json=ROUTE),
    ):
        assert answer.status_code == 404


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({**VIP, "kind": "other"}, ("kind", "not_a_choice")),
        ({**VIP, "name": None}, ("name", "wrong_type")),
        ({**VIP, "position": -1}, ("position", "out_of_range")),
        ({"kind": "route", "name": "R"}, ("rules", "missing")),
        ({**VIP, "rules": [{"name": "x"}]}, ("rules.0.outputs", "required")),
        ({**VIP, "rules": [{"name": "x", "outputs": {}}]}, ("rules.0.outputs", "required")),
        ({**VIP, "rules": ROUTE["rules"]}, ("rules.0.targets", "not_used")),
        ({**ROUTE, "rules": VIP["rules"]}, ("rules.0.outputs", "not_used")),
        ({**VIP, "rules": [{"name": "x", "outputs": {"priority": 1}}] * 101}, ("rules", "too_many")),
        ({**ROUTE, "rules": [{"name": "x", "targets": [TO_DEFAULT]}] * 201}, ("rules", "too_long")),
        ({**ROUTE, "rules": [{"name": "x", "targets": []}]}, ("rules.0.targets", "required")),
        (
            {**ROUTE, "rules": [{"name": "x", "targets": [{"queue_id": "404"}]}]},
            ("rules.0.targets.0.queue_id", "unknown_queue"),
        ),
        (
            {**ROUTE, "rules": [{"name": "x", "targets": [{"queue_id": "default", "percent": 99}]}]},
            ("rules.0.targets", "not_100_percent"),
        ),
        (
            {**VIP, "rules": [{"name": "x", "outputs": {"skills": [{"skill_id": "404"}]}}]},
            ("rules.0.outputs.skills.0.skill_id", "unknown_skill"),
        ),
        (
            {**VIP, "rules": [{"name": "x", "outputs": {"profiles": ["404"]}}]},
            ("rules.0.outputs.profiles.0", "unknown_profile"),
        ),
        (
            {**VIP, "rules": [{"name": "x", "outputs": {"context": {"a b": 1}}}]},
            ("rules.0.outputs.context.?", "wrong_form"),
        ),
        (
            {**VIP, "rules": [{"id": "404", "name": "x", "outputs": {"priority": 1}}]},
            ("rules.0.id", "unknown_rule"),
        ),
        (
            {**VIP, "rules": [{"name": "x", "outputs": {"priority": 1001}}]},
            ("rules.0.outputs.priority", "out_of_range"),
        ),
        (
            {
                **ROUTE,
                "rules": [
                    {
                        "name": "x",
                        "targets": [TO_DEFAULT],
                        "overflow": {"while_queued": {"seconds": 60, "action": "end"}},
                    }
                ],
            },
            ("rules.0.overflow.while_queued", "not_of_rules"),
        ),
    ],
)
async def test_rules_that_make_no_sense_are_refused_where_they_stand(
    api: Api, body: dict[str, Any], where: tuple[str, str]
) -> None:
    address = f"/v1/workstreams/{await _workstream(api)}/rule-sets"
    assert where in _where(await api.admin.post(address, json=body))
    assert (await api.admin.get(address)).json()["items"] == []


async def test_a_workstream_has_ten_classifications_and_one_route(api: Api) -> None:
    address = f"/v1/workstreams/{await _workstream(api)}/rule-sets"
    codes = [(await api.admin.post(address, json=VIP)).status_code for _ in range(11)]
    assert codes == [201] * 10 + [409]
    codes = [(await api.admin.post(address, json=ROUTE)).status_code for _ in range(2)]
    assert codes == [201, 409]


async def test_a_dry_run_tells_where_it_would_go_and_why(api: Api) -> None:
    workstream_id = await _workstream(api)
    address = f"/v1/workstreams/{workstream_id}/rule-sets"
    classification = (await api.admin.post(address, json=VIP)).json()
    route = (await api.admin.post(address, json=ROUTE)).json()
    run = f"/v1/workstreams/{workstream_id}/routing/dry-run"
    found = (await api.admin.post(run, json={"customer_name": "Ada Byron"})).json()
    assert (found["queue_id"], found["reason"], found["rule_id"]) == (
        "default",
        "rule",
        route["rules"][0]["id"],
    )
    assert (found["priority"], found["context"], found["ends"]) == (7, {"Tier": "gold"}, False)
    assert [(step["rule_name"], step["outcome"]) for step in found["steps"]] == [
        ("Ada", "applied"),
        ("Urgent", "applied"),
    ]
    assert found["steps"][0]["rule_set_id"] == classification["id"]
    other = (await api.admin.post(run, json={"customer_name": "Bob"})).json()
    assert (other["reason"], other["priority"]) == ("no_rule_matched", 1)
    _, agent = await api.somebody("agent")
    assert (await agent.post(run, json={})).status_code == 403


async def test_a_dry_run_tries_rule_sets_that_are_not_saved_and_saves_nothing(api: Api) -> None:
    workstream_id = await _workstream(api)
    address = f"/v1/workstreams/{workstream_id}/rule-sets"
    saved = (await api.admin.post(address, json=VIP)).json()
    run = f"/v1/workstreams/{workstream_id}/routing/dry-run"
    (ada, _) = saved["rules"]
    changed = {**VIP, "id": saved["id"], "rules": [{**ada, "outputs": {"priority": 9}}]}
    tried = await api.admin.post(run, json={"customer_name": "Ada Byron", "rule_sets": [changed, ROUTE]})
    found = tried.json()
    assert (found["priority"], found["reason"]) == (9, "rule")
    assert (await api.admin.get(address)).json()["items"] == [saved]
    after = (await api.admin.post(run, json={"customer_name": "Ada Byron"})).json()
    assert (after["priority"], after["reason"]) == (7, "no_rule_matched")
    wrong = {**ROUTE, "rules": [{"name": "R", "targets": [{"queue_id": "404"}]}]}
    refused = await api.admin.post(run, json={"rule_sets": [wrong]})
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid_request")
    assert (await api.admin.get(address)).json()["items"] == [saved]


async def test_a_dry_run_shows_a_rule_that_cannot_be_judged(api: Api) -> None:
    workstream_id = await _workstream(api)
    conditions = {"items": [{"field": "context.Order", "operator": "at_least", "value": 3}]}
    rules = [{"name": "Big", "conditions": conditions, "targets": [TO_DEFAULT]}]
    await api.admin.post(f"/v1/workstreams/{workstream_id}/rule-sets", json={**ROUTE, "rules": rules})
    run = f"/v1/workstreams/{workstream_id}/routing/dry-run"
    found = (await api.admin.post(run, json={"context": {"Order": "many"}})).json()
    assert (found["reason"], found["steps"][0]["outcome"]) == ("rule_failed", "error")
    assert found["steps"][0]["code"] == "not_a_number"


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"timezone": 25}, ("timezone", "out_of_range")),
        ({"timezone": "5"}, ("timezone", "wrong_type")),
        ({"page_id": "x"}, ("page_id", "wrong_form")),
        ({"customer_name": "x" * 1001}, ("customer_name", "too_long")),
        ({"at": "tomorrow"}, ("at", "wrong_form")),
        ({"context": {str(n): 1 for n in range(101)}}, ("context", "too_long")),
    ],
)
async def test_a_dry_run_of_what_cannot_be_is_refused(
    api: Api, body: dict[str, Any], where: tuple[str, str]
) -> None:
    run = f"/v1/workstreams/{await _workstream(api)}/routing/dry-run"
    assert where in _where(await api.admin.post(run, json=body))


async def test_disposition_codes_are_of_one_workstream_or_of_all(api: Api, seed: Seed) -> None:
    codes, workstream_id = "/v1/disposition-codes", await _workstream(api)
    everywhere = (await api.admin.post(codes, json={"name": "Solved"})).json()
    here = (await api.admin.post(codes, json={"name": "Solved", "workstream_id": workstream_id})).json()
    elsewhere = await _workstream(api, "Elsewhere")
    of_here = (await api.admin.get(codes, params={"workstream_id": workstream_id})).json()["items"]
    of_others = (await api.admin.get(codes, params={"workstream_id": elsewhere})).json()["items"]
    assert {each["id"] for each in of_here} == {everywhere["id"], here["id"]}
    assert of_others == [everywhere]
    refused = await api.admin.post(codes, json={"name": "Solved"})
    assert (refused.status_code, refused.json()["code"]) == (409, "name_taken")
    assert (await api.admin.post(codes, json={"name": "x", "workstream_id": "404"})).json()["code"] == (
        "unknown_workstream"
    )
    changed = (await api.admin.patch(f"{codes}/{here['id']}", json={"name": "Done", "active": False})).json()
    assert changed == {**here, "name": "Done", "active": False}

    thread = await seed.conversation()
    await api.database.write(
        lambda session: session.get_one(tables.Conversation, thread.conversation_id).sqlmodel_update(
            {"disposition_code_id": here["id"]}
        )
    )
    assert (await api.admin.delete(f"{codes}/{here['id']}")).json()["code"] == "disposition_code_in_use"
    assert (await api.admin.delete(f"{codes}/{everywhere['id']}")).status_code == 204


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({}, ("name", "missing")),
        ({"name": " "}, ("name", "too_short")),
        ({"name": "x", "active": "yes"}, ("active", "wrong_type")),
        ({"name": "x", "workstream_id": "a b"}, ("workstream_id", "wrong_form")),
    ],
)
async def test_codes_that_make_no_sense_are_refused(
    api: Api, body: dict[str, Any], where: tuple[str, str]
) -> None:
    assert where in _where(await api.admin.post("/v1/disposition-codes", json=body))
