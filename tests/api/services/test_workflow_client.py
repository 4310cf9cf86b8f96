"""The real engine's seam: every call ends within our bound, and what goes wrong has one of four names."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import Client, WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from api.services.in_flight_commands import InFlightCommands
from api.services.refusals import refusal_problem
from api.services.workflow_client import (
    CommandRefusedError,
    RunNotFoundError,
    TemporalUnavailableError,
    TemporalWorkflowClient,
    TooManyUpdatesError,
)
from base.settings import Settings
from base.temporal import connect
from domain.conversations.judge_command import REFUSAL_CODES
from domain.conversations.lifecycle import Status
from domain.sending.decide_send import RefusalCode
from domain.sending.window import OpeningKind, Window
from support.api import NOW
from support.commands import make_command
from workflows.messages import WRITE_DOWN_SIGNAL, CommandResult

COMMAND = make_command("pick", "command-1", "conversation-1", "agent-1")
ANSWER = CommandResult("conversation-1", Status.ACTIVE, 1)


@contextlib.asynccontextmanager
async def _black_hole() -> AsyncIterator[int]:
    """A port that accepts connections and never says a word."""
    gone = asyncio.Event()

    async def silent(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await gone.wait()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    gone.set()
    server.close()
    await server.wait_closed()


@contextlib.asynccontextmanager
async def _closed_port() -> AsyncIterator[int]:
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    yield port


@pytest.mark.slow
@pytest.mark.parametrize("place", [_closed_port, _black_hole])
async def test_a_dead_server_costs_no_more_than_the_bound(
    tmp_path: Path, place: Callable[[], contextlib.AbstractAsyncContextManager[int]]
) -> None:
    async with place() as port:
        settings = Settings(data_dir=tmp_path, temporal_address=f"127.0.0.1:{port}")
        engine = TemporalWorkflowClient(await connect(settings, lazy=True), timeout_seconds=0.5)
        calls: list[Callable[[], Awaitable[Any]]] = [
            lambda: engine.command("1", "2", COMMAND),
            lambda: engine.command_with_start("1", "2", COMMAND),
            lambda: engine.request_projection("1", "2"),
            lambda: engine.check_page("1"),
            lambda: engine.request_projection("1", "2"),
            engine.ping,
        ]
        for call in calls:
            started = time.monotonic()
            with pytest.raises(TemporalUnavailableError):
                await call()
            # Temporal's own limit (`rpc_timeout`) lets a dead server cost six to nine.
            assert time.monotonic() - started < 5


class _Handle:
    """Answers each update and signal from a list."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.ids: list[str] = []

    async def signal(self, name: str, *_: Any) -> None:
        self.ids.append(name)
        answer = self.answers.pop(0)
        if isinstance(answer, BaseException):
            raise answer

    async def execute_update(self, *_: Any, id: str, **__: Any) -> CommandResult:  # noqa: A002 - the client's name
        self.ids.append(id)
        answer = self.answers.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        assert isinstance(answer, CommandResult)
        return answer


def _engine(*answers: Any) -> tuple[TemporalWorkflowClient, _Handle]:
    handle = _Handle(*answers)

    class _Client:
        def get_workflow_handle(self, _id: str) -> _Handle:
            return handle

        async def execute_update_with_start_workflow(self, *_: Any, id: str, **__: Any) -> CommandResult:  # noqa: A002 - the client's name
            return await handle.execute_update(id=id)

    client: Any = _Client()
    assert not isinstance(client, Client)
    return TemporalWorkflowClient(client, timeout_seconds=1), handle


def _rpc(status: RPCStatusCode) -> RPCError:
    return RPCError("as the server says", status, b"")


async def test_a_run_that_left_just_before_an_update_with_start_makes_room_for_another() -> None:
    gone = _rpc(RPCStatusCode.NOT_FOUND)
    engine, handle = _engine(gone, ANSWER)
    assert await engine.command_with_start("1", "2", COMMAND) == ANSWER
    assert handle.ids == ["command-1"] * 2
    engine, _ = _engine(gone, gone, gone)
    with pytest.raises(TemporalUnavailableError):
        await engine.command_with_start("1", "2", COMMAND)


async def test_nobody_may_be_there_to_be_asked_for_rows() -> None:
    engine, _ = _engine(_rpc(RPCStatusCode.NOT_FOUND), _rpc(RPCStatusCode.UNAVAILABLE))
    with pytest.raises(RunNotFoundError):
        await engine.request_projection("1", "2")
    with pytest.raises(TemporalUnavailableError):
        await engine.request_projection("1", "2")


def _failed(error_type: str, *details: Any) -> WorkflowUpdateFailedError:
    return WorkflowUpdateFailedError(ApplicationError("Not now.", *details, type=error_type))


