"""One attempt to send: its turn, its slot, and what is judged when."""

import asyncio
import contextlib
import dataclasses
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import event
from sqlmodel import Session
from temporalio.testing import ActivityEnvironment

from activities.sending.concurrency_limit import Lanes
from activities.sending.meta_usage import UsageTracker
from activities.sending.send_message import SendActivities
from base.settings import Settings
from domain.pages.page_problems import RESTORED
from domain.sending.rate_limit import USUAL_SENDS, Pace
from messenger.graph.call import Access
from messenger.graph.client import GraphClient
from store import tables
from store.attachments.object_store import FileStore
from store.db.database import Database
from store.sending import send_gate
from store.sending.rate_limit import USUAL, Rates
from support.eventually import eventually
from support.held_time import HeldTime
from support.store import PAGE_A, PAGE_B, add_message, make_settings, rows, seed
from workflows.messages import SendMessage, SendReport

STARTED = datetime(2026, 11, 20, 12, tzinfo=UTC)
TOO_FAST = {"code": 613, "message": "Calls to this api have exceeded the rate limit."}
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
        self.refusal: dict[str, Any] | None = None
        self.headers: dict[str, str] = {}
        self.usage = UsageTracker()
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
                self._write(session, name, page_id, name)

        await self.database.write(work)
        return [SendMessage(page_id, name, name, human_agent_tag=False, tries=0) for name in names]

    async def has_more(self, customer_id: str, messages: Iterable[str]) -> list[SendMessage]:
        """More messages to a customer of page A."""
        names = list(messages)

        def work(session: Session) -> None:
            for name in names:
                self._write(session, name, PAGE_A, customer_id)

        await self.database.write(work)
        return [SendMessage(PAGE_A, customer_id, name, human_agent_tag=False, tries=0) for name in names]

    @contextlib.asynccontextmanager
    async def sending(self) -> AsyncIterator[Callable[[SendMessage], "asyncio.Task[SendReport]"]]:
        """Begin attempts by a call, for the length of the block."""
        async with httpx.AsyncClient(transport=httpx.MockTransport(self._called)) as http:
            graph = GraphClient(http, "https://graph.invalid", "v26.0", self.usage.note)
            activities = SendActivities(
                self.database,
                graph,
                self._settings.vault,
                FileStore(self._settings.files_url),
                lanes=self.lanes,
                usage=self.usage,
                rates=self.rates,
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

    async def change(self, message_id: str, **values: Any) -> None:
        await self.database.write(
            lambda session: session.get_one(tables.Message, message_id).sqlmodel_update(values)
        )

    async def message(self, message_id: str) -> tables.Message:
        return await self.database.read(lambda session: session.get_one(tables.Message, message_id))

    async def send_state(self, page_id: str = PAGE_A) -> tables.PageSendState:
        return await self.database.read(lambda session: session.get_one(tables.PageSendState, page_id))

    async def told(self) -> list[tuple[str, str]]:
        """The pages' events: kind and page."""
        events = await rows(self.database, tables.Event)
        return [(each.kind, each.page_id or "") for each in events if each.kind.startswith("page.")]

    @property
    def seconds(self) -> list[float]:
        """The instants of the calls, from when the attempts began."""
        return [at - self.began for at, _ in self.called]

    async def _called(self, request: httpx.Request) -> httpx.Response:
        self.called.append((time.monotonic(), request.read().decode()))
        if self.hung is not None and PAGE_A in request.url.path:
            await self.hung.wait()
            raise httpx.ReadTimeout("hung", request=request)
        if self.refusal is not None and PAGE_A in request.url.path:
            return httpx.Response(400, json={"error": self.refusal}, headers=self.headers)
        return httpx.Response(200, json={"message_id": f"m_{len(self.called)}"}, headers=self.headers)

    @staticmethod
    def _write(session: Session, name: str, page_id: str, customer_id: str) -> None:
        add_message(session, name, customer_id, STARTED, page_id=page_id, text=f"say {name}")


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


async def test_while_a_restored_page_waits_nothing_automatic_is_said_and_agents_are_held(
    sender: Sender,
) -> None:
    by_agent, automatic, survey = await sender.has(["agent", "automatic", "survey"])
    for each in (automatic, survey):
        await sender.change(each.message_id, sender_kind=each.message_id)
    await sender.database.write(
        lambda session: send_gate.shut(session.get_one(tables.PageSendState, PAGE_A), RESTORED)
    )
    reports = await sender.send(by_agent, automatic, survey)
    assert [(report.status.value, report.reason) for report in reports] == [
        ("held", "page_restored"),
        ("cancelled", "restored"),
        ("cancelled", "restored"),
    ]
    assert sender.called == []


async def test_a_page_sends_no_faster_than_its_pace_and_loses_nothing(sender: Sender) -> None:
    sender.rates = SLOW
    requests = await sender.has(f"m{number}" for number in range(7))
    reports = await sender.send(*requests)
    assert statuses(reports) == {"sent": 7}
    assert sender.seconds[-1] > 6 * SLOW.sends.step.total_seconds() - 0.01
    assert [f"m{number}" in body for number, (_, body) in enumerate(sender.called)] == [True] * 7


async def test_who_would_wait_for_long_comes_back_and_takes_no_slot(
    sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of twelve at four a second nine have their slots within two seconds."""
    sender.rates, held = SLOW, HeldTime.lent(STARTED, monkeypatch)
    slots = [STARTED + timedelta(milliseconds=250 * number) for number in range(10)]
    requests = await sender.has(f"m{number}" for number in range(12))
    async with sender.sending() as begin:
        attempts = [begin(request) for request in requests]
        await eventually(lambda: _await(held, sender, 8))
        assert held.awaited == slots[1:9]
        for number, slot in enumerate(slots[1:9], start=2):
            held.move_to(slot)
            await eventually(partial(_has_called, sender, number))
        reports = await asyncio.gather(*attempts)
    assert [report.status.value for report in reports] == ["sent"] * 9 + ["queued"] * 3
    assert {(report.reason, report.in_line, report.until) for report in reports[9:]} == {
        ("page_busy", True, slots[9])
    }
    assert (await sender.send_state()).sends_next_at == slots[9]
    last = await sender.message("m11")
    assert (last.status, last.attempt) == ("queued", 0)


async def _await(held: HeldTime, sender: Sender, number: int) -> bool:
    return len(held.awaited) == number and len(sender.called) == 1


async def _has_called(sender: Sender, times: int) -> bool:
    return len(sender.called) == times


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
    assert sum("UPDATE page_send_state" in each for each in statements) == 1
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


async def test_a_conversation_with_much_to_say_is_one_turn_ahead_of_another_at_most(sender: Sender) -> None:
    """As its workflow does, a conversation sends one message at a time."""
    sender.rates = Rates(Pace(10), Pace(10))
    first = await sender.has(["much"])
    more = await sender.has_more("much", (f"more{number}" for number in range(49)))
    others = await sender.has(f"other{number}" for number in range(5))
    async with sender.sending() as begin:

        async def much() -> None:
            for request in (*first, *more):
                assert (await begin(request)).status == "sent"

        speaking = asyncio.create_task(much())

        async def under_way() -> bool:
            return len(sender.called) >= 5

        await eventually(under_way)
        before = len(sender.called)
        assert statuses(await asyncio.gather(*(begin(request) for request in others))) == {"sent": 5}
        since = [body for _, body in sender.called[before:]]
        # Of the long conversation: the one that had its turn already, and one that got in among the five.
        assert sum("other" not in body for body in since) <= 2
        await speaking
    assert len(sender.called) == 55


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
        assert statuses([await begin(request) for request in free]) == {"sent": 5}  # the others hang still
        sender.hung.set()
        reports = await asyncio.gather(*waiting)
    assert statuses(reports)["unknown"] >= 2
    assert all(report.in_line and report.until for report in reports if report.status == "queued")
    assert (await sender.message("a8")).attempt == 0


async def test_a_token_that_cannot_be_opened_holds_the_page_and_loses_nothing(sender: Sender) -> None:
    first, second = await sender.has(["first", "second"])
    await sender.database.write(
        lambda session: session.get_one(tables.Page, PAGE_A).sqlmodel_update({"access_token": "v1.other.key"})
    )
    reports = [*await sender.send(first), *await sender.send(second)]
    assert {(report.status, report.reason) for report in reports} == {("held", "page_secrets_unreadable")}
    assert ((await sender.message("first")).status, (await sender.message("first")).attempt) == ("held", 0)
    assert await sender.told() == [("page.gate_held", PAGE_A)]


async def test_what_is_said_again_does_not_leave_once_the_original_has_arrived(sender: Sender) -> None:
    original, again = await sender.has(["original", "again"])
    await sender.change("again", resends="original")
    assert statuses(await sender.send(original)) == {"sent": 1}
    (report,) = await sender.send(again)
    assert (report.status, report.reason) == ("cancelled", "original_sent")
    assert len(sender.called) == 1
    assert (await sender.message("again")).attempt == 0


async def test_what_is_said_again_leaves_while_nobody_knows_of_the_original(sender: Sender) -> None:
    await sender.has(["original"])
    (again,) = await sender.has(["again"])
    await sender.change("original", status="unknown", attempt=1)
    await sender.change("again", resends="original")
    assert statuses(await sender.send(again)) == {"sent": 1}


def usage(percent: int, regain_minutes: int = 0) -> dict[str, str]:
    entry = {"type": "messenger", "call_count": percent, "estimated_time_to_regain_access": regain_minutes}
    return {"X-Business-Use-Case-Usage": json.dumps({PAGE_A: [entry]})}


async def test_a_page_near_its_limit_is_slowed_before_meta_refuses_anything(sender: Sender) -> None:
    first, *others = await sender.has(f"m{number}" for number in range(4))
    sender.headers = usage(90)
    await sender.send(first)
    assert statuses(await sender.send(*others)) == {"sent": 3}
    assert sender.seconds[-1] > 2 * USUAL.sends.slowed.step.total_seconds() - 0.01
    state = await sender.send_state()
    assert state.usage_percent == 90
    assert state.slowed_until is not None
    assert state.slowed_until - STARTED >= timedelta(minutes=5)
    assert state.send_gate == "open"
    assert await sender.told() == [("page.slowed", PAGE_A)]


async def test_a_page_at_its_limit_is_paused_until_it_regains_access(sender: Sender) -> None:
    first, second = await sender.has(["first", "second"])
    sender.headers = usage(100, regain_minutes=30)
    assert statuses(await sender.send(first)) == {"sent": 1}
    (report,) = await sender.send(second)
    assert (report.status, report.reason, report.in_line) == ("queued", "usage", True)
    assert report.until is not None
    assert timedelta(minutes=30) <= report.until - STARTED < timedelta(minutes=31)
    assert len(sender.called) == 1
    assert await sender.told() == [("page.gate_paused", PAGE_A), ("page.slowed", PAGE_A)]
    assert (await sender.send_state(PAGE_B)).slowed_until is None


async def test_the_usage_of_an_app_is_that_of_all_its_pages(sender: Sender) -> None:
    (mine,) = await sender.has(["mine"])
    (of_other_page,) = await sender.has(["other"], PAGE_B)
    sender.headers = {"X-App-Usage": json.dumps({"call_count": 100, "total_time": 3, "total_cputime": 3})}
    assert statuses(await sender.send(mine)) == {"sent": 1}
    assert statuses(await sender.send(of_other_page)) == {"queued": 1}
    paused = [page_id for kind, page_id in await sender.told() if kind == "page.gate_paused"]
    assert sorted(paused) == [PAGE_A, PAGE_B]


async def test_what_another_call_was_told_counts_for_the_next_send(sender: Sender) -> None:
    (request,) = await sender.has(["m"])
    sender.usage.note(Access("token", "secret", "app", PAGE_A), httpx.Headers(usage(100)))
    assert statuses(await sender.send(request)) == {"queued": 1}
    assert not sender.called


@pytest.mark.parametrize(("headers", "least"), [({}, 2), (usage(100, regain_minutes=1), 60)])
async def test_f20_a_throttled_page_is_left_alone_and_the_other_sends_on(
    sender: Sender, headers: dict[str, str], least: int
) -> None:
    sender.refusal, sender.headers = TOO_FAST, headers
    throttled = await sender.has(f"a{number}" for number in range(3))
    others = await sender.has((f"b{number}" for number in range(3)), PAGE_B)
    (first,) = await sender.send(throttled[0])
    assert first.status == "queued"
    assert first.until is not None
    assert first.until - STARTED >= timedelta(seconds=least)
    sender.headers = {}
    reports = await sender.send(*throttled[1:], *others)
    assert statuses(reports) == {"queued": 2, "sent": 3}
    assert len(sender.called) == 1 + 3
    assert [report.in_line for report in reports[:2]] == [True, True]
    untils = {report.until for report in reports[:2]}
    assert len(untils) == 2, "who waits for the same instant does not come at the same instant"
    assert {(await sender.message(f"a{number}")).status for number in range(3)} == {"queued"}
    state = await sender.send_state()
    assert (state.send_gate, state.send_gate_reason) == ("paused", "rate_limited")
    assert (await sender.send_state(PAGE_B)).send_gate == "open"
    kinds = [kind for kind, page_id in await sender.told() if page_id == PAGE_A]
    assert sorted(kinds) == ["page.gate_paused", "page.slowed"]
