"""A conversation without HTTP: deliveries routed into a real store, a real worker, a recorded Meta."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import datetime
from itertools import count
from typing import Any
from unittest import mock

import httpx
from sqlmodel import Session, col, select
from temporalio.client import (
    Client,
    WithStartWorkflowOperation,
    WorkflowHandle,
    WorkflowHistory,
    WorkflowUpdateFailedError,
)
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from base.converter import data_converter
from base.ids import new_id
from base.settings import Settings
from domain.conversations.command_types import Command
from domain.conversations.state import ThreadState
from domain.workstreams.conversation_settings import ConversationSettings
from ingest.events.event_router import RoutedThread, route
from ingest.inbox.inbox import Inbox, SqliteInboxWriter, inbox_rows
from ingest.inbox.reader import InboxReader
from ingest.relay.conversation_client import ConversationClient
from messenger.graph.client import GraphClient
from messenger.webhooks.internal_events import survey_answered
from messenger.webhooks.webhook import WebhookEvent, split
from store.conversations import conversation_settings as store_settings
from store.conversations.messages import new_outbound_row
from store.db.database import Database
from store.db.sql import insert_or_ignore
from store.pages import pages
from store.tables import Conversation, Event, Message, Page, Thread
from store.workstreams import workstreams
from store.workstreams.settings_versions import raise_settings_versions, settings_versions
from support.commands import make_command
from support.histories import chains
from support.store import ACCOUNT, PAGE_A, PSID, seed
from worker import make_worker
from workflows.messages import (
    COMMAND_UPDATE,
    CONVERSATION_WORKFLOW,
    SETTINGS_SIGNAL,
    TASK_TIMEOUT,
    CommandResult,
    ConversationWorkflowInput,
    SettingsRead,
    ThreadEvents,
    conversation_workflow_id,
)


class RecordedMeta:
    """Takes every message and remembers what was sent; first come the `faults` it has. No token is good.

    `instead` answers in its place.
    """

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []
        self.faults: list[httpx.Response] = []
        self.instead: Callable[[httpx.Request], httpx.Response] | None = None

    def answer(self, request: httpx.Request) -> httpx.Response:
        """One call."""
        if self.instead is not None:
            return self.instead(request)
        if self.faults:
            return self.faults.pop(0)
        if not request.url.path.endswith("/messages"):
            return httpx.Response(
                400, json={"error": {"message": "no", "type": "OAuthException", "code": 190}}
            )
        return self.accept(request)

    def accept(self, request: httpx.Request) -> httpx.Response:
        """Take a call of the Send API."""
        self.sent.append(json.loads(request.content))
        return httpx.Response(200, json={"recipient_id": PSID, "message_id": f"m_sent_{len(self.sent)}"})


class Desk:
    """One page, one customer, one worker.

    `live` overrules what the store says of the settings; `runs` are the runs that heard of something.
    `profiles`, set before it works, is asked who customers are.
    """

    def __init__(self, settings: Settings, client: Client) -> None:
        self.settings = settings
        self.client = client
        self.meta = RecordedMeta()
        self.store = Database(settings.store_url)
        self.inbox_store = Database(settings.inbox_url)
        self.inbox = Inbox(SqliteInboxWriter(settings.data_dir / "inbox.db"), lambda: None)
        self.reader = InboxReader(self.inbox_store)
        self.task_queue = f"test-{new_id()}"
        self.page_id = PAGE_A
        self.live: dict[str, Any] = {}
        self.profiles: Any = None
        self.settings_read = 0
        self.runs: list[str] = []
        self.page_runs: list[str] = []
        self._position = 0
        self._mids = count(1)

    @contextlib.asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """A worker that lives as long as the block."""
        http = httpx.AsyncClient(transport=httpx.MockTransport(self.meta.answer))
        graph = GraphClient(http, "https://graph.invalid", "v26.0")
        settings_of = store_settings.settings_of

        def overruled(*rows: Any) -> ConversationSettings:
            self.settings_read += 1
            return replace(settings_of(*rows), **self.live)

        async with (
            http,
            make_worker(
                self.settings,
                self.client,
                self.store,
                graph,
                inbox=self.inbox,
                profiles=self.profiles,
                task_queue=self.task_queue,
            ),
        ):
            with mock.patch.object(store_settings, "settings_of", overruled):
                yield

    async def customer_writes(
        self, at: datetime, text: str = "hello", received: datetime | None = None
    ) -> str:
        """A message of the customer, through inbox and router, signalled. Returns its mid."""
        mid = f"m_{next(self._mids)}_{new_id()}"
        message = {"mid": mid, "text": text}
        await self.event({"message": message}, at, received)
        return mid

    async def customer_writes_at_once(self, number: int, at: datetime) -> None:
        """Many messages of the customer in one delivery; the workflow hears of them in one signal."""
        bodies = [
            {"message": {"mid": f"m_{next(self._mids)}_{new_id()}", "text": "hello"}} for _ in range(number)
        ]
        for thread in await self.take_all(bodies, at, at):
            await self.signal(thread)

    async def event(self, body: dict[str, Any], at: datetime, received: datetime | None = None) -> None:
        """Any event of the customer, taken all the way to the workflow."""
        for thread in await self.take(body, at, received):
            await self.signal(thread)

    async def take(
        self, body: dict[str, Any], at: datetime, received: datetime | None = None
    ) -> list[RoutedThread]:
        """Into the store, but not yet to the workflow."""
        return await self.take_all([body], at, received)

    async def take_all(
        self, bodies: list[dict[str, Any]], at: datetime, received: datetime | None
    ) -> list[RoutedThread]:
        """Several events of one delivery into the store, but not yet to the workflow."""
        common = {"sender": {"id": PSID}, "recipient": {"id": self.page_id}, "timestamp": _ms(at)}
        events = [common | body for body in bodies]
        delivery = {"object": "page", "entry": [{"id": self.page_id, "time": _ms(at), "messaging": events}]}
        return await self.route(split(json.dumps(delivery).encode()), received or at)

    async def route(self, events: list[WebhookEvent], received: datetime) -> list[RoutedThread]:
        """Events through the inbox into the store."""
        await self.inbox.store(inbox_rows(ACCOUNT, events, _ms(received)))
        new = await self.reader.after(self._position)
        self._position = new[-1].id or 0 if new else self._position
        return (await self.store.write(lambda session: route(session, new))).threads

    async def signal(
        self, thread: RoutedThread, *, told_before: bool = False, settings: SettingsRead | None = None
    ) -> None:
        """What the signaller does, on this desk's task queue.

        Without `settings` the workflow reads them, as this desk has them.
        """
        fresh = thread.fresh and not told_before
        events = ThreadEvents(thread.events, fresh, settings)
        conversations = ConversationClient(self.client, task_queue=self.task_queue)
        handle = await conversations.start_or_signal(thread.page_id, thread.customer_id, events)
        self.runs.append(handle.result_run_id or "")

    async def answers_by_link(
        self, survey_id: str, at: datetime, *, score: int | None, comment: str | None = None
    ) -> list[RoutedThread]:
        """The customer answers on the survey's page: into the store, but not yet to the workflow."""
        event = survey_answered(self.page_id, PSID, survey_id, score=score, comment=comment, at_ms=_ms(at))
        return await self.route([event], at)

    async def handle(self) -> WorkflowHandle[Any, Any]:
        """The thread's workflow."""
        thread = await self.thread()
        return self.client.get_workflow_handle(conversation_workflow_id(thread.page_id, thread.customer_id))

    async def command(
        self,
        action: str,
        *,
        agent: str = "mia",
        conversation_id: str | None = None,
        command_id: str | None = None,
        message_id: str | None = None,
        **more: Any,
    ) -> CommandResult | ApplicationError:
        """Give a command under the settings as they are; a refusal is returned, not raised.

        A run that has ended is started again, as the API does where the row says that it may live.
        """
        version, _ = await self.store.read(lambda session: settings_versions(session, self.page_id))
        command = make_command(
            action,
            command_id or new_id(),
            conversation_id or (await self.conversation()).id,
            agent,
            message_id=message_id,
            settings_version=version,
            **more,
        )
        return await self.give(command)

    async def give(self, command: Command) -> CommandResult | ApplicationError:
        """As `command`, with the command at hand; repeated under its id where it met a leaving run."""
        for _ in range(20):
            try:
                return await self._give(command)
            except RPCError as error:
                if error.status not in (RPCStatusCode.NOT_FOUND, RPCStatusCode.ABORTED):
                    raise
            await asyncio.sleep(0.1)
        raise AssertionError(f"{command.action} met nothing but leaving runs")

    async def _give(self, command: Command) -> CommandResult | ApplicationError:
        thread = await self.thread()
        start: WithStartWorkflowOperation[Any, None] = WithStartWorkflowOperation(
            CONVERSATION_WORKFLOW,
            ConversationWorkflowInput(thread.page_id, thread.customer_id),
            id=conversation_workflow_id(thread.page_id, thread.customer_id),
            task_queue=self.task_queue,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            task_timeout=TASK_TIMEOUT,
        )
        try:
            answer: CommandResult = await self.client.execute_update_with_start_workflow(
                COMMAND_UPDATE,
                command,
                start_workflow_operation=start,
                id=command.command_id,
                result_type=CommandResult,
            )
            self.runs.append((await start.workflow_handle()).result_run_id or "")
        except WorkflowUpdateFailedError as failed:
            if isinstance(failed.cause, ApplicationError):
                return failed.cause
            raise
        return answer

    async def set_page(self, **settings: Any) -> None:
        """Change settings of the page."""
        await self.store.write(lambda session: pages.change(session, self.page_id, settings))

    async def set_workstream(self, **settings: Any) -> None:
        """Change settings of the page's workstream."""

        def work(session: Session) -> None:
            page = session.get_one(Page, self.page_id)
            workstreams.change(session, page.workstream_id, settings)

        await self.store.write(work)

    async def reply(
        self, text: str, now: datetime, *, agent: str = "mia", hold: bool = False, resends: str | None = None
    ) -> CommandResult | ApplicationError:
        """Write an agent's message and ask for its sending, as the API does."""
        conversation = await self.conversation()
        message_id = new_id()
        row = new_outbound_row(
            id=message_id,
            page_id=conversation.page_id,
            customer_id=conversation.customer_id,
            conversation_id=conversation.id,
            sender_kind="agent",
            agent_id=agent,
            text=text,
            created_at=now,
            hold=hold,
            resends=resends,
        )
        await self.store.write(lambda session: insert_or_ignore(session, Message, [row]))
        return await self.command(
            "reply", agent=agent, command_id=message_id, message_id=message_id, hold=hold, resends=resends
        )

    async def conversation(self) -> Conversation:
        """The newest conversation."""
        return (await self.conversations())[-1]

    async def conversations(self) -> list[Conversation]:
        """All conversations, oldest first."""
        return await self.store.read(
            lambda session: list(
                session.exec(select(Conversation).order_by(col(Conversation.opened_at))).all()
            )
        )

    async def thread(self) -> Thread:
        """The one thread."""
        return await self.store.read(lambda session: session.exec(select(Thread)).one())

    async def projected(self) -> ThreadState:
        """The thread's state as its workflow last projected it."""
        kept = (await self.thread()).state or {}
        converter = data_converter.payload_converter
        state: ThreadState = converter.from_payload(converter.to_payload(kept), ThreadState)
        return state

    async def histories(self) -> list[WorkflowHistory]:
        """Every run of the thread, oldest first."""
        thread = await self.thread()
        workflow_id = conversation_workflow_id(thread.page_id, thread.customer_id)
        return [history for _, history in await chains(self.client, workflow_id, self.runs)]

    async def messages(self, direction: str) -> list[Message]:
        """The messages of one direction, in their order."""
        ordered = select(Message).where(col(Message.direction) == direction)
        return await self.store.read(
            lambda session: list(session.exec(ordered.order_by(col(Message.created_at))).all())
        )

    async def event_kinds(self) -> list[str]:
        """What happened, in order."""
        return await self.store.read(
            lambda session: list(session.exec(select(Event.kind).order_by(col(Event.id))).all())
        )

    async def events(self, kind: str) -> list[Event]:
        """The events of one kind, in order."""
        wanted = select(Event).where(col(Event.kind) == kind).order_by(col(Event.id))
        return await self.store.read(lambda session: list(session.exec(wanted).all()))

    async def message(self, message_id: str) -> Message:
        """One message."""
        return await self.store.read(lambda session: session.get_one(Message, message_id))

    async def raise_settings_version(self) -> int:
        """What each change of settings does in its transaction. Returns the new version."""

        def work(session: Session) -> int:
            raise_settings_versions(session, [self.page_id])
            return settings_versions(session, self.page_id)[0]

        return await self.store.write(work)

    async def has_told_settings(self) -> bool:
        """Whether the page's conversations were told of its newest settings."""
        version, told = await self.store.read(lambda session: settings_versions(session, self.page_id))
        return told == version

    async def tell_settings_changed(self) -> None:
        """What the page's workflow does after a change of settings."""
        version = await self.raise_settings_version()
        await (await self.handle()).signal(SETTINGS_SIGNAL, version)

    async def happened(self, kind: str) -> bool:
        """Whether an event of this kind is recorded."""
        return bool(await self.events(kind))

    async def close(self) -> None:
        """End what still runs, which would hold the shared server's time; give files and threads back."""
        for thread in await self.store.read(lambda session: list(session.exec(select(Thread)).all())):
            workflow_id = conversation_workflow_id(thread.page_id, thread.customer_id)
            with contextlib.suppress(RPCError):  # it has ended by itself
                await self.client.get_workflow_handle(workflow_id).terminate()
        self.inbox.close()
        self.inbox_store.close()
        self.store.close()


async def make_desk(settings: Settings, client: Client) -> Desk:
    """A seeded desk."""
    desk = Desk(settings, client)

    def work(session: Session) -> None:
        seed(session, settings)

    await desk.store.write(work)
    return desk


def _ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)
