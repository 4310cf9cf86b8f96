"""The same random steps on the pure rules and on the real workflow: both know the same after every step.

`PAGEDESK_CHAOS_SEED` repeats a run of the long tier. Texts and the Graph API are left out: sends end as the
sequence says, and rows of what Pagedesk says by itself are not made.
"""

import os
import random
import re
import secrets
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from itertools import cycle
from pathlib import Path
from typing import Any
from unittest import mock

import hypothesis
import pytest
from sqlmodel import Session
from temporalio import activity
from temporalio.service import RPCError, RPCStatusCode
from temporalio.testing import WorkflowEnvironment

import worker
from base.converter import data_converter
from domain.conversations.changes import Change, Refusal
from domain.conversations.command_types import AgentCommand
from domain.conversations.conversation import needs_workflow
from domain.conversations.deadlines import next_deadline
from domain.conversations.state import ThreadEvent, ThreadState
from domain.routing.routing_signals import AgentGone, OfferMade
from domain.sending.decide_send import ContentKind
from domain.sending.delivery import MessageStatus
from domain.workstreams.conversation_settings import ConversationSettings
from ingest.events.event_router import RoutedThread
from local.temporal_server.test_server import start_time_skipping
from store.conversations import projection as threads
from store.conversations.projection import as_json, set_window, window_of_thread
from store.tables import Customer, Thread
from support import steps
from support.desk import Desk, make_desk
from support.eventually import eventually
from support.steps import (
    AsksAgain,
    ComesAgain,
    Doing,
    Model,
    SendEnds,
    SendResult,
    SettingsChange,
    Step,
    TimePasses,
    any_step,
    realise,
)
from support.store import PAGE_A, PSID, make_settings
from workflows.messages import (
    AGENT_GONE_SIGNAL,
    OFFER_SIGNAL,
    CommandResult,
    SendMessage,
    SendReport,
)

pytestmark = pytest.mark.time_skipping

Sent = tuple[str, ContentKind, bool]
_CUSTOMER = "customer-a"
_TOLERANCE = timedelta(seconds=60)
"""Temporal's clock runs on while both sides work."""
_ENDS = (
    SendResult.SENT,
    SendResult.SENT,
    SendResult.FAILED,
    SendResult.REFUSED_BY_WINDOW,
)
"""An unknown outcome takes a minute and a look at Meta: it has tests of its own."""
_REPORTS = {
    SendResult.SENT: SendReport(MessageStatus.SENT),
    SendResult.FAILED: SendReport(MessageStatus.FAILED, "recipient_unavailable"),
    SendResult.REFUSED_BY_WINDOW: SendReport(MessageStatus.FAILED, "window_closed"),
}
_SEQUENCES, _STEPS = 4, 125
_A_WHILE = timedelta(minutes=3)
_NOT_COMPARED = frozenset(
    {".settings_since", ".settings.version", ".outbox", ".schema_version", ".written_at"}
)
"""A thread without a run learns of its settings when it is loaded, not when they change. What left the outbox
is not projected for its own sake; sends are compared as they happen.
"""


class ScriptedSends:
    """Ends every send as the script says; both sides follow the same one.

    A send that is tried again, as after a load, ends as before: then the store would know how.
    """

    def __init__(self) -> None:
        self._ends = cycle(_ENDS)
        self._known: dict[str, SendReport] = {}
        self.done: list[Sent] = []

    @activity.defn(name="send_message")
    async def send_message(self, request: SendMessage) -> SendReport:
        """The next result."""
        if request.message_id not in self._known:
            self._known[request.message_id] = _REPORTS[next(self._ends)]
            self.done.append(
                (_known_to_both(request.message_id), request.content_kind, request.human_agent_tag)
            )
        return self._known[request.message_id]


def _known_to_both(message_id: str) -> str:
    return message_id if re.fullmatch(r"r\d+", message_id) else "of its own"


