"""The worker process: workflows, activities and the relay. `python worker.py` = `pagedesk worker`."""

import asyncio
import contextlib
import fcntl
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from functools import partial
from importlib.metadata import version

import httpx
import uvloop
from temporalio.client import Client
from temporalio.worker import Worker

from activities.attachments.attachments import AttachmentActivities
from activities.conversations.threads import ThreadActivities
from activities.customers.profiles import ProfileKeeper
from activities.pages.checks import PageActivities
from activities.pages.gap_fill import GapActivities
from activities.pages.release_held import WakingActivities
from activities.pages.settings_broadcast import SettingsBroadcast
from activities.privacy.erasures import ErasureActivities
from activities.privacy.file_erasure import FileErasure
from activities.privacy.retention import RetentionActivities
from activities.routing.absence import AbsenceActivities
from activities.routing.route import RouteActivities
from activities.sending.concurrency_limit import READ_WIDTH, WIDTH, Lanes
from activities.sending.meta_usage import UsageTracker
from activities.sending.read_back import ReadBackActivities
from activities.sending.send_message import SendActivities
from background.absence_starter import AbsenceStarter
from background.erasure_starter import ErasureStarter
from background.page_waker import PageWaker
from background.presence_keeper import PresenceKeeper
from background.retention_starter import start_retention
from background.settings_watcher import SettingsWatcher
from background.stand_in_worker import StandIns, connect_again
from base import clock, failpoints
from base.background_task import keep_running
from base.data_directory import PRIVATE_UMASK
from base.log import configure, get_logger
from base.process.bytecode import write_bytecode
from base.process.clean_exit import exit_process
from base.settings import Settings
from base.settings_reading import SettingsError, ending_on_wrong_settings, read_settings
from base.telemetry import set_up_telemetry
from base.temporal import connect, temporal_answers
from base.time_skipping_clock import process_time
from base.workflow_sandbox import ContextFreeSandboxRunner
from dispatch.dispatcher import Dispatcher
from dispatch.offers import OfferTeller
from domain.sending.rate_limit import Pace
from ingest.inbox.inbox import Inbox, inbox_rows, open_inbox
from ingest.inbox.reader import InboxReader
from ingest.relay.file_starter import FileStarter
from ingest.relay.leases import MachineLock
from ingest.relay.projection_repairs import ProjectionRepairs
from ingest.relay.relay import Relay
from ingest.relay.signaller import Signaller
from ingest.relay.wake_up import wake_up_by
from local.start_checks import (
    require_namespace,
    require_places,
    require_same_installation,
    require_schema,
)
from messenger.graph.client import GraphClient
from messenger.media.hosts import MediaHosts
from messenger.media.media import FetchLimits, MediaFetcher
from messenger.webhooks.webhook import WebhookEvent
from store.attachments.object_store import FileStore
from store.db.database import Database
from store.sending.rate_limit import Rates
from workflows.absence import AbsenceWorkflow
from workflows.attachments import FilesWorkflow
from workflows.conversation import ConversationWorkflow
from workflows.erasure import ErasureWorkflow
from workflows.messages import FILES_TASK_QUEUE, TASK_QUEUE
from workflows.page import PageWorkflow
from workflows.retention import RetentionWorkflow

# A conversation cached by a worker that died waits this long before another worker may take it, unless the
# relay that took over tells it something (ingest.relay.conversation_client).
STICKY_TIMEOUT = timedelta(seconds=1)
GRACE = timedelta(seconds=10)
# The SDK would keep heartbeats back for most of their time-out; one that stands still must not lose more
# attempts than its own clock can tell (activities.common.heartbeat).
HEARTBEAT = timedelta(seconds=1)
FILES_AT_ONCE = 8
WORKFLOWS: list[type] = [
    ConversationWorkflow,
    PageWorkflow,
    AbsenceWorkflow,
    ErasureWorkflow,
    RetentionWorkflow,
]
FILES_WORKFLOWS: list[type] = [FilesWorkflow]
_MIN_WORKFLOW_TASKS = 2
READY_FILE = "worker.ready"

_log = get_logger("worker")


