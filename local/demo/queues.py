"""How the demo shares out its work: two queues, their members and hours, and rules that lead to them.

Made through the public API, in the order in which an administrator would do it.
"""

from typing import Any

import httpx

from local.demo.installation import DemoSecrets
from local.demo.requests import find_or_make, get_json, send_json
from local.demo.seeding import PAGE_ID, admin_client

WORKSTREAM = "Shop"
SALES, SERVICE = "Sales", "Service"
MEMBERS = {SALES: ("Mia", "Noor", "Vera"), SERVICE: ("Mia", "Tom", "Noor", "Vera")}
SALE_REF = "sale"
"""What the `ref` of an m.me link begins with that leads to Sales."""
FRENCH_SPEAKER = "Noor"

_ON_WEEKDAYS = {
    "name": "Weekdays 8 to 20",
    "timezone": "Europe/Berlin",
    "intervals": [{"weekday": day, "opens": "08:00", "closes": "20:00"} for day in range(5)],
}


async def seed_queues(api_url: str, demo: DemoSecrets) -> None:
    """Have the page's work offered to agents.

    The page goes to its workstream last: what was broken off is finished by the next start, and what was
    made once is left as people changed it.
    """
    async with admin_client(api_url, demo) as api:
        workstreams = {each["id"]: each for each in (await get_json(api, "/v1/workstreams"))["items"]}
        usual = workstreams[(await get_json(api, f"/v1/pages/{PAGE_ID}"))["workstream_id"]]
        if usual["name"] != "Messenger":
            return
        queue_ids = await _queues(api)
        skill_id = await _skill(api)
        workstream = await find_or_make(api, "/v1/workstreams", _workstream(queue_ids))
        address = f"/v1/workstreams/{workstream['id']}"
        for rule_set in (_classification(skill_id), _route(queue_ids)):
            await find_or_make(api, f"{address}/rule-sets", rule_set)
        await send_json(api, "PUT", f"{address}/pages", {"page_ids": [PAGE_ID]})


async def _queues(api: httpx.AsyncClient) -> dict[str, str]:
    """The ids of the two queues: Service is always open, Sales leaves its work to it out of hours."""
    hours = await find_or_make(api, "/v1/operating-hours", _ON_WEEKDAYS)
    service = await find_or_make(api, "/v1/queues", {"name": SERVICE, "priority": 20})
    sales = {
        "name": SALES,
        "priority": 10,
        "operating_hours_id": hours["id"],
        "overflow": {
            "before": [{"condition": "out_of_hours", "action": "transfer", "queue_id": service["id"]}]
        },
    }
    queue_ids = {SERVICE: service["id"], SALES: (await find_or_make(api, "/v1/queues", sales))["id"]}
    agent_ids = await _agent_ids(api)
    for queue, names in MEMBERS.items():
        for name in names:
            await send_json(api, "PUT", f"/v1/queues/{queue_ids[queue]}/members/{agent_ids[name]}")
    return queue_ids


async def _skill(api: httpx.AsyncClient) -> str:
    skill = await find_or_make(api, "/v1/skills", {"name": "French"})
    agent_id = (await _agent_ids(api))[FRENCH_SPEAKER]
    has = {"skills": [{"skill_id": skill["id"], "rating": 8}]}
    await send_json(api, "PUT", f"/v1/agents/{agent_id}/skills", has)
    return str(skill["id"])


async def _agent_ids(api: httpx.AsyncClient) -> dict[str, str]:
    return {agent["name"]: agent["id"] for agent in (await get_json(api, "/v1/agents"))["items"]}


def _workstream(queue_ids: dict[str, str]) -> dict[str, Any]:
    """Agents are offered work, may decline it, and may also take it from the list."""
    return {
        "name": WORKSTREAM,
        "work_distribution": {
            "mode": "push",
            "allow_picking": True,
            "fallback_queue_id": queue_ids[SERVICE],
            "skill_matching": "closest",
            "notification": {"countdown_seconds": 120, "reject_button": True},
        },
    }


def _classification(skill_id: str) -> dict[str, Any]:
    conditions = {"items": [{"field": "locale", "operator": "begins_with", "value": "fr_"}]}
    outputs = {"skills": [{"skill_id": skill_id, "rating": 5}]}
    rule = {"name": "Speaks French", "conditions": conditions, "outputs": outputs}
    return {"kind": "classification", "name": "Language", "rules": [rule]}


def _route(queue_ids: dict[str, str]) -> dict[str, Any]:
    conditions = {"items": [{"field": "referral", "operator": "begins_with", "value": SALE_REF}]}
    targets = [{"queue_id": queue_ids[SALES]}]
    rule = {"name": "Comes from the sale", "conditions": conditions, "targets": targets}
    return {"kind": "route", "name": "To the queues", "rules": [rule]}
