"""Who may call what: every route without a token, and every route for every role."""

import itertools
import re
from collections.abc import Iterator

import httpx
import pytest
from fastapi.routing import APIRoute
from starlette.routing import Mount, Route

from api.app import FEATURES, PERMISSIONS, create_app
from api.security.permissions import Permissions
from base.settings import Settings
from domain.access.roles import Role
from support.api import Api

ALL = {"agent", "supervisor", "admin", "machine"}
PEOPLE = {"agent", "supervisor", "admin"}
LEADERS = {"supervisor", "admin"}

# What each operation answers to those who may call it, here where nothing exists. The others get 403.
EXPECTED: dict[str, tuple[set[str], int]] = {
    "sign_out": (ALL, 204),
    "get_sign_in": (ALL, 409),
    "extend_sign_in": (ALL, 409),
    "list_sign_ins": (ALL, 200),
    "end_sign_in": (ALL, 404),
    "end_other_sign_ins": (ALL, 204),
    "get_me": (ALL, 200),
    "change_own_password": (PEOPLE, 422),
    "get_own_presence": (ALL, 200),
    "set_own_presence": (ALL, 422),
    "get_agent_presence": (PEOPLE, 404),
    "set_agent_presence": (LEADERS, 422),
    "get_work": (ALL, 200),
    "pull_next": (PEOPLE, 404),
    "get_queue_state": (ALL, 404),
    "list_accounts": (LEADERS, 200),
    "create_account": ({"admin"}, 422),
    "get_account": (LEADERS, 404),
    "change_account": ({"admin"}, 404),
    "end_secret_rotation": ({"admin"}, 404),
    "delete_account": ({"admin"}, 404),
    "add_page": ({"admin"}, 422),
    "check_token": ({"admin"}, 422),
    "list_account_pages": (ALL, 404),
    "get_page": (ALL, 404),
    "change_page": ({"admin"}, 404),
    "remove_page": ({"admin"}, 404),
    "check_page": (LEADERS | {"machine"}, 404),
    "reauthorize_page": ({"admin"}, 422),
    "list_workstreams": (ALL, 200),
    "create_workstream": ({"admin"}, 422),
    "get_workstream": (ALL, 404),
    "change_workstream": ({"admin"}, 404),
    "copy_workstream": ({"admin"}, 404),
    "set_workstream_pages": ({"admin"}, 422),
    "delete_workstream": ({"admin"}, 404),
    "list_automated_messages": (ALL, 200),
    "set_automated_message": ({"admin"}, 404),
    "reset_automated_message": ({"admin"}, 404),
    "set_page_automated_message": ({"admin"}, 404),
    "reset_page_automated_message": ({"admin"}, 404),
    "list_time_out_rules": (ALL, 404),
    "create_time_out_rule": ({"admin"}, 422),
    "get_time_out_rule": (ALL, 404),
    "change_time_out_rule": ({"admin"}, 422),
    "delete_time_out_rule": ({"admin"}, 404),
    "list_session_templates": (ALL, 200),
    "create_session_template": ({"admin"}, 422),
    "get_session_template": (ALL, 404),
    "change_session_template": ({"admin"}, 422),
    "delete_session_template": ({"admin"}, 404),
    "list_queues": (ALL, 200),
    "create_queue": ({"admin"}, 422),
    "get_queue": (ALL, 404),
    "change_queue": ({"admin"}, 404),
    "delete_queue": ({"admin"}, 404),
    "list_queue_members": (LEADERS, 404),
    "add_queue_member": ({"admin"}, 404),
    "remove_queue_member": ({"admin"}, 404),
    "list_operating_hours": (ALL, 200),
    "create_operating_hours": ({"admin"}, 422),
    "get_operating_hours": (ALL, 404),
    "change_operating_hours": ({"admin"}, 422),
    "delete_operating_hours": ({"admin"}, 404),
    "import_holidays": ({"admin"}, 422),
    "list_skills": (ALL, 200),
    "create_skill": ({"admin"}, 422),
    "get_skill": (ALL, 404),
    "change_skill": ({"admin"}, 404),
    "delete_skill": ({"admin"}, 404),
    "get_agent_skills": (LEADERS, 404),
    "set_agent_skills": ({"admin"}, 422),
    "list_capacity_profiles": (ALL, 200),
    "create_capacity_profile": ({"admin"}, 422),
    "get_capacity_profile": (ALL, 404),
    "change_capacity_profile": ({"admin"}, 404),
    "delete_capacity_profile": ({"admin"}, 404),
    "get_agent_capacity": (LEADERS, 404),
    "set_agent_capacity": ({"admin"}, 422),
    "list_rule_sets": (LEADERS, 404),
    "create_rule_set": ({"admin"}, 422),
    "get_rule_set": (LEADERS, 404),
    "change_rule_set": ({"admin"}, 422),
    "delete_rule_set": ({"admin"}, 404),
    "dry_run_routing": (LEADERS, 404),
    "list_disposition_codes": (ALL, 200),
    "create_disposition_code": ({"admin"}, 422),
    "get_disposition_code": (ALL, 404),
    "change_disposition_code": ({"admin"}, 404),
    "delete_disposition_code": ({"admin"}, 404),
    "search": (ALL, 422),
    "list_contacts": (ALL, 200),
    "create_contact": (PEOPLE, 422),
    "get_contact": (ALL, 404),
    "change_contact": (PEOPLE, 404),
    "delete_contact": (LEADERS, 404),
    "merge_contacts": (LEADERS, 404),
    "link_customer": (PEOPLE, 404),
    "unlink_customer": (PEOPLE, 404),
    "get_customer_summary": (ALL, 404),
    "list_contact_fields": (ALL, 200),
    "set_contact_field": ({"admin"}, 422),
    "delete_contact_field": ({"admin"}, 404),
    "get_contact_rules": (ALL, 200),
    "set_contact_rules": ({"admin"}, 422),
    "list_notes": (ALL, 404),
    "list_thread_notes": (ALL, 404),
    "create_note": (PEOPLE, 404),
    "get_note": (ALL, 404),
    "change_note": (PEOPLE, 404),
    "delete_note": (PEOPLE, 404),
    "list_quick_replies": (ALL, 200),
    "list_conversation_quick_replies": (PEOPLE, 404),
    "create_quick_reply": (PEOPLE, 422),
    "get_quick_reply": (ALL, 404),
    "change_quick_reply": (PEOPLE, 422),
    "delete_quick_reply": (PEOPLE, 404),
    "list_agents": (LEADERS, 200),
    "create_agent": ({"admin"}, 422),
    "get_agent": (LEADERS, 404),
    "change_agent": ({"admin"}, 404),
    "list_keys": ({"admin"}, 404),
    "create_key": ({"admin"}, 422),
    "revoke_key": ({"admin"}, 404),
    "list_conversations": (ALL, 200),
    "count_conversations": (ALL, 200),
    "set_read_position": (PEOPLE, 404),
    "get_conversation": (ALL, 404),
    "list_messages": (ALL, 404),
    "get_message": (ALL, 404),
    "get_end_preview": (PEOPLE, 404),
    "get_timeline": (ALL, 404),
    "get_routing": (ALL, 404),
    "get_context": (ALL, 404),
    "set_context": (ALL, 404),
    "change_context": (ALL, 404),
    "reply": (PEOPLE, 404),
    "show_typing": (PEOPLE, 404),
    "show_seen": (PEOPLE, 404),
    "take_thread": (PEOPLE, 404),
    "pass_thread": (PEOPLE, 404),
    "release_thread": (PEOPLE, 404),
    "request_thread": (PEOPLE, 404),
    "pick": (PEOPLE, 404),
    "accept": (PEOPLE, 404),
    "decline": (PEOPLE, 404),
    "assign": (LEADERS, 404),
    "transfer": (PEOPLE, 404),
    "act_on_conversations": (LEADERS, 422),
    "close_session": (PEOPLE, 404),
    "reopen": (PEOPLE, 404),
    "end": (PEOPLE, 404),
    "release": (PEOPLE, 404),
    "complete": (PEOPLE, 404),
    "force_close": (LEADERS, 404),
    "consult": (PEOPLE, 404),
    "join": (PEOPLE, 404),
    "monitor": (LEADERS, 404),
    "leave": (PEOPLE, 404),
    "remove_participant": (PEOPLE, 404),
    "start_conversation": (PEOPLE, 422),
    "list_outbound_messages": (ALL, 200),
    "send_held_message": (PEOPLE, 404),
    "resend_message": (PEOPLE, 404),
    "cancel_message": (PEOPLE, 404),
    "list_customers": (ALL, 200),
    "upload_attachment": (PEOPLE, 422),
    "get_attachment": (ALL, 404),
    "get_customer": (ALL, 404),
    "get_preferred_agents": (ALL, 404),
    "set_preferred_agents": (LEADERS, 404),
    "list_thread_messages": (ALL, 404),
    "erase_customer": (LEADERS, 404),
    "list_erasures": (LEADERS, 200),
    "get_erasure": (LEADERS, 404),
    "get_page_survey": (ALL, 404),
    "set_page_survey": ({"admin"}, 422),
    "get_queue_report": (LEADERS, 422),
    "get_agent_report": (PEOPLE, 422),
    "get_workstream_report": (LEADERS, 422),
    "get_disposition_report": (LEADERS, 422),
    "list_surveys": (LEADERS, 200),
    "summarize_surveys": (LEADERS, 200),
    "get_survey": (LEADERS, 404),
    "stream_events": (ALL, 422),
    "get_server": ({"admin"}, 200),
    "get_metrics": ({"admin", "machine"}, 200),
    "list_unrouted_events": ({"admin"}, 200),
    "list_conflicting_events": ({"admin"}, 200),
    "replay_event": ({"admin"}, 404),
    "get_directory": (ALL, 200),
    "get_config": (ALL, 200),
    "get_demo": (PEOPLE, 404),
    "travel": (PEOPLE, 422),
    "list_audit": ({"admin"}, 200),
}
PUBLIC = {"sign_in", "healthz", "readyz"}
NOT_GUARDED = {
    # The pages of the console, which hold nothing of anybody.
    *("/console", "/console/assets/{name}", "/console/{path:path}"),
    "/openapi.json",
    "/docs",
    "/docs/swagger-ui.css",
    "/docs/swagger-ui-bundle.js",
    "/docs/start.js",
    "/survey/{token}",
    "/data-deletion/{code}",
    "/webhooks/messenger/{account_id}/data-deletion",
    "/webhooks/messenger/{account_id}/data-deletion/",
}


