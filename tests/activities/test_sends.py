"""One attempt to send: its turn, its slot, and what is judged when."""

import asyncio
import contextlib
import dataclasses
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import event
from sqlmodel import Session
from temporalio.testing import ActivityEnvironment

from activities.lanes import Lanes
from activities.sends import SendActivities
from base.settings import Settings
from domain.pacing import USUAL_SENDS, Pace
from messenger.graph import GraphClient
from store import tables
from store.database import Database
from store.messages import new_outbound_row
from store.pace import USUAL, Rates
from store.sql import insert_or_ignore
from support.eventually import eventually
from support.store import PAGE_A, PAGE_B, make_settings, seed
from workflows.messages import SendMessage, SendReport

STARTED = datetime(2026, 11, 20, 12, tzinfo=UTC)
SLOW = Rates(Pace(4), Pace(2))
IMAGE = {"attachment": {"type": "image", "payload": {"url": "https://desk.test/a"}}}


class Sender:
    """Two pages with customers who may be written to, and when Meta was called for whom."""

    def __init__(self, settings: Settings) -> None:
        self.database = Database(settings.store_url)
        self.rates = USUAL
        self.lanes = Lanes()
        self.began = 0.0
        self.called: list[tuple[float, str]] = []
        self.hung: asyncio.Event | None = None
        self._settings = settings

    async def has(
        self,
        messages: Iterable[str],
        page_id: str = PAGE_A,
        standard_until: datetime = STARTED + timedelta(hours=1),
    ) -> list[SendMessage]:
        """One message each to customers of their own, whose window is open until then."""
        names = list(messages)

        def work(session: Session) -> None:
            for name in names:
                session.add(
                    tables.Customer(id=name, page_id=page_id, psid=f"psid-{name}", created_at=STARTED)
                )
                session.flush()
                session.add(tables.Thread(customer_id=name, page_id=page_id, standard_until=standard_until))
            session.flush()
            for name in names:
                self._write(session, name, page_id)

        await self.database.write(work)
        return [SendMessage(page_id, name, name, tag_on=False, tries=0) for name in names]

    @contextlib.asynccontextmanager
    async def sending(self) -> AsyncIterator[Callable[[SendMessage], "asyncio.Task[SendReport]"]]:
        """Begin attempts by a call, for the length of the block."""
        async with httpx.AsyncClient(transport=httpx.MockTransport(self._called)) as http:
            graph = GraphClient(http, "https://graph.invalid", "v26.0")
            activities = SendActivities(
                self.database, graph, self._settings.vault, lanes=self.lanes, rates=self.rates
            )
            self.began = time.monotonic()

            async def one(request: SendMessage) -> SendReport:
                environment = ActivityEnvironment()
                passed = timedelta(seconds=time.monotonic() - self.began)
                environment.info = dataclasses.replace(environment.info, started_time=STARTED + passed)
                report: SendReport = await environment.run(activities.send_message, request)
                return report

            yield lambda request: asyncio.create_task(one(request))

    async def send(self, *requests: SendMessage) -> list[SendReport]:
        """Attempts that begin together, in this order."""
        async with self.sending() as begin:
            return await asyncio.gather(*(begin(request) for request in requests))

    async def message(self, message_id: str) -> tables.Message:
        return await self.database.read(lambda session: session.get_one(tables.Message, message_id))

    @property
    def seconds(self) -> list[float]:
        """The instants of the calls, from when the attempts began."""
        return [at - self.began for at, _ in self.called]

    async def _called(self, request: httpx.Request) -> httpx.Response:
        self.called.append((time.monotonic(), request.read().decode()))
        if self.hung is not None and PAGE_A in request.url.path:
            await self.hung.wait()
            raise httpx.ReadTimeout("hung", request=request)
        return httpx.Response(200, json={"message_id": f"m_{len(self.called)}"})

    @staticmethod
    def _write(session: Session, name: str, page_id: str) -> None:
        row = new_outbound_row(
            id=name,
            page_id=page_id,
            customer_id=name,
            conversation_id="conversation",
            sender_kind="agent",
            text=f"say {name}",
            created_at=STARTED,
        )
        insert_or_ignore(session, tables.Message, [row])


@pytest.fixture
async def sender(tmp_path: Path) -> AsyncIterator[Sender]:
    settings = make_settings(tmp_path)
    sender = Sender(settings)

    def work(session: Session) -> None:
        seed(session, settings)

    await sender.database.write(work)
    yield sender
    sender.database.close()


def statuses(reports: Iterable[SendReport]) -> Counter[str]:
    return Counter(report.status.value for report in reports)


