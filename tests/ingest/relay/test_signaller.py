"""What the signaller notes of events that reach no conversation, though the store is away meanwhile."""

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator
from typing import Any
from unittest import mock

import pytest
from sqlalchemy.exc import OperationalError
from sqlmodel import col
from temporalio.service import RPCError, RPCStatusCode

from domain.workstreams.conversation_settings import AutomatedTrigger
from ingest.events.event_router import RoutedBatch
from ingest.inbox.inbox import inbox_rows, partition_for
from ingest.relay import signaller as signalling_room
from ingest.relay.signaller import Signaller
from messenger.webhooks.internal_events import files_refused
from store.db.sql import delete_rows
from store.inbox.relay_shares import PARTITIONS
from store.tables import Event
from store.tables import ThreadEvent as ThreadEventRow
from support.deliveries import body_of, echo_event, new_psid, text_event
from support.eventually import eventually
from support.intake import Intake
from support.store import ACCOUNT, PAGE_A, PSID, rows


@pytest.mark.parametrize(
    ("event", "answer", "told"),
    [
        (text_event(PSID), RPCStatusCode.INVALID_ARGUMENT, "event.quarantined"),
        (echo_event(PSID), RPCStatusCode.NOT_FOUND, "message.received_outside_conversation"),
    ],
)
async def test_a_store_that_is_away_for_a_moment_is_waited_for(
    intake: Intake, monkeypatch: pytest.MonkeyPatch, event: dict[str, Any], answer: RPCStatusCode, told: str
) -> None:
    await intake.receive(body_of(event))
    routed = await intake.route_new()
    refused = mock.AsyncMock(side_effect=RPCError("no", answer, b""))
    client = mock.Mock(start_workflow=refused)
    client.get_workflow_handle.return_value.signal = refused
    write, writes = intake.store.write, 0

    async def away_twice(work: Any) -> Any:
        nonlocal writes
        writes += 1
        if writes <= 2:
            raise OperationalError("BEGIN IMMEDIATE", None, sqlite3.OperationalError("database is locked"))
        return await write(work)

    monkeypatch.setattr(intake.store, "write", away_twice)
    signaller = Signaller(intake.store, client)
    for thread in routed.threads:
        signaller.add(thread.page_id, thread.customer_id, thread.events)
    running = asyncio.create_task(signaller.run())

    async def noted() -> bool:
        return running.done() or any(row.kind == told for row in await rows(intake.store, Event))

    await eventually(noted)
    assert not running.done()
    assert await rows(intake.store, ThreadEventRow) == []
    assert writes == 3
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running


async def test_of_what_names_an_earlier_message_no_message_is_noted_where_nobody_is_reached(
    intake: Intake,
) -> None:
    await intake.receive(body_of(text_event(PSID)))
    (message_id,) = [e.message_id for t in (await intake.route_new()).threads for e in t.events]
    await intake.store.write(
        lambda session: delete_rows(session, ThreadEventRow, col(ThreadEventRow.seq) == 1)
    )
    event = files_refused(
        PAGE_A, PSID, message_id or "", AutomatedTrigger.FILE_TOO_LARGE, at_ms=1_795_166_112_000
    )
    await intake.inbox.store(inbox_rows(ACCOUNT, [event], 1_795_166_112_000))
    routed = await intake.route_new()
    client = mock.Mock()
    client.get_workflow_handle.return_value.signal = mock.AsyncMock(
        side_effect=RPCError("no", RPCStatusCode.NOT_FOUND, b"")
    )
    signaller = Signaller(intake.store, client)
    for thread in routed.threads:
        signaller.add(thread.page_id, thread.customer_id, thread.events)
    assert len(await rows(intake.store, ThreadEventRow)) == 1
    running = asyncio.create_task(signaller.run())

    async def forgotten() -> bool:
        return await rows(intake.store, ThreadEventRow) == []

    await eventually(forgotten)
    kinds = [row.kind for row in await rows(intake.store, Event)]
    assert "message.received_outside_conversation" not in kinds
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running


