"""What bots, the Page inbox and Meta's own automations do in a thread, and what it means for ours."""

from datetime import timedelta
from typing import Any

import pytest

from domain.conversations.changes import Change
from domain.conversations.conversation import apply_event
from domain.conversations.lifecycle import Status
from domain.conversations.state import Side, ThreadEvent, ThreadEventKind
from domain.workstreams.conversation_settings import AutomatedTrigger, RuleAction, Silent, TimeOutRule
from support.story import NOON, QUIET, Story

K = ThreadEventKind
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
CLOSES_ON_SILENCE = TimeOutRule("r1", Silent.CUSTOMER, 60, RuleAction.CLOSE)


def ruled(**settings: Any) -> Story:
    story = Story(QUIET)
    story.set_to(**settings)
    return story


def answered(story: Story, after: timedelta, *, by_program: bool = False) -> Change:
    """Somebody answers for the Page, by Meta's clock so long after noon."""
    seq = story.state.applied_seq + 1
    event = ThreadEvent(seq, K.OUTSIDE_MESSAGE, NOON + after, message_id=f"m{seq}", by_program=by_program)
    story.now = max(story.now, NOON + after)
    change = apply_event(story.state, event, story.now, story.new_id)
    story.state = change.state
    story.facts.extend(change.facts)
    return change


@pytest.mark.parametrize(
    ("after", "by_program"),
    [
        (timedelta(0), False),
        (timedelta(milliseconds=300), False),
        (5 * SECOND - timedelta(milliseconds=1), False),
        (timedelta(milliseconds=300), True),
        (10 * MINUTE, True),
    ],
)
def test_what_no_person_said_is_no_answer(after: timedelta, by_program: bool) -> None:
    story = ruled(time_out_rules=(CLOSES_ON_SILENCE,))
    story.writes()
    answered(story, after, by_program=by_program)
    assert story.conversation.last_speaker is Side.CUSTOMER
    assert (story.told("message.received_from_outside")[0].data or {})["is_answer"] is False
    story.passes(timedelta(hours=1))
    assert story.status is Status.OPEN, "nobody ever had it: it waits in its queue"


def test_the_warning_of_a_closing_window_stays_due_after_an_instant_reply() -> None:
    story = Story(QUIET)
    story.writes()
    answered(story, timedelta(milliseconds=300))
    story.passes(timedelta(hours=23))
    assert len(story.told("window.closing_soon")) == 1


@pytest.mark.parametrize("after", [5 * SECOND, 10 * MINUTE])
def test_a_person_in_the_page_inbox_answers(after: timedelta) -> None:
    story = ruled(time_out_rules=(CLOSES_ON_SILENCE,))
    story.writes()
    answered(story, after)
    assert story.conversation.last_speaker is Side.AGENT
    story.passes(2 * MINUTE)
    assert story.status is Status.CLOSED


def test_an_instant_reply_that_comes_late_is_told_by_metas_clock() -> None:
    story = Story(QUIET)
    story.writes()
    story.now += 10 * MINUTE
    answered(story, timedelta(milliseconds=300))
    assert story.conversation.last_speaker is Side.CUSTOMER


def test_an_instant_reply_that_comes_before_its_message_is_no_answer() -> None:
    story = Story(QUIET)
    story.writes(at=NOON - 10 * MINUTE)
    answered(story, timedelta(milliseconds=300))
    story.writes(at=NOON)
    assert story.conversation.last_speaker is Side.CUSTOMER


def test_a_handover_opens_a_conversation_that_waits_for_an_answer() -> None:
    story = Story(QUIET)
    story.set_to(automated_messages=(AutomatedTrigger.GREETING,))
    story.writes(K.STANDBY_MESSAGE)
    assert story.state.conversation is None
    change = story.writes(K.HANDED_OVER)
    assert (story.status, story.conversation.status_reason) == (Status.OPEN, "handed_over")
    assert story.conversation.last_speaker is Side.CUSTOMER
    assert story.conversation.last_message_at == NOON
    assert change.attached == (), "what was said meanwhile is the store's to gather"
    assert story.said() == [AutomatedTrigger.GREETING]
    (opened,) = story.told("conversation.opened")
    assert (opened.data, opened.message_id) == ({"reason": "handed_over"}, "m2")


@pytest.mark.parametrize("said_meanwhile", [True, False])
def test_a_waiting_conversation_opens_when_the_thread_is_handed_to_us(said_meanwhile: bool) -> None:
    story = Story(QUIET)
    story.writes()
    story.asks("pick")
    story.asks("close_session")
    former = story.conversation.id
    if said_meanwhile:
        story.writes(K.STANDBY_MESSAGE)
        assert story.status is Status.WAITING
    story.writes(K.HANDED_OVER)
    assert (story.conversation.id, story.status) == (former, Status.OPEN)
    assert story.conversation.last_speaker is Side.CUSTOMER


def test_a_handover_in_wrap_up_ends_it_and_opens_the_next() -> None:
    story = Story(QUIET)
    story.writes()
    story.asks("pick")
    story.asks("end")
    former = story.conversation.id
    story.writes(K.HANDED_OVER)
    assert story.status is Status.OPEN
    assert story.conversation.id != former
    assert story.told("conversation.closed")[0].data == {
        "from": "wrap_up",
        "reason": "handed_over_in_wrap_up",
    }


def test_an_agent_who_has_the_conversation_keeps_it_and_owes_an_answer() -> None:
    story = Story(QUIET)
    story.writes()
    story.asks("pick")
    story.asks("reply", message_id="r1")
    story.writes(K.HANDED_OVER)
    assert (story.status, story.conversation.agent_id) == (Status.ACTIVE, "mia")
    assert story.conversation.last_speaker is Side.CUSTOMER


def test_a_handover_told_twice_opens_once() -> None:
    story = Story(QUIET)
    event = ThreadEvent(1, K.HANDED_OVER, NOON, message_id="m1")
    first = apply_event(story.state, event, NOON, story.new_id)
    assert apply_event(first.state, event, NOON, story.new_id) == Change(first.state)


def test_an_answer_is_owed_since_the_first_of_the_words_that_nobody_has_answered() -> None:
    story, seen = ruled(), list[timedelta | None]()

    def look() -> None:
        since = story.conversation.owed_since
        seen.append(since - NOON if since is not None else None)

    for minute in (1, 2, 0):  # the last comes late
        story.writes(at=NOON + minute * MINUTE)
        look()
    answered(story, 10 * MINUTE, by_program=True)
    story.writes(K.STANDBY_MESSAGE, at=NOON + 11 * MINUTE)
    look()
    answered(story, 12 * MINUTE)
    story.writes(K.STANDBY_MESSAGE, at=NOON + 13 * MINUTE)
    look()
    story.writes(at=NOON + 14 * MINUTE)
    look()
    story.asks("pick")
    story.asks("reply", message_id="ours")
    look()
    assert seen == [MINUTE, MINUTE, 0 * MINUTE, 0 * MINUTE, None, 14 * MINUTE, None]
