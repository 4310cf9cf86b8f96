"""Reports over the API: who sees what, as JSON and as CSV, and what is no report."""

import csv
import io
from typing import Any

import httpx
import pytest
from freezegun import freeze_time
from sqlmodel import Session

from api.reports.csv_rows import to_csv
from store import tables
from support.api import NOW, Api, Seed

DAY = NOW.date().isoformat()
PERIOD = {"from": DAY, "to": DAY}


async def picked(api: Api, seed: Seed, agent_id: str, queue_id: str | None = None) -> None:
    """A conversation in a queue that an agent took after five minutes, and answered after six."""
    thread = await seed.conversation()
    await seed.message(thread, "Hello")

    def work(session: Session) -> None:
        conversation = session.get_one(tables.Conversation, thread.conversation_id)
        conversation.queue_id = queue_id
        page = session.get_one(tables.Page, thread.page_id)
        conversation.workstream_id = page.workstream_id
        session.add(conversation)
        session.add(
            tables.AgentSession(
                id=f"s-{thread.conversation_id}",
                conversation_id=thread.conversation_id,
                number=1,
                agent_id=agent_id,
                started_at=NOW.replace(minute=5),
                accepted_at=NOW.replace(minute=5),
            )
        )

    await api.database.write(work)
    await seed.message(
        thread,
        "Hi",
        direction="outbound",
        sender_kind="agent",
        agent_id=agent_id,
        status="sent",
        occurred_at=NOW.replace(minute=6),
        sent_at=NOW.replace(minute=6),
    )


async def get(client: httpx.AsyncClient, what: str, **more: str) -> list[dict[str, Any]]:
    answer = await client.get(f"/v1/reports/{what}", params=PERIOD | more)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


@pytest.fixture
def sales() -> tables.Queue:
    return tables.Queue(id="sales", name='=HYPERLINK("http://evil.test")', created_at=NOW)


@freeze_time(NOW.replace(hour=20), real_asyncio=True)
async def test_a_report_of_queues(api: Api, seed: Seed) -> None:
    agent_id, _ = await api.somebody("agent", "Mia")
    await picked(api, seed, agent_id)
    (line,) = await get(api.admin, "queues")
    assert (line["day"], line["id"]) == (None, "default")
    shown = {name: value for name, value in line["metrics"].items() if value}
    assert shown == {
        "incoming": 1,
        "engaged": 1,
        "average_first_wait_seconds": 300.0,
        "average_first_response_seconds": 360.0,
        "average_response_seconds": 360.0,
        "sessions": 1,
        "messages_in": 1,
        "messages_out": 1,
    }
    assert line["metrics"]["occupancy"] is None
    (by_day,) = await get(api.admin, "queues", group_by="day", time_zone="Pacific/Auckland", to="2026-11-21")
    assert by_day["day"] == "2026-11-21"


@freeze_time(NOW.replace(hour=20), real_asyncio=True)
async def test_agents_see_themselves_and_supervisors_their_queues(
    api: Api, seed: Seed, sales: tables.Queue
) -> None:
    mia, as_mia = await api.somebody("agent", "Mia")
    tom, _ = await api.somebody("agent", "Tom")
    lea, as_lea = await api.somebody("supervisor", "Lea")
    await seed.add(sales)

    def work(session: Session) -> None:
        session.connection().exec_driver_sql("DELETE FROM queue_member")
        for agent_id in (tom, lea):
            session.add(
                tables.QueueMember(queue_id="sales", agent_id=agent_id, freed_at=NOW, last_assigned_at=NOW)
            )

    await api.database.write(work)
    await picked(api, seed, mia)
    await picked(api, seed, tom, "sales")
    everybody = await get(api.admin, "agents")
    assert sorted(line["name"] for line in everybody) == ["Mia", "Tom"]
    assert [line["id"] for line in await get(as_mia, "agents")] == [mia]
    assert [line["id"] for line in await get(as_lea, "agents")] == [tom]
    assert [line["id"] for line in await get(as_lea, "queues")] == ["sales"]
    (of_lea,), (of_all,) = await get(as_lea, "workstreams"), await get(api.admin, "workstreams")
    assert (of_lea["metrics"]["incoming"], of_all["metrics"]["incoming"]) == (1, 2)


