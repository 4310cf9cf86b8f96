"""Whether a desk is at rest outside its engine; the time machine must not skip while it is not."""

from collections import defaultdict
from collections.abc import Sequence
from typing import TypeVar

import httpx
from sqlmodel import Session
from temporalio.api.common.v1 import Payload, Payloads
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from base import clock
from base.converter import data_converter
from local.time_travel.time_machine import ExternalActivity
from store.attachments.rows import messages_with_pending_files
from store.conversations import thread_events
from store.db.database import Database
from store.inbox.inbox_events import newest_inbox_id
from store.inbox.relay_shares import lowest_position
from store.routing.pending_dispatch import read_pending_dispatch
from workflows.messages import (
    EVENTS_SIGNAL,
    ConversationWorkflowInput,
    ThreadEvents,
    conversation_workflow_id,
)

_T = TypeVar("_T")
_Waiting = tuple[str, int]
"""A workflow's id, and the number of an event that its projection has not shown to be applied."""


class DeskOutside:
    """The sandbox's work, the inbox, the events on their way to their conversations, work distribution."""

    def __init__(self, store: Database, inbox: Database, sandbox: httpx.AsyncClient, engine: Client) -> None:
        self._store = store
        self._inbox = inbox
        self._sandbox = sandbox
        self._engine = engine
        self._told: set[_Waiting] = set()

    async def __call__(self) -> ExternalActivity:
        """Look in the order in which an event passes, so that none slips by."""
        try:
            due_ms = (await self._sandbox.get("/_sandbox/due")).raise_for_status().json()["due_ms"]
        except httpx.HTTPError as error:
            return ExternalActivity((f"the sandbox does not answer ({type(error).__name__})",))
        received = await self._inbox.read(newest_inbox_id)
        routed, waiting = await self._store.read(_under_way)
        untold = await self._untold(waiting)
        work = await self._store.read(read_pending_dispatch)
        busy = {
            "the sandbox is at work": due_ms == 0,
            f"the relay has read {routed} of {received} events": routed < received,
            f"{untold} events are on their way to their conversations": untold > 0,
            "files are being fetched": bool(await self._store.read(messages_with_pending_files)),
            "the dispatcher has something to look at": work.has_marks,
            f"{work.claims} offers are on their way to their conversations": work.claims > 0,
            f"the absence of {work.absences} agents begins": work.absences > 0,
        }
        return ExternalActivity(
            tuple(what for what, is_so in busy.items() if is_so),
            clock.from_milliseconds(int(due_ms)) if due_ms else None,
            work.next_end,
        )

    async def _untold(self, waiting: Sequence[_Waiting]) -> int:
        """How many of these their workflows have not been told.

        The store alone cannot say: what changes the window and nothing else waits there for the next
        projection. The histories tell.
        """
        numbers = defaultdict(set)
        for workflow_id, seq in waiting:
            if (workflow_id, seq) not in self._told:
                numbers[workflow_id].add(seq)
        for workflow_id, wanted in numbers.items():
            found = wanted & await self._seqs_told(workflow_id)
            self._told |= {(workflow_id, seq) for seq in found}
        return sum(each not in self._told for each in waiting)

    async def _seqs_told(self, workflow_id: str) -> set[int]:
        """Every event that the workflow has been told, in this run and in those that it continues."""
        told: set[int] = set()
        run_id: str | None = None
        while run_id != "":
            found, run_id = await self._run(workflow_id, run_id)
            told |= found
        return told

    async def _run(self, workflow_id: str, run_id: str | None) -> tuple[set[int], str]:
        """What one run has been told (None: the newest), and the run that it continues, or an empty text."""
        told: set[int] = set()
        former = ""
        try:
            async for event in self._engine.get_workflow_handle(
                workflow_id, run_id=run_id
            ).fetch_history_events():
                start = event.workflow_execution_started_event_attributes
                former = former or start.continued_execution_run_id
                told |= _told_at_start(start.input)
                signal = event.workflow_execution_signaled_event_attributes
                if signal.signal_name == EVENTS_SIGNAL:
                    told |= _seqs_of(_read(signal.input.payloads[0], ThreadEvents))
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
        return told, former


def _told_at_start(given: Payloads) -> set[int]:
    """What a run was begun with; nothing where the event is no start."""
    if not given.payloads:
        return set()
    first = _read(given.payloads[0], ConversationWorkflowInput).first
    return _seqs_of(first) if first is not None else set()


def _seqs_of(batch: ThreadEvents) -> set[int]:
    return {event.seq for event in batch.events}


def _read(payload: Payload, hint: type[_T]) -> _T:
    value: _T = data_converter.payload_converter.from_payload(payload, hint)
    return value


def _under_way(session: Session) -> tuple[int, list[_Waiting]]:
    """How far the relay has read, and what its conversations have not applied."""
    return lowest_position(session), [
        (conversation_workflow_id(page_id, customer_id), seq)
        for page_id, customer_id, seq in thread_events.unapplied(session)
    ]
