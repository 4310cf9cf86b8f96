"""Everything on one machine: `pagedesk up` is the real service, `pagedesk demo` one with a sandbox.

`pagedesk demo --time-travel` is the demo on an engine that can skip time, its data thrown away at the end.
"""

import asyncio
import contextlib
import os
import sqlite3
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from pathlib import Path

from base.settings import Settings
from base.settings_reading import SettingsError
from local import greetings
from local.child_processes import api, sandbox, skipping_engine, temporal, worker
from local.demo.customers import write_now_and_then
from local.demo.installation import DemoSecrets, demo_settings, load_or_make_secrets
from local.demo.queues import seed_queues
from local.demo.seeding import page_problem, seed_desk, seed_sandbox
from local.first_sign_in import make_code_if_needed
from local.log_files import DIRECTORY, showing_logs
from local.processes.data_lock import data_directory_lock
from local.processes.errors import LaunchError
from local.processes.ports import Port, require_free
from local.processes.processes import ChildSpec
from local.processes.progress import Progress
from local.processes.supervisor import supervise
from local.start_checks import require_database, require_places, require_same_installation
from local.time_travel.control import clock_url, keeping_time
from store.db import free_space
from store.db.migrate import migrate
from store.installation.installation import Kind

# A check of a page at the usual pace would be most of what happens on a journey.
_TRAVELLING_PAGE_CHECK_MINUTES = 24 * 60
_SHOWN = ("api", "worker")
_DATA = ("database_url", "attachment_store_url")
_PARTS = (*_DATA, "temporal_address", "temporal_api_key", "temporal_tls")


async def launch(settings: Settings) -> int:
    """Start the real service, until asked to stop; the exit status. Raises SettingsError."""
    return await _locked(settings, lambda progress: _launch(settings, progress, Kind.REAL))


async def launch_demo(settings: Settings, *, customers: bool = True) -> int:
    """Start the demo, until asked to stop; the exit status. Raises SettingsError.

    `customers`: whether some write now and then.
    """
    settings = demo_settings(settings)
    _refuse_parts_of_ones_own(settings, "The demo invents its data and shows its keys.", _DATA)
    return await _locked(
        settings, lambda progress: _launch(settings, progress, Kind.DEMO, customers=customers)
    )


async def launch_travelling(settings: Settings, *, customers: bool = False) -> int:
    """Start the demo with time that can be moved and data that nobody keeps; the exit status."""
    progress = Progress()
    try:
        _refuse_parts_of_ones_own(
            settings, "--time-travel brings an engine of its own and throws its data away at the end.", _PARTS
        )
        with tempfile.TemporaryDirectory(prefix="pagedesk-time-travel-") as directory:
            return await _launch_travelling(
                _travelling(settings, Path(directory)), progress, customers=customers
            )
    except LaunchError as error:
        progress.say(f"\n{error}")
        return 1


async def _locked(settings: Settings, run: Callable[[Progress], Awaitable[int]]) -> int:
    progress = Progress()
    require_places(settings)
    try:
        with data_directory_lock(settings.data_dir):
            return await run(progress)
    except LaunchError as error:
        progress.say(f"\n{error}")
        return 1


async def _launch(settings: Settings, progress: Progress, kind: Kind, *, customers: bool = False) -> int:
    require_database(settings)
    migrate(settings)
    require_same_installation(settings, kind)
    secrets = load_or_make_secrets(settings.data_dir) if kind is Kind.DEMO else None
    _finish_erasures(settings, progress)
    specs = []
    if settings.temporal_address is None:
        specs.append(await temporal(settings, progress))
    environment = _environment(settings, secrets)
    if secrets is not None:
        specs.append(sandbox(settings, environment))
    specs += [api(settings, environment), worker(settings, environment)]
    async with _customers(settings, secrets if customers else None, progress) as begin:

        async def greet() -> None:
            if secrets is None:
                # Made as late as this: building Temporal takes minutes of the hour that it holds.
                code = await asyncio.to_thread(make_code_if_needed, settings)
                progress.say(greetings.real(settings, code))
                return
            opened = await _open_demo(settings, secrets, human_agent_tag=True)
            progress.say(greetings.demo(settings, *opened, customers=customers))
            begin()

        return await _supervised(settings, specs, greet, progress)


