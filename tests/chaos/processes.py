"""The processes of one installation, each to be started, killed and started again at will.

`temporal`, `worker`, `api`, a second worker and a second API on the same data (`worker2`, `api2`), and the
sandbox, which plays Meta and is never killed. All of them die with the tests' process.
"""

import asyncio
import base64
import os
import random
import re
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from pydantic import SecretStr

from base.settings import Settings
from chaos import forking
from local.processes.die_with_parent import leashed
from local.temporal_server.dev_server_command import dev_server_arguments
from local.temporal_server.ready import http_is_ready, temporal_is_ready
from support.eventually import eventually

ADMIN_KEY = "an-admin-key-for-fault-tests"
START_SECONDS = 60.0
TEMPORAL, WORKER, API, SECOND_API, SANDBOX = "temporal", "worker", "api", "api2", "sandbox"
SECOND_WORKER = "worker2"
PRODUCT = (TEMPORAL, WORKER, API)
PRODUCT_ON_POSTGRES = (*PRODUCT, SECOND_WORKER, SECOND_API)
FRONT = "front"
"""The load balancer of two APIs."""

_LOOPBACK = "127.0.0.1"
# Below the range from which the system gives ports to outgoing connections: a port must stay free while the
# process that owns it is down.
_PORTS = range(20_000, 32_000)
_SHOWN_BYTES = 3_000
_FAILPOINT = re.compile(r"^failpoint (\S+)$", re.MULTILINE)


class DiedError(AssertionError):
    """A process that nobody has killed is gone."""


@dataclass(slots=True)
class _Run:
    """One run of one process."""

    process: ForkServerProcess | subprocess.Popen[bytes]
    log_start: int

    @property
    def status(self) -> int | None:
        """None while it runs, negative for a signal."""
        if isinstance(self.process, subprocess.Popen):
            return self.process.poll()
        return self.process.exitcode

    @property
    def pid(self) -> int:
        return self.process.pid or 0

    def kill(self) -> None:
        self.process.kill()

    def wait(self) -> None:
        if isinstance(self.process, subprocess.Popen):
            self.process.wait()
        else:
            self.process.join()


