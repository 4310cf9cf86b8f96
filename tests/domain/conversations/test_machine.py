"""Whatever happens to a thread, in whatever order: what must hold after every step.

`make test` takes some 10,000 steps, the same ones each time. `make models` takes ever new ones;
`PAGEDESK_MODEL_STORIES` says how many stories of 50 steps.
"""

import os
import re
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from base.converter import PayloadConverter
from domain.conversations.changes import Change, Fact, Refusal
from domain.conversations.conversation import applied_before, needs_workflow
from domain.conversations.deadlines import is_due, next_deadline
from domain.conversations.lifecycle import TRANSITIONS, Phase, Status
from domain.conversations.queue_stays import placement_of
from domain.conversations.state import (
    SURVEY_UNDER_WAY,
    Conversation,
    Participant,
    ParticipantMode,
    ThreadEvent,
    ThreadEventKind,
    ThreadState,
)
from domain.routing.placement import StayRecord
from domain.sending.decide_send import SendRefusal, decide_send
from domain.sending.window import OpeningKind
from scripts.docs.lifecycle import FACTS
from support import steps
from support.steps import (
    Asks,
    AsksAgain,
    ComesAgain,
    Happens,
    Model,
    SendEnds,
    SendResult,
    Step,
    TimePasses,
)

_STORY = 50
_OF_SURVEYS = {"survey_id", "session_id"}
_DATA = {kind: set(re.findall(r"[a-z_]+", data)) | _OF_SURVEYS for kind, _, data in FACTS}
_CONVERTER = PayloadConverter()
_MOVES = {(row.source, row.target, row.reason) for row in TRANSITIONS}
_STATUSES = frozenset(Status)
_WORK = (ThreadEventKind.MESSAGE, ThreadEventKind.POSTBACK, ThreadEventKind.ENTRY)
_BY_CUSTOMERS_TIME = {"message.received", "message.received_from_outside", "survey.answered"}
"""These are dated by Meta, or when the customer did it: it may be before we learnt of it."""


def _written(state: ThreadState) -> bytes:
    payload = _CONVERTER.to_payloads([state])[0]
    assert _CONVERTER.from_payloads([payload], [ThreadState]) == [state]
    return payload.data


