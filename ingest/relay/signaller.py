"""Brings routed events to their conversations: in order per thread, as many in one signal as wait.

What is to be signalled is durable (the rows of `thread_event`); memory only saves reading it back, and holds
a limited number. A signal may be repeated: the workflow drops what it has seen. It must not overtake: of
two events of a thread the workflow drops the former if it comes after the latter.
"""

import asyncio
from collections import deque
from collections.abc import Collection
from dataclasses import dataclass, field

from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from base import clock, failpoints
from base.backoff import Backoff
from base.log import get_logger
from domain.conversations.changes import Fact
from domain.conversations.lifecycle import ActorKind
from domain.conversations.state import ThreadEvent, ThreadEventKind
from domain.events.kinds import FactKind
from ingest.inbox.inbox import partition_for
from ingest.relay.conversation_client import ConversationClient
from ingest.relay.temporal_watch import TemporalWatch
from store.conversations.thread_events import forget, unapplied_after
from store.db.database import Database, Work
from store.db.unavailable import may_be_of_the_data, reason
from store.events.events import append_events, event_row
from workflows.messages import EVENTS_PER_SIGNAL, SettingsRead, ThreadEvents

IN_FLIGHT = 16
MAX_IN_MEMORY = 5_000
_ROWS_PER_READ = 500
_RPC_SECONDS = 10.0
_FIRST_PAUSE_SECONDS = 0.1
_MAX_PAUSE_SECONDS = 5.0
_REFUSED_FOR_GOOD = frozenset({RPCStatusCode.INVALID_ARGUMENT, RPCStatusCode.OUT_OF_RANGE})

_OF_EARLIER_MESSAGES = frozenset({ThreadEventKind.OWN_ECHO, ThreadEventKind.FILES_REFUSED})
"""They name a message that came before, and bring none."""

_log = get_logger("ingest")


@dataclass(slots=True)
class _Thread:
    page_id: str
    events: deque[ThreadEvent] = field(default_factory=deque)
    last_seq: int = 0
    fresh: bool = False
    settings: SettingsRead | None = None
    queued: bool = False


