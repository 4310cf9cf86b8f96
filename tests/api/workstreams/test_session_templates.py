"""Session templates, and what a session under way shows of them."""

from typing import Any

import pytest

from domain.conversations.lifecycle import Status
from support.api import Api, Seed, Thread

TABS: list[dict[str, Any]] = [
    {"title": "Order {$Order$}", "kind": "link", "target": "https://shop.test/?o={$Order$}&n={CustomerName}"},
    {"title": "Customer", "kind": "customer", "target": None, "can_close": False},
]
TEMPLATE: dict[str, Any] = {
    "name": "Facebook session",
    "title": "{CustomerName} at {PageName} with {AgentName}: {$Order$}",
    "communication_panel": "minimised",
    "tabs": TABS,
}


async def _made(api: Api, **values: Any) -> dict[str, Any]:
    answer = await api.admin.post("/v1/session-templates", json={**TEMPLATE, **values})
    assert answer.status_code == 201, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


async def _use(api: Api, page_id: str, template_id: str | None) -> str:
    workstream_id: str = (await api.admin.get(f"/v1/pages/{page_id}")).json()["workstream_id"]
    answer = await api.admin.patch(
        f"/v1/workstreams/{workstream_id}", json={"session_template_id": template_id}
    )
    assert answer.json()["session_template_id"] == template_id
    return workstream_id


async def _session(api: Api, thread: Thread) -> dict[str, Any]:
    found: dict[str, Any] = (await api.admin.get(f"/v1/conversations/{thread.conversation_id}")).json()
    session: dict[str, Any] = found["session"]
    return session


async def test_a_template_is_made_read_changed_and_deleted(api: Api) -> None:
    made = await _made(api)
    assert made["tabs"] == [{"can_close": True, **TABS[0]}, TABS[1]]
    address = f"/v1/session-templates/{made['id']}"
    assert (await api.admin.get(address)).json() == made
    changed = await api.admin.put(address, json={"name": "Plain"})
    assert changed.json() == {
        **made,
        "name": "Plain",
        "title": "{CustomerName}",
        "communication_panel": "docked",
        "tabs": [],
    }
    assert (await api.admin.get("/v1/session-templates")).json()["items"] == [changed.json()]
    assert (await api.admin.delete(address)).status_code == 204
    for answer in (await api.admin.get(address), await api.admin.delete(address)):
        assert answer.status_code == 404


@pytest.mark.parametrize(
    "change",
    [
        {"name": ""},
        {"title": "x" * 101},
        {"communication_panel": "floating"},
        {"tabs": [TABS[1]] * 21},
        {"tabs": [{"title": "Link", "kind": "link"}]},
        {"tabs": [{"title": "Link", "kind": "link", "target": "javascript:alert(1)"}]},
        {"tabs": [{"title": "Link", "kind": "link", "target": "{$Url$}"}]},
        {"tabs": [{"title": "Customer", "kind": "customer", "target": "https://shop.test"}]},
        {"tabs": [{"title": "Odd", "kind": "odd"}]},
    ],
)
async def test_templates_that_make_no_sense_are_refused(api: Api, change: dict[str, Any]) -> None:
    made = await _made(api)
    for answer in (
        await api.admin.post("/v1/session-templates", json={**TEMPLATE, "name": "Other", **change}),
        await api.admin.put(f"/v1/session-templates/{made['id']}", json={**TEMPLATE, **change}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


async def test_names_are_unique(api: Api) -> None:
    await _made(api)
    other = await _made(api, name="Other")
    again = await api.admin.post("/v1/session-templates", json=TEMPLATE)
    renamed = await api.admin.put(f"/v1/session-templates/{other['id']}", json=TEMPLATE)
    for answer in (again, renamed):
        assert (answer.status_code, answer.json()["code"]) == (409, "name_taken")


async def test_a_template_in_use_is_not_deleted(api: Api, seed: Seed) -> None:
    page_id, made = await seed.page(), await _made(api)
    workstream_id = await _use(api, page_id, made["id"])
    address = f"/v1/session-templates/{made['id']}"
    refused = await api.admin.delete(address)
    assert (refused.status_code, refused.json()["code"]) == (409, "session_template_in_use")
    assert refused.json()["workstream_ids"] == [workstream_id]
    await _use(api, page_id, None)
    assert (await api.admin.delete(address)).status_code == 204


async def test_a_workstream_names_a_template_that_exists(api: Api) -> None:
    body = {"name": "Support", "session_template_id": "404"}
    answer = await api.admin.post("/v1/workstreams", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_session_template")
    made = (await api.admin.post("/v1/workstreams", json={"name": "Support"})).json()
    address = f"/v1/workstreams/{made['id']}"
    answer = await api.admin.patch(address, json={"session_template_id": "404"})
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_session_template")
    template = await _made(api)
    await api.admin.patch(address, json={"session_template_id": template["id"]})
    kept = await api.admin.patch(address, json={"name": "Sales"})
    assert kept.json()["session_template_id"] == template["id"]


async def test_a_session_shows_its_template_with_everything_filled_in(api: Api, seed: Seed) -> None:
    agent_id, _ = await api.somebody("agent", "Mia")
    thread = await seed.conversation(name="Ada & Bo", status=Status.ACTIVE, agent_id=agent_id)
    template = await _made(api)
    await _use(api, thread.page_id, template["id"])
    await api.admin.put(
        f"/v1/conversations/{thread.conversation_id}/context", json={"variables": {"Order": "17/4"}}
    )
    session = await _session(api, thread)
    assert session["template_id"] == template["id"]
    assert session["title"] == "Ada & Bo at Shop with Mia: 17/4"
    assert session["communication_panel"] == "minimised"
    assert session["tabs"] == [
        {
            "title": "Order 17/4",
            "kind": "link",
            "target": "https://shop.test/?o=17%2F4&n=Ada%20%26%20Bo",
            "can_close": True,
        },
        {"title": "Customer", "kind": "customer", "target": None, "can_close": False},
    ]


async def test_without_a_template_the_title_is_the_customers_name(api: Api, seed: Seed) -> None:
    thread = await seed.conversation(name="Ada", status=Status.ACTIVE)
    session = await _session(api, thread)
    assert (session["title"], session["template_id"], session["tabs"]) == ("Ada", None, [])
    assert session["communication_panel"] == "docked"
    nameless = await seed.conversation(name=None, status=Status.ACTIVE)
    assert (await _session(api, nameless))["title"] == ""


async def test_a_list_of_sessions_reads_all_variables_in_one_statement(api: Api, seed: Seed) -> None:
    page_id, template = await seed.page(), await _made(api, title="Order {$Order$}")
    await _use(api, page_id, template["id"])
    for number in range(5):
        thread = await seed.conversation(page_id=page_id, status=Status.ACTIVE)
        await api.admin.put(
            f"/v1/conversations/{thread.conversation_id}/context", json={"variables": {"Order": number}}
        )
    client = api.admin
    await client.get("/v1/me")  # the bootstrap admin is looked up once
    with api.counted_statements() as statements:
        items = (await client.get("/v1/conversations")).json()["items"]
    assert {item["session"]["title"] for item in items} == {f"Order {number}" for number in range(5)}
    assert len([each for each in statements if "conversation_context" in each]) == 1
    # Their ids from the index, their rows, the variables, what is unread, and who takes part: however many.
    assert len([each for each in statements if "FROM conversation" in each]) == 5
