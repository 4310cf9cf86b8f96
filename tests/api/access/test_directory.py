"""The directory: names for ids, for everybody; presence for those who work together."""

import pytest
from sqlmodel import Session, col

from domain.access.roles import Role
from store import tables
from store.db.sql import delete_rows
from support.api import NOW, Api, Seed


async def test_it_names_agents_pages_queues_and_workstreams(api: Api, seed: Seed) -> None:
    page_id = await seed.page()
    await seed.add(tables.Queue(id="sales", name="Sales", created_at=NOW))
    left_id, _ = await api.somebody("agent", "Zoe")
    await api.admin.patch(f"/v1/agents/{left_id}", json={"active": False})
    agent_id, client = await api.somebody("agent", "Ada")
    shown = (await client.get("/v1/directory")).json()
    assert [(each["name"], each["role"], each["active"]) for each in shown["agents"]] == [
        ("Ada", "agent", True),
        ("Administrator", "admin", True),
        ("Zoe", "agent", False),
    ]
    assert shown["agents"][0] == {
        "id": agent_id,
        "name": "Ada",
        "role": "agent",
        "active": True,
        "presence": "offline",
    }
    assert shown["pages"] == [{"page_id": page_id, "name": "Shop", "attachments_for_agents": False}]
    queues = [(each["id"], each["served"]) for each in shown["queues"]]
    assert sorted(queues) == [("default", True), ("sales", False)]
    assert [each.keys() for each in shown["workstreams"]] == [{"id", "name"}]
    assert "@" not in str(shown)


@pytest.mark.parametrize("role", [role.value for role in Role])
async def test_presence_is_known_to_who_serves_a_queue_with_somebody_and_to_administrators(
    api: Api, role: str
) -> None:
    colleague_id, _ = await api.somebody("agent", "Colleague")
    stranger_id, _ = await api.somebody("agent", "Stranger")
    reader_id, reader = await api.somebody(role, "Reader")

    def move(session: Session) -> None:
        delete_rows(session, tables.QueueMember, col(tables.QueueMember.agent_id) == stranger_id)

    await api.database.write(move)
    agents = {each["id"]: each for each in (await reader.get("/v1/directory")).json()["agents"]}
    serves = role in ("agent", "supervisor")
    assert agents[colleague_id]["presence"] == ("offline" if serves or role == "admin" else None)
    assert agents[stranger_id]["presence"] == ("offline" if role == "admin" else None)
    assert agents[reader_id]["presence"] == "offline"
    by_itself = await reader.get(f"/v1/agents/{stranger_id}/presence")
    assert (by_itself.status_code == 200) == (agents[stranger_id]["presence"] is not None)
