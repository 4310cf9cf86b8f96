"""A relay that took over takes conversations from a worker that may be dead, once each, and not for long."""

import asyncio
import contextlib
from unittest import mock

import pytest
from temporalio.service import RPCError, RPCStatusCode

from ingest.relay import conversation_client
from ingest.relay.conversation_client import StickyCacheReset
from ingest.relay.signaller import Signaller
from store.inbox.relay_shares import PARTITIONS
from support.deliveries import body_of, text_event
from support.eventually import eventually
from support.intake import Intake
from support.store import PSID
from workflows.messages import conversation_workflow_id


@pytest.fixture
def reset() -> mock.AsyncMock:
    return mock.AsyncMock()


@pytest.fixture
def client(reset: mock.AsyncMock) -> mock.Mock:
    client = mock.Mock(namespace="desk")
    client.workflow_service.reset_sticky_task_queue = reset
    return client


async def test_each_conversation_is_taken_once(client: mock.Mock, reset: mock.AsyncMock) -> None:
    sticky = StickyCacheReset(client)
    sticky.begin()
    for workflow_id in ("one", "two", "one"):
        await sticky.reset(workflow_id)
    asked = [(call.args[0].namespace, call.args[0].execution.workflow_id) for call in reset.await_args_list]
    assert asked == [("desk", "one"), ("desk", "two")]


async def test_soon_nobody_can_be_dead_and_believed_in(
    client: mock.Mock, reset: mock.AsyncMock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversation_client, "DEAD_WORKER_SECONDS", 0.0)
    sticky = StickyCacheReset(client)
    sticky.begin()
    await sticky.reset("one")
    reset.assert_not_awaited()


@pytest.mark.parametrize(
    "status", [RPCStatusCode.NOT_FOUND, RPCStatusCode.UNAVAILABLE, RPCStatusCode.UNIMPLEMENTED]
)
async def test_what_the_engine_cannot_do_is_asked_again_and_stops_nothing(
    client: mock.Mock, reset: mock.AsyncMock, status: RPCStatusCode
) -> None:
    reset.side_effect = RPCError("no", status, b"")
    sticky = StickyCacheReset(client)
    sticky.begin()
    await sticky.reset("one")
    await sticky.reset("one")
    assert reset.await_count == 2


async def test_who_has_taken_nothing_over_takes_no_conversation(
    client: mock.Mock, reset: mock.AsyncMock
) -> None:
    await StickyCacheReset(client).reset("one")
    reset.assert_not_awaited()


async def test_every_take_over_begins_anew(client: mock.Mock, reset: mock.AsyncMock) -> None:
    sticky = StickyCacheReset(client)
    for _ in range(2):
        sticky.begin()
        await sticky.reset("one")
    assert reset.await_count == 2


async def test_a_relay_that_takes_work_over_takes_its_conversations(
    intake: Intake, client: mock.Mock, reset: mock.AsyncMock
) -> None:
    await intake.receive(body_of(text_event(PSID)))
    (thread,) = (await intake.route_new()).threads
    client.start_workflow = mock.AsyncMock()
    signaller = Signaller(intake.store, client)
    signaller.take_over(range(PARTITIONS), survives=True)
    assert await signaller.read_on() is False
    running = asyncio.create_task(signaller.run())

    async def told() -> bool:
        return bool(client.start_workflow.await_count)

    await eventually(told)
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running
    (asked,) = reset.await_args_list
    expected = conversation_workflow_id(thread.page_id, thread.customer_id)
    assert asked.args[0].execution.workflow_id == expected