@freeze_time(NOW.replace(hour=20), real_asyncio=True)
@pytest.mark.parametrize(
    ("parameters", "headers"),
    [({"format": "csv"}, {}), ({}, {"Accept": "text/csv"}), ({}, {"Accept": "text/html, text/csv;q=0.9"})],
)
async def test_a_report_as_csv(
    api: Api, seed: Seed, sales: tables.Queue, parameters: dict[str, str], headers: dict[str, str]
) -> None:
    mia, _ = await api.somebody("agent", "Mia")
    await seed.add(sales)
    await picked(api, seed, mia, "sales")
    answer = await api.admin.get("/v1/reports/queues", params=PERIOD | parameters, headers=headers)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == f'attachment; filename="report-{DAY}-{DAY}.csv"'
    (line,) = csv.DictReader(io.StringIO(answer.text))
    assert (line["id"], line["name"]) == ("sales", '\'=HYPERLINK("http://evil.test")')
    assert (line["day"], line["incoming"], line["average_first_wait_seconds"]) == ("", "1", "300.0")
    assert line["occupancy"] == ""


@pytest.mark.parametrize("accept", ["*/*", "application/json", "text/csv, application/json", "text/html"])
async def test_a_report_is_json_unless_only_csv_is_accepted(api: Api, accept: str) -> None:
    answer = await api.admin.get("/v1/reports/queues", params=PERIOD, headers={"Accept": accept})
    assert answer.json() == {"time_zone": "UTC", "summed_until": None, "items": []}


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "\n=cmd|' /C calc'!A0", "\uff1d1"]
)
def test_no_text_is_a_formula(text: str) -> None:
    (_, row) = csv.reader(io.StringIO(to_csv(["name"], [[text]]), newline=""))
    assert row == [f"'{text}"]


def test_numbers_stay_numbers_and_commas_are_quoted() -> None:
    assert to_csv(["a", "b"], [[-1.5, 'x, "y"'], [None, "z"]]) == 'a,b\r\n-1.5,"x, ""y"""\r\n,z\r\n'


@pytest.mark.parametrize(
    ("wrong", "where"),
    [
        pytest.param({"from": "2026-11-20"}, "to", id="no_last_day"),
        pytest.param({"to": "2026-11-20"}, "from", id="no_first_day"),
        pytest.param({"from": "20.11.2026", "to": "2026-11-20"}, "from", id="no_day"),
        pytest.param({"from": "2026-02-30", "to": "2026-11-20"}, "from", id="no_day_of_the_calendar"),
        pytest.param({"from": "2026-11-20T12:00:00Z", "to": "2026-11-20"}, "from", id="an_instant"),
        pytest.param({"from": "0001-01-01", "to": "0001-01-02"}, "from", id="before_the_calendar"),
        pytest.param({"from": "9999-12-31", "to": "9999-12-31"}, "from", id="after_the_calendar"),
        pytest.param({"from": "2026-11-20", "to": "2026-11-19"}, "to", id="ends_before_it_begins"),
        pytest.param({"from": "2025-01-01", "to": "2026-02-02"}, "to", id="longer_than_13_months"),
        pytest.param(PERIOD | {"time_zone": "Mars/Olympus"}, "time_zone", id="no_time_zone"),
        pytest.param(PERIOD | {"time_zone": "../etc/passwd"}, "time_zone", id="a_path"),
        pytest.param(PERIOD | {"time_zone": "Europe"}, "time_zone", id="a_directory"),
        pytest.param(PERIOD | {"time_zone": ""}, "time_zone", id="an_empty_time_zone"),
        pytest.param(PERIOD | {"group_by": "hour"}, "group_by", id="no_such_group"),
        pytest.param(PERIOD | {"format": "xlsx"}, "format", id="no_such_format"),
        pytest.param(PERIOD | {"queue_id": "sales"}, "queue_id", id="no_such_parameter"),
    ],
)
async def test_bad_reports(api: Api, wrong: dict[str, str], where: str) -> None:
    answer = await api.admin.get("/v1/reports/agents", params=wrong)
    assert answer.status_code == 422
    assert answer.json()["code"] == "invalid_request"
    assert ["query", where] in [each["where"] for each in answer.json()["errors"]]


async def test_a_report_of_13_months_is_given(api: Api) -> None:
    period = {"from": "2025-01-01", "to": "2026-02-01"}
    assert (await api.admin.get("/v1/reports/agents", params=period)).status_code == 200


async def test_a_report_that_is_too_large_is_refused(
    api: Api, seed: Seed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("store.reports.records.MAX_RECORDS", 0)
    await seed.conversation()
    answer = await api.admin.get("/v1/reports/queues", params={"from": DAY, "to": DAY})
    assert (answer.status_code, answer.json()["code"]) == (422, "report_too_large")
