"""Everything on one machine: `pagedesk up` is the real service, `pagedesk demo` one with a sandbox."""

import asyncio
import fcntl
import os
import sys
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

from base.settings import Settings
from demo import APP_ID, PAGE_NAME, DemoSecrets, load_or_make_secrets, page_problem, seed_desk, seed_sandbox
from engine.data_lock import data_directory_lock
from engine.dev_server import find_or_build_dev_server
from engine.dev_server_command import dev_server_arguments, discard_unfinished_database
from engine.errors import EngineError
from engine.ports import Port
from engine.processes import ChildSpec
from engine.progress import Progress
from engine.ready import http_is_ready, temporal_is_ready
from engine.supervisor import supervise
from store.migrate import migrate
from worker import READY_FILE

_LOOPBACK = "127.0.0.1"
# Acknowledging a delivery comes before processing it: Meta waits five seconds, the inbox any time.
PROCESSING_NICENESS = 5
_ROOT = Path(__file__).parent


async def launch(settings: Settings, *, demo: bool) -> int:
    """Start everything and keep it running until asked to stop; the exit status."""
    progress = Progress()
    try:
        with data_directory_lock(settings.data_dir):
            return await _launch(settings, progress, demo=demo)
    except EngineError as error:
        progress.say(f"\n{error}")
        return 1


async def _launch(settings: Settings, progress: Progress, *, demo: bool) -> int:
    secrets = load_or_make_secrets(settings.data_dir) if demo else None
    specs = []
    if settings.temporal_address is None:
        specs.append(await _temporal(settings, progress))
    migrate(settings)
    environment = _environment(settings, secrets)
    if demo:
        specs.append(_sandbox(settings, environment))
    specs += [_api(settings, environment), _worker(settings, environment)]
    ready = partial(_greet_demo, settings, secrets) if secrets else partial(_greet, settings)
    return await supervise(
        specs,
        lambda: ready(progress),
        log_directory=settings.data_dir / "logs",
        progress=progress,
    )


def _environment(settings: Settings, secrets: DemoSecrets | None) -> dict[str, str]:
    """The children's environment: ours, with the demo's addresses where it is one."""
    environment = dict(os.environ) | {"PAGEDESK_DATA_DIR": str(settings.data_dir.resolve())}
    if secrets is not None:
        environment |= {
            "PAGEDESK_GRAPH_BASE_URL": f"http://{_LOOPBACK}:{settings.sandbox_port}",
            "PAGEDESK_ADMIN_TOKEN": secrets.admin_token,
            "PAGEDESK_PUBLIC_URL": _api_url(settings),
        }
    return environment


async def _temporal(settings: Settings, progress: Progress) -> ChildSpec:
    binary = await find_or_build_dev_server(progress)
    database = settings.data_dir.resolve() / "temporal.db"
    discard_unfinished_database(database)
    arguments = dev_server_arguments(
        database=database,
        port=settings.temporal_port,
        ui_port=settings.temporal_ui_port,
        synchronous=settings.temporal_synchronous,
        namespace=settings.temporal_namespace,
    )
    return ChildSpec(
        name="temporal",
        argv=[str(binary), *arguments],
        ready=lambda: temporal_is_ready(settings.temporal_target, settings.temporal_namespace),
        remedy="if its database is damaged, put back a backup of temporal.db.",
        niceness=PROCESSING_NICENESS,
        ports=[
            Port(settings.temporal_port, "PAGEDESK_TEMPORAL_PORT"),
            Port(settings.temporal_ui_port, "PAGEDESK_TEMPORAL_UI_PORT"),
        ],
    )


def _api(settings: Settings, environment: dict[str, str]) -> ChildSpec:
    return ChildSpec(
        name="api",
        argv=_ours("api"),
        env=environment,
        ready=lambda: http_is_ready(f"{_api_url(settings)}/healthz"),
        remedy="read the lines above; PAGEDESK_HOST and PAGEDESK_PORT choose another address.",
        ports=[Port(settings.port, "PAGEDESK_PORT", settings.host)],
    )


