"""How workstreams share out their work over the API, and copying and deleting them."""

from typing import Any

import pytest
from sqlmodel import Session

from store import tables
from support.api import NOW, Api, Seed

WORKSTREAMS = "/v1/workstreams"
AT_FIRST = {
    "mode": "push",
    "allow_picking": False,
    "picking_heeds_capacity": False,
    "transfer_heeds_capacity": False,
    "fallback_queue_id": None,
    "need": {"units": 1, "profiles": []},
    "wrap_up": {"block": "always", "seconds": 60},
    "allowed_presences": ["available", "busy"],
    "skill_matching": "none",
    "affinity": True,
    "reservation_seconds": 60,
    "after_reservation": "anyone",
    "when_agent_gone": "return",
    "notification": {
        "countdown_seconds": 120,
        "show_countdown": True,
        "reject_button": False,
        "auto_assign": False,
        "auto_accept": False,
        "missed_sets_inactive": False,
        "declined_sets_do_not_disturb": False,
    },
}


def _where(answer: Any) -> list[tuple[str, str]]:
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request"), answer.text
    return [(".".join(map(str, each["where"][1:])), each["type"]) for each in answer.json()["errors"]]


async def _made(api: Api, name: str = "W", **more: Any) -> dict[str, Any]:
    answer = await api.admin.post(WORKSTREAMS, json={"name": name, **more})
    assert answer.status_code == 201, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


async def test_a_workstream_shows_how_it_shares_out_its_work_and_changes_it(api: Api) -> None:
    made = await _made(api)
    assert made["work_distribution"] == AT_FIRST
    queue = (await api.admin.post("/v1/queues", json={"name": "Q"})).json()
    address = f"{WORKSTREAMS}/{made['id']}"
    change = {
        "mode": "pick",
        "allow_picking": True,
        "fallback_queue_id": queue["id"],
        "need": {"units": 3, "profiles": []},
        "wrap_up": {"block": "seconds", "seconds": 90},
        "allowed_presences": ["available"],
        "notification": {"reject_button": True, "declined_sets_do_not_disturb": True},
    }
    changed = (await api.admin.patch(address, json={"work_distribution": change})).json()
    wanted = {**AT_FIRST, **change, "notification": {**AT_FIRST["notification"], **change["notification"]}}  # type: ignore[dict-item]
    assert changed["work_distribution"] == wanted
    kept = (await api.admin.patch(address, json={"work_distribution": {"affinity": False}})).json()
    assert kept["work_distribution"] == {**wanted, "affinity": False}
    back = (await api.admin.patch(address, json={"work_distribution": {"fallback_queue_id": None}})).json()
    assert back["work_distribution"]["fallback_queue_id"] is None
    assert (await api.admin.get(address)).json() == back


async def test_a_new_workstream_may_say_all_of_it_at_once(api: Api) -> None:
    made = await _made(
        api, work_distribution={"mode": "pick", "allow_picking": True}, disposition_required=True
    )
    assert made["work_distribution"] == {**AT_FIRST, "mode": "pick", "allow_picking": True}
    assert made["disposition_required"] is True
    address = f"{WORKSTREAMS}/{made['id']}"
    assert (await api.admin.patch(address, json={"disposition_required": False})).json()[
        "disposition_required"
    ] is False


@pytest.mark.parametrize(
    ("given", "where"),
    [
        ({"mode": "pull"}, ("mode", "not_a_choice")),
        ({"mode": None, "nose": 1}, ("nose", "unknown")),
        ({"fallback_queue_id": "404"}, ("fallback_queue_id", "unknown_queue")),
        ({"need": {"units": 0}}, ("need", "required")),
        ({"need": {"units": 1001}}, ("need.units", "out_of_range")),
        ({"need": {"profiles": ["404"]}}, ("need.profiles.0", "unknown_profile")),
        ({"need": {"profiles": ["a"] * 6}}, ("need.profiles", "too_long")),
        ({"wrap_up": {"block": "seconds", "seconds": 29}}, ("wrap_up.seconds", "out_of_range")),
        ({"allowed_presences": []}, ("allowed_presences", "required")),
        ({"allowed_presences": ["offline"]}, ("allowed_presences", "never_offered")),
        ({"reservation_seconds": 3601}, ("reservation_seconds", "out_of_range")),
        ({"reservation_seconds": "60"}, ("reservation_seconds", "wrong_type")),
        ({"notification": {"countdown_seconds": 9}}, ("notification.countdown_seconds", "out_of_range")),
        ({"notification": {"auto_accept": True}}, ("notification.auto_accept", "needs_auto_assign")),
        ({"affinity": "yes"}, ("affinity", "wrong_type")),
    ],
)
async def test_settings_that_make_no_sense_are_refused_where_they_stand(
    api: Api, given: dict[str, Any], where: tuple[str, str]
) -> None:
    made = await _made(api)
    wanted = (f"work_distribution.{where[0]}", where[1])
    body = {"work_distribution": given}
    assert wanted in _where(await api.admin.patch(f"{WORKSTREAMS}/{made['id']}", json=body))
    assert wanted in _where(await api.admin.post(WORKSTREAMS, json={"name": "New", **body}))
    assert (await api.admin.get(f"{WORKSTREAMS}/{made['id']}")).json() == made


