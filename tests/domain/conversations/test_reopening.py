"""Reopening: by agent and customer, from Closed and from Wrap-up, for as long as the workstream says."""

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.conversations.conversation import needs_workflow
from domain.conversations.lifecycle import ActorKind, Status
from domain.conversations.state import ThreadEventKind
from support.story import NOON, QUIET, Story

HOUR = timedelta(hours=1)
MS = timedelta(milliseconds=1)


def closed(within: int = 3600, **settings: object) -> Story:
    """Mia completed the conversation at noon."""
    changed = {"reopen_closed_within_seconds": within, **settings}
    story = Story(replace(QUIET, **changed))  # type: ignore[arg-type]  # by name
    story.writes()
    for action in ("pick", "end", "complete"):
        story.asks(action)
    return story


def test_closed_is_final_by_default() -> None:
    story = closed(within=0)
    former = story.conversation.id
    assert story.is_refused("reopen").code == "conversation_closed"
    assert not needs_workflow(story.state, story.now)
    story.writes()
    assert story.conversation.id != former


@pytest.mark.parametrize("after", [timedelta(0), HOUR - MS])
def test_the_agent_goes_on_in_a_new_session_that_reads_the_tag_anew(after: timedelta) -> None:
    story = closed()
    former = story.conversation
    story.set_to(human_agent_tag=True)
    story.now += after
    story.asks("reopen")
    conversation = story.conversation
    assert (conversation.id, conversation.status, conversation.closed_at) == (former.id, Status.ACTIVE, None)
    assert conversation.session is not None
    assert (conversation.session.number, conversation.session.human_agent_tag) == (2, True)
    assert conversation.opened_at == former.opened_at
    assert conversation.opened_or_reopened_at == story.now
    assert story.state.last_closed is None
    reopened = story.told("conversation.active")[-1]
    assert reopened.data == {
        "from": "closed",
        "reason": "reopened_by_agent",
        "setting": "reopen_closed_within_minutes",
    }


def test_after_its_time_the_agent_reopens_no_more() -> None:
    story = closed()
    story.now += HOUR
    assert not needs_workflow(story.state, story.now)
    assert story.is_refused("reopen").code == "conversation_closed"


def test_only_who_had_it_or_a_supervisor_reopens() -> None:
    assert closed().is_refused("reopen", agent="tom").code == "not_your_conversation"
    story = closed()
    story.asks("reopen", agent="eve", supervises=True)
    assert story.conversation.agent_id == "eve"


@pytest.mark.parametrize("kind", [ThreadEventKind.MESSAGE, ThreadEventKind.POSTBACK], ids=str)
def test_a_returning_customer_opens_the_same_conversation_for_anybody(kind: ThreadEventKind) -> None:
    story = closed()
    former = story.conversation.id
    story.now += HOUR - MS
    change = story.writes(kind)
    assert (story.conversation.id, story.status) == (former, Status.OPEN)
    assert story.conversation.agent_id is None  # not stuck with who may be gone
    assert change.attached == ((former, "m2"),)
    opened = story.told("conversation.open")[-1]
    assert opened.actor_kind is ActorKind.CUSTOMER
    assert opened.data == {
        "from": "closed",
        "reason": "customer_wrote_again",
        "setting": "reopen_closed_within_minutes",
    }
    story.asks("pick", agent="tom")


def test_a_customer_who_returns_later_gets_a_new_one() -> None:
    story = closed()
    former = story.conversation.id
    story.now += HOUR
    story.writes()
    assert story.conversation.id != former
    assert story.is_refused("reopen", conversation_id=former).code == "conversation_closed"


def test_what_was_written_in_time_and_learnt_of_later_still_returns() -> None:
    story = closed()
    former = story.conversation.id
    story.now += HOUR + timedelta(minutes=5)
    story.writes(at=NOON + HOUR - MS)
    assert story.conversation.id == former


def test_a_returning_customer_interrupts_wrap_up_without_a_new_conversation() -> None:
    story = Story(replace(QUIET, reopen_closed_within_seconds=3600))
    story.writes()
    for action in ("pick", "end"):
        story.asks(action)
    former = story.conversation.id
    change = story.writes()
    assert (story.conversation.id, story.status) == (former, Status.OPEN)
    assert story.conversation.session is None
    assert change.settled == ()
    assert [fact.kind for fact in change.facts] == ["session.closed", "conversation.open", "message.received"]


def test_a_reaction_reopens_nothing() -> None:
    story = closed()
    story.writes(ThreadEventKind.WINDOW_OPENING)
    story.writes(ThreadEventKind.OUTSIDE_MESSAGE)
    assert story.state.conversation is None
    assert story.status is Status.CLOSED


def test_a_reopened_conversation_closes_and_may_be_reopened_again() -> None:
    story = closed()
    first = story.conversation.id
    for _ in range(3):
        story.writes()
        for action in ("pick", "end", "complete"):
            story.asks(action)
    assert story.conversation.id == first
    assert story.conversation.sessions == 4
    assert len([one for change in story.changes for one in change.settled]) == 4


def test_reopened_it_lives_by_its_clocks_anew() -> None:
    story = closed(auto_close_waiting_after_seconds=3600)
    story.now += HOUR / 2
    story.asks("reopen")
    story.asks("close_session")
    story.passes(HOUR - MS)
    assert story.state.conversation is not None
    story.passes(MS)
    assert story.conversation.closed_at == story.now


def test_a_window_that_closed_in_between_is_not_told_afterwards() -> None:
    story = closed(within=10 * 24 * 3600)
    story.now += timedelta(days=8)
    story.asks("reopen")
    story.fires()
    assert story.told("window.stage_changed") == []
    assert story.told("window.closing_soon") == []


def test_a_longer_setting_reopens_what_was_final() -> None:
    story = closed(within=0)
    story.set_to(reopen_closed_within_seconds=3600)
    story.asks("reopen")
    assert story.status is Status.ACTIVE


def test_a_new_conversation_ends_the_time_of_the_former() -> None:
    story = closed()
    former = story.conversation.id
    story.asks("start", agent="tom", conversation_id="new")
    assert story.is_refused("reopen", conversation_id=former).code == "conversation_closed"