def _routes() -> Iterator[APIRoute]:
    return (route for route in create_app(Settings()).routes if isinstance(route, APIRoute))


def _address(route: APIRoute) -> str:
    # A stream that is answered would never end.
    return re.sub(r"\{\w+\}", "404", route.path) + ("?after=x" if route.name == "stream_events" else "")


async def _call(client: httpx.AsyncClient, route: APIRoute) -> httpx.Response:
    (method,) = route.methods or {""}
    body: dict[str, str] | None = {} if method in ("POST", "PATCH", "PUT") else None
    return await client.request(method, _address(route), json=body)


def test_every_route_is_an_operation_or_known_to_be_open() -> None:
    others = [route for route in create_app(Settings()).routes if not isinstance(route, APIRoute)]
    assert all(isinstance(route, Route | Mount) for route in others)
    assert {getattr(route, "path", None) for route in others} == NOT_GUARDED


def test_every_operation_has_a_row() -> None:
    names = [route.name for route in _routes()]
    assert len(names) == len(set(names))
    assert set(names) == PERMISSIONS.operations
    assert {name for name in names if PERMISSIONS.is_public(name)} == PUBLIC
    assert set(names) - PUBLIC == EXPECTED.keys()
    assert set(Role) == ALL


async def test_nothing_but_what_is_listed_answers_without_a_token(api: Api) -> None:
    for route in _routes():
        answer = await _call(api.client(), route)
        if route.name in PUBLIC:
            assert answer.status_code != 401
        else:
            assert answer.status_code == 401, route.name
            assert answer.json()["code"] == "unauthenticated"
            assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("role", sorted(ALL))
