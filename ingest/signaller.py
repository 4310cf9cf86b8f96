"""Brings routed events to their conversations: in order per thread, as many in one signal as wait.

What is to be signalled is durable (the rows of `thread_event`); memory only saves reading it back. A signal
may be repeated: the workflow drops what it has seen.
"""

import asyncio
from collections import deque
from dataclasses import dataclass, field

from sqlalchemy import delete
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, col, select
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from base import clock, failpoints
from base.log import get_logger
from domain.changes import Fact
from domain.lifecycle import ActorKind
from domain.state import ThreadEvent, ThreadEventKind
from ingest.facts import thread_event
from ingest.first_contact import start_or_signal
from ingest.succession import Succession
from store.database import Database, Work
from store.events import append_events, event_row
from store.tables import Thread
from store.tables import ThreadEvent as ThreadEventRow
from workflows.messages import (
    EVENTS_PER_SIGNAL,
    EVENTS_SIGNAL,
    SettingsRead,
    ThreadEvents,
    conversation_workflow_id,
)

IN_FLIGHT = 16
_RPC_SECONDS = 10.0
_FIRST_PAUSE_SECONDS = 0.1
_LONGEST_PAUSE_SECONDS = 5.0
_POISONOUS = frozenset({RPCStatusCode.INVALID_ARGUMENT, RPCStatusCode.OUT_OF_RANGE})

_log = get_logger("ingest")


@dataclass(slots=True)
class _Thread:
    page_id: str
    events: deque[ThreadEvent] = field(default_factory=deque)
    fresh: bool = False
    settings: SettingsRead | None = None
    queued: bool = False


class Signaller:
    """Signals threads side by side, each one's events in order."""

    def __init__(self, database: Database, client: Client) -> None:
        self._database = database
        self._client = client
        self._succession = Succession(client)
        self._threads: dict[str, _Thread] = {}
        self._queue: asyncio.Queue[str] = asyncio.Queue()

    def add(
        self,
        page_id: str,
        customer_id: str,
        events: list[ThreadEvent],
        *,
        fresh: bool = False,
        settings: SettingsRead | None = None,
    ) -> None:
        """Signal these events as soon as possible, after those that wait already."""
        thread = self._threads.setdefault(customer_id, _Thread(page_id))
        if fresh:
            thread.fresh, thread.settings = True, settings
        thread.events.extend(events)
        if not thread.queued:
            thread.queued = True
            self._queue.put_nowait(customer_id)

    async def add_unfinished(self) -> None:
        """What an earlier process left: every event that its workflow has not applied.

        Some were signalled before. That is harmless, and should the engine have lost one with its power,
        nothing else would bring it back.
        """
        self._succession.begin()
        for page_id, customer_id, events in await self._database.read(_unfinished):
            self.add(page_id, customer_id, events)

    async def run(self) -> None:
        """Signal until cancelled."""
        async with asyncio.TaskGroup() as group:
            for _ in range(IN_FLIGHT):
                group.create_task(self._work())

    async def _work(self) -> None:
        while True:
            customer_id = await self._queue.get()
            thread = self._threads[customer_id]
            batch = [thread.events.popleft() for _ in range(min(EVENTS_PER_SIGNAL, len(thread.events)))]
            events = ThreadEvents(batch, thread.fresh, thread.settings)
            thread.fresh, thread.settings = False, None
            await self._deliver(thread.page_id, customer_id, events)
            if thread.events:
                self._queue.put_nowait(customer_id)
            else:
                del self._threads[customer_id]

    async def _deliver(self, page_id: str, customer_id: str, batch: ThreadEvents) -> None:
        """Signal one batch, however long the engine is away, and note it."""
        pause = _FIRST_PAUSE_SECONDS
        while True:
            try:
                async with asyncio.timeout(_RPC_SECONDS):
                    reached = await self._signal(page_id, customer_id, batch)
                break
            except RPCError as error:
                if error.status in _POISONOUS:
                    await self._set_aside(page_id, customer_id, batch, error)
                    return
                _log.warning("engine_away", error=error.status.name)
            except TimeoutError:
                _log.warning("engine_away", error="timeout")
            batch = ThreadEvents(batch.events)  # told a second time, perhaps: it must be looked up
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)
        failpoints.reach("signaller.signalled")
        if not reached:
            await self._note(lambda session: _note_unreached(session, page_id, customer_id, batch.events))

    async def _signal(self, page_id: str, customer_id: str, batch: ThreadEvents) -> bool:
        """Signal the workflow; what opens no work reaches it only if it is there. Returns whether it did."""
        if not batch.fresh:
            await self._succession.take(conversation_workflow_id(page_id, customer_id))
        if any(event.opens_work for event in batch.events):
            await start_or_signal(self._client, page_id, customer_id, batch)
            return True
        handle = self._client.get_workflow_handle(conversation_workflow_id(page_id, customer_id))
        try:
            await handle.signal(EVENTS_SIGNAL, ThreadEvents(batch.events))
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return False
            raise
        return True

    async def _set_aside(self, page_id: str, customer_id: str, batch: ThreadEvents, error: RPCError) -> None:
        """The engine refuses the batch for ever: find the event that it refuses, let the others pass."""
        if len(batch.events) > 1:
            for event in batch.events:
                await self._deliver(page_id, customer_id, ThreadEvents([event]))
            return
        event = batch.events[0]
        _log.error("event_quarantined", customer_id=customer_id, seq=event.seq, error=error.status.name)
        await self._note(
            lambda session: _note_refused(session, page_id, customer_id, event, error.status.name)
        )

    async def _note(self, work: Work[None]) -> None:
        """Write, however long the store is away; what is written twice is there once."""
        pause = _FIRST_PAUSE_SECONDS
        while True:
            try:
                await self._database.write(work)
            except OperationalError as error:
                _log.warning("store_unavailable", error=repr(error.orig))
            else:
                return
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)


