"""Who changed what goes into the event table: once for each change, and without its values."""

from collections.abc import Awaitable, Callable
from typing import Any

from sqlmodel import col, select

from api.app import PERMISSIONS
from api.security.auth import BOOTSTRAP_ADMIN_ID
from domain.conversations.lifecycle import Participation, Trigger
from store.tables import Event, UnroutedEvent
from support.api import NOW, Api, Seed

SECRETS = {
    "app_secret": "0123456789abcdef",
    "access_token": "EAAGtoken",
    "password": "correct horse battery",
}
HOURS: dict[str, Any] = {"name": "Days", "timezone": "Europe/Berlin", "intervals": []}
RULE_SET = {"name": "Languages", "kind": "classification", "rules": []}
RULE = {"silent": "customer", "after_minutes": 60, "action": "close"}
PAGE = {"page_id": "1001", "name": "Page", "access_token": SECRETS["access_token"]}

# Changes of conversations are the workflow's facts, or in its timeline; these change nothing that lasts.
BY_THE_WORKFLOW = {
    "reply",
    "start_conversation",
    "send_held_message",
    "resend_message",
    "cancel_message",
    "set_context",
    "change_context",
    "upload_attachment",
    *("create_note", "change_note", "delete_note"),
    *("link_customer", "unlink_customer"),
    "erase_customer",
    "act_on_conversations",
    *(trigger.value for trigger in Trigger),
    *(action.value for action in Participation),
}
IN_THE_TIMELINE = {"take_thread", "pass_thread", "release_thread", "request_thread"}
# Presence has a log of its own, and each change of it is an event; what is pulled is the workflow's.
OF_PRESENCE = {"set_own_presence", "set_agent_presence", "pull_next"}
OF_SIGN_INS = {"sign_out", "extend_sign_in", "end_sign_in", "end_other_sign_ins"}
"""A key has none: tests/api/access/test_browser_sign_in.py."""
NOT_RECORDED = (
    {
        "check_page",
        "check_token",
        "show_typing",
        "show_seen",
        "set_read_position",
        "dry_run_routing",
        "travel",
    }
    | OF_SIGN_INS
    | IN_THE_TIMELINE
    | BY_THE_WORKFLOW
    | OF_PRESENCE
)


