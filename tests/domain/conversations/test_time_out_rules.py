"""Time-out rules: somebody is silent for too long, and something is done about it, once."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from domain.conversations.deadlines import next_deadline
from domain.conversations.lifecycle import ActorKind, Phase, Status
from domain.conversations.state import ThreadEventKind
from domain.workstreams.conversation_settings import Receiver, RuleAction, Silent, TimeOutRule
from support.story import NOON, QUIET, Story

HOUR = timedelta(hours=1)
MS = timedelta(milliseconds=1)
MINUTE = timedelta(minutes=1)


def rule(name: str, action: RuleAction, hours: int = 1, **more: object) -> TimeOutRule:
    made = TimeOutRule(name, Silent.CUSTOMER, hours * 3600, action)
    return replace(made, **more)  # type: ignore[arg-type]  # by name


NUDGE = rule("nudge", RuleAction.SEND)
CLOSE = rule("close", RuleAction.CLOSE, 2)
PARK = rule("park", RuleAction.MOVE_TO_WAITING)
HURRY = rule("hurry", RuleAction.SEND, silent=Silent.AGENT, receiver=Receiver.AGENT)


def answered(*rules: TimeOutRule) -> Story:
    """Mia answered at noon."""
    story = Story(replace(QUIET, time_out_rules=rules))
    story.writes()
    story.asks("pick")
    story.asks("reply", message_id="r1")
    story.sends_all()
    return story


def applied(story: Story) -> list[tuple[object, datetime]]:
    return [((fact.data or {})["rule_id"], fact.at) for fact in story.told("rule.applied")]


def test_the_customer_is_reminded_and_then_it_is_closed() -> None:
    story = answered(NUDGE, CLOSE)
    story.passes(HOUR - MS)
    assert story.said() == []
    story.passes(MS)
    assert story.said() == ["rule"]
    assert story.state.outbox[0].cause_id == "nudge"
    story.now += MINUTE
    story.passes(HOUR)
    assert story.status is Status.CLOSED
    assert story.conversation.closed_at == NOON + 2 * HOUR
    assert applied(story) == [("nudge", NOON + HOUR), ("close", NOON + 2 * HOUR)]
    closed = story.told("conversation.closed")[0]
    assert closed.data == {"from": "active", "reason": "closed_by_rule", "rule_id": "close"}
    assert closed.actor_kind is ActorKind.SYSTEM


def test_a_rule_says_what_it_is_in_the_timeline() -> None:
    story = answered(NUDGE)
    story.passes(HOUR)
    assert story.told("rule.applied")[0].data == {
        "rule_id": "nudge",
        "silent": "customer",
        "after_seconds": 3600,
        "action": "send",
    }
    assert story.facts[-1].kind == "message.queued"
    assert story.facts[-1].data == {"trigger": "rule", "cause_id": "nudge"}


def test_what_its_agent_leaves_unanswered_returns_to_its_queue_and_others_are_asked_first() -> None:
    back = rule("back", RuleAction.RETURN_TO_QUEUE, silent=Silent.AGENT)
    story = Story(replace(QUIET, time_out_rules=(back,)))
    story.writes()
    story.is_routed("sales")
    story.is_offered("mia")
    story.passes(MINUTE)
    assert story.conversation.phase is Phase.AWAITING_ACCEPTANCE
    story.asks("accept")
    story.passes(HOUR - MS)
    assert story.status is Status.ACTIVE
    story.passes(MS)
    assert (story.status, story.conversation.agent_id) == (Status.OPEN, None)
    stay = story.conversation.stay
    assert stay is not None
    assert (stay.record.number, stay.record.queue_id, stay.record.reason) == (
        2,
        "sales",
        "returned_to_queue_by_rule",
    )
    assert (stay.age_at, story.conversation.returns) == (NOON, {"mia": 1})
    opened = story.told("conversation.open")[-1]
    assert opened.data == {"from": "active", "reason": "returned_to_queue_by_rule", "rule_id": "back"}
    assert applied(story) == [("back", NOON + MINUTE + HOUR)]


def test_who_takes_what_a_rule_returned_has_the_whole_time_again() -> None:
    back = rule("back", RuleAction.RETURN_TO_QUEUE, silent=Silent.AGENT)
    story = Story(replace(QUIET, time_out_rules=(back,)))
    story.writes()
    story.asks("pick")
    story.passes(HOUR)
    story.asks("pick", "tom")
    story.passes(HOUR - MS)
    assert story.conversation.agent_id == "tom"
    story.passes(MS)
    assert story.status is Status.OPEN
    assert len(applied(story)) == 2


def test_a_rule_runs_once_per_silence() -> None:
    story = answered(NUDGE)
    story.passes(HOUR)
    story.passes(20 * HOUR)
    assert len(applied(story)) == 1
    story.writes()
    story.asks("reply", message_id="r2")
    story.passes(HOUR)
    assert len(applied(story)) == 2


def test_a_rule_whose_time_is_changed_does_not_run_again_in_the_same_silence() -> None:
    story = answered(NUDGE)
    story.passes(HOUR)
    story.set_to(time_out_rules=(replace(NUDGE, after_seconds=2 * 3600),))
    story.passes(5 * HOUR)
    assert len(applied(story)) == 1


def test_a_new_rule_applies_to_old_silences_from_when_it_comes_to_be() -> None:
    story = answered()
    story.passes(5 * HOUR)
    story.set_to(time_out_rules=(NUDGE,))
    story.fires()
    assert applied(story) == [("nudge", NOON + 5 * HOUR)]


def test_the_customers_answer_ends_the_silence() -> None:
    story = answered(NUDGE)
    story.passes(HOUR - MS)
    story.writes()
    story.passes(10 * HOUR)
    assert applied(story) == []


def test_a_message_on_its_way_at_the_instant_is_no_silence() -> None:
    story = answered(CLOSE)
    story.now += 2 * HOUR + MINUTE
    story.writes(at=NOON + 2 * HOUR - MS)
    story.fires()
    assert applied(story) == []
    assert story.status is Status.ACTIVE


def test_what_pagedesk_says_by_itself_and_reactions_break_no_silence() -> None:
    story = answered(NUDGE, CLOSE)
    story.passes(HOUR)
    story.sends_all()
    story.writes(ThreadEventKind.WINDOW_OPENING)
    story.passes(HOUR)
    assert story.status is Status.CLOSED


def test_a_silent_agent_is_told_in_the_transcript_whatever_the_window_says() -> None:
    story = Story(replace(QUIET, time_out_rules=(replace(HURRY, after_seconds=48 * 3600),)))
    story.writes()
    story.asks("pick")
    story.passes(48 * HOUR)
    assert [(notice.trigger, notice.cause_id, notice.agent_id) for notice in story.changes[-1].notices] == [
        ("rule", "hurry", "mia")
    ]
    assert story.state.outbox == ()
    assert story.told("notice.shown")[0].at == NOON + 48 * HOUR


def test_a_reminder_that_the_window_forbids_is_recorded_and_not_tried() -> None:
    story = answered(replace(NUDGE, after_seconds=25 * 3600))
    story.passes(25 * HOUR)
    assert story.state.outbox == ()
    refused = story.told("message.not_allowed")[0]
    assert refused.at == NOON + 25 * HOUR
    assert refused.data == {
        "trigger": "rule",
        "cause_id": "nudge",
        "code": "automated_message_outside_window",
        "stage": "human_agent",
    }


def test_an_active_conversation_is_moved_to_waiting() -> None:
    story = answered(PARK)
    story.passes(HOUR)
    assert story.status is Status.WAITING
    assert story.conversation.session is None
    assert story.told("session.closed")[0].data == {
        "session_id": story.conversation.accepted_session_id,
        "reason": "moved_to_waiting_by_rule",
        "agent_id": "mia",
    }


@pytest.mark.parametrize("action", ["close_session", "end"])
def test_only_an_active_conversation_is_moved_to_waiting(action: str) -> None:
    story = answered(PARK)
    story.asks(action)
    story.passes(HOUR)
    assert applied(story) == []


@pytest.mark.parametrize("action", ["release", "close_session"])
def test_open_and_waiting_conversations_are_closed_by_rules_too(action: str) -> None:
    story = answered(CLOSE)
    story.asks(action)
    story.passes(2 * HOUR)
    assert story.status is Status.CLOSED


def test_nothing_in_wrap_up_is_a_rules_business() -> None:
    story = answered(NUDGE, CLOSE)
    story.asks("end")
    story.passes(3 * HOUR)
    assert applied(story) == []


def test_of_rules_with_the_same_condition_the_best_priority_runs() -> None:
    close = replace(CLOSE, after_seconds=3600, priority=2)
    nudge = replace(NUDGE, priority=1)
    story = answered(close, nudge)
    story.passes(HOUR)
    assert applied(story) == [("nudge", NOON + HOUR)]
    assert story.status is Status.ACTIVE


def test_rules_with_other_conditions_are_independent() -> None:
    other_time = replace(CLOSE, priority=9)
    other_side = replace(HURRY, priority=9)
    story = answered(NUDGE, other_time, other_side)
    story.passes(3 * HOUR)
    assert [name for name, _ in applied(story)] == ["nudge", "close"]


def test_equal_priorities_are_decided_by_the_rules_ids() -> None:
    for rules in ((NUDGE, PARK), (PARK, NUDGE)):
        story = answered(*rules)
        story.passes(HOUR)
        assert [name for name, _ in applied(story)] == ["nudge"]


def test_who_reopens_gets_the_rules_whole_time() -> None:
    story = answered(PARK, CLOSE)
    story.passes(HOUR)
    story.passes(HOUR / 2)
    story.asks("reopen")
    assert next_deadline(story.state, story.now) == story.now + HOUR
    reopened_at = story.now
    story.passes(HOUR)
    assert story.status is Status.WAITING
    story.passes(HOUR - MS)
    assert story.status is Status.WAITING
    story.passes(MS)
    assert (story.status, story.conversation.closed_at) == (Status.CLOSED, reopened_at + 2 * HOUR)


def test_who_reopens_what_a_rule_closed_gets_its_whole_time_too() -> None:
    story = answered(NUDGE, CLOSE)
    story.set_to(reopen_closed_within_seconds=3600)
    story.passes(2 * HOUR)
    story.asks("reopen")
    reopened_at = story.now
    story.passes(2 * HOUR)
    assert applied(story)[2:] == [("nudge", reopened_at + HOUR), ("close", reopened_at + 2 * HOUR)]


def test_who_picks_up_what_waits_for_an_answer_gets_the_whole_time_but_no_second_reminder() -> None:
    hurry = replace(HURRY, receiver=Receiver.CUSTOMER)
    close = replace(CLOSE, silent=Silent.AGENT)
    story = Story(replace(QUIET, time_out_rules=(hurry, close)))
    story.writes()
    story.passes(1.5 * HOUR)
    story.asks("pick")
    story.passes(2 * HOUR - MS)
    assert [name for name, _ in applied(story)] == ["hurry"]
    story.passes(MS)
    assert story.status is Status.CLOSED


def test_a_conversation_that_nobody_spoke_in_has_no_silence() -> None:
    story = Story(replace(QUIET, time_out_rules=(NUDGE, HURRY)))
    story.writes(ThreadEventKind.STANDBY_MESSAGE)
    story.asks("start", conversation_id="new")
    story.passes(20 * HOUR)
    assert applied(story) == []