def _worker(settings: Settings, environment: dict[str, str]) -> ChildSpec:
    return ChildSpec(
        name="worker",
        argv=_ours("worker"),
        env=environment,
        ready=_lock_is_held(settings.data_dir / READY_FILE),
        remedy="read the lines above; the worker needs Temporal and the databases.",
        niceness=PROCESSING_NICENESS,
    )


def _sandbox(settings: Settings, environment: dict[str, str]) -> ChildSpec:
    data = settings.data_dir.resolve()
    return ChildSpec(
        name="sandbox",
        argv=[
            *_ours("sandbox"),
            "--port", str(settings.sandbox_port),
            "--ledger", str(data / "ledger"),
            "--state", str(data / "sandbox.state"),
        ],
        env=environment,
        ready=lambda: http_is_ready(f"{_sandbox_url(settings)}/_sandbox/clock"),
        remedy="read the lines above.",
        ports=[Port(settings.sandbox_port, "PAGEDESK_SANDBOX_PORT")],
    )  # fmt: skip


def _ours(command: str) -> list[str]:
    return [sys.executable, str(_ROOT / "cli.py"), command]


def _lock_is_held(file: Path) -> Callable[[], Awaitable[bool]]:
    def held() -> bool:
        with file.open("a") as stream:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False

    return lambda: asyncio.to_thread(held)


def _api_url(settings: Settings) -> str:
    host = _LOOPBACK if settings.host in ("0.0.0.0", "::") else settings.host
    return f"http://{host}:{settings.port}"


def _sandbox_url(settings: Settings) -> str:
    return f"http://{_LOOPBACK}:{settings.sandbox_port}"


async def _greet(settings: Settings, progress: Progress) -> None:
    progress.say(f"\nPagedesk runs.\n{_addresses(settings)}")
    if settings.admin_token is None:
        progress.say(
            "\nNobody can sign in yet: set PAGEDESK_ADMIN_TOKEN to a key of your choice and start again."
        )


async def _greet_demo(settings: Settings, secrets: DemoSecrets, progress: Progress) -> None:
    await seed_sandbox(_sandbox_url(settings), secrets)
    kept = await seed_desk(_api_url(settings), settings, secrets)
    problem = await page_problem(_api_url(settings), kept)
    key = kept.agent_keys["Mia"]
    progress.say(
        f"""
Pagedesk runs, with a local Messenger.
{_addresses(settings)}
  Sandbox      {_sandbox_url(settings)}/        write here as a customer

  App {APP_ID}, page "{PAGE_NAME}": {problem or "Running"}
  Keys         Mia {key}
               Tom {kept.agent_keys["Tom"]}
               admin {kept.admin_token}

What to try first
  1. Write "hello" in the sandbox. The greeting comes back at once.
  2. See the conversation:
       export KEY={key} API={_api_url(settings)}
       curl -s -H "Authorization: Bearer $KEY" $API/v1/conversations
  3. Take it and answer (put its id for ID):
       curl -s -X POST -H "Authorization: Bearer $KEY" $API/v1/conversations/ID/pick
       curl -s -X POST -H "Authorization: Bearer $KEY" -H "Idempotency-Key: 1" \\
            -H "Content-Type: application/json" -d '{{"text": "Hello! How can I help?"}}' \\
            $API/v1/conversations/ID/messages
  4. Read the answer in the sandbox. Kill everything, start again, go on.

Ctrl-C stops it."""
    )


def _addresses(settings: Settings) -> str:
    lines = [f"  API          {_api_url(settings)}/docs"]
    if settings.temporal_address is None:
        lines.append(f"  Temporal     http://{_LOOPBACK}:{settings.temporal_ui_port}/")
    return "\n".join(lines)