@pytest.mark.parametrize(("status", "allowed"), [("open", False), ("wrap_up", False), ("closed", True)])
async def test_the_mode_changes_only_while_all_conversations_are_closed(
    api: Api, seed: Seed, status: str, *, allowed: bool
) -> None:
    thread = await seed.conversation()
    workstream_id = (await api.admin.get(f"/v1/pages/{thread.page_id}")).json()["workstream_id"]

    def place(session: Session) -> None:
        session.get_one(tables.Conversation, thread.conversation_id).status = status

    await api.database.write(place)
    address = f"{WORKSTREAMS}/{workstream_id}"
    answer = await api.admin.patch(address, json={"work_distribution": {"mode": "pick"}})
    if allowed:
        assert answer.json()["work_distribution"]["mode"] == "pick"
    else:
        assert _where(answer) == [("work_distribution.mode", "conversations_not_closed")]
    same = await api.admin.patch(address, json={"work_distribution": {"affinity": False}})
    assert same.status_code == 200


async def test_a_copy_has_the_rules_and_codes_of_its_original_and_no_page(api: Api, seed: Seed) -> None:
    thread = await seed.conversation()
    workstream_id = (await api.admin.get(f"/v1/pages/{thread.page_id}")).json()["workstream_id"]
    address = f"{WORKSTREAMS}/{workstream_id}"
    await api.admin.patch(address, json={"work_distribution": {"reservation_seconds": 7}})
    rule_set = {"kind": "classification", "name": "C", "rules": [{"name": "r", "outputs": {"priority": 3}}]}
    await api.admin.post(f"{address}/rule-sets", json=rule_set)
    time_out = {"silent": "customer", "after_minutes": 60, "action": "close"}
    await api.admin.post(f"{address}/time-out-rules", json=time_out)
    await api.admin.post("/v1/disposition-codes", json={"name": "Solved", "workstream_id": workstream_id})

    answers = [await api.admin.post(f"{address}/copy", headers={"Idempotency-Key": "k"}) for _ in range(2)]
    copy = answers[0].json()
    assert (answers[0].status_code, answers[1].json()) == (201, copy)
    original = (await api.admin.get(address)).json()
    different = ("id", "name", "page_ids", "created_at")
    assert {k: v for k, v in copy.items() if k not in different} == {
        k: v for k, v in original.items() if k not in different
    }
    assert (copy["name"], copy["page_ids"]) == (f"Copy of {original['name']}", [])
    of_copy = f"{WORKSTREAMS}/{copy['id']}"
    (copied,) = (await api.admin.get(f"{of_copy}/rule-sets")).json()["items"]
    (former,) = (await api.admin.get(f"{address}/rule-sets")).json()["items"]
    assert copied["id"] != former["id"]
    assert copied["rules"][0] == {**former["rules"][0], "id": copied["rules"][0]["id"]}
    assert len((await api.admin.get(f"{of_copy}/time-out-rules")).json()["items"]) == 1
    codes = (await api.admin.get("/v1/disposition-codes", params={"workstream_id": copy["id"]})).json()
    assert [each["name"] for each in codes["items"]] == ["Solved"]
    second = (await api.admin.post(f"{address}/copy")).json()
    assert second["name"] == f"Copy of {original['name']} (2)"

    refused = await api.admin.delete(address)
    assert (refused.status_code, refused.json()["code"]) == (409, "workstream_in_use")
    assert (await api.admin.delete(of_copy)).status_code == 204
    assert (await api.admin.get(f"{of_copy}/rule-sets")).status_code == 404


async def test_the_name_of_a_copy_is_no_longer_than_a_name_may_be(api: Api) -> None:
    made = await _made(api, "x" * 100)
    names = [(await api.admin.post(f"{WORKSTREAMS}/{made['id']}/copy")).json()["name"] for _ in range(2)]
    assert [len(name) for name in names] == [100, 100]
    assert names[1].endswith(" (2)")


async def test_a_workstream_with_live_conversations_of_former_pages_is_not_deleted(
    api: Api, seed: Seed
) -> None:
    made, thread = await _made(api), await seed.conversation()

    def move(session: Session) -> None:
        session.get_one(tables.Conversation, thread.conversation_id).workstream_id = made["id"]
        session.add(tables.DispositionCode(id="code", name="Done", workstream_id=made["id"], created_at=NOW))

    await api.database.write(move)
    address = f"{WORKSTREAMS}/{made['id']}"
    refused = (await api.admin.delete(address)).json()
    assert (refused["code"], refused["conversations"]) == ("workstream_in_use", 1)

    def close(session: Session) -> None:
        conversation = session.get_one(tables.Conversation, thread.conversation_id)
        conversation.status, conversation.disposition_code_id = "closed", "code"

    await api.database.write(close)
    assert (await api.admin.delete(address)).status_code == 204
    code = (await api.admin.get("/v1/disposition-codes/code")).json()
    assert (code["active"], code["workstream_id"]) == (False, None)
