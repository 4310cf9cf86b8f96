"""Workstreams, and pages chosen from their side."""

from typing import Any

import pytest

from support.api import Api, Seed


async def _make(api: Api, name: str = "Support", **more: Any) -> dict[str, Any]:
    made = await api.admin.post("/v1/workstreams", json={"name": name, **more})
    assert made.status_code == 201, made.text
    shown: dict[str, Any] = made.json()
    return shown


async def test_a_workstream_has_the_reference_systems_defaults(api: Api) -> None:
    made = await _make(api)
    assert made["auto_close_waiting_after_minutes"] == 28 * 24 * 60
    assert made["reopen_closed_within_minutes"] == 0
    assert made["page_ids"] == []


async def test_times_and_name_change(api: Api) -> None:
    made = await _make(api)
    change = {"name": "Sales", "auto_close_waiting_after_minutes": 5, "reopen_closed_within_minutes": 60}
    changed = (await api.admin.patch(f"/v1/workstreams/{made['id']}", json=change)).json()
    assert changed == {**made, **change}
    assert (await api.admin.get("/v1/workstreams")).json()["items"] == [changed]


@pytest.mark.parametrize(
    "change",
    [
        {"auto_close_waiting_after_minutes": 0},
        {"auto_close_waiting_after_minutes": -5},
        {"auto_close_waiting_after_minutes": 10 * 366 * 24 * 60},
        {"auto_close_waiting_after_minutes": "5"},
        {"auto_close_waiting_after_minutes": 5.0},
        {"auto_close_waiting_after_minutes": True},
        {"auto_close_waiting_after_minutes": 10**30},
        {"reopen_closed_within_minutes": -1},
        {"name": "\t"},
        {"page_ids": ["1001"]},
    ],
)
async def test_times_that_make_no_sense_are_refused(api: Api, change: dict[str, Any]) -> None:
    made = await _make(api)
    for answer in (
        await api.admin.patch(f"/v1/workstreams/{made['id']}", json=change),
        await api.admin.post("/v1/workstreams", json={"name": "Other", **change}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


async def test_names_are_unique(api: Api) -> None:
    await _make(api)
    other = await _make(api, "Sales")
    again = await api.admin.post("/v1/workstreams", json={"name": "Support"})
    renamed = await api.admin.patch(f"/v1/workstreams/{other['id']}", json={"name": "Support"})
    for answer in (again, renamed):
        assert (answer.status_code, answer.json()["code"]) == (409, "name_taken")
    same = await api.admin.patch(f"/v1/workstreams/{other['id']}", json={"name": "Sales"})
    assert same.status_code == 200


async def test_pages_are_chosen_from_the_workstreams_side(api: Api, seed: Seed) -> None:
    first, second = await seed.page(), await seed.page()
    support = await _make(api)
    address = f"/v1/workstreams/{support['id']}/pages"
    both = await api.admin.put(address, json={"page_ids": [second, first]})
    assert both.json()["page_ids"] == [first, second]
    one = await api.admin.put(address, json={"page_ids": [second]})
    assert one.json()["page_ids"] == [second]
    dropped = (await api.admin.get(f"/v1/pages/{first}")).json()["workstream_id"]
    default = (await api.admin.get(f"/v1/workstreams/{dropped}")).json()
    assert (default["name"], default["page_ids"]) == ("Messenger", [first])


async def test_a_page_cannot_be_left_without_a_workstream(api: Api, seed: Seed) -> None:
    page_id = await seed.page()
    default = (await api.admin.get(f"/v1/pages/{page_id}")).json()["workstream_id"]
    answer = await api.admin.put(f"/v1/workstreams/{default}/pages", json={"page_ids": []})
    assert (answer.status_code, answer.json()["code"]) == (409, "page_requires_workstream")
    assert answer.json()["page_ids"] == [page_id]


async def test_unknown_pages_are_named_and_nothing_moves(api: Api, seed: Seed) -> None:
    page_id = await seed.page()
    support = await _make(api)
    answer = await api.admin.put(
        f"/v1/workstreams/{support['id']}/pages", json={"page_ids": [page_id, "404"]}
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_pages")
    assert answer.json()["page_ids"] == ["404"]
    assert (await api.admin.get(f"/v1/workstreams/{support['id']}")).json()["page_ids"] == []


async def test_a_workstream_with_pages_is_not_deleted(api: Api, seed: Seed) -> None:
    page_id = await seed.page()
    support = await _make(api)
    address = f"/v1/workstreams/{support['id']}"
    await api.admin.put(f"{address}/pages", json={"page_ids": [page_id]})
    refused = await api.admin.delete(address)
    assert (refused.status_code, refused.json()["code"]) == (409, "workstream_in_use")
    await api.admin.put(f"{address}/pages", json={"page_ids": []})
    assert (await api.admin.delete(address)).status_code == 204
    assert (await api.admin.get(address)).status_code == 404
