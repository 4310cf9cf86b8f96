"""First words wait for the customer's name and language: a moment, once, and never longer."""

import asyncio
import dataclasses
import json
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlmodel import Session
from temporalio.testing import ActivityEnvironment

from activities.customers.profiles import ProfileKeeper
from activities.sending import send_message as sends
from activities.sending.send_message import SendActivities
from base import clock
from domain.sending.delivery import MessageStatus
from domain.workstreams.conversation_settings import AutomatedTrigger
from messenger.graph.client import GraphClient
from store import tables
from store.attachments.object_store import FileStore
from store.conversations.created_messages import AWAITS_PROFILE
from store.customers.profiles import claim
from store.db.database import Database
from store.workstreams import automated_messages
from store.workstreams.automated_messages import CHANNEL, Record
from support.eventually import eventually
from support.store import PAGE_A, PSID, add_message, make_settings, seed
from workflows.messages import SendMessage, SendReport

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
NEVER = httpx.Response(500)
ADA = {"first_name": "Ada", "name": "Ada Lovelace", "locale": "de_DE"}


class Desk:
    """A greeting that awaits its customer, and a Meta that tells of them as slowly as it is told."""

    def __init__(self, store: Database, settings: Any) -> None:
        self.store = store
        self._settings = settings
        self.profile: Any = ADA
        self.seconds = 0.0
        self.answers = asyncio.Event()
        self.answers.set()
        self.asked = 0
        self.said: list[str] = []
        self._http = httpx.AsyncClient(transport=httpx.MockTransport(self._answer))
        graph = GraphClient(self._http, "https://graph.invalid", "v26.0")
        self.keeper = ProfileKeeper(store, graph, settings.vault)
        self.sends = SendActivities(
            store, graph, settings.vault, FileStore(settings.files_url), profiles=self.keeper
        )

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            self.said.append(json.loads(request.content)["message"]["text"])
            return httpx.Response(200, json={"message_id": f"m_{len(self.said)}"})
        self.asked += 1
        await asyncio.sleep(self.seconds)
        await self.answers.wait()
        return (
            httpx.Response(400, json=self.profile)
            if "error" in self.profile
            else httpx.Response(200, json=self.profile)
        )

    async def says(self, text: dict[str, str], message_id: str = "hello") -> None:
        """The greeting is set so, and one is queued."""

        def work(session: Session) -> None:
            record = Record(active=True, texts=text, fallback_language=None, description=None)
            automated_messages.save(session, CHANNEL, AutomatedTrigger.GREETING, record, NOON)
            values = {
                "sender_kind": "automatic",
                "kind": "greeting",
                "text": "Hello!",
                "reason": AWAITS_PROFILE,
            }
            add_message(session, message_id, "c", NOON, **values)

        await self.store.write(work)

    async def send(self, message_id: str = "hello") -> tuple[SendReport, float]:
        """One attempt, and how many seconds it took."""
        environment = ActivityEnvironment()
        environment.info = dataclasses.replace(environment.info, started_time=NOON)
        began = time.monotonic()
        request = SendMessage(PAGE_A, "c", message_id, human_agent_tag=False, tries=0)
        report: SendReport = await environment.run(self.sends.send_message, request)
        return report, time.monotonic() - began

    async def message(self, message_id: str = "hello") -> tables.Message:
        return await self.store.read(lambda session: session.get_one(tables.Message, message_id))

    async def close(self) -> None:
        await self.keeper.aclose()
        await self._http.aclose()


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    settings = make_settings(tmp_path)
    store = Database(settings.store_url)

    def work(session: Session) -> None:
        seed(session, settings)
        session.flush()
        session.add(tables.Customer(id="c", page_id=PAGE_A, psid=PSID, created_at=NOON, profile_due_at=NOON))
        session.flush()
        until = NOON + timedelta(hours=24)
        session.add(tables.Thread(customer_id="c", page_id=PAGE_A, standard_until=until))

    with clock.taken_from(lambda: NOON):
        await store.write(work)
        running = Desk(store, settings)
        yield running
        await running.close()
    store.close()