async def run_worker(settings: Settings, sdk_metrics_url: str | None = None) -> None:
    """Work until SIGTERM or SIGINT. `sdk_metrics_url`: where Temporal's SDK serves its metrics."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    client = await _connect_patiently(settings, stop)
    if client is None:
        return
    await require_namespace(client, settings)
    async with (
        working(settings, client),
        _serving_metrics(settings, sdk_metrics_url),
        readiness(settings),
    ):
        _log.info("worker_ready", task_queue=TASK_QUEUE)
        await stop.wait()


def _serving_metrics(settings: Settings, sdk_url: str | None) -> contextlib.AbstractAsyncContextManager[None]:
    """`/metrics`, where it is wanted; its HTTP server is a tenth of what a worker loads."""
    if settings.worker_metrics_binding is None:
        return contextlib.nullcontext()
    from local.worker_metrics import serving_metrics  # noqa: PLC0415 - see above

    return serving_metrics(settings.worker_metrics_binding, sdk_url)


@contextlib.asynccontextmanager
async def working(
    settings: Settings, client: Client, *, graph_transport: httpx.AsyncBaseTransport | None = None
) -> AsyncIterator[None]:
    """A running worker with its relay, for as long as the block lasts.

    `graph_transport` carries the Graph calls instead of the network, in tests.
    """
    async with contextlib.AsyncExitStack() as stack:
        database = Database(
            settings.store_url, readers=settings.store_readers, writers=settings.store_writers
        )
        stack.callback(database.close)
        inbox = Database(settings.inbox_url)
        stack.callback(inbox.close)
        http = await stack.enter_async_context(
            httpx.AsyncClient(
                transport=graph_transport,
                limits=_graph_connections(settings),
                event_hooks=failpoints.http_hooks(),
            )
        )
        usage = UsageTracker()
        graph = GraphClient(http, str(settings.graph_base_url), settings.graph_version, usage.note)
        taking = open_inbox(settings, database.signals)
        stack.callback(taking.close)
        profiles = ProfileKeeper(database, graph, settings.vault)
        stack.push_async_callback(profiles.aclose)
        worker = make_worker(settings, client, database, graph, usage=usage, inbox=taking, profiles=profiles)
        await stack.enter_async_context(worker)
        fetcher = make_fetcher(settings)
        stack.push_async_callback(fetcher.aclose)
        await stack.enter_async_context(
            make_files_worker(settings, client, database, graph, fetcher, inbox=taking)
        )
        projection_repairs = ProjectionRepairs(database, client)
        services: dict[str, Callable[[], Awaitable[None]]] = {
            "relay": await _relaying(settings, client, database, inbox, projection_repairs, stack=stack),
            "projection_repairs": projection_repairs.run,
            "profiles": profiles.run,
            "erasures": lambda: ErasureStarter(database, client).run(),
            "presence": lambda: PresenceKeeper(
                database, AbsenceStarter(client), settings.process_locks_directory
            ).run(),
            "settings": lambda: SettingsWatcher(database, client).run(),
            "retention": lambda: start_retention(client),
            "dispatcher": lambda: Dispatcher(database, OfferTeller(client, database)).run(),
            "stand_ins": StandIns(
                lambda: temporal_answers(client), lambda: make_stand_in(settings, worker)
            ).run,
        }
        for name, start in services.items():
            task = asyncio.create_task(keep_running(name, start), name=name)
            stack.push_async_callback(_cancelled, task)
        yield


def _graph_connections(settings: Settings) -> httpx.Limits:
    """Connections stay open between calls: opening one costs more than a call.

    They are given up before a server that closes idle ones after five seconds does: a send that meets the
    closing has an unknown outcome. There is one for every activity, a stand-in's too: the lanes of the pages
    are the limit.
    """
    return httpx.Limits(
        max_connections=settings.activities_at_once + _activities_of_stand_in(settings),
        max_keepalive_connections=50,
        keepalive_expiry=3.0,
    )


@contextlib.asynccontextmanager
async def readiness(settings: Settings) -> AsyncIterator[None]:
    """Hold `worker.ready` while this worker works; the kernel lets go when it dies, however it dies."""
    with (settings.data_dir / READY_FILE).open("w") as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        yield


def make_worker(
    settings: Settings,
    client: Client,
    database: Database,
    graph: GraphClient,
    *,
    inbox: Inbox,
    usage: UsageTracker | None = None,
    profiles: ProfileKeeper | None = None,
    task_queue: str = TASK_QUEUE,
) -> Worker:
    """The Temporal worker with all workflows and activities.

    Into `inbox` goes what Meta did not deliver; `usage` is what `graph` notes of its answers; `profiles` is
    asked who a customer is before the first words, and before rules that read it.
    """
    threads = ThreadActivities(database, settings.public_base_url)
    routing = RouteActivities(database, profiles)
    rates = Rates(Pace(settings.page_sends_per_second), Pace(settings.page_media_per_second))
    lanes = Lanes(WIDTH, per_second=settings.page_sends_per_second)
    files = FileStore(settings.files_url)
    sends = SendActivities(
        database, graph, settings.vault, files, lanes=lanes, usage=usage, rates=rates, profiles=profiles
    )
    looks = ReadBackActivities(database, graph, settings.vault, lanes=Lanes(READ_WIDTH))
    waking = WakingActivities(database, client)
    settings_broadcast = SettingsBroadcast(database, client)
    pages = PageActivities(database, graph, settings)
    gaps = GapActivities(database, graph, settings.vault, partial(_store_events, inbox))
    retention = RetentionActivities(database, files, settings)
    absences = AbsenceActivities(database, client)
    erasing = ErasureActivities(database, client, graph, settings, FileErasure(database, files))
    return Worker(
        client,
        task_queue=task_queue,
        workflows=WORKFLOWS,
        workflow_runner=ContextFreeSandboxRunner(),
        activities=[
            threads.load_thread,
            threads.read_settings,
            threads.project_thread,
            routing.route,
            routing.await_profile,
            sends.send_message,
            looks.read_back,
            pages.check_page,
            gaps.fill_gap,
            waking.wake_held,
            settings_broadcast.tell_settings_changed,
            erasing.find_people,
            erasing.sends_under_way,
            erasing.stop_conversation,
            erasing.erase_files,
            erasing.erase_rows,
            erasing.erase_late_files,
            erasing.erase_inbox,
            erasing.clear_free_space,
            erasing.erase_histories,
            erasing.finish_erasure,
            retention.enforce_retention,
            absences.begin_absence,
            absences.end_absence,
        ],
        # Left to itself the SDK hashes the code of every loaded module: seconds of each start
        # (https://github.com/temporalio/sdk-python/issues/1160).
        build_id=f"pagedesk-{version('pagedesk')}",
        max_cached_workflows=settings.cached_conversations,
        # A task that is begun must end within TASK_TIMEOUT, or Temporal discards it and it begins anew.
        # What waits for its turn must therefore wait at Temporal, not in here, where all share one
        # interpreter.
        max_concurrent_workflow_tasks=settings.workflow_tasks_at_once,
        # One that waits for Meta costs next to nothing, and each page has its lane: so many that a dozen
        # pages which all hang leave most of them to the others.
        max_concurrent_activities=settings.activities_at_once,
        sticky_queue_schedule_to_start_timeout=STICKY_TIMEOUT,
        graceful_shutdown_timeout=GRACE,
        max_heartbeat_throttle_interval=HEARTBEAT,
        default_heartbeat_throttle_interval=HEARTBEAT,
    )


async def make_stand_in(settings: Settings, worker: Worker) -> Worker:
    """A worker that does the same on a connection of its own, with half the hands: they share a processor."""
    config = worker.config()
    config["client"] = await connect_again(worker.client)
    config["max_cached_workflows"] = settings.cached_conversations // 2
    config["max_concurrent_workflow_tasks"] = max(settings.workflow_tasks_at_once // 2, _MIN_WORKFLOW_TASKS)
    config["max_concurrent_activities"] = _activities_of_stand_in(settings)
    return Worker(**config)


async def _store_events(inbox: Inbox, account_id: str, events: list[WebhookEvent]) -> None:
    """Return when they are durable. Raises InboxUnavailableError."""
    received_ms = int(clock.now().timestamp() * 1000)
    await inbox.store(inbox_rows(account_id, events, received_ms))


def _activities_of_stand_in(settings: Settings) -> int:
    return settings.activities_at_once // 2


def make_fetcher(settings: Settings) -> MediaFetcher:
    """What fetches customers' files."""
    hosts = MediaHosts.read(settings.attachment_hosts)
    return MediaFetcher(hosts, FetchLimits(settings.max_attachment_bytes))


