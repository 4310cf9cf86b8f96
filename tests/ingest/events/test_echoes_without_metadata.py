"""An echo of ours that has lost our metadata and comes before the answer: one message, not two."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session, select

from base import clock
from domain.sending.delivery import MessageStatus
from ingest.events.event_router import route
from ingest.inbox.inbox import inbox_rows
from messenger.webhooks.webhook import split
from store import tables
from store.conversations.messages import settle
from store.db.database import Database
from store.db.sql import table_of
from store.tables import InboxEvent, Message
from support.deliveries import body_of, echo_event
from support.store import ACCOUNT, APP_ID, PAGE_A, PSID, add_message, make_settings, seed

TRIED_AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
WORDS = "Your order is on its way"
_COLUMNS = tuple(column.name for column in table_of(InboxEvent).columns if column.name != "conflict_ms")


class Desk:
    """A thread of ours, and the echoes that Meta delivers of it."""

    def __init__(self, store: Database) -> None:
        self.store = store
        self._ids = 0

    async def has(self, message_id: str, status: str = "sending", **values: Any) -> None:
        wanted = {"text": WORDS, "status": status, "attempt": 1} | values
        await self.store.write(lambda session: add_message(session, message_id, "c", TRIED_AT, **wanted))

    async def hears(self, **message: Any) -> Any:
        self._ids += 1
        told: dict[str, Any] = {"mid": "m_echo", "text": WORDS, "app_id": int(APP_ID)} | message
        body = body_of(echo_event(PSID, **told))
        (row,) = inbox_rows(ACCOUNT, split(body), int(clock.now().timestamp() * 1000))
        event = InboxEvent.model_validate(dict(zip(_COLUMNS, (self._ids, *row), strict=True)))
        return await self.store.write(lambda session: route(session, [event]))

    async def messages(self) -> dict[str, tuple[str | None, str | None]]:
        found = await self.store.read(lambda session: list(session.exec(select(Message)).all()))
        return {
            ("outside" if each.sender_kind == "outside" else each.id): (each.status, each.mid)
            for each in found
        }


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    settings = make_settings(tmp_path)
    store = Database(settings.store_url)

    def work(session: Session) -> None:
        seed(session, settings)
        session.flush()
        session.add(tables.Customer(id="c", page_id=PAGE_A, psid=PSID, created_at=TRIED_AT))
        session.flush()
        session.add(tables.Thread(customer_id="c", page_id=PAGE_A))

    with clock.taken_from(lambda: TRIED_AT + timedelta(seconds=1)):
        await store.write(work)
        yield Desk(store)
    store.close()


async def test_own_app_words_and_a_message_under_way_settle_it(desk: Desk) -> None:
    await desk.has("mine")
    await desk.hears()
    assert await desk.messages() == {"mine": ("sent", "m_echo")}
    answered = await desk.store.write(
        lambda session: settle(session, "mine", MessageStatus.SENT, TRIED_AT, attempt=1, mid="m_echo")
    )
    assert not answered
    assert await desk.messages() == {"mine": ("sent", "m_echo")}


async def test_one_whose_answer_was_lost_is_settled_and_its_conversation_told(desk: Desk) -> None:
    await desk.has("mine", status="unknown", text=f"{WORDS}\n")
    routed = await desk.hears()
    assert await desk.messages() == {"mine": ("sent", "m_echo")}
    assert [event.kind.value for thread in routed.threads for event in thread.events] == ["own_echo"]


async def test_what_is_under_way_comes_before_what_lost_its_answer(desk: Desk) -> None:
    await desk.has("before", status="unknown")
    await desk.has("mine")
    await desk.hears()
    assert await desk.messages() == {"before": ("unknown", None), "mine": ("sent", "m_echo")}


@pytest.mark.parametrize(
    "message",
    [
        pytest.param({"text": "Something else"}, id="other words"),
        pytest.param({"app_id": 999}, id="another app"),
        pytest.param({"metadata": "of another program"}, id="other metadata"),
    ],
)
async def test_what_it_may_not_be_is_a_message_from_outside(desk: Desk, message: dict[str, Any]) -> None:
    await desk.has("mine")
    await desk.hears(**message)
    assert await desk.messages() == {"mine": ("sending", None), "outside": ("sent", "m_echo")}


async def test_of_two_that_it_could_be_none_is_settled(desk: Desk) -> None:
    await desk.has("mine", status="unknown")
    await desk.has("twin", status="unknown")
    await desk.hears()
    assert await desk.messages() == {
        "mine": ("unknown", None),
        "twin": ("unknown", None),
        "outside": ("sent", "m_echo"),
    }


async def test_a_file_under_way_is_known_by_having_no_words(desk: Desk) -> None:
    file = {"text": None, "attachment": {"type": "image", "payload": {"attachment_id": "1"}}}
    await desk.has("mine", text=None, content=file)
    await desk.hears(text=None, attachments=[{"type": "image", "payload": {"url": "https://cdn.test/1.png"}}])
    assert await desk.messages() == {"mine": ("sent", "m_echo")}