async def test_the_first_greeting_has_the_name_that_meta_tells(desk: Desk) -> None:
    await desk.says({"en": "Hello {CustomerName|there}!"})
    report, _ = await desk.send()
    assert (report.status, desk.said, desk.asked) == (MessageStatus.SENT, ["Hello Ada Lovelace!"], 1)
    message = await desk.message()
    assert (message.text, message.reason, message.attempt) == ("Hello Ada Lovelace!", None, 1)


async def test_it_is_in_the_language_that_meta_tells(desk: Desk) -> None:
    await desk.says({"en": "Hello!", "de": "Hallo!"})
    await desk.send()
    assert desk.said == ["Hallo!"]


async def test_a_slow_profile_is_waited_for_a_moment_and_kept_all_the_same(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert timedelta(seconds=1) >= sends.WAIT_FOR_PROFILE
    monkeypatch.setattr(sends, "WAIT_FOR_PROFILE", timedelta(seconds=0.1))
    desk.answers.clear()
    await desk.says({"en": "Hello {CustomerName|there}!"})
    await desk.send()
    assert desk.said == ["Hello there!"]
    desk.answers.set()

    async def named() -> bool:
        return (await desk.store.read(lambda s: s.get_one(tables.Customer, "c"))).name == "Ada Lovelace"

    await eventually(named)
    assert desk.asked == 1


@pytest.mark.parametrize(
    "profile",
    [{"error": {"code": 100, "error_subcode": 33}}, {"error": {"code": 190}}, {"error": {"code": 2}}, {}],
)
async def test_a_refused_profile_is_not_waited_for(desk: Desk, profile: dict[str, Any]) -> None:
    desk.profile = profile
    await desk.says({"en": "Hello {CustomerName}!"})
    report, _ = await desk.send()
    assert (report.status, desk.said) == (MessageStatus.SENT, ["Hello!"])


async def test_two_messages_ask_once(desk: Desk) -> None:
    desk.seconds = 0.1
    await desk.says({"en": "Hello {CustomerName|there}!"})
    await desk.says({"en": "Hello {CustomerName|there}!"}, "again")
    await asyncio.gather(desk.send(), desk.send("again"))
    assert (desk.said, desk.asked) == (["Hello Ada Lovelace!"] * 2, 1)


async def test_what_another_process_asks_is_waited_for_too(desk: Desk) -> None:
    await desk.says({"en": "Hello {CustomerName|there}!"})
    await desk.store.write(lambda s: claim(s, NOON, but=(), limit=1))

    async def tell() -> None:
        await asyncio.sleep(0.2)

        def known(session: Session) -> None:
            values = {"name": "Ada", "profile_due_at": None, "profile_asked_at": NOON}
            session.get_one(tables.Customer, "c").sqlmodel_update(values)

        await desk.store.write(known)

    await asyncio.gather(desk.send(), tell())
    assert (desk.said, desk.asked) == (["Hello Ada!"], 0)


async def test_it_waits_once(desk: Desk) -> None:
    """What could not leave after the wait does not wait again."""
    await desk.says({"en": "Hello {CustomerName|there}!"})
    desk.profile = {"error": {"code": 2}}
    later = NOON + timedelta(seconds=3)
    await desk.store.write(
        lambda s: s.get_one(tables.PageSendState, PAGE_A).sqlmodel_update({"sends_next_at": later})
    )
    report, _ = await desk.send()
    assert (report.status, desk.said, desk.asked) == (MessageStatus.QUEUED, [], 1)
    assert (await desk.message()).reason is None


async def test_a_store_that_is_away_is_not_waited_for(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fails(_id: str) -> bool:
        return False

    monkeypatch.setattr(desk.keeper, "_is_awaited", fails)
    await desk.store.write(lambda s: claim(s, NOON, but=(), limit=1))
    await desk.says({"en": "Hello {CustomerName|there}!"})
    await desk.send()
    assert desk.said == ["Hello there!"]
