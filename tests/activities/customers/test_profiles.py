"""Asking Meta who customers are: once, seldom again, slowly, and never for ever what it refuses."""

import asyncio
import contextlib
import json
import sqlite3
from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy.exc import OperationalError

from activities.customers.profiles import (
    _LOOK_SECONDS,
    AT_ONCE,
    FAILED,
    MAX_TRIES,
    PER_SECOND,
    ProfileKeeper,
)
from base import clock
from ingest.events.event_router import route
from ingest.inbox.inbox import inbox_rows
from messenger.graph.client import GraphClient
from messenger.webhooks.webhook import split
from store import tables
from store.customers import profiles
from store.customers.profiles import REFRESH
from store.db.database import Database
from store.db.sql import table_of
from store.tables import InboxEvent
from support.deliveries import body_of, echo_event, text_event
from support.store import ACCOUNT, PAGE_A, PAGE_B, PSID, make_settings, rows, seed

NOON = datetime.fromisoformat("2026-11-20T12:00:00+00:00")
ADA = {
    "id": PSID,
    "first_name": "Ada",
    "last_name": "Lovelace",
    "name": "Ada Lovelace",
    "profile_pic": "https://scontent.example/ada.jpg",
    "locale": "en_GB",
    "timezone": -7,
}
NO_ACCESS = (400, {"error": {"code": 100, "error_subcode": 2018247, "message": "no"}})
NO_OBJECT = (
    400,
    {
        "error": {
            "message": "Unsupported get request. Object with ID '7421908834570011' does not exist, cannot be "
            "loaded due to missing permissions, or does not support this operation.",
            "type": "GraphMethodException",
            "code": 100,
            "error_subcode": 33,
        }
    },
)
NO_SUCH = (400, {"error": {"code": 100, "error_subcode": 2018001, "message": "no"}})
NO_PROFILE = (400, {"error": {"code": 2018218, "message": "no"}})
THROTTLED = (400, {"error": {"code": 613, "message": "no"}})
DEAD_TOKEN = (400, {"error": {"code": 190, "message": "no"}})
BROKEN = (503, {"error": {"code": 2, "message": "no"}})


_COLUMNS = tuple(column.name for column in table_of(InboxEvent).columns if column.name != "conflict_ms")


class Profiles:
    """A store, a keeper, and a Meta that answers as it is told."""

    def __init__(self, store: Database, settings: Any) -> None:
        self.store = store
        self.asked: list[tuple[str, str]] = []
        self.pauses: list[float] = []
        self.answers: list[tuple[int, Any]] = []
        self.always: tuple[int, Any] = (200, ADA)
        http = httpx.AsyncClient(transport=httpx.MockTransport(self._answer))
        graph = GraphClient(http, "https://graph.invalid", "v26.0")
        self.keeper = ProfileKeeper(store, graph, settings.vault, pause=self._pause)
        self._ids = 0

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append((request.url.path.rsplit("/", 1)[-1], request.url.params["fields"]))
        status, body = self.answers.pop(0) if self.answers else self.always
        return httpx.Response(status, content=body if isinstance(body, bytes) else json.dumps(body).encode())

    async def _pause(self, seconds: float) -> None:
        self.pauses.append(seconds)

    async def happens(self, psid: str = PSID, page_id: str = PAGE_A, *, echo: bool = False) -> None:
        """A customer writes, or the page does elsewhere."""
        self._ids += 1
        body = body_of((echo_event if echo else text_event)(psid, page_id), page_id=page_id)
        (row,) = inbox_rows(ACCOUNT, split(body), int(clock.now().timestamp() * 1000))
        event = InboxEvent.model_validate(dict(zip(_COLUMNS, (self._ids, *row), strict=True)))
        await self.store.write(lambda session: route(session, [event]))

    async def customer(self, psid: str = PSID) -> tables.Customer:
        return next(row for row in await rows(self.store, tables.Customer) if row.psid == psid)


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Profiles]:
    settings = make_settings(tmp_path)
    store = Database(settings.store_url)
    await store.write(lambda session: seed(session, settings))
    yield Profiles(store, settings)
    store.close()