@dataclass
class Pair:
    """The model and the workflow, and which id of one is which of the other."""

    desk: Desk
    env: WorkflowEnvironment
    sends: ScriptedSends
    model: Model = field(default_factory=Model)
    sent: list[Sent] = field(default_factory=list)
    projected: ThreadState = field(default_factory=lambda: ThreadState(settings=steps.SETTINGS))
    ids: dict[str, str] = field(default_factory=dict)
    ends: Iterator[SendResult] = field(default_factory=lambda: cycle(_ENDS))
    told: bool = False
    has_run: bool = False
    wrong: list[str] = field(default_factory=list)

    async def take(self, step: Step) -> bool:
        """Do one step to both and wait until they agree; whether there was anything to do."""
        # A run that is younger than a second is made to wait when it continues as new.
        await self._pass(timedelta(seconds=1))
        if isinstance(step, TimePasses):
            due = self._due() or self.model.now
            await self._pass(max(_A_WHILE, due - self.model.now + _A_WHILE if step.by is None else step.by))
        elif (doing := self._doing(step)) is not None:
            (outcome, *_) = self._model(step)
            await self._workflow(doing, outcome)
        else:
            return False
        try:
            await eventually(self._agree, within=30)
        except AssertionError:
            raise AssertionError(f"After {step} they differ: {self.wrong}") from None
        return True

    def _doing(self, step: Step) -> Doing | None:
        """What the step is, before either side has done it."""
        match step:
            case ComesAgain(back=back):
                events = self.model.events
                return events[-1 - back % len(events)] if events else None
            case AsksAgain():
                return self.model.commands[-1] if self.model.commands else None
        return realise(step, self.model.state, self.model.now, self.model.serial + 1)

    def _model(self, step: Step) -> list[Change | Refusal]:
        # Whatever is told, even in vain, begins a run where there is none.
        self.has_run = self.has_run or not isinstance(step, SettingsChange | TimePasses)
        outcomes = self.model.take(step)
        self._note(outcomes)
        while self.model.state.outbox:
            send = self.model.state.outbox[0]
            self.sent.append((_known_to_both(send.message_id), send.content_kind, send.human_agent_tag))
            self._note(self.model.take(SendEnds(next(self.ends))))
        self._end_run()
        return outcomes

    def _end_run(self) -> None:
        """A run that ends writes down all that it knows."""
        if self.has_run and not needs_workflow(self.model.state, self.model.now):
            self.projected = self.model.state
            self.has_run = False

    def _note(self, outcomes: list[Change | Refusal]) -> None:
        for outcome in outcomes:
            if isinstance(outcome, Change) and outcome.is_to_be_recorded:
                self.projected = outcome.state

    async def _pass(self, by: timedelta) -> None:
        """Deadline by deadline: Temporal acts on each before the next comes."""
        self.model.now = await self.env.get_current_time()
        goal = self.model.now + by
        while (due := self._due()) is not None and due <= goal:
            self._model(TimePasses(due - self.model.now))
        await self.env.sleep(goal - await self.env.get_current_time())
        self._model(TimePasses(await self.env.get_current_time() - self.model.now))

    def _due(self) -> datetime | None:
        return next_deadline(self.model.state, self.model.now)

    async def _workflow(self, doing: Doing, outcome: Change | Refusal) -> None:
        match doing:
            case ThreadEvent():
                event = replace(doing, survey_id=self.ids.get(doing.survey_id or "", doing.survey_id))
                await self.desk.store.write(lambda session: _open_window(session, event))
                await self.desk.signal(RoutedThread(PAGE_A, _CUSTOMER, [event], fresh=not self.told))
                self.told = True
            case AgentCommand():
                command = replace(
                    doing, conversation_id=self.ids.get(doing.conversation_id, doing.conversation_id)
                )
                answer = await self.desk.give(command)
                refused = None if isinstance(answer, CommandResult) else answer.type
                assert refused == (outcome.code if isinstance(outcome, Refusal) else None), (doing, answer)
                self.told = True
            case OfferMade():
                told = replace(
                    doing, conversation_id=self.ids.get(doing.conversation_id, doing.conversation_id)
                )
                await (await self.desk.handle()).signal(OFFER_SIGNAL, told)
            case AgentGone():
                await (await self.desk.handle()).signal(AGENT_GONE_SIGNAL, doing)
            case ConversationSettings():
                await self._set(doing)
            case _:
                raise TypeError(f"{doing} is nothing that can be done to a workflow.")

    async def _set(self, settings: ConversationSettings) -> None:
        """Tell of new settings and wait until they are read, if there is a run that reads them."""
        self.desk.live = _said_by(settings)
        before = self.desk.settings_read
        try:
            await self.desk.tell_settings_changed()
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
            return

        async def are_read() -> bool:
            return self.desk.settings_read > before

        await eventually(are_read, within=30)

    async def _agree(self) -> bool:
        ids = dict(self.ids)
        kept = (await self.desk.thread()).state or _as_json(ThreadState(settings=steps.SETTINGS))
        self.wrong = list(_differences(_as_json(self.projected), kept, ids))
        if self.sent != self.sends.done:
            self.wrong.append(f"sends: {self.sent[-5:]} and {self.sends.done[-5:]}")
        if not self.wrong:
            self.ids = ids
        return not self.wrong