@contextlib.asynccontextmanager
async def _customers(
    settings: Settings, secrets: DemoSecrets | None, progress: Progress
) -> AsyncIterator[Callable[[], None]]:
    """What begins to have the demo's customers write, until the block ends; without secrets none does."""
    tasks: list[asyncio.Task[None]] = []

    def begin() -> None:
        if secrets is not None:
            write = write_now_and_then(settings.sandbox_url, settings.local_url, secrets, progress)
            tasks.append(asyncio.create_task(write))

    try:
        yield begin
    finally:
        for task in tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


def _finish_erasures(settings: Settings, progress: Progress) -> None:
    """Write the inbox anew where an erasure asked for it: now nobody waits for it."""
    inbox = settings.data_dir / "inbox.db"
    if not free_space.rewrite_is_asked_for(inbox):
        return
    progress.say("Writing the inbox anew after an erasure …")
    try:
        free_space.rewrite_as_asked(inbox)
    except (sqlite3.Error, free_space.FileBusyError) as error:
        progress.say(f"That failed ({error}). Words of who was erased may be left in its free space.")
        progress.say("The next start tries again.")


async def _launch_travelling(settings: Settings, progress: Progress, *, customers: bool) -> int:
    secrets = load_or_make_secrets(settings.data_dir)
    engine = await skipping_engine(settings, progress)
    migrate(settings)
    environment = _environment(settings, secrets) | {
        "PAGEDESK_TIME_TRAVEL": "true",
        "PAGEDESK_TEMPORAL_ADDRESS": settings.temporal_target,
        "PAGEDESK_TEMPORAL_NAMESPACE": settings.temporal_namespace,
        "PAGEDESK_PAGE_CHECK_MINUTES": str(settings.page_check_minutes),
    }
    specs = [
        engine,
        sandbox(settings, environment, "--clock-url", clock_url(settings)),
        api(settings, environment),
        worker(settings, environment),
    ]
    await require_free([Port(settings.travel_port, "PAGEDESK_TRAVEL_PORT")], progress)
    writing = _customers(settings, secrets if customers else None, progress)
    async with keeping_time(settings), writing as begin:

        async def greet() -> None:
            # Without the tag nobody may answer after 24 hours, which is what one has come to see.
            opened = await _open_demo(settings, secrets, human_agent_tag=False)
            progress.say(greetings.travelling(settings, *opened))
            begin()

        return await _supervised(settings, specs, greet, progress)


async def _supervised(
    settings: Settings, specs: Sequence[ChildSpec], greet: Callable[[], Awaitable[None]], progress: Progress
) -> int:
    logs = settings.data_dir / DIRECTORY
    async with showing_logs(logs, _SHOWN, progress):
        return await supervise(specs, greet, log_directory=logs, progress=progress)


async def _open_demo(
    settings: Settings, secrets: DemoSecrets, *, human_agent_tag: bool
) -> tuple[DemoSecrets, str | None]:
    """Make the demo's data; what it is opened with, and what is wrong with its page."""
    await seed_sandbox(settings.sandbox_url, secrets)
    kept = await seed_desk(settings.local_url, settings, secrets, human_agent_tag=human_agent_tag)
    await seed_queues(settings.local_url, kept)
    return kept, await page_problem(settings.local_url, kept)


def _refuse_parts_of_ones_own(settings: Settings, why: str, parts: Iterable[str]) -> None:
    """Refuse what is meant for real work. Raises SettingsError."""
    given = [f"PAGEDESK_{name.upper()}" for name in parts if getattr(settings, name)]
    if given:
        raise SettingsError(f"{why} Start it without {' and '.join(given)}.")


def _travelling(settings: Settings, data_dir: Path) -> Settings:
    chosen = "page_check_minutes" in settings.model_fields_set
    return settings.model_copy(
        update={
            "data_dir": data_dir,
            "time_travel": True,
            "temporal_address": settings.temporal_target,
            "temporal_namespace": "default",
            "page_check_minutes": settings.page_check_minutes if chosen else _TRAVELLING_PAGE_CHECK_MINUTES,
        }
    )


def _environment(settings: Settings, secrets: DemoSecrets | None) -> dict[str, str]:
    """The children's environment: ours, with the demo's addresses where it is one."""
    environment = dict(os.environ) | {"PAGEDESK_DATA_DIR": str(settings.data_dir.resolve())}
    if secrets is not None:
        environment |= {
            "PAGEDESK_GRAPH_BASE_URL": settings.sandbox_url,
            "PAGEDESK_ATTACHMENT_HOSTS": settings.sandbox_url,
            "PAGEDESK_ADMIN_TOKEN": secrets.admin_token,
            "PAGEDESK_PUBLIC_URL": settings.local_url,
            "PAGEDESK_DEMO": "true",
        }
    return environment