async def test_a_page_sends_no_faster_than_its_pace_and_loses_nothing(sender: Sender) -> None:
    sender.rates = SLOW
    requests = await sender.has(f"m{number}" for number in range(7))
    reports = await sender.send(*requests)
    assert statuses(reports) == {"sent": 7}
    assert sender.seconds[-1] > 6 * SLOW.sends.step.total_seconds() - 0.01
    assert [f"m{number}" in body for number, (_, body) in enumerate(sender.called)] == [True] * 7


async def test_who_would_wait_for_long_comes_back_and_takes_no_slot(sender: Sender) -> None:
    sender.rates = SLOW
    requests = await sender.has(f"m{number}" for number in range(12))
    reports = await sender.send(*requests)
    assert statuses(reports) == {"sent": 9, "queued": 3}
    for report in reports[9:]:
        assert report.reason == "page_busy"
        assert report.in_line
        assert report.until is not None
        assert timedelta(seconds=2) < report.until - STARTED < timedelta(seconds=4)
    assert (await sender.message("m11")).status == "queued"
    assert (await sender.message("m11")).attempt == 0


async def test_media_have_a_pace_of_their_own_and_count_as_messages(sender: Sender) -> None:
    sender.rates = Rates(Pace(USUAL_SENDS), Pace(2))
    first, second, text = await sender.has(["first", "second", "text"])
    await sender.database.write(
        lambda session: [
            session.get_one(tables.Message, name).sqlmodel_update({"content": IMAGE, "text": None})
            for name in ("first", "second")
        ]
    )
    assert statuses(await sender.send(first, second)) == {"sent": 2}
    assert sender.seconds[1] > 0.4
    assert statuses(await sender.send(text)) == {"sent": 1}


async def test_an_idle_page_sends_at_once(sender: Sender) -> None:
    sender.rates = SLOW
    (request,) = await sender.has(["m"])
    statements: list[str] = []
    event.listen(
        sender.database._write_engine,
        "before_cursor_execute",
        lambda _c, _cursor, statement, *_: statements.append(statement),
    )
    assert statuses(await sender.send(request)) == {"sent": 1}
    told = [each.split()[0] for each in statements if not each.startswith(("SAVEPOINT", "RELEASE"))]
    # Pace costs one statement, in a transaction that is made anyway.
    assert sum("UPDATE page" in each for each in statements) == 1
    assert Counter(told) == {"BEGIN": 2, "SELECT": 3, "UPDATE": 3, "INSERT": 2}


async def test_the_window_is_judged_after_the_wait(sender: Sender) -> None:
    sender.rates = SLOW
    ends_soon = await sender.has(["ends"], standard_until=STARTED + timedelta(milliseconds=700))
    others = await sender.has(f"m{number}" for number in range(4))
    reports = await sender.send(*others, *ends_soon)
    assert statuses(reports[:-1]) == {"sent": 4}
    assert reports[-1].status == "failed"
    assert not any("say ends" in body for _, body in sender.called)


async def test_who_comes_long_after_its_slot_takes_a_new_one(sender: Sender) -> None:
    sender.rates = SLOW
    requests = await sender.has(f"m{number}" for number in range(5))

    async def stand_still() -> None:
        await asyncio.sleep(0.1)
        time.sleep(2.0)  # noqa: ASYNC251 - this is what it is about

    still = asyncio.create_task(stand_still())
    reports = await sender.send(*requests)
    await still
    assert statuses(reports) == {"sent": 5}
    after = [at for at in sender.seconds if at > 1.0]
    assert len([at for at in after if at - after[0] < 0.2]) <= 2


async def test_f18_a_page_that_hangs_keeps_its_lane_and_the_other_sends_at_once(sender: Sender) -> None:
    sender.hung = asyncio.Event()
    sender.lanes = Lanes(2)
    stuck = await sender.has(f"a{number}" for number in range(9))
    free = await sender.has((f"b{number}" for number in range(5)), PAGE_B)
    async with sender.sending() as begin:
        waiting = [begin(request) for request in stuck]

        async def full() -> bool:
            return len(sender.called) == 2 and sum(task.done() for task in waiting) == 3

        await eventually(full)
        # Two are under way and four wait in line; three were told to come back.
        assert [task.done() for task in waiting] == [False] * 6 + [True] * 3
        began = time.monotonic()
        assert statuses([await begin(request) for request in free]) == {"sent": 5}
        assert time.monotonic() - began < 2
        sender.hung.set()
        reports = await asyncio.gather(*waiting)
    assert statuses(reports)["unknown"] >= 2
    assert all(report.in_line and report.until for report in reports if report.status == "queued")
    assert (await sender.message("a8")).attempt == 0
