"""What the events of a thread change: which conversation a message belongs to, and what each kind may do."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.conversations.changes import Change, SendOutcome
from domain.conversations.conversation import apply_event, needs_workflow
from domain.conversations.deadlines import IDLE_LIMIT, next_deadline
from domain.conversations.lifecycle import ActorKind, Status
from domain.conversations.outbox import send_postponed, send_settled
from domain.conversations.state import (
    HeldMessage,
    QueuedSend,
    Side,
    ThreadEvent,
    ThreadEventKind,
    ThreadState,
)
from domain.sending.decide_send import SenderKind
from domain.sending.delivery import MessageStatus
from domain.sending.window import OpeningKind, opening
from domain.workstreams.conversation_settings import DEFAULT_SETTINGS, ConversationSettings
from support.story import NOON, QUIET, Story

MINUTE = timedelta(minutes=1)


def talking() -> Story:
    """A conversation in which the customer wrote and mia answered a minute later."""
    story = Story()
    story.writes()
    story.now += MINUTE
    story.asks("pick")
    story.asks("reply", message_id="r1")
    story.sends_all()
    return story


@pytest.mark.parametrize(
    "kind", [ThreadEventKind.MESSAGE, ThreadEventKind.POSTBACK, ThreadEventKind.ENTRY], ids=str
)
def test_what_asks_for_work_opens_a_conversation(kind: ThreadEventKind) -> None:
    change = Story().writes(kind)
    assert change.state.conversation is not None
    assert change.state.conversation.status is Status.OPEN
    assert [fact.kind for fact in change.facts] == ["conversation.opened", "message.received"]
    assert change.attached == ((change.state.conversation.id, "m1"),)
    assert change.state.conversation.last_speaker is Side.CUSTOMER


def test_the_first_message_is_greeted_once_and_the_next_ones_join() -> None:
    story = Story(DEFAULT_SETTINGS)
    change = story.writes()
    assert change.state.outbox == change.created_sends
    assert [(send.sender_kind, send.trigger) for send in change.created_sends] == [
        (SenderKind.AUTOMATIC, "greeting")
    ]
    first = story.conversation.id
    story.now += MINUTE
    assert story.writes().created_sends == ()
    assert story.conversation.id == first


def test_an_event_seen_before_changes_nothing() -> None:
    story = Story()
    story.writes()
    again = ThreadEvent(1, ThreadEventKind.MESSAGE, NOON, None, "m1")
    assert apply_event(story.state, again, NOON, story.new_id) == Change(story.state)


@pytest.mark.parametrize(
    "kind",
    [
        ThreadEventKind.STANDBY_MESSAGE,
        ThreadEventKind.STANDBY_OPENING,
        ThreadEventKind.WINDOW_OPENING,
        ThreadEventKind.OUTSIDE_MESSAGE,
        ThreadEventKind.SURVEY_ANSWER,
    ],
    ids=str,
)
def test_what_asks_for_no_work_makes_none(kind: ThreadEventKind) -> None:
    story = Story()
    story.writes(kind)
    assert story.state.conversation is None
    assert story.state.applied_seq == 1
    opened = story.state.window.standard_until is not None
    assert opened is (kind is not ThreadEventKind.OUTSIDE_MESSAGE)


def test_a_reaction_extends_the_window_and_is_no_message() -> None:
    story = talking()
    before = story.conversation
    story.now += timedelta(hours=1)
    assert story.writes(ThreadEventKind.WINDOW_OPENING).facts == ()
    assert story.conversation == before
    assert story.state.window.standard_until == story.now + timedelta(hours=24)


def test_what_another_app_answered_is_the_agents_side_speaking() -> None:
    story = Story()
    story.writes()
    story.now += MINUTE
    story.writes(ThreadEventKind.OUTSIDE_MESSAGE)
    assert story.conversation.last_speaker is Side.AGENT
    assert story.told("message.received_from_outside")[0].actor_kind is ActorKind.SYSTEM


def test_an_outside_answer_we_learn_of_late_does_not_answer_what_came_after_it() -> None:
    story = Story()
    story.writes()
    story.now += timedelta(minutes=10)
    story.writes(ThreadEventKind.OUTSIDE_MESSAGE, at=NOON - MINUTE)
    assert story.conversation.last_spoke_at == NOON
    story.writes(ThreadEventKind.OUTSIDE_MESSAGE, at=NOON + MINUTE)
    assert story.conversation.last_speaker is Side.AGENT


def test_a_customers_message_we_learn_of_late_is_unanswered_all_the_same() -> None:
    story = talking()
    story.now += timedelta(minutes=10)
    story.writes(at=NOON + timedelta(seconds=30))
    conversation = story.conversation
    assert conversation.last_speaker is Side.CUSTOMER
    assert conversation.last_spoke_at == story.now
    assert conversation.last_message_at == NOON + MINUTE
    assert story.facts[-1].at == NOON + timedelta(seconds=30)


def test_what_another_app_has_to_answer_is_not_owed_by_us() -> None:
    story = talking()
    story.now += MINUTE
    story.writes(ThreadEventKind.STANDBY_MESSAGE)
    assert story.conversation.last_speaker is Side.AGENT
    assert story.conversation.last_message_at == story.now


def test_a_message_in_waiting_opens_the_same_conversation_for_anybody() -> None:
    story = talking()
    story.asks("close_session")
    former = story.conversation.id
    change = story.writes()
    assert (story.conversation.id, story.status) == (former, Status.OPEN)
    assert story.conversation.agent_id is None
    assert change.attached == ((former, "m2"),)
    story.asks("pick", agent="tom")


def test_a_message_in_wrap_up_completes_it_and_opens_another() -> None:
    story = talking()
    story.asks("end")
    former = story.conversation.id
    change = story.writes()
    assert [(one.id, one.status_reason) for one in change.settled] == [(former, "customer_wrote_in_wrap_up")]
    assert story.conversation.id != former
    assert change.attached == ((story.conversation.id, "m2"),)


def test_after_closed_each_first_message_makes_one_conversation() -> None:
    story = talking()
    for action in ("end", "complete"):
        story.asks(action)
    former = story.conversation.id
    story.writes()
    second = story.conversation.id
    story.writes()
    assert story.conversation.id == second != former
    assert len(story.told("conversation.opened")) == 2


def test_a_message_that_was_on_its_way_when_a_timer_was_due_keeps_the_conversation() -> None:
    story = talking()
    story.asks("close_session")
    story.set_to(auto_close_waiting_after_seconds=3600)
    story.now += timedelta(hours=1)
    written = story.now - timedelta(seconds=1)
    story.now += timedelta(minutes=5)
    change = story.writes(at=written)
    assert change.settled == ()
    assert story.status is Status.OPEN


def test_a_message_written_after_the_instant_comes_after_the_closing() -> None:
    story = talking()
    story.asks("close_session")
    closes_at = story.now + timedelta(seconds=DEFAULT_SETTINGS.auto_close_waiting_after_seconds)
    story.now = closes_at + timedelta(minutes=5)
    change = story.writes(at=closes_at)
    assert [one.closed_at for one in change.settled] == [closes_at]
    assert change.state.conversation is not None
    assert change.state.conversation.id != change.settled[0].id
    assert change.attached == ((change.state.conversation.id, "m2"),)


def test_a_survey_answer_opens_the_window_and_no_conversation() -> None:
    story = talking()
    for action in ("end", "complete"):
        story.asks(action)
    story.now += timedelta(hours=2)
    story.writes(ThreadEventKind.SURVEY_ANSWER)
    assert story.state.conversation is None
    assert story.state.window.standard_until == story.now + timedelta(hours=24)
    assert [fact.kind for fact in story.changes[-1].facts] == ["survey.answer_ignored"]


def test_activity_restarts_the_idle_clock_but_not_that_of_wrap_up() -> None:
    story = Story(replace(QUIET, window_warning_seconds=0))
    story.writes()
    story.passes(timedelta(days=29))
    story.writes(ThreadEventKind.STANDBY_MESSAGE)
    story.passes(timedelta(days=29))
    assert story.status is Status.OPEN

    wrapped = talking()
    wrapped.asks("end")
    ended_at = wrapped.now
    wrapped.now += timedelta(hours=23)
    wrapped.writes(ThreadEventKind.STANDBY_MESSAGE)
    assert next_deadline(wrapped.state, wrapped.now) == ended_at + timedelta(days=1)


def test_a_postponed_send_stays_at_the_head_until_its_instant() -> None:
    story = Story(DEFAULT_SETTINGS)
    story.writes()
    greeting = story.state.outbox[0]
    until = NOON + timedelta(seconds=2)
    state = send_postponed(story.state, greeting.message_id, until)
    assert state.outbox == (replace(greeting, tries=1, not_before=until),)
    assert next_deadline(state, NOON) == until
    assert next_deadline(state, until) == NOON + timedelta(hours=23)
    sent = SendOutcome(greeting.message_id, MessageStatus.SENT)
    assert send_settled(state, sent, until, story.new_id).state.outbox == ()


def test_the_outcome_of_a_send_that_is_not_waited_for_changes_nothing() -> None:
    state = ThreadState()
    outcome = SendOutcome("gone", MessageStatus.FAILED, "x")
    assert send_settled(state, outcome, NOON, str) == Change(state)


def test_a_thread_lives_while_something_is_before_it() -> None:
    assert not needs_workflow(ThreadState(), NOON)
    assert needs_workflow(ThreadState(outbox=(QueuedSend("m", SenderKind.AGENT, "c"),)), NOON)
    held = HeldMessage("m", "c", "mia", NOON, NOON + timedelta(days=7))
    assert needs_workflow(ThreadState(held=(held,)), NOON)


def test_a_closed_thread_lives_as_long_as_it_may_be_reopened() -> None:
    story = Story(ConversationSettings(automated_messages=(), reopen_closed_within_seconds=3600))
    story.writes()
    story.passes(IDLE_LIMIT)
    assert story.status is Status.CLOSED
    until = story.now + timedelta(hours=1)
    assert next_deadline(story.state, story.now) == until
    assert needs_workflow(story.state, until - timedelta(milliseconds=1))
    assert not needs_workflow(story.state, until)


@settings(deadline=None)
@given(st.lists(st.integers(-90_000, 0), min_size=1, max_size=12))
def test_late_and_unordered_messages_never_shorten_the_window_nor_get_lost(ages: list[int]) -> None:
    story = Story()
    for age in ages:
        before = story.state.window.standard_until
        story.writes(at=NOON + timedelta(seconds=age))
        after = story.state.window.standard_until
        assert after is not None
        assert before is None or after >= before
    newest = NOON + timedelta(seconds=max(ages))
    assert story.conversation.last_message_at == newest
    assert story.state.window.standard_until == newest + timedelta(hours=24)
    attached = [message_id for change in story.changes for _, message_id in change.attached]
    assert attached == [f"m{number}" for number in range(1, len(ages) + 1)]


def test_an_old_ad_learnt_of_late_ends_nothing_that_was_told_already() -> None:
    story = Story()
    story.writes()
    story.passes(timedelta(days=9))
    told = len(story.told("window.stage_changed"))
    opened = opening(OpeningKind.MESSAGE, occurred_at=NOON, received_at=story.now)
    longer = replace(opened, kind=OpeningKind.AD_MESSAGE, standard_until=NOON + timedelta(days=7))
    event = ThreadEvent(2, ThreadEventKind.MESSAGE, NOON, longer, "m2")
    story.state = apply_event(story.state, event, story.now, story.new_id).state
    story.fires()
    assert len(story.told("window.stage_changed")) == told == 2


def test_an_ad_message_keeps_its_longer_window() -> None:
    opened = opening(OpeningKind.MESSAGE, occurred_at=NOON, received_at=NOON)
    longer = replace(opened, kind=OpeningKind.AD_MESSAGE, standard_until=NOON + timedelta(days=7))
    story = Story()
    event = ThreadEvent(1, ThreadEventKind.MESSAGE, NOON, longer, "m1")
    story.state = apply_event(story.state, event, NOON, story.new_id).state
    story.passes(timedelta(days=7))
    assert [fact.data for fact in story.told("window.stage_changed")] == [
        {"from": "standard", "to": "closed", "opened_by": "ad_message", "unanswered": True}
    ]
