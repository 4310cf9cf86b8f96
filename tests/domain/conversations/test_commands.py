"""What agents may ask for: who may, what the window says, and that nothing happens twice."""

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.conversations.changes import Change
from domain.conversations.conversation import decide
from domain.conversations.lifecycle import Status
from domain.conversations.state import Side, ThreadEventKind
from domain.sending.decide_send import SenderKind
from domain.workstreams.conversation_settings import ConversationSettings
from support.commands import make_command
from support.story import NOON, QUIET, Story

DAY = timedelta(hours=24)
WEEK = timedelta(days=7)
MS = timedelta(milliseconds=1)
TAGGED = replace(QUIET, human_agent_tag=True)


def picked(settings: ConversationSettings = QUIET) -> Story:
    story = Story(settings)
    story.writes()
    story.asks("pick")
    return story


def test_of_two_picks_the_second_is_told_that_another_was_faster() -> None:
    assert picked().is_refused("pick", agent="tom").code == "already_picked"


def test_who_picks_what_they_have_already_changes_nothing() -> None:
    story = picked()
    before = story.conversation
    assert story.asks("pick").facts == ()
    assert story.conversation == before


def test_the_same_command_again_changes_nothing_also_after_fifty_others() -> None:
    story = picked()
    story.asks("reply", command_id="one", message_id="r1")
    again = make_command("reply", "one", story.conversation.id, message_id="r1")
    assert decide(story.state, again, NOON, story.new_id) == Change(story.state)
    for number in range(49):
        story.asks("reply", command_id=f"c{number}", message_id=f"m{number}")
    assert decide(story.state, again, NOON, story.new_id) == Change(story.state)
    assert len(story.state.applied_commands) == 50


def test_a_command_for_the_former_conversation_is_refused_as_closed() -> None:
    story = picked()
    former = story.conversation.id
    for action in ("end", "complete"):
        story.asks(action)
    assert story.is_refused("reopen").code == "conversation_closed"
    story.writes()
    for action in ("pick", "reply", "end"):
        refusal = story.is_refused(action, conversation_id=former, message_id="r1")
        assert (refusal.code, refusal.status) == ("conversation_closed", Status.CLOSED)


@pytest.mark.parametrize("action", ["reply", "close_session", "release", "end"])
def test_only_who_has_the_conversation_may_act_on_it(action: str) -> None:
    story = picked()
    assert story.is_refused(action, agent="tom", message_id="r1").code == "not_your_conversation"


def test_a_supervisor_may_end_anybodys_conversation_but_not_speak_for_them() -> None:
    story = picked()
    refusal = story.is_refused("reply", agent="eve", supervises=True, message_id="r1")
    assert refusal.code == "not_your_conversation"
    story.asks("end", agent="eve", supervises=True)
    assert story.told("conversation.wrap_up")[0].actor_id == "eve"


def test_a_reply_is_queued_with_the_sessions_tag_and_speaks_for_the_agents_side() -> None:
    story = picked(TAGGED)
    change = story.asks("reply", message_id="r1")
    (send,) = change.state.outbox
    assert (send.message_id, send.sender_kind, send.human_agent_tag) == ("r1", SenderKind.AGENT, True)
    assert change.attached == ((story.conversation.id, "r1"),)
    assert change.created_sends == ()
    assert story.conversation.last_speaker is Side.AGENT
    assert [fact.kind for fact in change.facts] == ["message.queued"]


@pytest.mark.parametrize(
    ("settings", "after", "code"),
    [
        (QUIET, DAY - MS, None),
        (QUIET, DAY, "human_agent_tag_disabled"),
        (TAGGED, DAY, None),
        (TAGGED, WEEK - MS, None),
        (TAGGED, WEEK, "window_closed"),
        (QUIET, WEEK, "window_closed"),
    ],
    ids=["24h less", "24h", "24h tagged", "7d less tagged", "7d tagged", "7d"],
)
def test_a_reply_is_judged_to_the_millisecond(
    settings: ConversationSettings, after: timedelta, code: str | None
) -> None:
    story = picked(settings)
    story.now += after
    if code is None:
        story.asks("reply", message_id="r1")
    else:
        refusal = story.is_refused("reply", message_id="r1")
        assert refusal.code == code
        assert refusal.window == story.state.window


def test_the_tag_switched_on_in_the_middle_helps_after_closing_and_reopening_alone() -> None:
    story = picked()
    story.set_to(human_agent_tag=True)
    story.now += DAY
    assert story.is_refused("reply", message_id="r1").code == "human_agent_tag_disabled"
    story.asks("close_session")
    story.asks("reopen")
    story.asks("reply", message_id="r1")
    assert story.state.outbox[-1].human_agent_tag


def test_the_tag_switched_off_in_the_middle_stays_with_the_session() -> None:
    story = picked(TAGGED)
    story.set_to(human_agent_tag=False)
    story.now += DAY
    story.asks("reply", message_id="r1")


def test_an_agent_starts_a_conversation_while_the_window_allows_it() -> None:
    story = picked(TAGGED)
    for action in ("end", "complete"):
        story.asks(action)
    story.now += WEEK - MS
    change = story.asks("start", agent="tom", conversation_id="new")
    conversation = story.conversation
    assert (conversation.id, conversation.agent_id, conversation.status) == ("new", "tom", Status.ACTIVE)
    assert [fact.kind for fact in change.facts] == ["conversation.opened", "session.started"]
    story.asks("reply", agent="tom", message_id="r1")
    assert story.state.outbox[0].human_agent_tag


@pytest.mark.parametrize(
    ("settings", "after", "code"),
    [(QUIET, DAY, "human_agent_tag_disabled"), (TAGGED, WEEK, "window_closed")],
)
def test_no_conversation_is_started_that_could_say_nothing(
    settings: ConversationSettings, after: timedelta, code: str
) -> None:
    story = Story(settings)
    story.writes(ThreadEventKind.STANDBY_MESSAGE)
    story.now += after
    assert story.is_refused("start", conversation_id="new").code == code


def test_nobody_starts_with_who_never_wrote() -> None:
    assert Story().is_refused("start", conversation_id="new").code == "window_never_opened"


def test_what_is_due_happens_before_a_command_is_judged() -> None:
    story = picked()
    story.asks("close_session")
    story.now += timedelta(days=28)
    assert story.is_refused("reopen").code == "conversation_closed"


def test_a_refusal_leaves_no_trace_in_the_state() -> None:
    story = picked()
    before = story.state
    story.is_refused("complete")
    assert story.state == before