async def test_every_role_gets_what_the_matrix_says(api: Api, role: str) -> None:
    _, client = await api.somebody(role)
    for route in _routes():
        if route.name in PUBLIC:
            continue
        allowed, code = EXPECTED[route.name]
        answer = await _call(client, route)
        assert answer.status_code == (code if role in allowed else 403), (route.name, role, answer.text)


async def test_a_route_without_a_row_is_refused(api: Api) -> None:
    rows = {name: row for feature in FEATURES for name, row in feature.PERMISSIONS.items()}
    del rows["get_me"]
    api.app.state.permissions = Permissions([rows])
    answer = await api.admin.get("/v1/me")
    assert answer.status_code == 403
    assert (await api.client().get("/v1/me")).status_code == 401


def test_two_rows_for_one_operation_are_an_error() -> None:
    with pytest.raises(ValueError, match="get_me"):
        Permissions([{"get_me": frozenset()}, {"get_me": frozenset(Role)}])


async def test_the_token_is_asked_before_the_body_is_read(api: Api) -> None:
    answer = await api.client().post(
        "/v1/accounts", content=b"{not json", headers={"content-type": "application/json"}
    )
    assert answer.status_code == 401


def _tokens() -> Iterator[str]:
    yield from ("", "x", "pdk_", "pds_" + "A" * 43, "pdk_" + "A" * 1_000_000)
    yield "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZG1pbiJ9."