def _differences(ours: Any, real: Any, ids: dict[str, str], path: str = "") -> Iterator[str]:
    """Where two states differ, apart from ids that were made at random and instants of a clock that runs."""
    if isinstance(ours, dict) and isinstance(real, dict):
        compared = [name for name in ours.keys() | real.keys() if f"{path}.{name}" not in _NOT_COMPARED]
        for name in sorted(compared):
            yield from _differences(ours.get(name), real.get(name), ids, f"{path}.{name}")
    elif isinstance(ours, list) and isinstance(real, list) and len(ours) == len(real):
        for number, (one, other) in enumerate(zip(ours, real, strict=True)):
            yield from _differences(one, other, ids, f"{path}[{number}]")
    elif isinstance(ours, str) and isinstance(real, str) and ours != real:
        if re.fullmatch(r"id\d+", ours):
            if ids.setdefault(ours, real) != real:
                yield f"{path}: {ours} was {ids[ours]} and is {real}"
        elif not _near(ours, real):
            yield f"{path}: {ours} and {real}"
    elif ours != real:
        yield f"{path}: {ours} and {real}"


def _said_by(settings: ConversationSettings) -> dict[str, Any]:
    """All but the version, which is the store's."""
    return {each.name: getattr(settings, each.name) for each in fields(settings) if each.compare}


def _near(one: str, other: str) -> bool:
    try:
        return abs(datetime.fromisoformat(one) - datetime.fromisoformat(other)) < _TOLERANCE
    except ValueError:
        return False


def _as_json(state: ThreadState) -> Any:
    return as_json(state)


def _open_window(session: Session, event: ThreadEvent) -> None:
    """What the router does before it tells."""
    thread = session.get_one(Thread, _CUSTOMER)
    if event.opening is not None:
        set_window(thread, window_of_thread(thread).extended_by(event.opening))


def sequence(seed: str, length: int) -> list[Step]:
    """So many random steps, the same for the same seed."""
    found: list[Step] = []

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=length,
        database=None,
        deadline=None,
        phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(any_step(busy_engine=False))
    def draw(step: Step) -> None:
        found.append(step)

    draw()
    random.Random(seed).shuffle(found)  # noqa: S311 - the simplest come first
    return found


@pytest.fixture
async def pair(tmp_path: Path) -> AsyncIterator[Pair]:
    env = await start_time_skipping(data_converter=data_converter)
    sends = ScriptedSends()
    with (
        mock.patch.object(worker, "SendActivities", return_value=sends),
        mock.patch.object(threads, "create_messages", return_value=None),
    ):
        desk = await make_desk(make_settings(tmp_path), env.client)
        await desk.store.write(_one_thread)
        desk.live = _said_by(steps.SETTINGS)
        async with desk.working():
            yield Pair(desk, env, sends)
            await desk.close()
    await env.shutdown()


def _one_thread(session: Session) -> None:
    session.add(Customer(id=_CUSTOMER, page_id=PAGE_A, psid=PSID, created_at=steps.START))
    session.flush()
    session.add(Thread(customer_id=_CUSTOMER, page_id=PAGE_A))


@pytest.mark.parametrize("number", range(_SEQUENCES))
async def test_the_workflow_does_what_the_rules_say(pair: Pair, number: int) -> None:
    await _agree_on(pair, f"committed-{number}", _STEPS)


@pytest.mark.chaos
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("number", range(20))
async def test_the_workflow_does_what_the_rules_say_for_long(pair: Pair, number: int) -> None:
    seed = os.environ.get("PAGEDESK_CHAOS_SEED") or secrets.token_hex(4)
    await _agree_on(pair, f"{seed}-{number}", 10 * _STEPS)


async def _agree_on(pair: Pair, seed: str, length: int) -> None:
    print(f"seed {seed}")  # noqa: T201 - shown where the test fails
    done = 0
    for step in sequence(seed, length):
        done += await pair.take(step)
    assert done >= length // 2
    assert pair.model.state.version > length // 10