class Signaller:
    """Signals threads side by side, each one's events in order.

    While rows are read back, thread by thread in the order of their ids, `_read_to` is the last one that is
    in memory: what comes for that thread or a later one stays in its row until the reading gets there.
    """

    def __init__(self, database: Database, client: Client) -> None:
        self._database = database
        self._conversations = ConversationClient(client)
        self._temporal = TemporalWatch(client)
        self._threads: dict[str, _Thread] = {}
        self._queue: asyncio.Queue[str] = asyncio.Queue()
        self._in_memory = 0
        self._partitions: Collection[int] = ()
        self._read_to: tuple[str, int] | None = None

    def add(
        self,
        page_id: str,
        customer_id: str,
        events: list[ThreadEvent],
        *,
        fresh: bool = False,
        settings: SettingsRead | None = None,
    ) -> None:
        """Signal these events, whose rows are written, as soon as possible, after those that wait already."""
        if self._read_to is None and self._in_memory >= MAX_IN_MEMORY:
            self._read_to = ("", 0)
        if self._read_to is not None and customer_id >= self._read_to[0]:
            return
        thread = self._enqueue(page_id, customer_id, events)
        if fresh:
            thread.fresh, thread.settings = True, settings

    def take_over(self, partitions: Collection[int], *, survives: bool) -> None:
        """Read back, for all these partitions, what no workflow has applied: another may have left it.

        Some were signalled before. That is harmless, and should Temporal have lost one in a power cut,
        nothing else would bring it back. `survives`: the other relay is dead, and its worker with it.
        """
        self._partitions = partitions
        self._read_to = ("", 0)
        if survives:
            self._conversations.worker_may_be_dead()

    async def read_on(self) -> bool:
        """Read some rows back if there is room for them; whether to come again at once."""
        if self._read_to is None or self._in_memory > MAX_IN_MEMORY - _ROWS_PER_READ:
            return False
        customer_id, seq = self._read_to
        found = await self._database.read(
            lambda session: unapplied_after(session, customer_id, seq, limit=_ROWS_PER_READ)
        )
        for each in found:
            if partition_for(each.page_id, each.psid) in self._partitions:
                self._enqueue(each.page_id, each.customer_id, [each.event])
        more = len(found) == _ROWS_PER_READ
        self._read_to = (found[-1].customer_id, found[-1].event.seq) if more else None
        return more

    def _enqueue(self, page_id: str, customer_id: str, events: list[ThreadEvent]) -> _Thread:
        thread = self._threads.setdefault(customer_id, _Thread(page_id))
        new = [event for event in events if event.seq > thread.last_seq]
        if new:
            thread.last_seq = new[-1].seq
            thread.events.extend(new)
            self._in_memory += len(new)
        if not thread.queued:
            thread.queued = True
            self._queue.put_nowait(customer_id)
        return thread

    async def run(self) -> None:
        """Signal until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._temporal.run())
            for _ in range(IN_FLIGHT):
                group.create_task(self._work())

    async def _work(self) -> None:
        while True:
            await self._temporal.wait_until_up()
            customer_id = await self._queue.get()
            thread = self._threads[customer_id]
            batch = [thread.events.popleft() for _ in range(min(EVENTS_PER_SIGNAL, len(thread.events)))]
            events = ThreadEvents(batch, thread.fresh, thread.settings)
            thread.fresh, thread.settings = False, None
            await self._deliver(thread.page_id, customer_id, events)
            self._in_memory -= len(batch)
            if thread.events:
                self._queue.put_nowait(customer_id)
            else:
                del self._threads[customer_id]

    async def _deliver(self, page_id: str, customer_id: str, batch: ThreadEvents) -> None:
        """Signal one batch, however long Temporal is down."""
        pauses = _pauses()
        while True:
            try:
                async with asyncio.timeout(_RPC_SECONDS):
                    reached = await self._conversations.deliver(page_id, customer_id, batch)
                break
            except RPCError as error:
                if error.status in _REFUSED_FOR_GOOD:
                    await self._set_aside(page_id, customer_id, batch, error)
                    return
                failure = error.status.name
            except TimeoutError:
                failure = "timeout"
            batch = ThreadEvents(batch.events)  # it may have been delivered: a second start must not carry it
            if await self._temporal.recovers(failure):
                pauses.reset()
            else:
                await pauses.wait()
        failpoints.reach("signaller.signalled")
        if not reached:
            await self._note(lambda session: _note_unreached(session, page_id, customer_id, batch.events))

    async def _set_aside(self, page_id: str, customer_id: str, batch: ThreadEvents, error: RPCError) -> None:
        """Temporal refuses the batch for good: find the event that it refuses, and deliver the others."""
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
        """Write, however long the store is away; what is written twice is stored once."""
        pauses = _pauses()
        while True:
            try:
                await self._database.write(work)
            except SQLAlchemyError as error:
                if may_be_of_the_data(error):
                    raise
                _log.warning("store_unavailable", error=reason(error))
            else:
                return
            await pauses.wait()


def _pauses() -> Backoff:
    return Backoff(_FIRST_PAUSE_SECONDS, _MAX_PAUSE_SECONDS)


def _note_unreached(session: Session, page_id: str, customer_id: str, batch: list[ThreadEvent]) -> None:
    """Record that no conversation is open, and that these events are no reason to open one."""
    forget(session, customer_id, [event.seq for event in batch])
    append_events(
        session,
        [
            event_row(
                Fact(
                    FactKind.MESSAGE_RECEIVED_OUTSIDE_CONVERSATION,
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
            if event.message_id is not None and event.kind not in _OF_EARLIER_MESSAGES
        ],
    )


def _note_refused(session: Session, page_id: str, customer_id: str, event: ThreadEvent, error: str) -> None:
    forget(session, customer_id, [event.seq])
    fact = Fact(
        FactKind.EVENT_QUARANTINED,
        clock.now(),
        ActorKind.SYSTEM,
        message_id=event.message_id,
        data={"seq": event.seq, "error": error},
    )
    append_events(session, [event_row(fact, page_id, customer_id, f"{customer_id}/refused/{event.seq}")])
