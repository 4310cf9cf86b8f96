"""What the relay keeps of a page's first settings is what it would read, whatever was changed."""

import itertools
from typing import Any

from sqlmodel import Session

from ingest.events.first_settings import FirstSettings
from store.inbox.batch_reads import pages_by_id
from support.api import NOW, Api, Seed
from workflows.messages import SettingsRead

_WEEKDAYS = {"timezone": "Europe/Berlin", "intervals": [{"weekday": 0, "opens": "09:00", "closes": "17:00"}]}
_OVERFLOW = {"while_queued": {"seconds": 60, "action": "end"}}
_CLOSE = {"silent": "customer", "after_minutes": 240, "action": "close"}
_PICK = {"work_distribution": {"mode": "pick"}}
_RULES = {
    "name": "All",
    "kind": "route",
    "rules": [{"name": "all", "targets": [{"queue_id": "default", "percent": 100}]}],
}


async def _read(api: Api, kept: FirstSettings, page_id: str) -> SettingsRead:
    def work(session: Session) -> SettingsRead:
        return kept.read(session, pages_by_id(session, [page_id])[page_id], NOW)

    return await api.database.read(work)


CHANGES: list[tuple[str, str, dict[str, Any] | None]] = [
    ("PATCH", "/v1/workstreams/{workstream_id}", _PICK),
    ("PATCH", "/v1/pages/{page_id}", {"human_agent_tag": True}),
    ("PUT", "/v1/pages/{page_id}/survey", {"active": True}),
    ("PUT", "/v1/pages/{page_id}/automated-messages/agent_joined", {"active": True}),
    ("DELETE", "/v1/pages/{page_id}/automated-messages/agent_joined", None),
    ("PUT", "/v1/automated-messages/agent_joined", {"active": True}),
    ("PATCH", "/v1/workstreams/{workstream_id}", {"allow_automated_messages": False}),
    ("PATCH", "/v1/workstreams/{workstream_id}", {"auto_close_waiting_after_minutes": 5}),
    ("POST", "/v1/workstreams/{workstream_id}/time-out-rules", _CLOSE),
    ("PATCH", "/v1/workstreams/{workstream_id}", {"work_distribution": {"need": {"units": 2}}}),
    ("PATCH", "/v1/workstreams/{workstream_id}", {"work_distribution": {"fallback_queue_id": "{queue_id}"}}),
    ("PATCH", "/v1/queues/{queue_id}", {"overflow": _OVERFLOW}),
    ("PATCH", "/v1/queues/{queue_id}", {"overflow": {}}),
    ("PATCH", "/v1/queues/{queue_id}", {"operating_hours_id": "{hours_id}"}),
    ("PATCH", "/v1/queues/{queue_id}", {"operating_hours_id": None}),
    ("PATCH", "/v1/workstreams/{workstream_id}", {"work_distribution": {"mode": "push"}}),
    ("PATCH", "/v1/workstreams/{workstream_id}", _PICK),
    ("POST", "/v1/workstreams/{workstream_id}/rule-sets", _RULES),
]


async def test_what_is_kept_follows_every_change(api: Api, seed: Seed) -> None:
    page_id = await seed.page()
    kept = FirstSettings()
    ids = {
        "page_id": page_id,
        "workstream_id": (await api.admin.get(f"/v1/pages/{page_id}")).json()["workstream_id"],
        "queue_id": (await api.admin.post("/v1/queues", json={"name": "Night"})).json()["id"],
        "hours_id": (await api.admin.post("/v1/operating-hours", json={"name": "Days", **_WEEKDAYS})).json()[
            "id"
        ],
    }
    seen = [await _read(api, kept, page_id)]
    for method, path, body in CHANGES:
        answer = await api.admin.request(method, path.format(**ids), json=_filled(body, ids))
        assert answer.is_success, (path, answer.text)
        read = await _read(api, kept, page_id)
        assert read == await _read(api, FirstSettings(), page_id), (method, path)
        seen.append(read)
    same = [CHANGES[number] for number, (a, b) in enumerate(itertools.pairwise(seen)) if a == b]
    assert same == []


def _filled(body: dict[str, Any] | None, ids: dict[str, str]) -> Any:
    if isinstance(body, dict):
        return {name: _filled(value, ids) for name, value in body.items()}
    return body.format(**ids) if isinstance(body, str) else body


async def test_what_is_kept_costs_one_statement(api: Api, seed: Seed) -> None:
    page_id = await seed.page()
    shown = (await api.admin.get(f"/v1/pages/{page_id}")).json()
    await api.admin.patch(f"/v1/workstreams/{shown['workstream_id']}", json=_PICK)
    kept = FirstSettings()
    await _read(api, kept, page_id)
    with api.counted_statements() as statements:
        await _read(api, kept, page_id)
    assert len(statements) == 2  # the page's and the version's
