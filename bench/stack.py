"""All processes of a run, on free ports of loopback, in a directory of their own."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from pydantic import SecretStr

from base.settings import Settings
from bench import processes
from bench.grown_data import KeptDesk, copy_to
from bench.grown_rows import GROWN_ACCOUNT
from bench.processes import Process
from bench.rows import BrokenError
from bench.wire import Server
from local.demo.installation import DemoSecrets, load_or_make_secrets
from local.demo.seeding import page_problem, seed_desk, seed_sandbox
from local.processes.ports import free_port
from local.processes.progress import Progress
from local.temporal_server.dev_server import find_or_build_dev_server
from store.db.migrate import migrate

_LOOPBACK = "127.0.0.1"


@dataclass(slots=True)
class Stack:
    """Everything that runs, and what one needs to talk to it.

    `alone` is an API with nothing behind it: it takes webhooks in, and nobody reads its inbox.
    """

    settings: Settings
    secrets: DemoSecrets
    ledger: Path
    temporal: Process
    sandbox: Process
    api: Process
    worker: Process
    alone: Process
    alone_settings: Settings
    baseline_worker: Process
    baseline_webhook: Process
    baseline_settings: Settings
    account_id: str = ""
    alone_account_id: str = ""

    @property
    def processes(self) -> tuple[Process, ...]:
        """In the order of their start."""
        return (
            self.temporal,
            self.sandbox,
            self.api,
            self.worker,
            self.alone,
            self.baseline_worker,
            self.baseline_webhook,
        )

    def require_alive(self) -> None:
        """Raise BrokenError, with its last lines, if a process has ended by itself."""
        for process in self.processes:
            if process.exit_status is not None:
                raise BrokenError(str(process.failure("has stopped")))

    def cpu_seconds(self) -> dict[str, float]:
        """Processor time so far, by process; `driver` is this process."""
        own = psutil.Process().cpu_times()
        used = {process.name: process.cpu_seconds() for process in self.processes}
        return used | {"driver": own.user + own.system}


@asynccontextmanager
async def running_stack(
    directory: Path, progress: Progress, kept: KeptDesk | None = None
) -> AsyncIterator[Stack]:
    """Start everything and seed it; stop everything at the end. The directory, with the logs, is left."""
    stack = await _make(directory, progress, kept)
    try:
        for process in stack.processes:
            progress.say(f"Starting {process.name} …")
            await process.up()
        await _seed(stack)
        yield stack
    finally:
        for process in reversed(stack.processes):
            await process.down()


async def _make(directory: Path, progress: Progress, kept: KeptDesk | None) -> Stack:
    shutil.rmtree(directory, ignore_errors=True)
    desk, logs, ledger = directory / "desk", directory / "logs", directory / "ledger"
    desk.mkdir(parents=True)
    if kept is not None:
        copy_to(kept, desk)
    secrets = load_or_make_secrets(desk)
    sandbox_port = free_port()
    shared: dict[str, Any] = {
        "admin_token": SecretStr(secrets.admin_token),
        "graph_base_url": f"http://{_LOOPBACK}:{sandbox_port}",
        "sandbox_port": sandbox_port,
        "temporal_port": free_port(),
        "log_level": "WARNING",
        # What one page may send is not what is measured: everything here happens on one.
        "page_sends_per_second": 300,
    }
    settings, alone, baseline = (
        _settings(directory / name, shared) for name in ("desk", "alone", "baseline")
    )
    shutil.copy(desk / "demo.json", baseline.data_dir)
    binary = await find_or_build_dev_server(progress)
    return Stack(
        settings=settings,
        secrets=secrets,
        ledger=ledger,
        temporal=processes.temporal(binary, settings, logs),
        sandbox=processes.sandbox(settings, ledger, logs),
        api=processes.api(settings, logs),
        worker=processes.worker(settings, logs),
        alone=processes.api(alone, logs, "api alone"),
        alone_settings=alone,
        baseline_worker=processes.baseline_worker(baseline, logs),
        baseline_webhook=processes.baseline_webhook(baseline, logs),
        baseline_settings=baseline,
    )


def _settings(data_dir: Path, shared: dict[str, Any]) -> Settings:
    data_dir.mkdir(exist_ok=True)
    port = free_port()
    settings = Settings(
        **shared, data_dir=data_dir.resolve(), port=port, public_url=f"http://{_LOOPBACK}:{port}"
    )
    migrate(settings)
    return settings


async def _seed(stack: Stack) -> None:
    """The demo's account, page and agents; and an account alone for the API that is alone."""
    await seed_sandbox(f"http://{_LOOPBACK}:{stack.settings.sandbox_port}", stack.secrets)
    api_url = f"http://{_LOOPBACK}:{stack.settings.port}"
    stack.secrets = await seed_desk(api_url, stack.settings, stack.secrets, human_agent_tag=True)
    if problem := await page_problem(api_url, stack.secrets):
        raise BrokenError(f"The page does not become Running: {problem}")
    admin = {"Authorization": f"Bearer {stack.secrets.admin_token}"}
    accounts = await Server(stack.settings.port).call("GET", "/v1/accounts", headers=admin)
    # A kept desk has an account of its own.
    stack.account_id = next(each["id"] for each in accounts["items"] if each["id"] != GROWN_ACCOUNT)
    account = {"name": "Alone", "app_id": "1", "app_secret": stack.secrets.app_secret}
    made = await Server(stack.alone_settings.port).call("POST", "/v1/accounts", account, admin)
    stack.alone_account_id = made["id"]
