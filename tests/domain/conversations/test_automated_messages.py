"""What Pagedesk says by itself: when, to whom, and only where the window lets it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.conversations.lifecycle import ActorKind, Status
from domain.sending.decide_send import SenderKind
from domain.sending.delivery import MessageStatus
from domain.workstreams.conversation_settings import AutomatedTrigger, ConversationSettings
from support.story import NOON, QUIET, Story

T = AutomatedTrigger
EVERYTHING = replace(QUIET, automated_messages=tuple(AutomatedTrigger))
DAY = timedelta(days=1)


def life(settings: ConversationSettings) -> Story:
    story = Story(settings)
    story.writes()
    for action in ("pick", "close_session", "reopen", "end", "complete"):
        story.asks(action)
    return story


def test_each_moment_has_its_message() -> None:
    story = life(EVERYTHING)
    assert story.said() == [
        T.PRIVACY_NOTICE,
        T.GREETING,
        T.AGENT_JOINED,
        T.AGENT_JOINED,
        T.AGENT_ENDED,
        T.SESSION_ENDED,
    ]
    assert {send.sender_kind for change in story.changes for send in change.created_sends} == {
        SenderKind.AUTOMATIC
    }


@pytest.mark.parametrize("trigger", [T.PRIVACY_NOTICE, T.GREETING, T.AGENT_JOINED, T.AGENT_ENDED])
def test_what_is_switched_off_is_not_said(trigger: AutomatedTrigger) -> None:
    others = tuple(each for each in AutomatedTrigger if each is not trigger)
    said = life(replace(QUIET, automated_messages=others)).said()
    assert trigger not in said
    assert set(said) == set(life(EVERYTHING).said()) - {trigger}


def test_who_joined_or_ended_is_named() -> None:
    story = life(EVERYTHING)
    agents = {send.trigger: send.agent_id for change in story.changes for send in change.created_sends}
    assert agents == {
        T.PRIVACY_NOTICE: None,
        T.GREETING: None,
        T.AGENT_JOINED: "mia",
        T.AGENT_ENDED: "mia",
        T.SESSION_ENDED: "mia",
    }


def test_each_stands_in_the_timeline_with_its_trigger() -> None:
    story = Story(replace(QUIET, automated_messages=(T.GREETING,)))
    change = story.writes()
    queued = story.told("message.queued")[0]
    assert queued.actor_kind is ActorKind.SYSTEM
    assert queued.message_id == change.created_sends[0].message_id
    assert queued.data == {"trigger": "greeting", "cause_id": None}


def test_the_privacy_notice_is_given_at_first_contact_alone() -> None:
    story = life(EVERYTHING)
    story.writes()
    assert story.said().count(T.PRIVACY_NOTICE) == 1
    assert story.said().count(T.GREETING) == 2
    assert story.state.privacy_notice_at == NOON


def test_a_privacy_notice_that_could_not_go_is_given_at_the_next_contact() -> None:
    story = Story(replace(QUIET, automated_messages=(T.PRIVACY_NOTICE,)))
    story.writes(at=NOON - 2 * DAY)
    assert (story.told("message.not_allowed")[0].data or {})["trigger"] == T.PRIVACY_NOTICE
    story.asks("force_close", agent="eve", supervises=True)
    story.writes()
    assert story.said() == [T.PRIVACY_NOTICE]


def test_an_agent_who_starts_greets_in_person() -> None:
    story = life(EVERYTHING)
    before = len(story.said())
    story.asks("start", conversation_id="new")
    assert len(story.said()) == before


def test_what_the_window_forbids_is_recorded_and_not_tried() -> None:
    story = Story(replace(QUIET, automated_messages=(T.AGENT_JOINED,), human_agent_tag=True))
    story.writes()
    story.now += DAY  # the agent could still write, by the tag; a machine could not
    story.asks("pick")
    assert story.state.outbox == ()
    assert story.told("message.not_allowed")[0].data == {
        "trigger": "agent_joined",
        "cause_id": None,
        "code": "automated_message_outside_window",
        "stage": "human_agent",
    }
    assert story.status is Status.ACTIVE


@pytest.mark.parametrize(
    ("reason", "trigger"),
    [
        ("recipient_unavailable", T.MESSAGE_NOT_SENT),
        ("window_closed", T.OUTSIDE_WINDOW),
        ("human_agent_tag_disabled", T.OUTSIDE_WINDOW),
        (None, T.MESSAGE_NOT_SENT),
    ],
)
def test_the_agent_is_told_that_a_message_was_not_sent(reason: str | None, trigger: AutomatedTrigger) -> None:
    story = Story(replace(QUIET, automated_messages=(T.MESSAGE_NOT_SENT, T.OUTSIDE_WINDOW)))
    story.writes()
    story.asks("pick")
    story.asks("reply", message_id="r1")
    change = story.sends(MessageStatus.FAILED, reason)
    (notice,) = change.notices
    assert (notice.trigger, notice.agent_id) == (trigger, "mia")
    assert change.state.outbox == ()
    (shown,) = change.facts
    assert (shown.kind, shown.message_id) == ("notice.shown", notice.id)
    cause = reason if trigger is T.OUTSIDE_WINDOW else None
    assert notice.cause_id == cause
    assert shown.data == {"trigger": trigger, "cause_id": cause, "agent_id": "mia"}


@pytest.mark.parametrize("status", [MessageStatus.SENT, MessageStatus.UNKNOWN])
def test_nobody_is_told_of_what_was_or_may_have_been_sent(status: MessageStatus) -> None:
    story = Story(EVERYTHING)
    story.writes()
    assert story.sends(status).notices == ()


def test_the_agent_is_told_also_after_the_conversation_closed() -> None:
    story = Story(replace(QUIET, automated_messages=(T.MESSAGE_NOT_SENT,)))
    story.writes()
    for action in ("pick", "reply", "end", "complete"):
        story.asks(action, message_id="r1")
    assert story.sends(MessageStatus.FAILED, "x").notices[0].conversation_id == story.conversation.id
