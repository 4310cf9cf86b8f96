"""The durable life of a thread: one run holds one conversation, from the first message to its end.

Handlers call `domain` and apply the new state without awaiting; `run` alone projects, sends, sleeps, leaves.
"""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from temporalio import workflow
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    from domain.conversations.apply_routing import apply_queue_deleted, apply_route
    from domain.conversations.apply_signals import apply_signals
    from domain.conversations.changes import Change, Fact, Refusal, SendOutcome
    from domain.conversations.command_types import Command
    from domain.conversations.conversation import (
        applied_before,
        apply_event,
        decide,
        needs_workflow,
        with_settings,
    )
    from domain.conversations.deadlines import awaited_answers, due_since, fire, is_due, next_deadline
    from domain.conversations.lifecycle import ActorKind, Status
    from domain.conversations.outbox import (
        Step,
        gate_opened,
        next_step,
        send_held_by_page,
        send_postponed,
        send_settled,
    )
    from domain.conversations.projection import LastWritten, date_of_projection
    from domain.conversations.queue_stays import is_unrouted, route_request
    from domain.conversations.state import Conversation, ThreadEvent, ThreadState
    from domain.events.kinds import FactKind
    from domain.routing.route_result import RouteRequest, RouteResult
    from domain.routing.routing_signals import AgentGone, OfferMade, QueueDeleted, RoutingSignal
    from domain.sending.delivery import MessageStatus
    from domain.workstreams.conversation_settings import ConversationSettings
    from workflows.activity_calls import await_profile, load_thread, read_back, send_once
    from workflows.deadline_timer import DeadlineTimer
    from workflows.deterministic_ids import ids_of
    from workflows.messages import (
        AGENT_GONE_SIGNAL,
        COMMAND_UPDATE,
        CONVERSATION_WORKFLOW,
        EVENTS_SIGNAL,
        GATE_OPENED_SIGNAL,
        OFFER_SIGNAL,
        SETTINGS_SIGNAL,
        STATE_QUERY,
        WRITE_DOWN_SIGNAL,
        CommandResult,
        ConversationWorkflowInput,
        SendReport,
        ThreadEvents,
        ThreadProjection,
        require_known_schema,
    )
    from workflows.store_calls import in_this_task

_AFTER_REFUSED_PROJECTION = timedelta(seconds=1)
_SETTINGS_MAX_AGE = timedelta(seconds=2)


