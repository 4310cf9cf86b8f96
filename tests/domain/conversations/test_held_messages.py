"""Messages that the window refused: kept at the agent's wish until the customer writes again."""

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.conversations.changes import StatusChange
from domain.conversations.conversation import needs_workflow
from domain.conversations.deadlines import next_deadline
from domain.conversations.lifecycle import ActorKind, Status
from domain.conversations.state import Side, ThreadEventKind
from domain.sending.delivery import MessageStatus
from domain.workstreams.conversation_settings import AutomatedTrigger, ConversationSettings
from support.story import NOON, QUIET, Story

MS = timedelta(milliseconds=1)
DAY = timedelta(days=1)
WEEK = timedelta(days=7)
HELD_AT = NOON + DAY


def holding(settings: ConversationSettings = QUIET) -> Story:
    """Mia's reply of a day later is held."""
    story = Story(settings)
    story.writes()
    story.asks("pick")
    story.passes(DAY)
    story.asks("reply", message_id="r1", hold=True)
    return story


def test_a_reply_that_the_window_refuses_is_held_at_the_agents_wish() -> None:
    story = holding()
    (held,) = story.state.held
    assert (held.message_id, held.agent_id, held.expires_at) == ("r1", "mia", HELD_AT + WEEK)
    assert story.changes[-1].statuses == (StatusChange("r1", MessageStatus.HELD, "human_agent_tag_disabled"),)
    assert story.changes[-1].attached == ((story.conversation.id, "r1"),)
    assert story.state.outbox == ()
    assert story.conversation.last_speaker is Side.CUSTOMER
    assert story.told("message.held")[0].data == {
        "reason": "human_agent_tag_disabled",
        "expires_at": (HELD_AT + WEEK).isoformat(),
    }


def test_a_reply_that_may_go_is_not_held() -> None:
    story = Story()
    story.writes()
    story.asks("pick")
    story.asks("reply", message_id="r1", hold=True)
    assert story.state.held == ()
    assert [send.message_id for send in story.state.outbox] == ["r1"]


def test_a_reply_that_may_go_is_queued_also_where_a_discarded_task_has_held_its_row() -> None:
    story = Story()
    story.writes()
    story.asks("pick")
    story.asks("reply", message_id="r1", hold=True)
    assert story.changes[-1].statuses == (StatusChange("r1", MessageStatus.QUEUED),)


def test_what_is_held_is_not_held_twice_though_its_command_was_forgotten() -> None:
    story = holding()
    story.state = replace(story.state, applied_commands=())
    before = story.state
    story.asks("reply", message_id="r1", hold=True)
    assert story.state == before


def test_the_agent_is_told_of_what_was_not_sent_if_that_is_switched_on() -> None:
    story = holding(replace(QUIET, automated_messages=(AutomatedTrigger.OUTSIDE_WINDOW,)))
    (notice,) = story.changes[-1].notices
    assert (notice.trigger, notice.cause_id) == ("outside_window", "held")
    story = holding(
        replace(QUIET, automated_messages=(AutomatedTrigger.OUTSIDE_WINDOW,), send_held_unseen=True)
    )
    assert [notice.cause_id for notice in story.changes[-1].notices] == ["held_unseen"]


def test_it_is_offered_once_when_the_customer_is_back() -> None:
    story = holding()
    change = story.writes()
    assert [fact.message_id for fact in story.told("message.held_offered")] == ["r1"]
    assert change.state.held[0].offered
    assert change.state.outbox == ()
    story.writes()
    assert len(story.told("message.held_offered")) == 1


@pytest.mark.parametrize("kind", [ThreadEventKind.WINDOW_OPENING, ThreadEventKind.SURVEY_ANSWER], ids=str)
def test_whatever_opens_the_window_lets_it_go(kind: ThreadEventKind) -> None:
    story = holding()
    story.writes(kind)
    assert len(story.told("message.held_offered")) == 1


@pytest.mark.parametrize("unseen", [False, True])
@pytest.mark.parametrize("heard", [ThreadEventKind.STANDBY_MESSAGE, ThreadEventKind.STANDBY_OPENING], ids=str)
@pytest.mark.parametrize("then", [ThreadEventKind.MESSAGE, ThreadEventKind.HANDED_OVER], ids=str)
def test_what_another_app_hears_lets_nothing_go_until_it_is_for_us_to_speak(
    heard: ThreadEventKind, then: ThreadEventKind, *, unseen: bool
) -> None:
    story = holding(replace(QUIET, send_held_unseen=unseen))
    story.writes(heard)
    assert story.told("message.held_offered") == []
    assert story.state.outbox == ()
    story.writes(then)
    assert bool(story.state.outbox) is unseen
    assert len(story.told("message.held_offered")) == (0 if unseen else 1)


