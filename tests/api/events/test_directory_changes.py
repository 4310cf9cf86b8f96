"""The event `directory`: rows of the directory that have changed, as each reader sees them."""

from typing import Any

import httpx
import pytest
from sqlmodel import Session, col

from api.events import event_hub
from domain.conversations.changes import Fact
from domain.conversations.lifecycle import ActorKind
from domain.events.kinds import FactKind
from store import tables
from store.db.sql import delete_rows
from store.events.events import append_events, event_row
from support.api import NOW, Api, Seed
from support.eventually import eventually
from support.streams import Stream, listening


def _token_of(client: httpx.AsyncClient) -> str:
    return client.headers["Authorization"].removeprefix("Bearer ")


async def _told(stream: Stream, count: int) -> list[dict[str, Any]]:
    """Wait until so many rows have been told."""

    async def enough() -> bool:
        return len(stream.told("directory")) >= count

    await eventually(enough)
    return [block["data"] for block in stream.told("directory")]


async def _leave_queues(api: Api, agent_id: str) -> None:
    await api.database.write(
        lambda s: delete_rows(s, tables.QueueMember, col(tables.QueueMember.agent_id) == agent_id)
    )


async def test_names_of_all_kinds_are_told_to_agents_with_their_rows(api: Api, seed: Seed) -> None:
    page_id = await seed.page()
    _, mia = await api.somebody("agent", "Mia")
    workstream = (await api.admin.post("/v1/workstreams", json={"name": "Returns"})).json()
    async with listening(api, "directory=1", token=_token_of(mia)) as stream:
        queue = (await api.admin.post("/v1/queues", json={"name": "Sales"})).json()
        assert await _told(stream, 1) == [
            {
                "id": queue["id"],
                "kind": "queue",
                "row": {"id": queue["id"], "name": "Sales", "served": False},
            }
        ]
        await api.admin.patch(f"/v1/pages/{page_id}", json={"name": "The Shop"})
        await _told(stream, 2)
        await api.admin.patch(f"/v1/workstreams/{workstream['id']}", json={"name": "Complaints"})
        await _told(stream, 3)
        made = (await api.admin.post("/v1/agents", json={"name": "Tom", "role": "machine"})).json()
        await _told(stream, 4)
        await api.admin.delete(f"/v1/queues/{queue['id']}")
        _, *others = await _told(stream, 5)
    assert others == [
        {
            "id": page_id,
            "kind": "page",
            "row": {"page_id": page_id, "name": "The Shop", "attachments_for_agents": False},
        },
        {
            "id": workstream["id"],
            "kind": "workstream",
            "row": {"id": workstream["id"], "name": "Complaints"},
        },
        {
            "id": made["id"],
            "kind": "agent",
            "row": {"id": made["id"], "name": "Tom", "role": "machine", "active": True, "presence": None},
        },
        {"id": queue["id"], "kind": "queue", "row": None},
    ]
    # Who changed what is told to those alone who may read it.
    assert [each["event"] for each in stream.events] == ["page.changed", "workstream.changed"]


async def test_presence_is_told_to_who_serves_a_queue_with_somebody_and_to_administrators(api: Api) -> None:
    tom_id, tom = await api.somebody("agent", "Tom")
    _, colleague = await api.somebody("agent", "Colleague")
    stranger_id, stranger = await api.somebody("agent", "Stranger")
    await _leave_queues(api, stranger_id)
    async with (
        listening(api, "directory=1", token=_token_of(colleague)) as hers,
        listening(api, "directory=1", token=_token_of(stranger)) as strangers,
        listening(api, "directory=1") as admins,
        listening(api, token=_token_of(colleague)) as of_who_does_not_ask,
    ):
        await tom.put("/v1/me/presence", json={"lease_seconds": 60})
        rows = [(await _told(stream, 1))[-1]["row"] for stream in (hers, strangers, admins)]
        await admins.has(1)
    assert [row["presence"] for row in rows] == ["available", None, "available"]
    assert {row["id"] for row in rows} == {tom_id}
    assert of_who_does_not_ask.told("directory") == []
    assert hers.events == strangers.events == []


async def test_of_several_changes_read_at_once_the_last_state_is_told_once(api: Api) -> None:
    tom_id, _ = await api.somebody("agent", "Tom")
    facts = [
        Fact(FactKind.AGENT_CHANGED, NOW, ActorKind.SYSTEM, data={"agent_id": agent_id})
        for agent_id in (tom_id, tom_id, "nobody")
    ]

    def work(session: Session) -> None:
        session.get_one(tables.Agent, tom_id).name = "Thomas"
        append_events(session, [event_row(fact, None, None, None) for fact in facts])

    async with listening(api, "directory=1&kind=page.alarm") as stream:
        await api.database.write(work)
        told = await _told(stream, 2)
    assert [(each["id"], each["row"] and each["row"]["name"]) for each in told] == [
        (tom_id, "Thomas"),
        ("nobody", None),
    ]


@pytest.mark.parametrize("in_memory", [0, 2000])
async def test_who_was_cut_off_is_told_what_has_changed_meanwhile(
    api: Api, in_memory: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_hub, "_IN_MEMORY", in_memory)
    tom_id, _ = await api.somebody("agent", "Tom")
    _, mia = await api.somebody("agent", "Mia")
    token = _token_of(mia)
    async with listening(api, "directory=1", token=token) as stream:
        position = stream.position
    async with listening(api) as keeps_the_hub_reading:
        await api.admin.patch(f"/v1/agents/{tom_id}", json={"name": "Thomas"})
        await keeps_the_hub_reading.has(1)
        headers = {"last-event-id": position}
        async with listening(api, "directory=1", token=token, headers=headers) as resumed:
            told = await _told(resumed, 1)
    assert [each["row"]["name"] for each in told] == ["Thomas"]
