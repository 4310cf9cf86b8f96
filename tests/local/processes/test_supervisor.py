"""Each child is a few lines of Python that write their pid to a file when they are up."""

import asyncio
import dataclasses
import os
import signal
import socket
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Protocol

import psutil
import pytest

from local.processes.errors import ChildFailedError
from local.processes.ports import Port, free_port
from local.processes.processes import Child, ChildSpec
from local.processes.progress import Progress
from local.processes.supervisor import RestartPolicy, supervise
from support.eventually import eventually

IMPORTS = "import os, pathlib, signal, sys; "
IS_UP = "pathlib.Path(sys.argv[1]).write_text(str(os.getpid())); "
SLEEPS = IMPORTS + IS_UP + "signal.pause()"
TELLS = (
    IMPORTS
    + "signal.signal(15, lambda *_: (print('going', flush=True), sys.exit(0))); "
    + IS_UP
    + "signal.pause()"
)
# Counts its runs in a file, and cannot listen in so many of the first.
LOSES_PORTS = (
    IMPORTS
    + "runs = pathlib.Path(sys.argv[1] + '.runs'); runs.open('a').write('.'); lost = int(sys.argv[2]); "
    + "len(runs.read_text()) > lost or sys.exit('listen tcp 127.0.0.1:37221: bind: address already in use'); "
    + IS_UP
    + "signal.pause()"
)
STUBBORN = IMPORTS + "signal.signal(15, signal.SIG_IGN); " + IS_UP + "[signal.pause() for _ in iter(int, 1)]"
QUICK = RestartPolicy(within=60, pauses=(0.0, 0.0, 0.0))


class Transcript(Protocol):
    progress: Progress

    @property
    def text(self) -> str: ...


class House:
    """Makes children, and runs them until a test has seen enough."""

    def __init__(self, directory: Path, transcript: Transcript) -> None:
        self.logs = directory / "logs"
        self._directory = directory
        self._progress = transcript.progress

    def child(
        self, name: str, code: str, *, ready_timeout: float = 10, stop_timeout: float = 10, port: int = 0
    ) -> ChildSpec:
        return ChildSpec(
            name=name,
            argv=[sys.executable, "-c", code, str(self._file(name))],
            ready=lambda: asyncio.to_thread(self.is_up, name),
            remedy=f"look after {name}.",
            ports=[Port(port, "PAGEDESK_PORT")] if port else (),
            ready_timeout=ready_timeout,
            stop_timeout=stop_timeout,
        )

    async def run(self, *specs: ChildSpec, do: Callable[[], Awaitable[None]] | None = None) -> int:
        """Supervise; `do` runs when all are ready, then a stop is asked for. Without it, until they fail."""
        tasks: list[asyncio.Task[None]] = []

        async def on_ready() -> None:
            if do is not None:
                tasks.append(asyncio.create_task(_then_stop(do)))

        status = await supervise(
            specs, on_ready, log_directory=self.logs, progress=self._progress, policy=QUICK
        )
        for task in tasks:
            await task
        return status

    def _file(self, name: str) -> Path:
        return self._directory / f"{name}.pid"

    def pid_or_none(self, name: str) -> int | None:
        file = self._file(name)
        return int(file.read_text()) if file.exists() and file.read_text() else None

    def is_up(self, name: str) -> bool:
        pid = self.pid_or_none(name)
        return pid is not None and is_alive(pid)

    def pid(self, name: str) -> int:
        pid = self.pid_or_none(name)
        assert pid is not None
        return pid

    def log(self, name: str) -> str:
        return (self.logs / f"{name}.log").read_text()


async def _then_stop(do: Callable[[], Awaitable[None]]) -> None:
    try:
        await do()
    finally:
        os.kill(os.getpid(), signal.SIGTERM)


async def _nothing() -> None: ...


@pytest.fixture
def house(tmp_path: Path, transcript: Transcript) -> House:
    return House(tmp_path, transcript)