class Thread(RuleBasedStateMachine):
    """One thread, its rules, and what was seen of it."""

    def __init__(self) -> None:
        super().__init__()
        self.model = Model()
        self.opened: dict[str, datetime] = {}
        self.closed: dict[str, Conversation] = {}
        self.stays: dict[tuple[str, int], StayRecord] = {}
        self.participants: dict[str, Participant] = {}
        self.surveys: dict[str, str] = {}
        self.keys: set[tuple[object, ...]] = set()
        self.attached: dict[str, str] = {}
        self.told: set[tuple[object, ...]] = set()
        self.acted_on_all = True
        self.past = self.model.now

    @rule(step=steps.writes)
    def customer_writes(self, step: Step) -> None:
        self._take(step)

    @rule(step=steps.happens_besides)
    def something_happens(self, step: Step) -> None:
        self._take(step)

    @precondition(lambda self: self.model.events)
    @rule(step=steps.comes_again)
    def an_event_comes_again(self, step: Step) -> None:
        before = self.model.state
        assert self._take(step)[0] == Change(before)

    @precondition(lambda self: self.model.commands)
    @rule()
    def a_command_comes_again(self) -> None:
        before, command = self.model.state, self.model.commands[-1]
        outcomes = self._take(AsksAgain())
        if applied_before(before, command.command_id):
            assert outcomes[0] == Change(before)

    @initialize(settings=steps.settings_changes, step=steps.writes)
    def a_page_is_written_to(self, settings: Step, step: Step) -> None:
        self._take(settings)
        self._take(step)

    @precondition(lambda self: self.model.state.conversation is None)
    @rule(step=steps.writes, action=st.sampled_from(["end", "close_session", "reply"]))
    def a_conversation_takes_its_course(self, step: Step, action: str) -> None:
        for each in (step, Asks("pick"), Asks(action)):
            self._take(each)
        self.all_is_sent()

    @rule()
    def all_is_sent(self) -> None:
        for _ in self.model.state.outbox:
            self._take(SendEnds(SendResult.SENT))

    @rule(step=steps.asks_what_is_legal)
    def somebody_asks_what_is_legal(self, step: Step) -> None:
        self._take(step)

    @rule(step=steps.asks)
    def somebody_asks(self, step: Step) -> None:
        self._take(step)

    @precondition(lambda self: self.model.state.conversation is not None)
    @rule(step=steps.replies)
    def an_agent_replies(self, step: Step) -> None:
        self._take(step)

    @precondition(lambda self: self.model.state.conversation is not None)
    @rule(step=steps.is_offered)
    def it_is_offered(self, step: Step) -> None:
        self._take(step)

    @precondition(lambda self: self.model.state.conversation is not None)
    @rule(step=steps.answers_offer)
    def an_offer_is_answered(self, step: Step) -> None:
        self._take(step)

    @precondition(lambda self: self.model.state.conversation is not None)
    @rule(step=steps.takes_part)
    def somebody_takes_part(self, step: Step) -> None:
        self._take(step)

    @precondition(lambda self: self.model.state.conversation is not None)
    @rule(step=steps.answers_invitation)
    def an_invitation_is_answered(self, step: Step) -> None:
        self._take(step)

    @precondition(lambda self: self.model.state.conversation is not None)
    @rule(step=steps.agent_goes)
    def its_agent_goes(self, step: Step) -> None:
        self._take(step)

    @precondition(lambda self: self.model.state.held)
    @rule(step=steps.held_commands)
    def what_is_held_is_handled(self, step: Step) -> None:
        self._take(step)

    @precondition(lambda self: self.model.state.outbox)
    @rule(step=steps.send_ends)
    def a_send_ends(self, step: Step) -> None:
        self._take(step)

    @precondition(lambda self: self.model.state.survey is not None)
    @rule(step=steps.answers)
    def a_survey_is_answered(self, step: Step) -> None:
        self._take(step)

    @rule(step=steps.settings_changes)
    def settings_change(self, step: Step) -> None:
        self._take(step)

    @rule(step=steps.time_passes(unnoticed=st.booleans()))
    def time_passes(self, step: TimePasses) -> None:
        self._take(step)
        self.acted_on_all = not step.unnoticed

    @precondition(lambda self: next_deadline(self.model.state, self.model.now) is not None)
    @rule(step=steps.deadline_comes(unnoticed=st.booleans()))
    def a_deadline_comes(self, step: TimePasses) -> None:
        self.time_passes(step)

    @precondition(lambda self: self.model.state.survey is not None)
    @rule(step=steps.deadline_comes(unnoticed=st.just(value=False)))
    def a_survey_takes_its_course(self, step: TimePasses) -> None:
        self.time_passes(step)
        self.all_is_sent()

    def _take(self, step: Step) -> list[Change | Refusal]:
        if self.acted_on_all:
            self.past = self.model.now
        self.acted_on_all = True
        before = self.model.state
        events = len(self.model.events)
        outcomes = self.model.take(step)
        for outcome in outcomes:
            if isinstance(outcome, Change):
                self._look_at(before, outcome)
                before = outcome.state
        if len(self.model.events) > events and not isinstance(step, ComesAgain):
            self._look_at_event(self.model.events[-1])
        return outcomes

    def _look_at(self, before: ThreadState, change: Change) -> None:
        self._look_at_facts(change)
        self._look_at_surveys(change)
        for each in change.stays:
            key = (each.conversation_id, each.record.number)
            former_stay = self.stays.get(key)
            assert former_stay is None or former_stay.end is None, "what is over is over"
            assert former_stay is not None or (key[1] == 1 or self.stays[key[0], key[1] - 1].end is not None)
            self.stays[key] = each.record
        for changed in change.participants:
            former_part = self.participants.get(changed.participant.id)
            assert former_part is None or former_part.left_at is None, "who left comes by another id"
            self.participants[changed.participant.id] = changed.participant
        for conversation in change.settled:
            assert conversation.status is Status.CLOSED
            assert conversation.closed_at == conversation.status_changed_at
            self.closed[conversation.id] = conversation
        live, former = change.state.conversation, change.state.last_closed
        if live is not None:
            self.closed.pop(live.id, None)
        if former is not None:
            assert self.closed[former.id] == former
        for send in change.state.outbox:
            if send not in before.outbox and send.not_before is None:
                allowed = decide_send(
                    self.model.now,
                    change.state.window,
                    send.sender_kind,
                    send.content_kind,
                    human_agent_tag=send.human_agent_tag,
                )
                assert not isinstance(allowed, SendRefusal), send
        for conversation_id, message_id in change.attached:
            assert message_id not in self.attached, "a message belongs to one conversation"
            self.attached[message_id] = conversation_id
        assert change.is_to_be_recorded or not (change.attached or change.statuses)
        assert change.facts or not (change.created_sends or change.notices)

    def _look_at_facts(self, change: Change) -> None:
        for fact in change.facts:
            assert fact.cause, fact
            key = (fact.cause, fact.kind, fact.conversation_id, fact.message_id, str(fact.data))
            assert key not in self.keys, "the store would take it for the same"
            self.keys.add(key)
            if fact.kind == "conversation.opened":
                self.opened[fact.conversation_id or ""] = fact.at
            self._look_at_instant(fact)
            self._look_at_kind(fact)

    def _look_at_instant(self, fact: Fact) -> None:
        assert fact.at <= self.model.now
        if fact.cause.startswith("deadline/"):
            assert fact.at.isoformat() == fact.cause.rsplit("/", 1)[1]
            if not fact.kind.startswith("window."):  # they follow an opening, also one learnt of late
                assert fact.at >= self.past, f"written into the past: {fact}"
        elif fact.kind not in _BY_CUSTOMERS_TIME:
            assert fact.at == self.model.now
        if fact.conversation_id is not None and fact.kind not in _BY_CUSTOMERS_TIME:
            assert fact.at >= self.opened[fact.conversation_id], fact

    def _look_at_kind(self, fact: Fact) -> None:
        data = fact.data or {}
        assert set(data) <= _DATA[fact.kind], "docs/lifecycle.md names what each fact tells"
        target = fact.kind.removeprefix("conversation.")
        if target in _STATUSES:
            assert (data["from"], target, data["reason"]) in _MOVES
        if fact.kind == "window.closing_soon":
            self._told_once(fact.kind, fact.conversation_id, data["stage"], data["until"])
            assert fact.at.isoformat() < str(data["until"])
        if fact.kind == "window.stage_changed":
            self._told_once(fact.kind, fact.conversation_id, fact.at)
            assert data["from"] != data["to"]

    def _told_once(self, *what: object) -> None:
        assert what not in self.told
        self.told.add(what)

    def _look_at_surveys(self, change: Change) -> None:
        endings = sum(
            fact.kind == "conversation.wrap_up"
            or (fact.kind == "conversation.closed" and (fact.data or {})["from"] != Status.WRAP_UP)
            for fact in change.facts
        )
        fresh = [survey for survey in change.surveys if survey.id not in self.surveys]
        assert len(fresh) <= endings
        if change.state.settings.survey is not None:
            assert len(fresh) == endings
        for survey in change.surveys:
            self.surveys[survey.id] = survey.status
        current = change.state.survey.id if change.state.survey else None
        for survey_id, status in self.surveys.items():
            assert survey_id == current or status not in SURVEY_UNDER_WAY, "every survey has an outcome"

    def _look_at_event(self, event: ThreadEvent) -> None:
        assert self.model.state.applied_seq == event.seq
        if event.kind in _WORK:
            assert event.message_id in self.attached, "no message of a customer is lost"

    @invariant()
    def states_make_sense(self) -> None:
        state, now = self.model.state, self.model.now
        live = state.conversation
        if live is not None:
            assert live.id not in self.closed
            assert state.last_closed is None or state.last_closed.id != live.id
            assert live.status is not Status.CLOSED
            assert live.closed_at is None
            assert (live.session is not None) == (live.status in (Status.ACTIVE, Status.WRAP_UP))
            assert (live.phase is not None) == (live.status is Status.ACTIVE)
            assert (live.agent_id is None) == (live.status is Status.OPEN)
            assert live.opened_at <= live.opened_or_reopened_at <= live.status_changed_at <= now
        else:
            assert state.last_closed is None or state.last_closed.status is Status.CLOSED
        if self.acted_on_all:
            assert not is_due(state, now)
        if self.acted_on_all and not needs_workflow(state, now):
            assert live is None
            assert next_deadline(state, now) is None
            assert not state.outbox
            assert not state.held
        assert len({send.message_id for send in state.outbox}) == len(state.outbox)
        assert not {send.message_id for send in state.outbox} & {held.message_id for held in state.held}

    @invariant()
    def its_place_makes_sense(self) -> None:
        live, now = self.model.state.conversation, self.model.now
        if live is None:
            return
        assert (live.offer is not None) == (live.phase is Phase.AWAITING_ACCEPTANCE)
        if live.offer is not None:
            assert live.session is not None
            assert (live.session.id, live.session.agent_id) == (live.offer.id, live.offer.agent_id)
            assert live.session.accepted_at is None
            assert not self.acted_on_all or not live.offer.is_over(now)
        elif live.session is not None:
            assert live.session.accepted_at is not None
            assert live.accepted_session_id == live.session.id
        waits = live.stay is not None and not live.stay.is_over
        if live.status is Status.OPEN and self.acted_on_all:
            assert waits, "every Open conversation has its place in a queue"
        if live.status not in (Status.OPEN, Status.ACTIVE) or live.phase is Phase.IN_CONVERSATION:
            assert not waits
        place = placement_of(live, self.model.state.settings.distribution.wrap_up, now)
        assert place.waiting is None or place.slot is None
        assert (place.slot is not None) >= (live.status is Status.ACTIVE)

    @invariant()
    def who_takes_part_makes_sense(self) -> None:
        live = self.model.state.conversation
        present = live.participants if live is not None else ()
        assert {key for key, each in self.participants.items() if each.left_at is None} == {
            each.id for each in present
        }
        agents = [each.agent_id for each in present]
        assert len(agents) == len(set(agents))
        if live is not None and present:
            assert live.agent_id not in agents
            assert live.status in (Status.ACTIVE, Status.WAITING, Status.WRAP_UP)
        for each in present:
            assert each == self.participants[each.id], "every change of it is recorded"
            assert (each.joined_at is None) == (each.expires_at is not None)
            if each.mode is not ParticipantMode.MONITOR and live is not None:
                assert live.phase is (
                    Phase.AWAITING_ACCEPTANCE if each.until_answered else Phase.IN_CONVERSATION
                )
            if each.expires_at is not None and self.acted_on_all:
                assert self.model.now < each.expires_at

    @invariant()
    def the_state_survives_being_written(self) -> None:
        _written(self.model.state)


