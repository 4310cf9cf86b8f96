"""What the signaller notes of events that reach no conversation, though the store is away meanwhile."""

import asyncio
import contextlib
import sqlite3
from typing import Any
from unittest import mock

import pytest
from sqlalchemy.exc import OperationalError
from temporalio.service import RPCError, RPCStatusCode

from ingest.signaller import Signaller
from store.tables import Event
from store.tables import ThreadEvent as ThreadEventRow
from support.deliveries import body_of, echo_event, text_event
from support.eventually import eventually
from support.store import PSID, rows


@pytest.mark.parametrize(
    ("event", "answer", "told"),
    [
        (text_event(PSID), RPCStatusCode.INVALID_ARGUMENT, "event.quarantined"),
        (echo_event(PSID), RPCStatusCode.NOT_FOUND, "message.received_outside_conversation"),
    ],
)
async def test_a_store_that_is_away_for_a_moment_is_waited_for(
    intake: Any, monkeypatch: pytest.MonkeyPatch, event: dict[str, Any], answer: RPCStatusCode, told: str
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