def test_a_handover_without_an_open_window_lets_nothing_go() -> None:
    for unseen in (False, True):
        story = holding(replace(QUIET, send_held_unseen=unseen))
        story.writes(ThreadEventKind.HANDED_OVER)
        assert story.told("message.held_offered") == []
        assert story.state.outbox == ()


def test_a_late_word_of_an_old_message_offers_and_sends_nothing() -> None:
    for unseen in (False, True):
        story = holding(replace(QUIET, send_held_unseen=unseen))
        story.now += timedelta(hours=1)
        story.writes(at=NOON + MS)
        assert story.told("message.held_offered") == []
        assert story.state.outbox == ()
        story.writes()
        assert bool(story.state.outbox) is unseen
        assert len(story.told("message.held_offered")) == (0 if unseen else 1)


def test_it_is_sent_unseen_if_the_workstream_says_so() -> None:
    story = holding(replace(QUIET, send_held_unseen=True))
    change = story.writes()
    assert change.state.held == ()
    assert [send.message_id for send in change.state.outbox] == ["r1"]
    queued = story.told("message.queued")[-1]
    assert queued.actor_kind is ActorKind.SYSTEM
    assert queued.data == {"held_since": HELD_AT.isoformat(), "setting": "send_held_unseen"}
    assert story.conversation.last_speaker is Side.CUSTOMER  # what they wrote just now has no answer


def test_the_agent_sends_it_when_the_window_is_open_again() -> None:
    story = holding()
    assert story.is_refused("send_held", message_id="r1").code == "human_agent_tag_disabled"
    story.writes()
    story.asks("send_held", message_id="r1")
    assert story.state.held == ()
    assert story.changes[-1].statuses == (
        StatusChange("r1", MessageStatus.QUEUED, conversation_id=story.conversation.id),
    )
    assert story.conversation.last_speaker is Side.AGENT
    assert story.is_refused("send_held", message_id="r1").code == "message_not_held"


def test_it_may_go_with_the_tag_of_a_new_session() -> None:
    story = holding()
    story.set_to(human_agent_tag=True)
    for action in ("close_session", "reopen"):
        story.asks(action)
    story.asks("send_held", message_id="r1")
    assert story.state.outbox[0].human_agent_tag


def test_it_outlives_its_conversation_and_goes_in_the_next_one() -> None:
    story = holding()
    former = story.conversation.id
    for action in ("end", "complete"):
        story.asks(action)
    assert needs_workflow(story.state, story.now)
    assert story.is_refused("send_held", message_id="r1").code == "conversation_closed"
    story.writes()
    assert [fact.conversation_id for fact in story.told("message.held_offered")] == [story.conversation.id]
    story.asks("send_held", message_id="r1", conversation_id=former)
    assert story.state.outbox[0].conversation_id == story.conversation.id != former


@pytest.mark.parametrize("action", ["send_held", "cancel_message"])
def test_the_author_who_has_the_conversation_and_supervisors_decide(action: str) -> None:
    story = holding()
    story.asks("release")
    story.writes()
    story.asks("pick", agent="tom")
    assert story.is_refused(action, agent="ann", message_id="r1").code == "not_your_conversation"
    before = story.state
    for agent, supervises in (("mia", False), ("tom", False), ("eve", True)):
        story.state = before
        story.asks(action, agent=agent, supervises=supervises, message_id="r1")
        assert story.state.held == ()


def test_it_is_cancelled_by_wish() -> None:
    story = holding()
    story.asks("cancel_message", message_id="r1")
    assert story.changes[-1].statuses == (StatusChange("r1", MessageStatus.CANCELLED),)
    assert story.told("message.cancelled")[0].actor_id == "mia"
    story.writes()
    assert story.state.outbox == ()


def test_it_expires_after_seven_days_exactly() -> None:
    story = holding()
    for action in ("end", "complete"):
        story.asks(action)
    assert next_deadline(story.state, story.now) == HELD_AT + WEEK
    story.passes(WEEK - MS)
    assert story.state.held != ()
    story.now += timedelta(minutes=3)
    story.fires()
    assert story.state.held == ()
    expired = story.told("message.expired")[0]
    assert expired.at == HELD_AT + WEEK
    assert expired.data == {"held_since": HELD_AT.isoformat(), "setting": "held_limit"}
    assert story.changes[-1].statuses == (StatusChange("r1", MessageStatus.EXPIRED),)
    assert not needs_workflow(story.state, story.now)


def test_held_messages_keep_their_order() -> None:
    story = holding(replace(QUIET, send_held_unseen=True))
    for number in (2, 3):
        story.asks("reply", message_id=f"r{number}", hold=True)
    story.writes()
    assert [send.message_id for send in story.state.outbox] == ["r1", "r2", "r3"]


def test_a_command_on_what_is_not_held_is_refused() -> None:
    story = Story()
    story.writes()
    for action in ("send_held", "cancel_message"):
        assert story.is_refused(action, message_id="other").code == "message_not_held"
    assert story.status is Status.OPEN