def _run(stories: int, *, derandomize: bool) -> None:
    run_state_machine_as_test(
        Thread,
        settings=settings(
            max_examples=stories,
            stateful_step_count=_STORY,
            derandomize=derandomize,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.timeout(600)  # of a machine that does other things besides
def test_ten_thousand_steps() -> None:
    _run(320, derandomize=True)


@pytest.mark.chaos
def test_ever_new_steps() -> None:
    _run(int(os.environ.get("PAGEDESK_MODEL_STORIES", "10000")), derandomize=False)


def test_ten_thousand_messages_do_not_grow_the_state() -> None:
    model = Model()
    sizes = []
    for number in range(10_000):
        model.take(Happens(ThreadEventKind.MESSAGE, OpeningKind.MESSAGE))
        model.take(TimePasses(timedelta(seconds=30)))
        if number in (100, 9_999):
            sizes.append(len(_written(model.state)))
    assert sizes[1] <= sizes[0] + 20


def test_a_thousand_conversations_do_not_grow_the_state() -> None:
    model = Model()
    sizes = []
    for number in range(1_000):
        model.take(Happens(ThreadEventKind.MESSAGE, OpeningKind.MESSAGE))
        for action in ("pick", "end", "complete"):
            model.take(Asks(action))
        model.take(SendEnds(SendResult.SENT))
        if number in (100, 999):
            sizes.append(len(_written(replace(model.state, version=0))))
    assert sizes[1] <= sizes[0] + 400