def _unfinished(session: Session) -> list[tuple[str, str, list[ThreadEvent]]]:
    rows = session.exec(
        select(Thread.page_id, ThreadEventRow)
        .join(Thread, col(Thread.customer_id) == col(ThreadEventRow.customer_id))
        .where(col(ThreadEventRow.seq) > col(Thread.applied_seq))
        .order_by(col(ThreadEventRow.inbox_id))
    ).all()
    found: dict[tuple[str, str], list[ThreadEvent]] = {}
    for page_id, row in rows:
        found.setdefault((page_id, row.customer_id), []).append(thread_event(row))
    return [(page_id, customer_id, events) for (page_id, customer_id), events in found.items()]


def _note_unreached(session: Session, page_id: str, customer_id: str, batch: list[ThreadEvent]) -> None:
    """No conversation is open, and these events are no reason to open one."""
    _forget(session, customer_id, batch)
    append_events(
        session,
        [
            event_row(
                Fact(
                    "message.received_outside_conversation",
                    event.at,
                    ActorKind.SYSTEM if event.kind is ThreadEventKind.OUTSIDE_MESSAGE else ActorKind.CUSTOMER,
                    message_id=event.message_id,
                    data={"kind": event.kind, "seq": event.seq},
                ),
                page_id,
                customer_id,
                f"{customer_id}/outside/{event.seq}",
            )
            for event in batch
            if event.message_id is not None
        ],
    )


def _note_refused(session: Session, page_id: str, customer_id: str, event: ThreadEvent, error: str) -> None:
    _forget(session, customer_id, [event])
    fact = Fact(
        "event.quarantined",
        clock.now(),
        ActorKind.SYSTEM,
        message_id=event.message_id,
        data={"seq": event.seq, "error": error},
    )
    append_events(session, [event_row(fact, page_id, customer_id, f"{customer_id}/refused/{event.seq}")])


def _forget(session: Session, customer_id: str, events: list[ThreadEvent]) -> None:
    """No workflow will apply these."""
    numbers = [event.seq for event in events]
    session.connection().execute(
        delete(ThreadEventRow).where(
            col(ThreadEventRow.customer_id) == customer_id, col(ThreadEventRow.seq).in_(numbers)
        )
    )
