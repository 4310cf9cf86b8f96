"""A problem names what it is about, and an instant has one form."""

import re
from typing import Any

import pytest
from fastapi.routing import APIRoute

from api.app import PERMISSIONS, create_app
from api.http.instants import format_utc
from base.settings import Settings
from domain.conversations.changes import Fact, Refusal
from domain.conversations.lifecycle import ActorKind, Status
from domain.events.kinds import FactKind
from store.events.events import append_events, event_row
from support.api import NOW, Api, Seed

# What is asked about is a part of the address, and only there; bodies that are needed come with it.
_BODIES: dict[str, dict[str, Any]] = {
    "add_page": {"page_id": "7", "name": "P", "access_token": "EA1"},
    "check_token": {"page_id": "7", "access_token": "EA1"},
    "reauthorize_page": {"access_token": "EA1"},
    "set_workstream_pages": {"page_ids": []},
    "create_time_out_rule": {"silent": "customer", "after_minutes": 60, "action": "close"},
    "change_time_out_rule": {"silent": "customer", "after_minutes": 60, "action": "close"},
    "change_session_template": {"name": "T"},
    "change_contact": {"name": "N"},
    "merge_contacts": {"contact_id": "404"},
    "link_customer": {"contact_id": "404"},
    "create_note": {"text": "n"},
    "change_note": {"text": "n"},
    "change_quick_reply": {"slug": "s", "title": "T", "texts": {"en": "t"}},
    "create_key": {"name": "k"},
    "change_operating_hours": {"name": "O", "timezone": "UTC", "intervals": []},
    "set_agent_skills": {"skills": []},
    "set_agent_capacity": {"units": 1},
    "create_rule_set": {"kind": "route", "name": "R", "rules": []},
    "change_rule_set": {"kind": "route", "name": "R", "rules": []},
    "set_agent_presence": {"presence": "away"},
    "set_preferred_agents": {"agent_ids": []},
    "assign": {"queue_id": "default"},
    "transfer": {"queue_id": "default"},
    "set_context": {"variables": {}},
    "change_context": {"variables": {}},
    "reply": {"text": "Hi"},
    "set_page_survey": {"active": False},
    "set_page_automated_message": {"active": True},
}
_PARTS = {"trigger": "greeting"}


def _with_ids() -> list[APIRoute]:
    routes = [route for route in create_app(Settings()).routes if isinstance(route, APIRoute)]
    return [route for route in routes if "{" in route.path and not PERMISSIONS.is_public(route.name)]


async def test_whatever_is_not_there_is_named(api: Api) -> None:
    asked = 0
    for route in _with_ids():
        if route.name in ("set_automated_message", "set_contact_field"):  # it makes what is not there
            continue
        path = re.sub(r"\{(\w+)\}", lambda part: _PARTS.get(part[1], "404"), route.path)
        (method,) = route.methods or {""}
        path += "?country=DE&year=2027" if route.name == "import_holidays" else ""
        answer = await api.admin.request(
            method,
            path,
            json=_BODIES.get(route.name, {}) if method != "GET" else None,
            headers={"Idempotency-Key": "one"},
        )
        assert answer.status_code == 404, (route.name, answer.text)
        problem = answer.json()
        assert problem["id"] in ("404", "greeting"), route.name
        assert problem["detail"] == f"There is no {problem['resource']} with the id {problem['id']}."
        asked += 1
    assert asked > 40


async def test_what_is_taken_names_who_has_it(api: Api) -> None:
    account = {"name": "Shop", "app_id": "4711", "app_secret": "0123456789abcdef"}
    made = (await api.admin.post("/v1/accounts", json=account)).json()
    assert (await api.admin.post("/v1/accounts", json=account)).json()["account_id"] == made["id"]
    agent = {"name": "Ada", "role": "agent", "email": "ada@example.org"}
    ada = (await api.admin.post("/v1/agents", json=agent)).json()
    assert (await api.admin.post("/v1/agents", json=agent)).json()["agent_id"] == ada["id"]
    first = (await api.admin.post("/v1/workstreams", json={"name": "A"})).json()
    assert (await api.admin.post("/v1/workstreams", json={"name": "A"})).json()["workstream_id"] == first[
        "id"
    ]


@pytest.mark.parametrize("action", ["pick", "close-session", "end"])
async def test_a_refused_command_names_the_conversation_and_who_has_it(
    api: Api, seed: Seed, action: str
) -> None:
    agent_id, _ = await api.somebody("agent")
    thread = await seed.conversation(status=Status.ACTIVE, agent_id=agent_id)
    api.engine.refuse(Refusal("not_your_conversation", "Not yours.", Status.ACTIVE))
    refused = (await api.admin.post(f"/v1/conversations/{thread.conversation_id}/{action}")).json()
    assert (refused["conversation_id"], refused["agent_id"]) == (thread.conversation_id, agent_id)


async def test_an_existing_conversation_is_named_and_so_is_the_current_one(api: Api, seed: Seed) -> None:
    thread = await seed.conversation(status=Status.OPEN)
    api.engine.refuse(Refusal("conversation_exists", "There is one.", Status.OPEN))
    refused = (await api.admin.post("/v1/conversations", json={"customer_id": thread.customer_id})).json()
    assert refused["conversation_id"] == thread.conversation_id
    api.engine.refuse(Refusal("conversation_closed", "Closed.", Status.CLOSED))
    address = f"/v1/conversations/{thread.conversation_id}/messages"
    answers = [
        (await api.admin.post(address, json={"text": "Hi"}, headers={"Idempotency-Key": "one"})).json()
        for _ in range(2)
    ]
    assert answers[0]["conversation_id"] == thread.conversation_id
    assert answers[0] == answers[1]


async def test_every_instant_of_an_event_is_utc_with_a_z(api: Api, seed: Seed) -> None:
    thread = await seed.conversation()
    fact = Fact(
        FactKind.WINDOW_CLOSING_SOON,
        NOW,
        ActorKind.SYSTEM,
        conversation_id=thread.conversation_id,
        data={"until": NOW.isoformat()},
    )
    row = event_row(fact, thread.page_id, thread.customer_id, None)
    await api.database.write(lambda s: append_events(s, [row]))
    answer = await api.admin.get(f"/v1/conversations/{thread.conversation_id}/timeline")
    assert answer.json()["items"][0]["data"] == {"until": "2026-11-20T12:00:00Z"}
    assert "+00:00" not in answer.text


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("2026-11-20T12:00:00+00:00", "2026-11-20T12:00:00Z"),
        ("2026-11-20T12:00:00.000001+00:00", "2026-11-20T12:00:00.000001Z"),
        ({"a": ["2026-11-20T12:00:00+00:00", 1]}, {"a": ["2026-11-20T12:00:00Z", 1]}),
        ("2026-11-20T12:00:00+01:00", "2026-11-20T12:00:00+01:00"),
        ("since 2026-11-20T12:00:00+00:00", "since 2026-11-20T12:00:00+00:00"),
        (None, None),
    ],
)
def test_only_an_instant_in_utc_is_written_anew(given: Any, shown: Any) -> None:
    assert format_utc(given) == shown