@pytest.mark.slow
@pytest.mark.parametrize(
    "first",
    [
        _rpc(RPCStatusCode.ABORTED),
        _rpc(RPCStatusCode.FAILED_PRECONDITION),
        _failed("AcceptedUpdateCompletedWorkflow"),
    ],
)
async def test_an_update_that_met_a_changing_run_is_repeated_under_its_id(first: Exception) -> None:
    engine, handle = _engine(first, first, ANSWER)
    assert await engine.command("1", "2", COMMAND) == ANSWER
    assert handle.ids == ["command-1"] * 3
    engine, handle = _engine(first, first, first, ANSWER)
    with pytest.raises(TemporalUnavailableError):
        await engine.command("1", "2", COMMAND)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (_rpc(RPCStatusCode.NOT_FOUND), RunNotFoundError),
        (_rpc(RPCStatusCode.RESOURCE_EXHAUSTED), TooManyUpdatesError),
        (_rpc(RPCStatusCode.UNAVAILABLE), TemporalUnavailableError),
        (_rpc(RPCStatusCode.DEADLINE_EXCEEDED), TemporalUnavailableError),
        (_rpc(RPCStatusCode.PERMISSION_DENIED), TemporalUnavailableError),
        (RuntimeError("Failed client connect"), TemporalUnavailableError),
        (ValueError("never seen before"), TemporalUnavailableError),
    ],
)
async def test_what_goes_wrong_has_one_of_our_names(answer: Exception, error: type[Exception]) -> None:
    engine, handle = _engine(answer)
    with pytest.raises(error):
        await engine.command("1", "2", COMMAND)
    assert len(handle.ids) == 1


async def test_a_refusal_comes_back_whole() -> None:
    facts = {
        "code": "human_agent_tag_disabled",
        "detail": "Not now.",
        "status": "active",
        "allowed_commands": ["end", "reply"],
        "window": {
            "opened_by": "message",
            "opened_at": "2026-11-20T12:00:00+00:00",
            "standard_until": "2026-11-21T12:00:00+00:00",
            "human_agent_until": None,
        },
    }
    engine, _ = _engine(_failed("human_agent_tag_disabled", facts))
    with pytest.raises(CommandRefusedError) as refused:
        await engine.command("1", "2", COMMAND)
    refusal = refused.value.refusal
    assert (refusal.status, refusal.allowed_commands) == (Status.ACTIVE, ("end", "reply"))
    assert refusal.window == Window(OpeningKind.MESSAGE, NOW, NOW + timedelta(hours=24), None)
    problem = refusal_problem(refusal, NOW, {"conversation_id": "3"}).body
    assert problem["conversation_id"] == "3"
    assert (problem["status"], problem["conversation_status"]) == (409, "active")
    assert problem["window"]["stage"] == "standard"


def test_every_refusal_of_the_window_is_a_problem() -> None:
    assert set(RefusalCode) <= REFUSAL_CODES


async def test_a_command_flies_once_however_many_bring_it() -> None:
    flights, calls = InFlightCommands(), 0

    async def call() -> CommandResult:
        nonlocal calls
        calls += 1
        await asyncio.sleep(0.01)
        return ANSWER

    answers = await asyncio.gather(*(flights.run("c", "same", call) for _ in range(50)))
    assert (answers, calls) == ([ANSWER] * 50, 1)
    assert (flights._tasks, flights._slots) == ({}, {})


async def test_who_waits_too_long_for_a_slot_is_told_that_it_is_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.services.in_flight_commands.MAX_WAIT_SECONDS", 0.02)
    flights, free = InFlightCommands(), asyncio.Event()

    async def call() -> CommandResult:
        await free.wait()
        return ANSWER

    flying = [asyncio.create_task(flights.run("c", str(number), call)) for number in range(8)]
    await asyncio.sleep(0)
    with pytest.raises(TooManyUpdatesError):
        await flights.run("c", "ninth", call)
    free.set()
    assert await asyncio.gather(*flying) == [ANSWER] * 8
    assert await flights.run("c", "tenth", call) == ANSWER


async def test_a_command_goes_on_when_its_caller_leaves() -> None:
    flights, done = InFlightCommands(), asyncio.Event()

    async def call() -> CommandResult:
        await asyncio.sleep(0.01)
        done.set()
        raise TemporalUnavailableError

    caller = asyncio.create_task(flights.run("c", "1", call))
    await asyncio.sleep(0)
    caller.cancel()
    await asyncio.wait_for(done.wait(), 30)
    with pytest.raises(asyncio.CancelledError):
        await caller


async def test_an_open_run_is_asked_for_its_rows() -> None:
    engine, handle = _engine(None)
    await engine.request_projection("1", "2")
    assert handle.ids == [WRITE_DOWN_SIGNAL]


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (RPCStatusCode.NOT_FOUND, RunNotFoundError),
        (RPCStatusCode.RESOURCE_EXHAUSTED, TooManyUpdatesError),
        (RPCStatusCode.UNAVAILABLE, TemporalUnavailableError),
    ],
)
async def test_whoever_cannot_be_told_has_one_of_three_reasons(
    status: RPCStatusCode, error: type[Exception]
) -> None:
    engine, _ = _engine(RPCError("no", status, b""))
    with pytest.raises(error):
        await engine.request_projection("1", "2")
