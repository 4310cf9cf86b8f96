"""Time does not skip while the dispatcher or an absence is at work."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import cast

import httpx
import pytest
from sqlmodel import Session
from temporalio.client import Client

from local.time_travel.external_activity import DeskOutside
from store.db.database import Database
from store.routing.absences import begin_absence
from store.routing.dispatch_marks import delete_marks, read_marks
from store.routing.presence import leave_at_once
from store.routing.slots import live_slot, release_claim
from support.steps import START
from support.store import make_settings
from support.waiting_desk import Desk, waiting_desk

Look = Callable[[], Awaitable[tuple[str, ...]]]


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with waiting_desk(tmp_path) as desk:
        await desk.agent("mia", limit_units=2)
        await _look_at_marks(desk)
        yield desk


@pytest.fixture
async def look(desk: Desk, tmp_path: Path) -> AsyncIterator[Look]:
    """What the time machine waits for; the sandbox plans nothing, and no event is on its way."""
    inbox = Database(make_settings(tmp_path).inbox_url)
    at_rest = httpx.MockTransport(lambda _: httpx.Response(200, json={"due_ms": None}))
    async with httpx.AsyncClient(transport=at_rest, base_url="http://sandbox.test") as sandbox:
        outside = DeskOutside(desk.store, inbox, sandbox, cast("Client", None))

        async def busy() -> tuple[str, ...]:
            return (await outside()).busy

        yield busy
    inbox.close()


async def _look_at_marks(desk: Desk) -> None:
    def work(session: Session) -> None:
        delete_marks(session, [mark.id for mark in read_marks(session, 500)])

    await desk.store.write(work)


async def test_time_waits_for_marks_and_for_claims(desk: Desk, look: Look) -> None:
    assert await look() == ()
    await desk.waiting("c1")
    assert await look() == ("the dispatcher has something to look at",)
    await desk.claim("c1", "mia")
    await _look_at_marks(desk)
    assert await look() == ("1 offers are on their way to their conversations",)
    slot = await desk.read(lambda session: live_slot(session, "c1"))
    assert slot is not None
    await desk.change(lambda session, writes: release_claim(session, slot, writes, START))
    await _look_at_marks(desk)
    assert await look() == ()


async def test_time_waits_until_a_workflow_deals_with_an_absence(desk: Desk, look: Look) -> None:
    await desk.change(lambda session, writes: leave_at_once(session, "mia", writes, START))
    await _look_at_marks(desk)
    assert await look() == ("the absence of 1 agents begins",)
    await desk.store.write(lambda session: begin_absence(session, "mia"))
    assert await look() == ()