@workflow.defn(name=CONVERSATION_WORKFLOW)
class ConversationWorkflow:
    """The shell of one thread's conversation."""

    @workflow.init
    def __init__(self, start: ConversationWorkflowInput) -> None:
        self._page_id = start.page_id
        self._customer_id = start.customer_id
        self._state = start.state or ThreadState()
        self._loaded = start.state is not None
        self._waiting_events: list[ThreadEvent] = list(start.first.events) if start.first else []
        self._fresh = start.first
        self._default_route: RouteResult | None = None
        self._signals: list[RoutingSignal] = []
        self._told_settings_version = 0
        self._unprojected = Change(self._state)
        self._projected_seq = self._state.applied_seq
        self._last_written = LastWritten.of(self._state)
        self._refused_by: datetime | None = None
        self._is_written_now = False
        self._must_write_down = False
        self._closed_ids: set[str] = set()
        self._sending: asyncio.Task[None] | None = None
        self._profile: asyncio.Task[None] | None = None
        self._timer = DeadlineTimer()

    @workflow.run
    async def run(self, start: ConversationWorkflowInput) -> None:
        """Live until nothing in the thread does."""
        require_known_schema(start.schema_version)
        if start.state is None:
            await asyncio.sleep(0)  # lets the signal in that came with the start
            await self._load()
        while True:
            self._collect_send()
            await self._fire_deadlines()
            await self._route()
            self._take_signals()
            await self._project()
            if self._dirty or self._must_write_down or self._has_signals:
                continue
            if self._can_complete and self._next_run_is_due:
                workflow.continue_as_new(
                    ConversationWorkflowInput(self._page_id, self._customer_id, state=self._state)
                )
            if self._can_complete and not self._has_pending_work:
                if not (self._is_behind or self._may_differ):
                    return
                await self._write_down()
                continue
            self._start_next_send()
            now = workflow.now()
            self._timer.arm(next_deadline(self._state, now), awaited_answers(self._state))
            await workflow.wait_condition(self._has_something_to_do)
            self._is_written_now = False

    @workflow.signal(name=EVENTS_SIGNAL)
    def events(self, signal: RawValue) -> None:
        """Events of the thread from the relay, as `ThreadEvents`.

        The SDK drops a signal that it cannot read; read here, one of a newer relay's fails the task instead
        and waits for a newer worker (docs/reference/upstream.md).
        """
        batch: ThreadEvents = workflow.payload_converter().from_payload(signal.payload, ThreadEvents)
        if not self._loaded:
            self._waiting_events.extend(batch.events)
            return
        for event in batch.events:
            self._receive(event)

    @workflow.signal(name=SETTINGS_SIGNAL)
    def settings_changed(self, version: int) -> None:
        """The page's settings have this version now: read them, unless these or newer ones are known."""
        self._told_settings_version = max(self._told_settings_version, version)

    @workflow.signal(name=GATE_OPENED_SIGNAL)
    def gate_opened(self) -> None:
        """The page may send again."""
        self._state = gate_opened(self._state)

    @workflow.signal(name=WRITE_DOWN_SIGNAL)
    def write_down(self) -> None:
        """The rows may be of a task that Temporal discarded: write them as they are to be."""
        self._must_write_down = True

    @workflow.signal(name=OFFER_SIGNAL)
    def offer(self, signal: RawValue) -> None:
        """The dispatcher's claim for this conversation, as `OfferMade`; see `events` for why it is read here.

        It waits for `run`: a retried task takes it after the routing that it is for.
        """
        self._signals.append(workflow.payload_converter().from_payload(signal.payload, OfferMade))

    @workflow.signal(name=AGENT_GONE_SIGNAL)
    def agent_gone(self, signal: RawValue) -> None:
        """An agent of this conversation is gone, as `AgentGone`."""
        self._signals.append(workflow.payload_converter().from_payload(signal.payload, AgentGone))

    @workflow.query(name=STATE_QUERY)
    def state(self) -> ThreadState:
        """What the run knows of its thread."""
        return self._state

    @workflow.update(name=COMMAND_UPDATE)
    async def command(self, command: Command) -> CommandResult:
        """An agent's command; refusals are `ApplicationError`s whose type is the refusal's code."""
        if not self._loaded:
            await workflow.wait_condition(lambda: self._loaded)
        if command.settings_version > self._state.settings.version:
            self.settings_changed(command.settings_version)
            await workflow.wait_condition(lambda: not self._settings_are_behind)
        cause = f"command/{command.command_id}"
        outcome = decide(self._state, command, workflow.now(), self._ids(cause))
        if isinstance(outcome, Refusal):
            raise _refused(outcome)
        self._apply(outcome, cause)
        return self._result_of(command)

    @command.validator
    def _refuse_early(self, command: Command) -> None:
        # A refusal here leaves no trace in the history. Only the handler can wait: for the load, or for
        # settings that are newer than those that are known.
        if not self._loaded or command.settings_version > self._state.settings.version:
            return
        outcome = decide(self._state, command, workflow.now(), _no_id)
        if isinstance(outcome, Refusal):
            raise _refused(outcome)

    async def _load(self) -> None:
        if self._fresh is not None:
            await self._start_without_load(self._fresh)
        else:
            self._state = await load_thread(self._page_id, self._customer_id)
            self._projected_seq = self._state.applied_seq
            self._last_written = LastWritten.of(self._state)
        self._loaded = True
        for event in self._waiting_events:
            self._receive(event)
        self._waiting_events.clear()

    async def _start_without_load(self, batch: ThreadEvents) -> None:
        """There is nothing to load but settings and route, which come with the events unless those waited."""
        read = batch.settings
        if read is None or workflow.now() - read.at > _SETTINGS_MAX_AGE:
            await self._read_settings()
        else:
            self._state = with_settings(self._state, read.settings, workflow.now())
            self._default_route = read.default_route
        self._fresh = None

    def _receive(self, event: ThreadEvent) -> None:
        try:
            ids = self._ids(f"event/{event.seq}")
            change = apply_event(self._state, event, workflow.now(), ids)
        except Exception:  # noqa: BLE001 - one bad event must not wedge the thread
            workflow.logger.exception("An event could not be applied and is set aside.")
            self._set_aside(event)
            return
        self._apply(change, f"event/{event.seq}")

    def _set_aside(self, event: ThreadEvent) -> None:
        fact = Fact(
            FactKind.EVENT_QUARANTINED,
            workflow.now(),
            ActorKind.SYSTEM,
            message_id=event.message_id,
            data={"seq": event.seq},
        )
        self._apply(Change(self._state.after_skipping(event.seq), facts=(fact,)), f"event/{event.seq}")

    async def _read_settings(self) -> None:
        """Read the settings. They decide what is due, so this comes before every deadline."""
        told, self._default_route = self._told_settings_version, None
        settings: ConversationSettings = await in_this_task(
            "read_settings", self._page_id, ConversationSettings
        )
        self._state = with_settings(self._state, settings, workflow.now())
        if self._told_settings_version == told:  # there are no newer ones, whatever was told
            self._told_settings_version = self._state.settings.version

    @property
    def _settings_are_behind(self) -> bool:
        return self._told_settings_version > self._state.settings.version

    async def _fire_deadlines(self) -> None:
        if self._settings_are_behind or is_due(self._state, workflow.now()):
            await self._read_settings()
            due = due_since(self._state, workflow.now())
            ids = self._ids(f"deadline/{due.isoformat() if due else None}")
            self._apply(fire(self._state, workflow.now(), ids), "deadline")

    async def _route(self) -> None:
        """Find the queue of a conversation that is Open and in none.

        Where a rule reads the customer's profile that is being asked for, this is done again once it is told.
        """
        if self._profile is not None and self._profile.done():
            self._profile.result()
            self._profile = None
        while self._profile is None and (conversation := self._unrouted) is not None:
            request = route_request(self._page_id, self._customer_id, conversation, workflow.now())
            routed, self._default_route = self._default_route, None
            if routed is None:
                routed = await self._routed(request)
            stays = conversation.stay.record.number if conversation.stay else 0
            cause = f"route/{conversation.id}/{stays + 1}"
            change = apply_route(self._state, conversation.id, routed, workflow.now(), self._ids(cause))
            self._apply(change, cause)
            waits = self._unrouted
            if routed.awaits_profile and waits is not None and waits.id == conversation.id:
                # Beside everything else: commands, sends and projections go on meanwhile.
                self._profile = asyncio.create_task(await_profile(self._customer_id))

    async def _routed(self, request: RouteRequest) -> RouteResult:
        routed: RouteResult = await in_this_task("route", request, RouteResult)
        return routed

    @property
    def _unrouted(self) -> Conversation | None:
        """The conversation, while it has to be routed."""
        conversation = self._state.conversation
        return conversation if is_unrouted(conversation) else None

    @property
    def _has_signals(self) -> bool:
        return bool(self._signals)

    def _take_signals(self) -> None:
        signals, self._signals = self._signals, []
        taken = apply_signals(self._state, signals, workflow.now(), self._ids)
        self._apply(taken.change, "signals")
        if taken.knows_less:
            self._must_write_down = True

    def _apply(self, change: Change, cause: str) -> None:
        """Make a change's state current and note what must be projected."""
        if not change.is_to_be_recorded:
            self._state = change.state
            return
        self._state = change.state.with_next_version()
        self._unprojected = self._unprojected.then(change.caused_by(cause))
        self._closed_ids.update(conversation.id for conversation in change.settled)

    @property
    def _dirty(self) -> bool:
        return self._unprojected.is_to_be_recorded

    async def _project(self) -> None:
        """Write what changed in this task; an update's answer leaves with the task, after its projection."""
        if self._dirty or self._must_write_down:
            await self._write_down()

    @property
    def _is_behind(self) -> bool:
        """Whether the store would have the next run told of events again that this one has applied."""
        return self._projected_seq < self._state.applied_seq

    @property
    def _may_differ(self) -> bool:
        """Whether an earlier attempt of this task may have projected what this one does not know.

        Nobody would write the rows anew once the run has left.
        """
        return not self._is_written_now

    async def _write_down(self) -> None:
        self._must_write_down = False
        self._projected_seq = self._state.applied_seq
        date = date_of_projection(workflow.now(), self._last_written, self._refused_by)
        self._state = replace(self._state, written_at=date)
        change = replace(self._unprojected, state=self._state)
        before, self._last_written = self._last_written, LastWritten.of(self._state)
        self._unprojected = Change(self._state)
        projection = ThreadProjection(self._page_id, self._customer_id, change, before)
        outcome: datetime | QueueDeleted | None = await in_this_task(
            "project_thread", projection, datetime | QueueDeleted
        )
        self._is_written_now = True
        self._refused_by = outcome if isinstance(outcome, datetime) else None
        if outcome is None:
            return
        self._last_written = before
        self._unprojected = change.then(self._unprojected)
        self._must_write_down = True
        if isinstance(outcome, QueueDeleted):
            cause = f"queue_deleted/{outcome.queue_id}"
            ids = self._ids(cause)
            self._apply(apply_queue_deleted(self._state, outcome.queue_id, workflow.now(), ids), cause)
            return
        # The rows are of a later task: this one was discarded, or Temporal's clock went back between two.
        # Another task follows in the second case alone.
        await workflow.sleep(_AFTER_REFUSED_PROJECTION)

    def _collect_send(self) -> None:
        if self._sending is not None and self._sending.done():
            self._sending.result()
            self._sending = None

    def _start_next_send(self) -> None:
        if self._sending is not None:
            return
        match next_step(self._state, workflow.now()):
            case Step.SEND:
                self._sending = asyncio.create_task(self._send())
            case Step.READ_BACK:
                self._sending = asyncio.create_task(self._read_back())

    async def _send(self) -> None:
        """One attempt for the head of the outbox; the order within a conversation is kept."""
        send = self._state.outbox[0]
        self._take_report(send.message_id, await send_once(self._page_id, self._customer_id, send))

    async def _read_back(self) -> None:
        """Nobody knows whether the head of the outbox was sent: look for it at Meta."""
        message_id = self._state.outbox[0].message_id
        self._take_report(message_id, await read_back(self._page_id, self._customer_id, message_id))

    def _take_report(self, message_id: str, report: SendReport) -> None:
        if report.until is not None:
            tried = not report.in_line
            self._state = send_postponed(self._state, message_id, report.until, tried=tried)
            return
        if report.status is MessageStatus.HELD:
            self._state = send_held_by_page(self._state, message_id, workflow.now())
            return
        outcome = SendOutcome(message_id, report.status, report.reason)
        ids = self._ids(f"send/{message_id}/{outcome.status}")
        self._apply(send_settled(self._state, outcome, workflow.now(), ids), f"send/{message_id}")

    def _has_something_to_do(self) -> bool:
        return (
            self._dirty
            or self._must_write_down
            or self._has_signals
            or self._settings_are_behind
            or (self._profile is not None and self._profile.done())
            or self._timer.has_fired
            or is_due(self._state, workflow.now())
            or (self._sending is not None and self._sending.done())
            or (self._sending is None and next_step(self._state, workflow.now()) is not None)
            or (self._can_complete and (self._next_run_is_due or not self._has_pending_work))
        )

    @property
    def _can_complete(self) -> bool:
        return (
            self._sending is None
            and self._profile is None
            and not self._dirty
            and not self._must_write_down
            and not self._has_signals
            and not self._settings_are_behind
            and workflow.all_handlers_finished()
        )

    @property
    def _has_pending_work(self) -> bool:
        return needs_workflow(self._state, workflow.now())

    @property
    def _next_run_is_due(self) -> bool:
        """A run holds one conversation, and no more history than the server likes."""
        conversation = self._state.conversation
        follows_another = (
            conversation is not None and bool(self._closed_ids) and conversation.id not in self._closed_ids
        )
        return follows_another or workflow.info().is_continue_as_new_suggested()

    def _ids(self, cause: str) -> Callable[[], str]:
        return ids_of(self._customer_id, cause)

    def _result_of(self, command: Command) -> CommandResult:
        applied = applied_before(self._state, command.command_id)
        status = applied.status if applied else Status.CLOSED
        return CommandResult(command.conversation_id, status, self._state.version)


def _refused(refusal: Refusal) -> ApplicationError:
    return ApplicationError(refusal.detail, refusal, type=refusal.code, non_retryable=True)


def _no_id() -> str:
    """A validator changes nothing, so its ids are never kept."""
    return ""