class Time:
    """The process's time, which stands unless it is moved."""

    def __init__(self) -> None:
        self.now = NOON

    def tick(self, length: timedelta) -> None:
        """Let time pass."""
        self.now += length

    def move_to(self, instant: datetime) -> None:
        """Let time pass until then."""
        self.now = instant


@pytest.fixture(autouse=True)
def time() -> Iterator[Time]:
    standing = Time()
    with clock.taken_from(lambda: standing.now):
        yield standing


async def test_a_new_customer_is_asked_for_once_and_kept(desk: Profiles) -> None:
    await desk.happens()
    assert await desk.keeper.ask_due() == 1
    assert desk.asked == [(PSID, "first_name,last_name,profile_pic,name,locale,timezone")]
    kept = await desk.customer()
    assert (kept.name, kept.first_name, kept.last_name) == ("Ada Lovelace", "Ada", "Lovelace")
    assert (kept.picture_url, kept.locale, kept.timezone) == (ADA["profile_pic"], "en_GB", "-7")
    assert (kept.profile_asked_at, kept.profile_due_at, kept.profile_error) == (NOON, None, None)
    changed = [row for row in await rows(desk.store, tables.Event) if row.kind == "customer.profile_changed"]
    assert [(row.customer_id, row.data) for row in changed] == [(kept.id, {})]

    await desk.happens()
    assert await desk.keeper.ask_due() == 0


async def test_it_is_asked_again_only_after_days_and_only_for_who_writes(desk: Profiles, time: Time) -> None:
    await desk.happens()
    await desk.keeper.ask_due()
    time.tick(REFRESH - timedelta(seconds=1))
    await desk.happens()
    assert await desk.keeper.ask_due() == 0
    time.tick(timedelta(days=30))
    assert await desk.keeper.ask_due() == 0
    desk.always = (200, {**ADA, "name": "Ada King", "profile_pic": "https://scontent.example/new.jpg"})
    await desk.happens()
    assert await desk.keeper.ask_due() == 1
    kept = await desk.customer()
    assert (kept.name, kept.picture_url) == ("Ada King", "https://scontent.example/new.jpg")


async def test_who_only_was_written_to_is_not_asked_for(desk: Profiles) -> None:
    await desk.happens(echo=True)
    assert await desk.keeper.ask_due() == 0


async def test_where_not_all_may_be_seen_the_rest_is_asked_for(desk: Profiles) -> None:
    basic = {name: ADA[name] for name in ("first_name", "last_name", "profile_pic")}
    desk.answers = [NO_ACCESS, (200, basic), (200, basic)]
    await desk.happens()
    await desk.happens("7421908834567013")
    await desk.keeper.ask_due()
    assert [fields for _, fields in desk.asked[1:]] == ["first_name,last_name,profile_pic"] * 2
    kept = await desk.customer()
    assert (kept.name, kept.locale, kept.profile_error) == ("Ada Lovelace", None, None)


@pytest.mark.parametrize("answer", [NO_OBJECT, NO_ACCESS, NO_SUCH, NO_PROFILE])
async def test_one_refused_person_rests_and_the_page_does_not(
    desk: Profiles, answer: tuple[int, Any]
) -> None:
    desk.answers = [answer, answer]
    await desk.happens("7421908834570011")
    await desk.keeper.ask_due()
    assert (await desk.customer("7421908834570011")).profile_error in ("not_permitted", "message_rejected")
    await desk.happens("7421908834570012")
    await desk.keeper.ask_due()
    assert (await desk.customer("7421908834570012")).name == "Ada Lovelace"
    await desk.happens("7421908834570011")
    assert await desk.keeper.ask_due() == 0


@pytest.mark.parametrize("code", [3, 10, 200, 230])
async def test_a_page_that_may_see_nobody_is_left_in_peace(desk: Profiles, time: Time, code: int) -> None:
    desk.always = (400, {"error": {"code": code, "message": "no"}})
    for psid in ("71", "72", "73"):
        await desk.happens(psid)
    await desk.keeper.ask_due()
    assert {psid for psid, _ in desk.asked} == {"71"}
    assert (await desk.customer("71")).profile_error == "not_permitted"
    time.tick(timedelta(minutes=59))
    await desk.keeper.ask_due()
    assert {psid for psid, _ in desk.asked} == {"71"}
    desk.always = (200, ADA)
    time.tick(timedelta(minutes=2))
    await desk.keeper.ask_due()
    assert {psid for psid, _ in desk.asked} == {"71", "72", "73"}


