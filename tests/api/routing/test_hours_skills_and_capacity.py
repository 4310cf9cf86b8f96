"""Operating hours, skills and capacity profiles over the API, and what agents have of them."""

from typing import Any

import pytest
from freezegun import freeze_time
from sqlmodel import Session, select

from store import tables
from support.api import NOW, Api

HOURS = "/v1/operating-hours"
OFFICE = {
    "name": "Office",
    "timezone": "Europe/Berlin",
    "intervals": [{"weekday": day, "opens": "09:00", "closes": "17:30"} for day in range(5)],
    "holidays": [{"name": "Christmas", "first_day": "2026-12-25", "last_day": "2026-12-26"}],
}


def _where(answer: Any) -> list[tuple[str, str]]:
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request"), answer.text
    return [(".".join(map(str, each["where"][1:])), each["type"]) for each in answer.json()["errors"]]


async def _made(api: Api, address: str, **body: Any) -> dict[str, Any]:
    answer = await api.admin.post(address, json=body, headers={"Idempotency-Key": str(body["name"])})
    assert answer.status_code == 201, answer.text
    again = await api.admin.post(address, json=body, headers={"Idempotency-Key": str(body["name"])})
    assert again.json() == answer.json()
    shown: dict[str, Any] = answer.json()
    assert {"name_taken"} == {(await api.admin.post(address, json=body)).json()["code"]}
    assert shown in (await api.admin.get(address)).json()["items"]
    assert (await api.admin.get(f"{address}/{shown['id']}")).json() == shown
    return shown


async def test_operating_hours_are_made_changed_and_deleted(api: Api) -> None:
    with freeze_time(NOW):  # a Friday, at noon
        made = await _made(api, HOURS, **OFFICE)
        assert {name: made[name] for name in OFFICE} == OFFICE
        assert (made["is_open"], made["changes_at"]) == (True, "2026-11-20T16:30:00Z")
        address = f"{HOURS}/{made['id']}"
        changed = (await api.admin.put(address, json={**OFFICE, "holidays": [], "intervals": []})).json()
        assert (changed["is_open"], changed["changes_at"], changed["holidays"]) == (False, None, [])
        queue = (
            await api.admin.post("/v1/queues", json={"name": "Q", "operating_hours_id": made["id"]})
        ).json()
        refused = (await api.admin.delete(address)).json()
        assert (refused["code"], refused["queue_ids"]) == ("operating_hours_in_use", [queue["id"]])
        await api.admin.patch(f"/v1/queues/{queue['id']}", json={"operating_hours_id": None})
        assert (await api.admin.delete(address)).status_code == 204


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"timezone": "Europe/Atlantis"}, ("timezone", "unknown_timezone")),
        ({"timezone": "../etc/passwd"}, ("timezone", "wrong_form")),
        ({"timezone": 1}, ("timezone", "wrong_type")),
        ({"intervals": None}, ("intervals", "wrong_type")),
        ({"intervals": [{}] * 71}, ("intervals", "too_long")),
        (
            {"intervals": [{"weekday": 7, "opens": "09:00", "closes": "10:00"}]},
            ("intervals.0.weekday", "out_of_range"),
        ),
        (
            {"intervals": [{"weekday": 1, "opens": "09:00:01", "closes": "10:00"}]},
            ("intervals.0.opens", "not_allowed"),
        ),
        (
            {"intervals": [{"weekday": 1, "opens": "09:00Z", "closes": "10:00"}]},
            ("intervals.0.opens", "not_allowed"),
        ),
        (
            {"holidays": [{"name": "x", "first_day": "2026-01-02", "last_day": "2026-01-01"}]},
            ("holidays.0.last_day", "before_first_day"),
        ),
        (
            {"holidays": [{"name": "x", "first_day": "1999-12-31", "last_day": "2026-01-01"}]},
            ("holidays.0.first_day", "not_allowed"),
        ),
        ({"name": ""}, ("name", "too_short")),
    ],
)
async def test_hours_that_make_no_sense_are_refused(
    api: Api, change: dict[str, Any], where: tuple[str, str]
) -> None:
    assert where in _where(await api.admin.post(HOURS, json={**OFFICE, **change}))


async def test_public_holidays_are_imported_once(api: Api) -> None:
    address = f"{HOURS}/{(await _made(api, HOURS, **OFFICE))['id']}"
    query: dict[str, str | int] = {"country": "DE", "year": 2027, "subdivision": "BY"}
    imported = (await api.admin.post(f"{address}/holidays/import", params=query)).json()["holidays"]
    days = {each["first_day"]: each["name"] for each in imported}
    assert days["2027-01-06"] == "Heilige Drei Könige"  # of Bavaria
    assert days["2026-12-25"] == "Christmas"
    again = (await api.admin.post(f"{address}/holidays/import", params=query)).json()["holidays"]
    assert again == imported
    refused: list[tuple[dict[str, str | int], str]] = [
        ({"country": "XX", "year": 2027}, "unknown_country"),
        ({"country": "DE", "year": 2027, "subdivision": "QQ"}, "unknown_country"),
        ({"country": "de", "year": 2027}, "invalid_request"),
        ({"country": "DE", "year": 1}, "invalid_request"),
    ]
    for wrong, code in refused:
        assert (await api.admin.post(f"{address}/holidays/import", params=wrong)).json()["code"] == code


