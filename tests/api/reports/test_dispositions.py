"""How many conversations were about what, over the API."""

from sqlmodel import Session

from domain.conversations.lifecycle import Status
from store import tables
from support.api import NOW, Api, Seed

DAY = NOW.date().isoformat()
ADDRESS = "/v1/reports/dispositions"


async def ended(
    api: Api, seed: Seed, code_id: str | None, *, queue_id: str, status: Status = Status.CLOSED
) -> None:
    thread = await seed.conversation(status=status)

    def work(session: Session) -> None:
        row = session.get_one(tables.Conversation, thread.conversation_id)
        row.disposition_code_id, row.queue_id = code_id, queue_id
        row.workstream_id = session.get_one(tables.Page, thread.page_id).workstream_id

    await api.database.write(work)


async def test_closed_conversations_are_counted_by_code_and_supervisors_see_their_queues(
    api: Api, seed: Seed
) -> None:
    code_id = (await api.admin.post("/v1/disposition-codes", json={"name": "Solved"})).json()["id"]
    sales = (await api.admin.post("/v1/queues", json={"name": "Sales"})).json()["id"]
    await ended(api, seed, code_id, queue_id="default")
    await ended(api, seed, code_id, queue_id=sales)
    await ended(api, seed, None, queue_id=sales)
    await ended(api, seed, "deleted", queue_id=sales)
    await ended(api, seed, code_id, queue_id="default", status=Status.WRAP_UP)

    async def lines(client_of: str, **period: str) -> list[tuple[str | None, str | None, int]]:
        client = api.admin if client_of == "admin" else (await api.somebody(client_of))[1]
        answer = await client.get(ADDRESS, params={"from": DAY, "to": DAY} | period)
        assert answer.status_code == 200, answer.text
        names = ("disposition_code_id", "name", "conversations")
        return [(each[names[0]], each[names[1]], each[names[2]]) for each in answer.json()["items"]]

    found = await lines("admin")
    assert found[0] == (code_id, "Solved", 2)
    assert set(found[1:]) == {(None, None, 1), ("deleted", None, 1)}
    assert await lines("supervisor") == [(code_id, "Solved", 1)]
    assert await lines("admin", **{"from": "2026-01-01", "to": "2026-01-02"}) == []
