"""Streams of API processes that end, die and take over from each other; on one machine and on several."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import event
from sqlmodel import Session

from api.services.stream_presence import StreamPresence
from background.absence_starter import AbsenceStarter
from background.presence_keeper import PresenceKeeper
from base import clock
from store import tables
from store.routing.agent_states import RoutingWrites
from store.routing.members import enrol_agent
from store.routing.presence import Absence, lease_presence
from support.eventually import eventually
from support.steps import START
from support.waiting_desk import Desk, waiting_desk

pytestmark = pytest.mark.any_store

GRACE = timedelta(milliseconds=50)


class Started(AbsenceStarter):
    """Notes which absences are told to their workflows."""

    def __init__(self) -> None:
        self.agents: list[str] = []
        self.is_down = False

    async def start(self, agent_id: str) -> bool:
        self.agents.append(agent_id)
        return not self.is_down


class Machine:
    """A desk with an agent, and the API processes of one machine."""

    def __init__(self, desk: Desk, directory: Path | None) -> None:
        self.desk = desk
        self.directory = directory
        self.started = Started()
        self.keeper = PresenceKeeper(desk.store, self.started, directory)

    def process(self, grace: timedelta = GRACE) -> StreamPresence:
        """Another API process."""
        return StreamPresence(self.desk.store, self.directory, grace=grace)

    async def state(self) -> tables.AgentState:
        """What the row says of Mia."""
        return await self.desk.read(lambda session: session.get_one(tables.AgentState, "mia"))

    async def becomes_absent(self) -> None:
        """Wait until she is."""

        async def absent() -> bool:
            return not (await self.state()).connected

        await eventually(absent)

    async def lease_left(self, process_id: str) -> timedelta | None:
        """How long the process is taken for alive."""
        lease = await self.desk.read(lambda session: session.get(tables.ProcessLease, process_id))
        return None if lease is None else lease.present_until - clock.process_now()

    async def let_lease_end(self, process_id: str) -> None:
        """Nobody has renewed it for long."""
        over = clock.process_now() - timedelta(minutes=1)

        def work(session: Session, _: RoutingWrites) -> None:
            session.get_one(tables.ProcessLease, process_id).present_until = over

        await self.desk.change(work)


@pytest.fixture(params=["one machine", "several machines"])
async def machine(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Machine]:
    async with waiting_desk(tmp_path / "data") as desk:

        def add(session: Session, writes: RoutingWrites) -> None:
            session.add(tables.Agent(id="mia", name="mia", role="agent", created_at=START))
            session.flush()
            enrol_agent(session, "mia", "agent", writes, START)

        await desk.change(add)
        yield Machine(desk, tmp_path if request.param == "one machine" else None)


@contextlib.asynccontextmanager
async def open_stream(process: StreamPresence) -> AsyncIterator[asyncio.Event]:
    """Mia's stream, which lasts as long as the block, or its process."""
    left, there = asyncio.Event(), asyncio.Event()

    async def serve() -> None:
        async with process.connected("mia"):
            there.set()
            await left.wait()

    serving = asyncio.create_task(serve())
    await asyncio.wait_for(there.wait(), 10)
    yield left
    left.set()
    await serving


def _die(process: StreamPresence) -> None:
    """As kill -9: nothing of it is written any more, and the kernel closes its files."""
    process._is_closed = True
    if process._lock is not None and process._lock._file is not None:
        process._lock._file.close()


@contextmanager
def counted(desk: Desk) -> Iterator[list[str]]:
    """The statements that are executed meanwhile."""
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if not statement.startswith(("BEGIN", "SELECT set_config")):
            statements.append(statement)

    engines = {desk.store._read_engine, desk.store._write_engine}
    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    yield statements
    for engine in engines:
        event.remove(engine, "before_cursor_execute", note)


async def test_an_agent_whose_stream_has_closed_is_absent_after_the_grace(machine: Machine) -> None:
    process = machine.process()
    async with open_stream(process):
        assert (await machine.state()).presence == "available"
    assert (await machine.state()).connected
    await machine.becomes_absent()
    await machine.keeper.look()
    assert machine.started.agents == ["mia"]
    await process.close()


