"""A worker that has just started takes conversations from one that may be dead, once, and not for long."""

from unittest import mock

import pytest
from temporalio.service import RPCError, RPCStatusCode

from ingest import succession
from ingest.succession import Succession


@pytest.fixture
def reset() -> mock.AsyncMock:
    return mock.AsyncMock()


@pytest.fixture
def client(reset: mock.AsyncMock) -> mock.Mock:
    client = mock.Mock(namespace="desk")
    client.workflow_service.reset_sticky_task_queue = reset
    return client


async def test_each_conversation_is_taken_once(client: mock.Mock, reset: mock.AsyncMock) -> None:
    taking = Succession(client)
    for workflow_id in ("one", "two", "one"):
        await taking.take(workflow_id)
    asked = [(call.args[0].namespace, call.args[0].execution.workflow_id) for call in reset.await_args_list]
    assert asked == [("desk", "one"), ("desk", "two")]


async def test_soon_nobody_can_be_dead_and_believed_in(
    client: mock.Mock, reset: mock.AsyncMock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(succession, "SECONDS", 0.0)
    await Succession(client).take("one")
    reset.assert_not_awaited()


@pytest.mark.parametrize(
    "status", [RPCStatusCode.NOT_FOUND, RPCStatusCode.UNAVAILABLE, RPCStatusCode.UNIMPLEMENTED]
)
async def test_what_the_engine_cannot_do_is_asked_again_and_stops_nothing(
    client: mock.Mock, reset: mock.AsyncMock, status: RPCStatusCode
) -> None:
    reset.side_effect = RPCError("no", status, b"")
    taking = Succession(client)
    await taking.take("one")
    await taking.take("one")
    assert reset.await_count == 2
