"""The send gate of a page: what stays, what gives way, and how often it is told."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import Session

from store import tables
from store.db.database import Database
from store.sending import send_gate
from support.store import PAGE_A, make_settings, rows, seed

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)
LATEST = NOW + timedelta(minutes=9)


class Gated:
    """One page and its gate."""

    def __init__(self, database: Database) -> None:
        self.database = database

    async def hold(self, cause: str = "token_invalid") -> None:
        await self.database.write(lambda session: send_gate.hold(session, PAGE_A, cause, NOW))

    async def pause(self, until: datetime) -> None:
        await self.database.write(
            lambda session: send_gate.pause(session, PAGE_A, "rate_limited", until, NOW)
        )

    async def open(self) -> bool:
        return await self.database.write(lambda session: send_gate.open_gate(session, PAGE_A, NOW))

    async def state(self) -> tuple[str, str | None, datetime | None]:
        state = await self.database.read(lambda session: session.get_one(tables.PageSendState, PAGE_A))
        return state.send_gate, state.send_gate_reason, state.send_gate_until

    async def told(self) -> list[str]:
        return [event.kind for event in await rows(self.database, tables.Event)]


@pytest.fixture
async def page(tmp_path: Path) -> AsyncIterator[Gated]:
    settings = make_settings(tmp_path)
    database = Database(settings.store_url)

    def work(session: Session) -> None:
        seed(session, settings)

    await database.write(work)
    yield Gated(database)
    database.close()


async def test_an_alarm_is_raised_once_per_hold(page: Gated) -> None:
    await page.hold()
    await page.hold("policy_block")
    assert await page.state() == ("held", "token_invalid", None)
    assert await page.told() == ["page.gate_held"]
    assert await page.open()
    await page.hold("policy_block")
    assert await page.told() == ["page.gate_held", "page.gate_opened", "page.gate_held"]


async def test_a_longer_pause_extends_a_shorter_one_and_not_the_other_way_round(page: Gated) -> None:
    await page.pause(LATER)
    await page.pause(LATEST)
    await page.pause(LATER)
    assert await page.state() == ("paused", "rate_limited", LATEST)
    assert await page.told() == ["page.gate_paused"]


async def test_a_hold_ends_a_pause_and_no_pause_ends_a_hold(page: Gated) -> None:
    await page.pause(LATER)
    await page.hold()
    await page.pause(LATEST)
    assert (await page.state())[0] == "held"


async def test_a_page_that_is_well_opens_no_gate_that_was_not_held(page: Gated) -> None:
    assert not await page.open()
    await page.pause(LATER)
    assert not await page.open()
    assert (await page.state())[0] == "paused"