async def test_a_stream_that_is_back_within_the_grace_was_never_away(machine: Machine) -> None:
    process = machine.process(timedelta(seconds=0.2))
    async with open_stream(process):
        pass
    async with open_stream(process):

        async def first_is_forgotten() -> bool:
            return len(process._streams) == 1

        await eventually(first_is_forgotten)
        state = await machine.state()
        assert (state.connected, state.absent_since) == (True, None)
    await process.close()


async def test_a_stream_moves_from_one_process_to_another(machine: Machine) -> None:
    first, second = machine.process(), machine.process()
    async with open_stream(first):
        pass
    async with open_stream(second):

        async def forgotten() -> bool:
            return not first._streams

        await eventually(forgotten)
        state = await machine.state()
        assert (state.connected, state.absent_since) == (True, None)
    await first.close()
    await second.close()


async def test_a_restart_takes_nobody_for_absent_who_is_back_in_time(machine: Machine) -> None:
    former, successor = machine.process(), machine.process()
    async with open_stream(former) as left:
        await former.close()
        left.set()
    await machine.keeper.look()
    assert (await machine.state()).connected
    async with open_stream(successor):
        await machine.let_lease_end(former.process_id)
        await machine.keeper.look()
        state = await machine.state()
        assert (state.connected, state.absent_since) == (True, None)
        assert await machine.lease_left(former.process_id) is None
    await successor.close()


async def test_the_agents_of_a_killed_process_become_absent(machine: Machine) -> None:
    process = machine.process()
    async with open_stream(process):
        await machine.keeper.look()
        left = await machine.lease_left(process.process_id)
        assert left is not None
        assert left > timedelta(seconds=5)
        _die(process)
        await machine.keeper.look()
        left = await machine.lease_left(process.process_id)
        assert left is not None
        # On one machine it is known at once; on several the lease tells.
        assert (left <= timedelta(seconds=5)) is (machine.directory is not None)
        assert (await machine.state()).connected
        await machine.let_lease_end(process.process_id)
        await machine.keeper.look()
        assert not (await machine.state()).connected
        await machine.keeper.look()
        assert machine.started.agents == ["mia"]


async def test_a_process_that_stood_still_takes_its_agents_back(machine: Machine) -> None:
    process = machine.process()
    async with open_stream(process):
        await machine.let_lease_end(process.process_id)
        await machine.keeper.look()
        assert not (await machine.state()).connected
        await process.renew()
        state = await machine.state()
        assert (state.connected, state.absence) == (True, None)
    await process.close()


async def test_a_lease_of_a_client_without_a_stream_ends(machine: Machine) -> None:
    async def lease(seconds: int) -> None:
        length = timedelta(seconds=seconds)
        await machine.desk.change(lambda s, writes: lease_presence(s, "mia", length, writes, START))

    await lease(60)
    await machine.keeper.look()
    assert (await machine.state()).connected
    await lease(-1)
    await machine.keeper.look()
    assert not (await machine.state()).connected


async def test_an_absence_is_told_until_temporal_has_it(machine: Machine) -> None:
    machine.started.is_down = True
    process = machine.process()
    async with open_stream(process):
        pass
    await machine.becomes_absent()
    await machine.keeper.look()
    await machine.keeper.look()
    assert machine.started.agents == ["mia", "mia"]
    assert (await machine.state()).absence == Absence.BEGUN
    await process.close()


async def test_when_nothing_is_wrong_a_look_is_one_statement(machine: Machine) -> None:
    process = machine.process()
    async with open_stream(process):
        await machine.keeper.look()
        with counted(machine.desk) as statements:
            await machine.keeper.look()
        # On PostgreSQL the processes are asked for, too: no lock of a file tells which of them are dead.
        assert len(statements) <= (1 if machine.desk.store.dialect == "sqlite" else 2)
    await process.close()