def make_files_worker(
    settings: Settings,
    client: Client,
    database: Database,
    graph: GraphClient,
    fetcher: MediaFetcher,
    *,
    inbox: Inbox,
    task_queue: str = FILES_TASK_QUEUE,
) -> Worker:
    """The Temporal worker of files: a few at a time, and none in the way of a conversation.

    Into `inbox` goes what threads are to be told of files that were refused.
    """
    files = AttachmentActivities(settings, database, graph, fetcher, partial(_store_events, inbox))
    return Worker(
        client,
        task_queue=task_queue,
        workflows=FILES_WORKFLOWS,
        workflow_runner=ContextFreeSandboxRunner(),
        activities=[files.fetch_files, files.tell_refused_files],
        max_cached_workflows=100,
        max_concurrent_workflow_tasks=2,
        max_concurrent_workflow_task_polls=2,
        max_concurrent_activities=FILES_AT_ONCE,
        max_concurrent_activity_task_polls=1,
        sticky_queue_schedule_to_start_timeout=STICKY_TIMEOUT,
        graceful_shutdown_timeout=GRACE,
        max_heartbeat_throttle_interval=HEARTBEAT,
        default_heartbeat_throttle_interval=HEARTBEAT,
    )


async def _relaying(
    settings: Settings,
    client: Client,
    database: Database,
    inbox: Database,
    projection_repairs: ProjectionRepairs,
    *,
    stack: contextlib.AsyncExitStack,
) -> Callable[[], Awaitable[None]]:
    """What runs a new relay each time it is called."""
    wake_up = await stack.enter_async_context(wake_up_by(database.signals))
    lock = None
    if settings.database_url is None:
        lock = MachineLock(settings.data_dir)
        stack.callback(lock.release)

    async def run() -> None:
        waker = PageWaker(client, database)
        await waker.wake_unsettled()
        relay = Relay(
            database=database,
            reader=InboxReader(inbox),
            signaller=Signaller(database, client),
            wake_up=wake_up,
            wake_page=waker.wake,
            machine_lock=lock,
            files=FileStarter(client, database),
            projection_repairs=projection_repairs,
        )
        await relay.run()

    return run