@pytest.mark.parametrize("answer", [NO_SUCH, NO_PROFILE, (200, {}), (200, {"id": PSID})])
async def test_who_cannot_be_looked_up_is_not_asked_for_again_for_days(
    desk: Profiles, time: Time, answer: tuple[int, Any]
) -> None:
    desk.always = answer
    await desk.happens()
    await desk.keeper.ask_due()
    asked = len(desk.asked)
    await desk.happens()
    time.tick(timedelta(days=1))
    await desk.happens()
    assert await desk.keeper.ask_due() == 0
    assert len(desk.asked) == asked
    kept = await desk.customer()
    assert kept.profile_error in ("message_rejected", "empty_profile")
    assert kept.name is None


async def test_what_may_pass_is_tried_again_later_and_not_for_ever(desk: Profiles, time: Time) -> None:
    desk.always = BROKEN
    await desk.happens()
    waits = []
    while (await desk.customer()).profile_due_at is not None:
        due = (await desk.customer()).profile_due_at
        assert due is not None
        waits.append(due - clock.now())
        time.move_to(due)
        await desk.keeper.ask_due()
    assert waits == [timedelta(minutes=minutes) for minutes in (0, 1, 4, 16)]
    assert len(desk.asked) == MAX_TRIES
    assert (await desk.customer()).profile_error == "unknown_outcome"


@pytest.mark.parametrize(("answer", "rest"), [(THROTTLED, 10), (DEAD_TOKEN, 60)])
async def test_a_throttled_or_dead_page_rests_and_another_goes_on(
    desk: Profiles, time: Time, answer: tuple[int, Any], rest: int
) -> None:
    desk.answers = [answer]
    await desk.happens("71")
    await desk.happens("72")
    await desk.keeper.ask_due()
    assert [psid for psid, _ in desk.asked] == ["71"]
    await desk.happens("81", PAGE_B)
    await desk.keeper.ask_due()
    assert [psid for psid, _ in desk.asked] == ["71", "81"]
    time.tick(timedelta(minutes=rest, seconds=1))
    await desk.keeper.ask_due()
    assert "72" in [psid for psid, _ in desk.asked]


async def test_a_crowd_is_asked_for_slowly(desk: Profiles) -> None:
    for number in range(AT_ONCE + 5):
        await desk.happens(str(7000 + number))
    assert await desk.keeper.ask_due() == AT_ONCE
    assert desk.pauses == [1 / PER_SECOND] * AT_ONCE
    assert await desk.keeper.ask_due() == 5
    assert len(desk.asked) == len(set(desk.asked)) == AT_ONCE + 5


@pytest.mark.parametrize("failing_write", [1, 2])
async def test_a_store_that_is_away_for_a_moment_does_not_end_it(
    desk: Profiles, monkeypatch: pytest.MonkeyPatch, failing_write: int
) -> None:
    """The first write claims, in the keeper itself; the second keeps what was told, in a page's task."""
    await desk.happens()
    write, writes = desk.store.write, 0
    noted = asyncio.Event()

    async def away_once(work: Any) -> Any:
        nonlocal writes
        writes += 1
        if writes == failing_write:
            raise OperationalError("BEGIN IMMEDIATE", None, sqlite3.OperationalError("database is locked"))
        return await write(work)

    async def look_again(seconds: float) -> None:
        if seconds == _LOOK_SECONDS:
            noted.set()
        await asyncio.sleep(0)

    monkeypatch.setattr(desk.store, "write", away_once)
    monkeypatch.setattr(desk.keeper, "_pause", look_again)
    running = asyncio.create_task(desk.keeper.run())
    waiting = asyncio.create_task(noted.wait())
    await asyncio.wait({running, waiting}, return_when=asyncio.FIRST_COMPLETED, timeout=10)
    assert noted.is_set()
    assert not running.done()
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running