@pytest.mark.parametrize(
    ("scheme", "token"), list(itertools.product(["Bearer", "bearer", "Basic", ""], _tokens()))
)
async def test_a_token_that_nobody_gave_is_refused(api: Api, scheme: str, token: str) -> None:
    answer = await api.client().get("/v1/me", headers={"Authorization": f"{scheme} {token}"})
    assert answer.status_code == 401


async def test_one_wrong_character_or_a_nul_makes_another_key(api: Api) -> None:
    _, client = await api.somebody("agent")
    key = client.headers["Authorization"]
    assert (await client.get("/v1/me")).status_code == 200
    other = "A" if key[-1] != "A" else "B"
    for changed in (key[:-1] + other, key[:-1], key + "x", key + "\x00", key.upper()):
        answer = await api.client().get("/v1/me", headers={"Authorization": changed})
        assert answer.status_code == 401


async def test_two_authorization_headers_are_refused(api: Api) -> None:
    headers = [("Authorization", api.admin.headers["Authorization"])] * 2
    assert (await api.client().get("/v1/me", headers=headers)).status_code == 401


async def test_a_token_in_the_query_string_does_not_count(api: Api) -> None:
    token = api.admin.headers["Authorization"].removeprefix("Bearer ")
    for name in ("token", "access_token", "api_key", "authorization"):
        assert (await api.client().get("/v1/me", params={name: token})).status_code == 401


async def test_a_revoked_key_fails_with_the_next_call(api: Api) -> None:
    agent_id, client = await api.somebody("agent")
    (key,) = (await api.admin.get(f"/v1/agents/{agent_id}/keys")).json()["items"]
    assert (await client.get("/v1/me")).status_code == 200
    assert (await api.admin.delete(f"/v1/agents/{agent_id}/keys/{key['id']}")).status_code == 204
    assert (await client.get("/v1/me")).status_code == 401


async def test_a_deactivated_agent_fails_with_the_next_call(api: Api) -> None:
    agent_id, client = await api.somebody("agent")
    assert (await api.admin.patch(f"/v1/agents/{agent_id}", json={"active": False})).status_code == 200
    assert (await client.get("/v1/me")).status_code == 401
    await api.admin.patch(f"/v1/agents/{agent_id}", json={"active": True})
    assert (await client.get("/v1/me")).status_code == 200


async def test_a_new_role_holds_from_the_next_call(api: Api) -> None:
    agent_id, client = await api.somebody("agent")
    assert (await client.get("/v1/agents")).status_code == 403
    await api.admin.patch(f"/v1/agents/{agent_id}", json={"role": "supervisor"})
    assert (await client.get("/v1/agents")).status_code == 200


async def test_without_the_setting_the_bootstrap_token_opens_nothing(api: Api) -> None:
    assert (await api.admin.get("/v1/me")).json()["role"] == "admin"
    object.__setattr__(api.settings, "admin_token", None)
    assert (await api.admin.get("/v1/me")).status_code == 401