async def test_every_change_is_recorded_once(api: Api, seed: Seed) -> None:
    called: list[str] = []

    async def call(method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        answer = await api.admin.request(method, path, json=body)
        assert answer.is_success, answer.text
        called.append(api.operation(method, path.partition("?")[0]) or "")
        shown: dict[str, Any] = answer.json() if answer.content else {}
        return shown

    account = await call(
        "POST", "/v1/accounts", {"name": "A", "app_id": "1", "app_secret": SECRETS["app_secret"]}
    )
    of_account = f"/v1/accounts/{account['id']}"
    await call("PATCH", of_account, {"name": "B", "app_secret": SECRETS["app_secret"]})
    await call("POST", f"{of_account}/end-rotation")
    await call("POST", f"{of_account}/pages", PAGE)
    await call("PATCH", "/v1/pages/1001", {"language": "de"})
    await call("POST", "/v1/pages/1001/reauthorize", {"access_token": SECRETS["access_token"]})
    workstream = await call("POST", "/v1/workstreams", {"name": "Support"})
    of_workstream = f"/v1/workstreams/{workstream['id']}"
    await call("PATCH", of_workstream, {"name": "Sales"})
    rule = await call("POST", f"{of_workstream}/time-out-rules", RULE)
    await call("PUT", f"{of_workstream}/time-out-rules/{rule['id']}", RULE)
    await call("DELETE", f"{of_workstream}/time-out-rules/{rule['id']}")
    template = await call("POST", "/v1/session-templates", {"name": "T"})
    await call("PUT", f"/v1/session-templates/{template['id']}", {"name": "U"})
    await call("DELETE", f"/v1/session-templates/{template['id']}")
    await call("PUT", "/v1/pages/1001/survey", {"active": False})
    for level in ("/v1", "/v1/pages/1001"):
        await call("PUT", f"{level}/automated-messages/greeting", {"active": True})
        await call("DELETE", f"{level}/automated-messages/greeting")
    await call("PUT", f"{of_workstream}/pages", {"page_ids": []})
    await call("DELETE", of_workstream)
    await call("DELETE", "/v1/pages/1001")
    await call("DELETE", of_account)
    agent = await call("POST", "/v1/agents", {"name": "Ada", "role": "agent"})
    of_agent = f"/v1/agents/{agent['id']}"
    await call("PATCH", of_agent, {"role": "supervisor", "password": SECRETS["password"]})
    key = await call("POST", f"{of_agent}/keys", {"name": "laptop"})
    await call("DELETE", f"{of_agent}/keys/{key['id']}")
    admins = {"current_password": SECRETS["password"], "new_password": "another fine phrase"}
    await call("PATCH", f"/v1/agents/{BOOTSTRAP_ADMIN_ID}", {"password": SECRETS["password"]})
    await call("POST", "/v1/me/password", admins)
    await seed.add(
        UnroutedEvent(
            inbox_id=7,
            disposition="kept",
            reason="unknown page",
            kind="message",
            account_id="1",
            page_id="999",
            at=NOW,
        )
    )
    await call("POST", "/v1/webhook-events/7/replay")
    await _set_work_distribution_up(call, agent["id"])
    thread = await seed.conversation()
    await call("PUT", f"/v1/customers/{thread.customer_id}/preferred-agents", {"agent_ids": [agent["id"]]})

    events = await api.database.read(lambda s: list(s.exec(select(Event).order_by(col(Event.id)))))
    assert [event.kind for event in events] == [
        *("account.created", "account.changed", "account.rotation_ended"),
        *("page.saved", "page.changed", "page.reauthorized"),
        *("workstream.created", "workstream.changed"),
        *("time_out_rule.created", "time_out_rule.changed", "time_out_rule.deleted"),
        *("session_template.created", "session_template.changed", "session_template.deleted"),
        "page.survey_changed",
        *("automated_message.set", "automated_message.reset") * 2,
        *("workstream.pages_set", "workstream.deleted"),
        *("page.removed", "account.deleted", "agent.created", "agent.changed", "key.created", "key.revoked"),
        *("agent.changed", "agent.password_changed", "webhook.replay_requested"),
        *("operating_hours.created", "operating_hours.changed", "operating_hours.changed"),
        *("queue.created", "queue.changed", "queue.member_added", "queue.member_removed"),
        *("skill.created", "skill.changed", "agent.skills_set", "skill.deleted"),
        *("capacity_profile.created", "capacity_profile.changed"),
        *("agent.capacity_set", "capacity_profile.deleted"),
        *("workstream.created", "rule_set.created", "rule_set.changed", "rule_set.deleted"),
        "workstream.copied",
        *("disposition_code.created", "disposition_code.changed", "disposition_code.deleted"),
        *("quick_reply.created", "quick_reply.changed", "quick_reply.deleted"),
        *("contact.created", "contact.changed", "contact.created", "contact.merged", "contact.deleted"),
        *("contact_field.set", "contact_field.deleted", "contact_rules.set"),
        *("queue.deleted", "operating_hours.deleted"),
        *("account.created", "page.saved", "customer.preferred_agents_set"),
    ]
    assert {event.actor_id for event in events} == {BOOTSTRAP_ADMIN_ID}
    assert events[1].data == {"account_id": account["id"], "changed": "name,app_secret"}
    for secret in (*SECRETS.values(), key["key"]):
        assert secret not in repr(events)

    guarded = {name for name in PERMISSIONS.operations if not PERMISSIONS.is_public(name)}
    reading = {
        name
        for name in PERMISSIONS.operations
        if name.startswith(("get_", "list_", "search", "stream_", "summarize_", "count_"))
    }
    assert set(called) == guarded - reading - NOT_RECORDED


async def _set_work_distribution_up(call: Callable[..., Awaitable[dict[str, Any]]], agent_id: str) -> None:
    """Every change of queues, hours, skills, capacity, rules and presence."""
    hours = await call("POST", "/v1/operating-hours", HOURS)
    await call("PUT", f"/v1/operating-hours/{hours['id']}", HOURS)
    await call("POST", f"/v1/operating-hours/{hours['id']}/holidays/import?country=DE&year=2027")
    queue = await call("POST", "/v1/queues", {"name": "Sales"})
    of_queue = f"/v1/queues/{queue['id']}"
    await call("PATCH", of_queue, {"name": "Returns"})
    await call("PUT", f"{of_queue}/members/{agent_id}")
    await call("DELETE", f"{of_queue}/members/{agent_id}")
    skill = await call("POST", "/v1/skills", {"name": "French"})
    await call("PATCH", f"/v1/skills/{skill['id']}", {"name": "German"})
    await call("PUT", f"/v1/agents/{agent_id}/skills", {"skills": []})
    await call("DELETE", f"/v1/skills/{skill['id']}")
    profile = await call("POST", "/v1/capacity-profiles", {"name": "Chat", "default_limit": 2})
    await call("PATCH", f"/v1/capacity-profiles/{profile['id']}", {"name": "Talk"})
    await call("PUT", f"/v1/agents/{agent_id}/capacity", {"units": 3, "profiles": []})
    await call("DELETE", f"/v1/capacity-profiles/{profile['id']}")
    workstream = await call("POST", "/v1/workstreams", {"name": "Rules"})
    of_rules = f"/v1/workstreams/{workstream['id']}/rule-sets"
    rules = await call("POST", of_rules, RULE_SET)
    await call("PUT", f"{of_rules}/{rules['id']}", RULE_SET)
    await call("DELETE", f"{of_rules}/{rules['id']}")
    await call("POST", f"/v1/workstreams/{workstream['id']}/copy")
    code = await call("POST", "/v1/disposition-codes", {"name": "Sold"})
    await call("PATCH", f"/v1/disposition-codes/{code['id']}", {"name": "Solved"})
    await call("DELETE", f"/v1/disposition-codes/{code['id']}")
    said = {"slug": "hi", "title": "Hi", "texts": {"en": "Hi!"}}
    reply = await call("POST", "/v1/quick-replies", said)
    await call("PUT", f"/v1/quick-replies/{reply['id']}", said)
    await call("DELETE", f"/v1/quick-replies/{reply['id']}")
    contact = await call("POST", "/v1/contacts", {"name": "Ada"})
    of_contact = f"/v1/contacts/{contact['id']}"
    await call("PUT", of_contact, {"name": "Ada B."})
    other = await call("POST", "/v1/contacts", {"name": "A. Byron"})
    await call("POST", f"{of_contact}/merge", {"contact_id": other["id"]})
    await call("DELETE", of_contact)
    await call("PUT", "/v1/contact-fields/Tier", {"title": "Tier"})
    await call("DELETE", "/v1/contact-fields/Tier")
    await call("PUT", "/v1/contact-rules", {"rules": []})
    await call("DELETE", of_queue)
    await call("DELETE", f"/v1/operating-hours/{hours['id']}")


async def test_a_refused_change_and_a_repeated_one_are_not_recorded(api: Api) -> None:
    for _ in range(2):
        await api.admin.post("/v1/workstreams", json={"name": "A"}, headers={"Idempotency-Key": "one"})
    await api.admin.post("/v1/workstreams", json={"name": "A"})
    kinds = await api.database.read(lambda s: list(s.exec(select(Event.kind))))
    assert kinds == ["workstream.created"]