async def test_skills_are_made_changed_and_deleted(api: Api) -> None:
    skill = await _made(api, "/v1/skills", name="French", max_rating=5)
    agent_id, _ = await api.somebody("agent")
    address, of_agent = f"/v1/skills/{skill['id']}", f"/v1/agents/{agent_id}/skills"
    wanted = {"skills": [{"skill_id": skill["id"], "rating": 4}]}
    assert (await api.admin.put(of_agent, json=wanted)).json() == wanted
    assert (await api.admin.get(of_agent)).json() == wanted
    assert _where(await api.admin.patch(address, json={"max_rating": 3})) == [("max_rating", "below_ratings")]
    changed = (await api.admin.patch(address, json={"max_rating": 4, "description": "fluent"})).json()
    assert changed == {**skill, "max_rating": 4, "description": "fluent"}
    assert (await api.admin.patch(address, json={"description": None})).json()["description"] is None
    assert (await api.admin.delete(address)).status_code == 204
    assert (await api.admin.get(of_agent)).json() == {"skills": []}


@pytest.mark.parametrize(
    ("skills", "where"),
    [
        (None, ("skills", "wrong_type")),
        ([{"skill_id": "404", "rating": 1}], ("skills.0.skill_id", "unknown_skill")),
        ([{"skill_id": "a b", "rating": 1}], ("skills.0.skill_id", "wrong_form")),
        ([{"skill_id": "s", "rating": 0}], ("skills.0.rating", "out_of_range")),
        ([{"skill_id": "s", "rating": 11}], ("skills.0.rating", "out_of_range")),
        ([{"skill_id": "s", "rating": 1.5}], ("skills.0.rating", "wrong_type")),
        ([{"skill_id": "s", "rating": 1}] * 2, ("", "not_allowed")),
        ([{"skill_id": "s", "rating": 1}] * 101, ("skills", "too_long")),
    ],
)
async def test_skills_of_an_agent_that_make_no_sense_are_refused(
    api: Api, skills: Any, where: tuple[str, str]
) -> None:
    await api.database.write(
        lambda session: session.add(tables.Skill(id="s", name="S", max_rating=10, created_at=NOW))
    )
    agent_id, _ = await api.somebody("agent")
    assert where in _where(await api.admin.put(f"/v1/agents/{agent_id}/skills", json={"skills": skills}))


async def test_capacity_profiles_and_what_agents_have_of_them(api: Api) -> None:
    profile = await _made(
        api, "/v1/capacity-profiles", name="Chats", default_limit=3, reset="end_of_day", timezone="Asia/Tokyo"
    )
    agent_id, _ = await api.somebody("agent")
    address, of_agent = f"/v1/capacity-profiles/{profile['id']}", f"/v1/agents/{agent_id}/capacity"
    assert (await api.admin.get(of_agent)).json() == {"units": 5, "profiles": []}
    wanted = {"units": 2, "profiles": [{"capacity_profile_id": profile["id"], "limit": None}]}
    assert (await api.admin.put(of_agent, json=wanted)).json() == wanted
    assert (await api.admin.get(of_agent)).json() == wanted

    def copies(session: Session) -> tuple[int, set[tuple[str, str]]]:
        member = session.get_one(tables.QueueMember, ("default", agent_id))
        marks = session.exec(select(tables.DispatchMark)).all()
        return member.free_units, {(mark.kind, mark.key) for mark in marks}

    free_units, marks = await api.database.read(copies)
    assert free_units == 2
    assert {("agent", agent_id), ("queue", "default")} <= marks
    assert (await api.admin.patch(address, json={"default_limit": 0})).json()["default_limit"] == 0

    await api.database.write(
        lambda session: session.add(
            tables.Workstream(
                id="w",
                name="W",
                auto_close_waiting_after_seconds=60,
                capacity_profile_ids=[profile["id"]],
                created_at=NOW,
            )
        )
    )
    refused = (await api.admin.delete(address)).json()
    assert (refused["code"], refused["workstream_ids"]) == ("capacity_profile_in_use", ["w"])
    await api.database.write(lambda session: session.delete(session.get_one(tables.Workstream, "w")))
    assert (await api.admin.delete(address)).status_code == 204
    assert (await api.admin.get(of_agent)).json() == {"units": 2, "profiles": []}


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({}, ("units", "missing")),
        ({"units": -1}, ("units", "out_of_range")),
        ({"units": 1001}, ("units", "out_of_range")),
        ({"units": "1"}, ("units", "wrong_type")),
        (
            {"units": 1, "profiles": [{"capacity_profile_id": "404"}]},
            ("profiles.0.capacity_profile_id", "unknown_profile"),
        ),
        ({"units": 1, "profiles": [{"capacity_profile_id": "404"}] * 2}, ("", "not_allowed")),
        ({"units": 1, "profiles": [{"capacity_profile_id": "404"}] * 21}, ("profiles", "too_long")),
    ],
)
async def test_capacity_that_makes_no_sense_is_refused(
    api: Api, body: dict[str, Any], where: tuple[str, str]
) -> None:
    agent_id, _ = await api.somebody("agent")
    assert where in _where(await api.admin.put(f"/v1/agents/{agent_id}/capacity", json=body))


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"name": "x"}, ("default_limit", "missing")),
        ({"name": "x", "default_limit": 1, "reset": "never"}, ("reset", "not_a_choice")),
        ({"name": "x", "default_limit": 1, "timezone": "Nowhere"}, ("timezone", "not_allowed")),
        ({"name": "x", "default_limit": 1, "blocks": 1}, ("blocks", "wrong_type")),
    ],
)
async def test_profiles_that_make_no_sense_are_refused(
    api: Api, body: dict[str, Any], where: tuple[str, str]
) -> None:
    assert _where(await api.admin.post("/v1/capacity-profiles", json=body)) == [where]