async def test_what_another_process_asks_for_is_left_to_it_unless_it_died(desk: Profiles, time: Time) -> None:
    await desk.happens()
    taken = await desk.store.write(lambda s: profiles.claim(s, NOON, but=(), limit=10))
    assert [each.psid for each in taken] == [PSID]
    assert await desk.keeper.ask_due() == 0
    time.tick(profiles.CLAIM)
    assert await desk.keeper.ask_due() == 1


async def test_an_answer_for_somebody_erased_meanwhile_is_not_kept(desk: Profiles) -> None:
    await desk.happens()
    customer_id = (await desk.customer()).id
    await desk.store.write(
        lambda s: setattr(s.get_one(tables.Customer, customer_id), "erasure_id", "an-erasure")
    )
    await desk.store.write(lambda s: profiles.keep(s, customer_id, {"name": "Ada"}, NOON))
    assert (await desk.customer()).name is None
    assert await desk.keeper.ask_due() == 0


BROKEN_TEXTS = [
    pytest.param(b'"Zo\\ud83d"', "Zo\ufffd", id="an emoji cut in two"),
    pytest.param(b'"Zo\\u0000e"', "Zo\ufffde", id="NUL"),
    pytest.param(b'"Zo\xff\xfee"', "Zo\ufffd\ufffde", id="no UTF-8"),
    pytest.param(b'"Zo\\ud83d\\ude00"', "Zo\U0001f600", id="a whole emoji"),
]


@pytest.mark.parametrize(("told", "kept"), BROKEN_TEXTS)
async def test_a_name_in_broken_text_is_kept_as_well_as_it_can_be(
    desk: Profiles, told: bytes, kept: str
) -> None:
    desk.always = (200, b'{"first_name":' + told + b',"last_name":"Example","id":"7421908834567012"}')
    await desk.happens()
    await desk.keeper.ask_due()
    customer = await desk.customer()
    assert (customer.first_name, customer.name) == (kept, f"{kept} Example")
    assert customer.profile_error is None


async def test_one_record_that_cannot_be_kept_ends_nothing_and_is_nowhere_in_the_log(
    desk: Profiles, time: Time, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    keep = profiles.keep

    def unkept(session: Any, customer_id: str, told: Any, now: datetime) -> None:
        if told["first_name"] == "Zoe":
            raise UnicodeEncodeError("utf-8", "Zoe Example", 2, 3, "surrogates not allowed")
        keep(session, customer_id, told, now)

    monkeypatch.setattr(profiles, "keep", unkept)
    desk.answers = [(200, {"first_name": "Zoe"}), (200, ADA)]
    for psid in ("71", "72"):
        await desk.happens(psid)
    assert await desk.keeper.ask_due() == 2
    assert (await desk.customer("72")).name == "Ada Lovelace"
    failed = await desk.customer("71")
    assert (failed.profile_tries, failed.profile_due_at) == (1, NOON + timedelta(minutes=1))
    logged = capsys.readouterr()
    assert "profile_failed" in logged.err + logged.out
    assert "Zoe" not in logged.err + logged.out
    for _ in range(MAX_TRIES - 1):
        desk.always = (200, {"first_name": "Zoe"})
        time.tick(timedelta(hours=1))
        await desk.keeper.ask_due()
    assert (await desk.customer("71")).profile_error == FAILED


@pytest.mark.parametrize(
    ("told", "picture"),
    [("javascript:alert(1)", None), ("data:text/html,x", None), ("https://a/" + "x" * 3000, None)],
)
async def test_a_picture_that_is_no_address_is_not_kept(desk: Profiles, told: str, picture: None) -> None:
    desk.always = (200, {**ADA, "profile_pic": told, "name": "A\x00da" + "x" * 500})
    await desk.happens()
    await desk.keeper.ask_due()
    kept = await desk.customer()
    assert kept.picture_url is picture
    assert kept.name is not None
    assert len(kept.name) < 400
    assert "\x00" not in json.dumps(kept.name)
