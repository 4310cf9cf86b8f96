"""Finding a message of unknown outcome at Meta: only what is beyond doubt counts."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

import httpx
import pytest
from sqlmodel import Session
from temporalio.testing import ActivityEnvironment

from activities.sending.concurrency_limit import Lanes
from activities.sending.read_back import ReadBackActivities
from base.settings import Settings
from messenger.graph.client import GraphClient
from store import tables
from store.db.database import Database
from support.eventually import eventually
from support.held_time import HeldTime
from support.store import PAGE_A, PSID, add_message, make_settings, seed
from workflows.messages import ReadBack, SendReport

TRIED_AT = datetime(2026, 11, 20, 12, tzinfo=UTC)


def shown(mid: str, text: str = "Hello!", after: float = 0.0, sender: str = PAGE_A) -> dict[str, Any]:
    at = TRIED_AT + timedelta(seconds=after)
    return {
        "id": mid,
        "created_time": at.strftime("%Y-%m-%dT%H:%M:%S+0000"),
        "from": {"id": sender},
        "message": text,
    }


class Store:
    """A thread with messages of ours, and what Meta shows of it."""

    def __init__(self, settings: Settings) -> None:
        self.database = Database(settings.store_url)
        self._settings = settings
        self.answer = httpx.Response(200, json={"data": []})

    async def has(self, message_id: str, status: str = "unknown", **values: Any) -> None:
        wanted = {"status": status, "attempt": 1} | values
        await self.database.write(lambda session: add_message(session, message_id, "c", TRIED_AT, **wanted))

    async def status(self, message_id: str) -> tuple[str | None, str | None]:
        row = await self.database.read(lambda session: session.get_one(tables.Message, message_id))
        return row.status, row.mid

    async def looked(self, *messages: dict[str, Any]) -> str:
        if messages:
            self.answer = httpx.Response(
                200, json={"data": [{"id": "t_1", "messages": {"data": list(messages)}}]}
            )
        async with httpx.AsyncClient(transport=httpx.MockTransport(lambda _: self.answer)) as http:
            graph = GraphClient(http, "https://graph.invalid", "v26.0")
            activities = ReadBackActivities(self.database, graph, self._settings.vault)
            report = await ActivityEnvironment().run(activities.read_back, ReadBack(PAGE_A, "c", "mine"))
        return report.status


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    settings = make_settings(tmp_path)
    store = Store(settings)

    def work(session: Session) -> None:
        seed(session, settings)
        session.flush()
        session.add(tables.Customer(id="c", page_id=PAGE_A, psid=PSID, created_at=TRIED_AT))
        session.flush()
        session.add(tables.Thread(customer_id="c", page_id=PAGE_A))

    await store.database.write(work)
    yield store
    store.database.close()


async def test_the_one_message_of_that_text_and_time_is_it(store: Store) -> None:
    await store.has("mine")
    assert await store.looked(shown("m_1", after=3)) == "sent"
    assert await store.status("mine") == ("sent", "m_1")


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(shown("m_1", text="Hello"), id="another text"),
        pytest.param(shown("m_1", after=-10), id="sent before"),
        pytest.param(shown("m_1", after=90), id="sent long after"),
        pytest.param(shown("m_1", sender=PSID), id="the customer's own"),
        pytest.param({"id": "m_1", "created_time": "soon", "message": "Hello!"}, id="no time"),
    ],
)
async def test_what_it_may_not_be_is_not_taken_for_it(store: Store, message: dict[str, Any]) -> None:
    await store.has("mine")
    assert await store.looked(message) == "unknown"
    assert await store.status("mine") == ("unknown", None)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        pytest.param("With a newline at the end.\n", "With a newline at the end.", id="trimmed end"),
        pytest.param("  Hello!", "Hello!", id="trimmed start"),
        pytest.param("One\r\ntwo\u00a0three", "One\ntwo three", id="other blanks inside"),
        pytest.param("Caf\u0065\u0301", "Caf\u00e9", id="composed"),
    ],
)
async def test_a_text_is_compared_as_meta_shows_it(store: Store, said: str, told: str) -> None:
    await store.has("mine", text=said)
    assert await store.looked(shown("m_1", text=told)) == "sent"
    assert await store.status("mine") == ("sent", "m_1")


async def test_two_of_ours_that_look_alike_at_meta_are_not_told_apart(store: Store) -> None:
    await store.has("mine", text="Hello!\n")
    await store.has("twin", text="Hello!")
    assert await store.looked(shown("m_1")) == "unknown"


async def test_of_two_it_could_be_neither_is_taken(store: Store) -> None:
    await store.has("mine")
    assert await store.looked(shown("m_1"), shown("m_2")) == "unknown"


async def test_quick_replies_do_not_hide_the_text(store: Store) -> None:
    await store.has("mine", content={"quick_replies": [{"title": "Yes"}]})
    assert await store.looked(shown("m_1")) == "sent"


async def test_a_survey_is_known_by_what_was_sent_not_by_what_agents_see(store: Store) -> None:
    await store.has("mine", text="How was it? …", content={"text": "How was it? https://desk.test/survey/x"})
    assert await store.looked(shown("m_1", text="How was it? …")) == "unknown"
    assert await store.looked(shown("m_1", text="How was it? https://desk.test/survey/x")) == "sent"


@pytest.mark.parametrize("text", [None, "What agents see"])
async def test_a_template_has_no_words_to_be_known_by(store: Store, text: str | None) -> None:
    content = {"text": None, "attachment": {"type": "template", "payload": {"template_type": "button"}}}
    await store.has("mine", text=text, content=content)
    assert await store.looked(shown("m_1", text=text or "")) == "unknown"


async def test_a_message_that_another_row_has_is_not_it(store: Store) -> None:
    await store.has("mine")
    await store.has("other", status="sent", mid="m_1")
    assert await store.looked(shown("m_1")) == "unknown"
    assert await store.looked(shown("m_1"), shown("m_2")) == "sent"
    assert await store.status("mine") == ("sent", "m_2")


async def test_of_two_of_ours_that_are_alike_and_unknown_none_is_settled(store: Store) -> None:
    await store.has("mine")
    await store.has("twin")
    assert await store.looked(shown("m_1")) == "unknown"


async def test_what_is_settled_meanwhile_is_told_without_a_call(store: Store) -> None:
    await store.has("mine", status="sent")
    store.answer = httpx.Response(500)
    assert await store.looked() == "sent"


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(500, text="<html>"),
        httpx.Response(200, json={"data": []}),
        httpx.Response(400, json={"error": {"code": 190}}),
        httpx.Response(200, json={"data": [{"messages": 7}, 8]}),
    ],
)
async def test_a_meta_that_tells_nothing_leaves_it_unknown(store: Store, answer: httpx.Response) -> None:
    await store.has("mine")
    store.answer = answer
    assert await store.looked() == "unknown"


async def test_meta_is_read_twice_a_second_and_no_more(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    messages, held = [f"m{number}" for number in range(7)], HeldTime.lent(TRIED_AT, monkeypatch)
    for name in messages:
        await store.has(name, text=name)
    called_at: list[datetime] = []

    def answer(_: httpx.Request) -> httpx.Response:
        called_at.append(held.at)
        return store.answer

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
        graph = GraphClient(http, "https://graph.invalid", "v26.0")
        activities = ReadBackActivities(store.database, graph, store._settings.vault, lanes=Lanes(10))

        async def look(name: str) -> SendReport:
            request = ReadBack(PAGE_A, "c", name)
            report: SendReport = await ActivityEnvironment().run(activities.read_back, request)
            return report

        looks = [asyncio.create_task(look(name)) for name in messages]
        slots = [TRIED_AT + timedelta(milliseconds=500 * number) for number in range(5)]
        await eventually(lambda: _have_slots(called_at, held, 5))
        assert held.awaited == slots[1:]
        for number, slot in enumerate(slots[1:], start=2):
            held.move_to(slot)
            await eventually(partial(_have_begun, called_at, number))
        reports = await asyncio.gather(*looks)
    assert called_at == slots
    # The last ones find no place within two seconds, and look again with the workflow's next look.
    assert [(report.status.value, report.reason) for report in reports] == [
        *[("unknown", "not_found_at_meta")] * 5,
        *[("unknown", "page_busy")] * 2,
    ]


async def _have_slots(called_at: list[datetime], held: HeldTime, number: int) -> bool:
    return len(called_at) + len(held.awaited) == number


async def _have_begun(called_at: list[datetime], number: int) -> bool:
    return len(called_at) == number


async def test_a_page_whose_reads_are_busy_is_not_read_again(store: Store) -> None:
    await store.has("mine")
    lanes = Lanes(1)
    async with lanes.turn(PAGE_A, lambda: TRIED_AT) as lane:
        lane.went_unanswered()
        activities = ReadBackActivities(
            store.database, mock.Mock(spec=GraphClient), store._settings.vault, lanes=lanes
        )
        report = await ActivityEnvironment().run(activities.read_back, ReadBack(PAGE_A, "c", "mine"))
    assert (report.status, report.reason) == ("unknown", "page_busy")