class Fleet:
    """All processes of one data directory."""

    def __init__(self, directory: Path, temporal: Path, database_url: str | None = None) -> None:
        self.directory = directory
        self.ports = dict(zip((TEMPORAL, API, SECOND_API, SANDBOX, FRONT), _free_ports(5), strict=True))
        self.product = PRODUCT_ON_POSTGRES if database_url else PRODUCT
        self._temporal = temporal
        self._store = _places(directory, database_url) if database_url else {}
        self._runs: dict[str, _Run] = {}
        self._ready: dict[str, Callable[[], Awaitable[bool]]] = {
            TEMPORAL: lambda: temporal_is_ready(self.temporal_address),
            WORKER: lambda: asyncio.to_thread(self._has_said, WORKER, "worker_ready"),
            SECOND_WORKER: lambda: asyncio.to_thread(self._has_said, SECOND_WORKER, "worker_ready"),
            API: lambda: http_is_ready(f"{self.url(API)}/healthz"),
            SECOND_API: lambda: http_is_ready(f"{self.url(SECOND_API)}/healthz"),
            SANDBOX: lambda: http_is_ready(f"{self.url(SANDBOX)}/_sandbox/clock"),
        }

    @property
    def temporal_address(self) -> str:
        """host:port of Temporal."""
        return f"{_LOOPBACK}:{self.ports[TEMPORAL]}"

    def url(self, name: str) -> str:
        """Where a process serves HTTP."""
        return f"http://{_LOOPBACK}:{self.ports[name]}"

    def start(
        self, name: str, *, failpoints: str = "", from_scratch: bool = False, temporal: str | None = None
    ) -> None:
        """Start one process and return at once. `temporal` is where it finds Temporal, if elsewhere."""
        log = self._log(name)
        log.touch()
        run_from = log.stat().st_size
        environment = self.environment(name) | ({"PAGEDESK_FAILPOINTS": failpoints} if failpoints else {})
        environment |= {"PAGEDESK_TEMPORAL_ADDRESS": temporal} if temporal else {}
        if name != TEMPORAL and not from_scratch:
            process = forking.start(self._command(name), environment, log)
            self._runs[name] = _Run(process, run_from)
            return
        argv = self._temporal_argv() if name == TEMPORAL else self._python_argv(name)
        with log.open("ab") as file:
            self._runs[name] = _Run(
                subprocess.Popen(  # noqa: S603 - our own command
                    leashed(argv),
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=file,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                ),
                run_from,
            )

    async def up(self, *names: str, failpoints: str = "") -> None:
        """Start processes side by side and return when all are ready."""
        for name in names:
            self.start(name, failpoints=failpoints)
        await asyncio.gather(*(self.ready(name) for name in names))

    async def ready(self, name: str) -> None:
        """Return when a process that was started is ready; raise DiedError if it ends before."""
        run = self._runs[name]

        async def look() -> bool:
            if run.status is not None:
                raise DiedError(f"{name} ended ({run.status}) before it was ready:\n{self.last_words(name)}")
            return await self._ready[name]()

        await eventually(look, within=START_SECONDS)

    def kill(self, *names: str) -> None:
        """`kill -9` all of them at one instant, then see them gone."""
        runs = [self._runs.pop(name) for name in names if name in self._runs]
        for run in runs:
            run.kill()
        for run in runs:
            run.wait()

    def kill_all(self) -> None:
        """End everything, the sandbox too."""
        self.kill(*self._runs)

    async def ended(self, name: str, *, within: float = START_SECONDS) -> int:
        """Wait for a process to end by itself; its exit status."""
        run = self._runs[name]

        async def look() -> bool:
            return run.status is not None

        await eventually(look, within=within)
        run.wait()
        del self._runs[name]
        return run.status or 0

    async def stands_still(self, name: str) -> None:
        """Wait until a process has stopped itself at a failpoint."""
        pid = self._runs[name].pid

        async def look() -> bool:
            return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"

        await eventually(look, within=START_SECONDS)

    def stop(self, name: str) -> None:
        """Have a process stand still: SIGSTOP."""
        os.kill(self._runs[name].pid, signal.SIGSTOP)

    def terminate(self, name: str) -> None:
        """Ask a process to end, as whoever starts a new release does: SIGTERM."""
        os.kill(self._runs[name].pid, signal.SIGTERM)

    def go_on(self, name: str) -> None:
        """Have a process that stands still go on: SIGCONT."""
        os.kill(self._runs[name].pid, signal.SIGCONT)

    async def says(self, name: str, words: str) -> None:
        """Wait until the current run of a process has written these words into its log."""

        async def look() -> bool:
            return self._has_said(name, words)

        await eventually(look, within=START_SECONDS)

    def failpoint_of(self, name: str) -> str:
        """The failpoint at which a process has died last."""
        *_, last = _FAILPOINT.findall(self._log(name).read_text(errors="replace"))
        return str(last)

    def runs(self, name: str) -> bool:
        """Whether a process was started and has not ended."""
        return name in self._runs and self._runs[name].status is None

    def require_alive(self) -> None:
        """Raise DiedError if a process has ended that nobody has killed."""
        for name, run in self._runs.items():
            if run.status is not None:
                raise DiedError(f"{name} ended by itself ({run.status}):\n{self.last_words(name)}")

    def last_words(self, name: str) -> str:
        """The end of a process's log."""
        return self._log(name).read_bytes()[-_SHOWN_BYTES:].decode(errors="replace")

    def environment(self, name: str = API) -> dict[str, str]:
        """The environment of a process: nothing of ours but what is set here."""
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("PAGEDESK_")}
        return inherited | {
            "PAGEDESK_DATA_DIR": str(self.directory),
            "PAGEDESK_PORT": str(self.ports[name if name == SECOND_API else API]),
            "PAGEDESK_TEMPORAL_PORT": str(self.ports[TEMPORAL]),
            "PAGEDESK_GRAPH_BASE_URL": self.url(SANDBOX),
            "PAGEDESK_PUBLIC_URL": self.url(FRONT if self._store else API),
            "PAGEDESK_ADMIN_TOKEN": ADMIN_KEY,
            "PAGEDESK_TEST_MODE": "1",
            **self._store,
        }

    def settings(self) -> Settings:
        """The settings of the processes, as far as they tell where the data is."""
        return Settings(
            data_dir=self.directory,
            database_url=self._store.get("PAGEDESK_DATABASE_URL"),
            master_key=SecretStr(self._store["PAGEDESK_MASTER_KEY"]) if self._store else None,
            attachment_store_url=self._store.get("PAGEDESK_ATTACHMENT_STORE_URL"),
        )

    def _command(self, name: str) -> list[str]:
        if name == SANDBOX:
            return ["sandbox", "--port", str(self.ports[SANDBOX]), "--ledger", str(self.directory / "ledger")]
        return ["worker"] if name in (WORKER, SECOND_WORKER) else ["api"]

    def _python_argv(self, name: str) -> list[str]:
        return [sys.executable, str(forking.CLI), *self._command(name)]

    def _temporal_argv(self) -> list[str]:
        database = self.directory / "temporal.db"
        return [str(self._temporal), *dev_server_arguments(database=database, port=self.ports[TEMPORAL])]

    def _has_said(self, name: str, words: str) -> bool:
        return words.encode() in self._log(name).read_bytes()[self._runs[name].log_start :]

    def _log(self, name: str) -> Path:
        return self.directory / f"{name}.log"


def _places(directory: Path, database_url: str) -> dict[str, str]:
    """What several hosts would be given alike."""
    return {
        "PAGEDESK_DATABASE_URL": database_url,
        "PAGEDESK_MASTER_KEY": base64.b64encode(secrets.token_bytes(32)).decode(),
        "PAGEDESK_ATTACHMENT_STORE_URL": (directory / "attachments").as_uri(),
    }


def _free_ports(count: int) -> list[int]:
    drawn = random.Random(f"{os.getpid()}/{time.monotonic_ns()}").sample(_PORTS, len(_PORTS))  # noqa: S311 - no secret
    free = (port for port in drawn if _is_free(port))
    return [next(free) for _ in range(count)]


def _is_free(port: int) -> bool:
    try:
        socket.create_server((_LOOPBACK, port)).close()
    except OSError:
        return False
    return True