class Engine:
    """Takes signals when it is open, and remembers what each thread was told."""

    def __init__(self) -> None:
        self.told: dict[str, list[int]] = {}
        self.is_open = asyncio.Event()
        self.client = mock.Mock(start_workflow=self._start, namespace="desk")
        self.client.workflow_service.reset_sticky_task_queue = mock.AsyncMock()

    async def _start(self, _: str, start: Any, **options: Any) -> None:
        await self.is_open.wait()
        batch = start.first or options["start_signal_args"][0]
        self.told.setdefault(start.customer_id, []).extend(event.seq for event in batch.events)


@contextlib.asynccontextmanager
async def signalling(signaller: Signaller) -> AsyncIterator[None]:
    running = asyncio.create_task(signaller.run())
    try:
        yield
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running


async def routed(intake: Intake, *people: str) -> RoutedBatch:
    """Each of them writes, in this order, and it is routed."""
    for psid in people:
        await intake.receive(body_of(text_event(psid)))
    return await intake.route_new()


def hand_over(signaller: Signaller, new: RoutedBatch) -> None:
    for thread in new.threads:
        signaller.add(thread.page_id, thread.customer_id, thread.events, fresh=thread.fresh)


async def all_read(signaller: Signaller) -> None:
    async def look() -> bool:
        await signaller.read_on()
        return signaller._read_to is None

    await eventually(look)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signalling_room, "MAX_IN_MEMORY", 6)
    monkeypatch.setattr(signalling_room, "_ROWS_PER_READ", 2)


@pytest.mark.usefixtures("small")
async def test_what_does_not_fit_into_memory_stays_in_its_rows_and_is_told_in_order(intake: Intake) -> None:
    engine, people = Engine(), [new_psid() for _ in range(5)]
    signaller = Signaller(intake.store, engine.client)
    signaller.take_over(range(PARTITIONS), survives=False)
    await all_read(signaller)
    async with signalling(signaller):
        for _ in range(4):
            hand_over(signaller, await routed(intake, *people))
            assert signaller._in_memory <= 6 + len(people)
        engine.is_open.set()
        await all_read(signaller)

        async def everything() -> bool:
            return len(engine.told) == 5 and all(max(seqs) == 4 for seqs in engine.told.values())

        await eventually(everything)
    for seqs in engine.told.values():
        news = [seq for place, seq in enumerate(seqs) if seq > max(seqs[:place], default=0)]
        assert news == [1, 2, 3, 4]


@pytest.mark.usefixtures("small")
async def test_what_comes_during_a_takeover_does_not_overtake_what_was_left(intake: Intake) -> None:
    engine, people = Engine(), [new_psid() for _ in range(5)]
    await routed(intake, *people)  # the relay that routed this died before it told it
    engine.is_open.set()
    signaller = Signaller(intake.store, engine.client)
    async with signalling(signaller):
        signaller.take_over(range(PARTITIONS), survives=True)
        hand_over(signaller, await routed(intake, *people))
        await signaller.read_on()
        hand_over(signaller, await routed(intake, *people))
        await all_read(signaller)

        async def everything() -> bool:
            return len(engine.told) == 5 and all(max(seqs) == 3 for seqs in engine.told.values())

        await eventually(everything)
    for seqs in engine.told.values():
        news = [seq for place, seq in enumerate(seqs) if seq > max(seqs[:place], default=0)]
        assert news == [1, 2, 3]


async def test_a_takeover_reads_back_only_its_own_partitions(intake: Intake) -> None:
    engine, people = Engine(), [new_psid() for _ in range(30)]
    new = await routed(intake, *people)
    engine.is_open.set()
    mine = {partition_for(PAGE_A, psid) for psid in people[:5]}
    expected = sum(partition_for(PAGE_A, psid) in mine for psid in people)
    assert 0 < expected < len(new.threads)
    signaller = Signaller(intake.store, engine.client)
    signaller.take_over(mine, survives=False)
    await all_read(signaller)
    assert signaller._in_memory == expected
