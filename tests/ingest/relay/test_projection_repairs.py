"""Who is asked to write its rows anew: the threads that were projected last."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from sqlmodel import Session
from temporalio.service import RPCError, RPCStatusCode

from domain.conversations.changes import Fact
from domain.conversations.lifecycle import ActorKind
from domain.events.kinds import FactKind
from ingest.relay.projection_repairs import ProjectionRepairs
from store.conversations.recent_projections import first_event_of_last, threads_told_of
from store.db.database import Database
from store.events.events import append_events, event_row
from support.eventually import eventually
from support.store import PAGE_A, add_customer, seeded_store

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
_PERIOD = timedelta(seconds=15)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Database]:
    def work(session: Session) -> None:
        for number in range(4):
            add_customer(session, f"customer-{number}", NOON, psid=str(number))

    async with seeded_store(tmp_path, work) as store:
        yield store


async def tell(store: Database, customer: str, written_at: datetime | None, *, times: int = 1) -> None:
    """A projection of this date, or somebody else, tells so many facts."""
    rows = [
        event_row(
            Fact(FactKind.MESSAGE_RECEIVED, NOON, ActorKind.CUSTOMER),
            PAGE_A,
            customer,
            None,
            written_at=written_at,
        )
        for _ in range(times)
    ]
    await store.write(lambda session: append_events(session, rows))


async def recent(store: Database) -> set[str]:
    def work(session: Session) -> list[tuple[str, str]]:
        return threads_told_of(session, first_event_of_last(session, _PERIOD))

    return {customer for _, customer in await store.read(work)}


async def test_the_end_of_the_log_counts_however_long_ago_it_was(store: Database) -> None:
    await tell(store, "customer-0", NOON, times=2000)
    await tell(store, "customer-1", NOON + timedelta(minutes=1))
    await tell(store, "customer-2", NOON + timedelta(minutes=1, seconds=10), times=1500)
    await tell(store, "customer-3", None, times=50)  # no projection has told this
    found = await recent(store)
    assert found >= {"customer-1", "customer-2"}
    assert "customer-3" not in found


async def test_what_was_told_long_before_is_left_alone(store: Database) -> None:
    await tell(store, "customer-0", NOON, times=2000)
    await tell(store, "customer-1", NOON + timedelta(minutes=1), times=2000)
    assert await recent(store) == {"customer-1"}
    await tell(store, "customer-2", NOON + timedelta(minutes=2), times=3000)
    assert "customer-0" not in await recent(store)


async def test_a_log_without_projections_names_nobody(store: Database) -> None:
    assert await recent(store) == set()
    await tell(store, "customer-0", None)
    assert await recent(store) == set()


class Engine:
    """Answers as it is told, and remembers whom it was to signal."""

    def __init__(self) -> None:
        self.is_away = False
        self.missing: set[str] = set()
        self.told: list[str] = []
        self.client = mock.Mock()
        self.client.service_client.check_health = self._health
        self.client.get_workflow_handle = self._handle

    async def _health(self, **_: object) -> bool:
        if self.is_away:
            raise RPCError("away", RPCStatusCode.UNAVAILABLE, b"")
        return True

    def _handle(self, workflow_id: str) -> Any:
        async def signal(_: str) -> None:
            if self.is_away:
                raise RPCError("away", RPCStatusCode.UNAVAILABLE, b"")
            self.told.append(workflow_id.rpartition("/")[2])
            if workflow_id in self.missing:
                raise RPCError("none", RPCStatusCode.NOT_FOUND, b"")

        return mock.Mock(signal=signal)


@contextlib.asynccontextmanager
async def working(store: Database, engine: Engine) -> AsyncIterator[ProjectionRepairs]:
    repairs = ProjectionRepairs(store, engine.client)
    task = asyncio.create_task(repairs.run())
    yield repairs
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def test_a_process_that_starts_asks_what_the_one_before_has_projected(store: Database) -> None:
    """A run that is over has left its rows as they are to be: nobody is to be told."""
    engine = Engine()
    engine.missing = {f"conversation/{PAGE_A}/customer-0"}
    await tell(store, "customer-0", NOON)
    await tell(store, "customer-1", NOON)
    async with working(store, engine):
        await eventually(lambda: _is(sorted(engine.told) == ["customer-0", "customer-1"]))
        await asyncio.sleep(0.3)
    assert len(engine.told) == 2  # each once


async def test_an_engine_that_is_back_is_told_what_was_projected_before_it_went(store: Database) -> None:
    engine = Engine()
    async with working(store, engine):
        await asyncio.sleep(0.1)
        await tell(store, "customer-0", NOON)
        engine.is_away = True
        await asyncio.sleep(0.6)
        await tell(store, "customer-1", NOON + timedelta(hours=1))
        assert engine.told == []
        engine.is_away = False
        await eventually(lambda: _is(sorted(engine.told) == ["customer-0", "customer-1"]))


async def test_who_cannot_be_told_is_told_later(store: Database) -> None:
    engine = Engine()
    await tell(store, "customer-0", NOON)
    engine.is_away = True
    async with working(store, engine) as repairs:
        repairs.request("worker_died")
        await asyncio.sleep(0.2)
        engine.is_away = False
        await eventually(lambda: _is(engine.told != []))


async def _is(truth: bool) -> bool:
    return truth
