"""Baseline B's worker: a process and a task queue of its own, all else as Pagedesk's worker has it."""

import asyncio
import signal

import httpx
import uvloop
from temporalio import activity
from temporalio.client import Client
from temporalio.worker import Worker

from base.process.clean_exit import exit_process
from base.settings import Settings
from base.temporal import connect
from bench.baseline_workflow import BASELINE_TASK_QUEUE, SEND_ACTIVITY, BaselineWorkflow, Send
from domain.workstreams.automated_texts import default_text
from domain.workstreams.conversation_settings import AutomatedTrigger
from ingest.inbox.inbox import open_inbox
from local.demo.installation import DemoSecrets, load_or_make_secrets
from local.demo.seeding import APP_ID, PAGE_ID
from messenger.graph.client import GraphClient
from messenger.graph.page_credentials import PageCredentials
from messenger.graph.results import Sent
from store.db.database import Database
from worker import make_worker, readiness

_UNUSED_TASK_QUEUE = "nobody-uses-this"


class BaselineActivities:
    """The same HTTP call as Pagedesk's greeting: same client, same text, same token."""

    def __init__(self, graph: GraphClient, secrets: DemoSecrets) -> None:
        self._graph = graph
        self._credentials = PageCredentials(PAGE_ID, secrets.page_token, APP_ID, secrets.app_secret)
        self._message = {"text": default_text(AutomatedTrigger.GREETING, "en")}

    @activity.defn(name=SEND_ACTIVITY)
    async def send(self, request: Send) -> None:
        """Send it, and fail unless the Graph API has accepted it."""
        outcome = await self._graph.send(
            self._credentials,
            psid=request.psid,
            message=self._message,
            messaging_type="RESPONSE",
            tag=None,
            metadata=request.message_id,
        )
        if not isinstance(outcome, Sent):
            raise TypeError(f"not sent: {outcome}")


def _make_worker(settings: Settings, client: Client, graph: GraphClient, secrets: DemoSecrets) -> Worker:
    database = Database(settings.store_url)
    inbox = open_inbox(settings, database.signals)
    options = make_worker(
        settings, client, database, graph, inbox=inbox, task_queue=_UNUSED_TASK_QUEUE
    ).config()
    inbox.close()
    database.close()
    options["task_queue"] = BASELINE_TASK_QUEUE
    options["workflows"] = [BaselineWorkflow]
    options["activities"] = [BaselineActivities(graph, secrets).send]
    return Worker(**options)


async def _run(settings: Settings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    client = await connect(settings)
    async with httpx.AsyncClient() as http:
        graph = GraphClient(http, str(settings.graph_base_url), settings.graph_version)
        secrets = load_or_make_secrets(settings.data_dir)
        async with _make_worker(settings, client, graph, secrets), readiness(settings):
            await stop.wait()


def main() -> None:
    """Work until stopped."""
    uvloop.run(_run(Settings()))
    exit_process(0)


if __name__ == "__main__":
    main()