async def _connect_patiently(settings: Settings, stop: asyncio.Event) -> Client | None:
    """Temporal may come up after us; say so once and go on trying."""
    told = False
    while not stop.is_set():
        try:
            return await connect(settings)
        except RuntimeError as error:
            if not told:
                _log.warning("temporal_unavailable", target=settings.temporal_target, error=str(error))
                told = True
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), 0.5)
    return None


async def _cancelled(task: "asyncio.Task[None]") -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


def main() -> None:
    """Run a worker with the settings of the environment. Raises SettingsError."""
    os.umask(PRIVATE_UMASK)
    settings = read_settings()
    require_places(settings)
    require_schema(settings)
    require_same_installation(settings)
    configure(settings.log_level)
    workflow_modules = [workflow.__module__ for workflow in WORKFLOWS + FILES_WORKFLOWS]
    write_bytecode(workflow_modules, settings.data_dir / "bytecode")
    sdk_metrics_url = set_up_telemetry(metrics=settings.worker_metrics_address is not None)
    with process_time(settings):
        try:
            uvloop.run(run_worker(settings, sdk_metrics_url))
        except SettingsError as error:  # told here: a client of Temporal's is open
            sys.stderr.write(f"{error}\n")
            exit_process(2)
    exit_process(0)


if __name__ == "__main__":
    with ending_on_wrong_settings():
        main()