def is_alive(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


async def test_all_start_in_order_and_stop_in_reverse(house: House, transcript: Transcript) -> None:
    seen: list[bool] = []

    async def look() -> None:
        seen.extend(is_alive(house.pid(name)) for name in ("first", "second"))

    assert await house.run(house.child("first", TELLS), house.child("second", TELLS), do=look) == 0
    assert seen == [True, True]
    assert not is_alive(house.pid("first"))
    assert not is_alive(house.pid("second"))
    assert house.log("first") == house.log("second") == "going\n"
    assert "Stopping" in transcript.text


async def test_the_second_is_not_started_before_the_first_is_ready(house: House) -> None:
    order: list[int | None] = []
    first, second = house.child("first", SLEEPS), house.child("second", SLEEPS)

    async def ready_if_alone() -> bool:
        order.append(house.pid_or_none("second"))
        return len(order) == 3

    waiting = ChildSpec(name="first", argv=first.argv, ready=ready_if_alone, remedy="")
    assert await house.run(waiting, second, do=_nothing) == 0
    assert order == [None, None, None]


async def test_a_child_that_does_not_start_stops_everything(house: House, transcript: Transcript) -> None:
    never = ChildSpec(
        name="broken",
        argv=[sys.executable, "-c", "print('no such table'); raise SystemExit(4)"],
        ready=lambda: asyncio.sleep(0, result=False),
        remedy="run pagedesk migrate.",
    )
    assert await house.run(house.child("first", SLEEPS), never) == 1
    assert not is_alive(house.pid("first"))
    assert "broken stopped before it was ready (exit status 4)" in transcript.text
    assert "no such table" in transcript.text
    assert "What helps: run pagedesk migrate." in transcript.text


@pytest.mark.parametrize(("lost", "status", "runs"), [(1, 0, 2), (2, 0, 3), (3, 1, 3)])
async def test_a_child_that_loses_a_port_which_it_drew_is_started_again(
    house: House, transcript: Transcript, lost: int, status: int, runs: int
) -> None:
    engine = house.child("engine", LOSES_PORTS)
    engine = dataclasses.replace(engine, argv=[*engine.argv, str(lost)])
    assert await house.run(engine, do=_nothing) == status
    assert len(Path(f"{engine.argv[-2]}.runs").read_text()) == runs
    assert ("bind: address already in use" in transcript.text) is (status == 1)


async def test_a_port_that_it_was_told_is_for_the_operator_to_free(house: House) -> None:
    """Taken in the instant after it was looked at."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        engine = house.child("engine", LOSES_PORTS, port=other.getsockname()[1])
        engine = dataclasses.replace(engine, argv=[*engine.argv, "1"])
        child = Child(engine, house.logs)
        other.listen()
        await child.start()
        with pytest.raises(ChildFailedError, match="address already in use"):
            await child.until_ready()
    assert len(Path(f"{engine.argv[-2]}.runs").read_text()) == 1


async def test_a_program_that_is_not_there_is_named(house: House, transcript: Transcript) -> None:
    missing = ChildSpec(
        name="temporal",
        argv=["/nowhere/temporal"],
        ready=lambda: asyncio.sleep(0, result=False),
        remedy="install it.",
    )
    assert await house.run(missing) == 1
    assert "/nowhere/temporal: [Errno 2] No such file or directory" in transcript.text


async def test_a_child_that_is_never_ready_stops_everything(house: House, transcript: Transcript) -> None:
    slow = ChildSpec(
        name="slow",
        argv=house.child("slow", SLEEPS).argv,
        ready=lambda: asyncio.sleep(0, result=False),
        remedy="wait longer.",
        ready_timeout=0.5,
    )
    assert await house.run(slow) == 1
    assert "slow is not ready after 0.5 s" in transcript.text


async def test_the_one_that_died_is_blamed_not_the_one_that_waited_for_it(
    house: House, transcript: Transcript
) -> None:
    first = house.child("engine", SLEEPS)

    async def kill_the_first() -> bool:
        if house.is_up("engine"):
            os.kill(house.pid("engine"), signal.SIGKILL)
        return False

    second = ChildSpec(
        name="worker",
        argv=house.child("worker", SLEEPS).argv,
        ready=kill_the_first,
        remedy="",
        ready_timeout=1,
    )
    assert await house.run(first, second) == 1
    assert "engine stopped while worker was starting" in transcript.text


async def test_a_child_that_dies_is_started_again(house: House, transcript: Transcript) -> None:
    pids: list[int] = []

    async def kill_it() -> None:
        pids.append(house.pid("worker"))
        os.kill(pids[0], signal.SIGKILL)
        await eventually(lambda: asyncio.to_thread(lambda: house.pid("worker") != pids[0]))
        pids.append(house.pid("worker"))
        pids.append(house.pid("api"))

    specs = house.child("api", SLEEPS), house.child("worker", SLEEPS)
    assert await house.run(*specs, do=kill_it) == 0
    assert len(set(pids)) == 3
    assert not any(is_alive(pid) for pid in pids)
    assert "worker stopped (killed by SIGKILL); starting it again" in transcript.text
    assert "api stopped" not in transcript.text


async def test_one_that_cannot_be_replaced_stops_everything(house: House, transcript: Transcript) -> None:
    engine = dataclasses.replace(house.child("engine", SLEEPS), replaceable=False)

    async def kill_it() -> None:
        os.kill(house.pid("engine"), signal.SIGKILL)

    status = await supervise(
        [engine, house.child("api", SLEEPS)],
        kill_it,
        log_directory=house.logs,
        progress=transcript.progress,
        policy=QUICK,
    )
    assert status == 1
    assert "engine stopped (killed by SIGKILL)" in transcript.text
    assert "look after engine." in transcript.text
    assert not is_alive(house.pid("api"))


async def test_one_that_keeps_dying_stops_everything(house: House, transcript: Transcript) -> None:
    luckless = "print('out of luck', flush=True); " + SLEEPS
    killed: set[int] = set()

    def fresh_pid() -> int:
        """One that lives and has printed its line: it may be killed."""
        pid = house.pid_or_none("worker") or 0
        printed = (house.logs / "worker.log").read_text().count("out of luck")
        return pid if pid not in killed and printed > len(killed) else 0

    async def kill_again_and_again() -> None:
        while len(killed) < 4:
            pid = await eventually(lambda: asyncio.to_thread(fresh_pid))
            os.kill(pid, signal.SIGKILL)
            killed.add(pid)

    async def on_ready() -> None:
        killers.append(asyncio.create_task(kill_again_and_again()))

    killers: list[asyncio.Task[None]] = []
    specs = house.child("api", SLEEPS), house.child("worker", luckless)
    status = await supervise(
        specs, on_ready, log_directory=house.logs, progress=transcript.progress, policy=QUICK
    )
    await killers[0]
    assert status == 1
    assert not is_alive(house.pid("api"))
    assert transcript.text.count("starting it again") == 3
    assert "worker stopped 4 times within 60 s (last: killed by SIGKILL)" in transcript.text
    assert transcript.text.count("out of luck") == 1
    assert "What helps: look after worker." in transcript.text


async def test_a_stubborn_child_is_killed_when_its_time_is_up(house: House, transcript: Transcript) -> None:
    assert await house.run(house.child("worker", STUBBORN, stop_timeout=0.2), do=_nothing) == 0
    assert not is_alive(house.pid("worker"))
    assert "worker did not stop in time and was killed" in transcript.text


async def test_a_second_signal_does_not_wait(house: House) -> None:
    async def hurry() -> None:
        asyncio.get_running_loop().call_later(0.1, os.kill, os.getpid(), signal.SIGINT)

    async with asyncio.timeout(20):
        assert await house.run(house.child("worker", STUBBORN, stop_timeout=3600), do=hurry) == 0
    assert not is_alive(house.pid("worker"))


async def test_a_failure_of_the_greeting_is_not_swallowed(house: House, transcript: Transcript) -> None:
    async def greet() -> None:
        raise LookupError("no seed")

    with pytest.raises(LookupError, match="no seed"):
        await supervise(
            [house.child("api", SLEEPS)], greet, log_directory=house.logs, progress=transcript.progress
        )
    assert not is_alive(house.pid("api"))


async def test_a_taken_port_stops_it_before_anything_starts(
    house: House, transcript: Transcript, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("local.processes.ports._TIMEOUT_SECONDS", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        taken = listener.getsockname()[1]
        specs = house.child("first", SLEEPS, port=free_port()), house.child("second", SLEEPS, port=taken)
        assert await house.run(*specs) == 1
    assert house.pid_or_none("first") is None
    assert f"Port {taken} on 127.0.0.1 is taken" in transcript.text
    assert "Stopping" not in transcript.text


async def test_what_a_dead_child_had_started_does_not_stay(house: House, tmp_path: Path) -> None:
    grandchild = f"import pathlib, sys; sys.argv[1] = {str(tmp_path / 'grandchild.pid')!r}; {SLEEPS}"
    parent = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {grandchild!r}, '']); {SLEEPS}"

    async def kill_the_parent() -> None:
        await eventually(lambda: asyncio.to_thread(lambda: house.pid_or_none("grandchild")))
        old = house.pid("grandchild")
        os.kill(house.pid("parent"), signal.SIGKILL)
        await eventually(lambda: asyncio.to_thread(lambda: not is_alive(old)))

    assert await house.run(house.child("parent", parent), do=kill_the_parent) == 0
    await eventually(lambda: asyncio.to_thread(lambda: not is_alive(house.pid("grandchild"))))


async def test_the_log_is_kept_over_restarts_but_not_for_ever(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await house.run(house.child("api", TELLS), do=_nothing) == 0
    assert await house.run(house.child("api", TELLS), do=_nothing) == 0
    assert house.log("api") == "going\n" * 2
    monkeypatch.setattr("local.processes.processes._MAX_LOG_BYTES", 1)
    assert await house.run(house.child("api", TELLS), do=_nothing) == 0
    assert house.log("api") == "going\n"
