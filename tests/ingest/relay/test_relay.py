"""The relay's own conduct: what it takes over, what a database that is away does to it, what it leaves."""

import asyncio
import contextlib
import sqlite3
from typing import Any
from unittest import mock

import psycopg
import pytest
from sqlalchemy.exc import InternalError, OperationalError
from sqlmodel import Session

from ingest.events.event_router import RoutedBatch, quarantine, route
from ingest.inbox.reader import InboxReader
from ingest.relay import relay as relaying
from ingest.relay.leases import MachineLock
from ingest.relay.relay import Relay
from ingest.relay.wake_up import WakeUpEvent
from store.inbox.relay_shares import LeaseLostError, take_share
from store.inbox.unrouted import request_replay
from store.tables import Message, UnroutedEvent
from store.tables import ThreadEvent as ThreadEventRow
from support.deliveries import body_of, text_event
from support.eventually import eventually
from support.intake import Intake
from support.store import PSID, rows

AWAY = OperationalError("BEGIN", None, sqlite3.OperationalError("database is locked"))
READS_ONLY = InternalError("INSERT", None, psycopg.errors.ReadOnlySqlTransaction("read-only"))


@pytest.fixture
def signaller() -> mock.Mock:
    return mock.Mock(read_on=mock.AsyncMock(return_value=False), run=asyncio.Event().wait)


@pytest.fixture
def files() -> mock.Mock:
    return mock.Mock(add_unfinished=mock.AsyncMock(), run=asyncio.Event().wait)


@pytest.fixture
def relay(intake: Intake, signaller: mock.Mock, files: mock.Mock) -> Relay:
    return Relay(
        database=intake.store,
        reader=InboxReader(intake.inbox_store),
        signaller=signaller,
        wake_up=WakeUpEvent(),
        wake_page=mock.AsyncMock(),
        machine_lock=MachineLock(intake.settings.data_dir),
        files=files,
        projection_repairs=mock.Mock(),
    )


@contextlib.asynccontextmanager
async def running(relay: Relay) -> Any:
    task = asyncio.create_task(relay.run())
    yield task
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def test_what_was_left_is_taken_over_though_the_store_is_away_for_a_moment(
    relay: Relay, signaller: mock.Mock, files: mock.Mock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relaying, "_PAUSE_SECONDS", 0.01)
    files.add_unfinished.side_effect = [AWAY, None]

    async def taken_over() -> bool:
        return bool(files.add_unfinished.await_count == 2)

    async with running(relay):
        await eventually(taken_over)
    assert [call.args for call in signaller.take_over.call_args_list] == [(frozenset(range(16)),)] * 2


@pytest.mark.parametrize("error", [AWAY, READS_ONLY])
async def test_no_error_of_the_database_is_the_fault_of_an_event(
    intake: Intake, relay: Relay, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setattr(relaying, "_PAUSE_SECONDS", 0.01)
    await intake.receive(body_of(text_event(PSID)))
    tries = 0

    def fails_often(*given: Any) -> Any:
        nonlocal tries
        tries += 1
        if tries <= 2 * relaying._TRIES:
            raise error
        return route(*given)

    monkeypatch.setattr(relaying, "route", fails_often)

    async def routed() -> bool:
        return bool(await rows(intake.store, Message))

    async with running(relay):
        await eventually(routed)
    assert await rows(intake.store, UnroutedEvent) == []


async def test_a_commit_whose_outcome_is_lost_is_not_repeated(
    intake: Intake, relay: Relay, signaller: mock.Mock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection broke as the commit was answered: what was routed is told from its row, once."""
    monkeypatch.setattr(relaying, "_PAUSE_SECONDS", 0.01)
    write, broken = intake.store.write, False

    async def breaks_once(work: Any) -> Any:
        nonlocal broken
        done = await write(work)
        if isinstance(done, RoutedBatch) and not broken:
            broken = True
            raise AWAY
        return done

    monkeypatch.setattr(intake.store, "write", breaks_once)
    await intake.receive(body_of(text_event(PSID)))

    async def looked_up() -> bool:
        return bool(signaller.take_over.call_count == 2)

    async def both_are_there() -> bool:
        return len(await rows(intake.store, Message)) == 2

    async with running(relay):
        await eventually(looked_up)
        await intake.receive(body_of(text_event(PSID, mid="m_second")))
        await eventually(both_are_there)
    assert [row.seq for row in await rows(intake.store, ThreadEventRow)] == [1, 2]
    (call,) = signaller.add.call_args_list
    assert [event.seq for event in call.args[2]] == [2]


async def test_a_relay_that_stops_leaves_its_partitions_and_the_machine(intake: Intake, relay: Relay) -> None:
    other = MachineLock(intake.settings.data_dir)

    async def works() -> bool:
        return bool(relay._leases)

    async with running(relay):
        await eventually(works)
        assert not other.try_hold()
    assert other.try_hold()
    other.release()
    share = await intake.store.write(lambda session: take_share(session, "next", alone=False))
    assert (len(share.leases), share.survives) == (16, False)


async def test_a_zombie_changes_nothing(intake: Intake, relay: Relay) -> None:
    """Its partitions were taken over while it stood still."""
    await intake.receive(body_of(text_event(PSID)))
    await relay._renew_leases()
    await intake.store.write(lambda session: take_share(session, "next", alone=True))
    with pytest.raises(LeaseLostError):
        await relay._step()
    assert await rows(intake.store, Message) == []


async def test_a_replay_of_what_the_inbox_holds_no_more_is_given_up_and_the_next_is_made(
    intake: Intake, relay: Relay
) -> None:
    await intake.receive(body_of(text_event(PSID)))
    (event,) = await intake.events()

    def ask(session: Session) -> None:
        gone = event.model_copy(update={"id": (event.id or 0) + 100})
        for each in (event, gone):
            quarantine(session, each, "a bug, since mended")
            request_replay(session, each.id or 0)

    await intake.store.write(ask)

    async def handled() -> bool:
        return [row.disposition for row in await rows(intake.store, UnroutedEvent)] == ["quarantined"]

    async with running(relay):
        await eventually(handled)
    (left,) = await rows(intake.store, UnroutedEvent)
    assert (left.inbox_id, left.reason) == (
        (event.id or 0) + 100,
        "its content is not in the inbox any more",
    )
    assert len(await rows(intake.store, Message)) == 1
