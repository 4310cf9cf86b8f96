"""The survey after an ending: one each, sent as the window allows, and always with an outcome."""

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.conversations.conversation import needs_workflow
from domain.conversations.deadlines import next_deadline
from domain.conversations.lifecycle import ActorKind, Status
from domain.conversations.outbox import UNKNOWN_LIMIT
from domain.conversations.state import SurveyStatus, ThreadEventKind
from domain.sending.decide_send import ContentKind, SenderKind
from domain.sending.delivery import MessageStatus
from domain.workstreams.conversation_settings import (
    RuleAction,
    Silent,
    SurveySettings,
    SurveyWay,
    TimeOutRule,
)
from support.story import NOON, QUIET, Story

MS = timedelta(milliseconds=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
PLAIN = SurveySettings(way=SurveyWay.BUTTONS)


def ended(**survey: object) -> Story:
    """Mia answered and ended the conversation at noon."""
    story = Story(replace(QUIET, survey=replace(PLAIN, **survey)))  # type: ignore[arg-type]  # by name
    return end_again(story)


def end_again(story: Story, *, skip_survey: bool = False) -> Story:
    """The customer writes, mia answers and ends it; what is due then is done."""
    story.writes()
    story.asks("pick")
    story.asks("reply", message_id=story.new_id())
    story.sends()
    story.asks("end", skip_survey=skip_survey)
    story.fires()
    return story


def sent(**survey: object) -> Story:
    story = ended(**survey)
    story.sends()
    assert story.survey.status is SurveyStatus.SENT
    return story


def test_a_survey_belongs_to_the_last_session_and_is_sent_after_its_delay() -> None:
    story = ended(delay_seconds=3600)
    survey = story.survey
    assert survey.status is SurveyStatus.SCHEDULED
    assert survey.session_id == story.conversation.accepted_session_id
    assert (survey.ended_at, survey.due_at) == (NOON, NOON + HOUR)
    story.asks("complete")
    assert needs_workflow(story.state, story.now)
    story.passes(HOUR - MS)
    assert story.said() == []
    story.now += timedelta(minutes=3)
    story.fires()
    (send,) = story.state.outbox
    assert (send.sender_kind, send.content_kind) == (SenderKind.SURVEY, ContentKind.MESSAGE)
    assert (send.trigger, send.cause_id) == ("survey", survey.id)
    assert story.survey.message_id == send.message_id
    assert story.told("survey.sending")[0].at == NOON + HOUR


def test_the_timeline_tells_a_surveys_course_and_why() -> None:
    story = ended(delay_seconds=3600)
    story.passes(HOUR)
    story.sends()
    story.passes(7 * DAY)
    told = [fact for fact in story.facts if fact.kind.startswith("survey.")]
    keep = ("due_at", "setting", "way", "message_status")
    assert [
        (fact.kind, {key: value for key, value in (fact.data or {}).items() if key in keep}) for fact in told
    ] == [
        ("survey.scheduled", {"due_at": (NOON + HOUR).isoformat(), "setting": "survey.delay_minutes"}),
        ("survey.sending", {"way": "buttons", "setting": "survey.way"}),
        ("survey.sent", {"message_status": "sent"}),
        ("survey.expired", {"setting": "survey.expires_after_hours"}),
    ]
    assert {(fact.data or {})["survey_id"] for fact in told} == {story.survey.id}
    assert {fact.actor_kind for fact in told} == {ActorKind.SYSTEM}


# Which endings have one


def test_closing_a_session_is_no_ending() -> None:
    story = Story(replace(QUIET, survey=PLAIN))
    story.writes()
    for action in ("pick", "close_session", "reopen", "release"):
        story.asks(action)
    assert story.state.survey is None


@pytest.mark.parametrize(
    ("actions", "wait"), [(("pick",), 30 * DAY), (("pick", "close_session"), 28 * DAY)], ids=str
)
def test_the_systems_closing_is_an_ending(actions: tuple[str, ...], wait: timedelta) -> None:
    story = Story(replace(QUIET, survey=PLAIN))
    story.writes()
    for action in actions:
        story.asks(action)
    story.passes(wait)
    assert story.survey.ended_at == NOON + wait
    assert (story.survey.status, story.survey.reason) == (SurveyStatus.NOT_ALLOWED, "window_closed")


def test_a_rules_closing_is_an_ending() -> None:
    rule = TimeOutRule("close", Silent.CUSTOMER, 3600, RuleAction.CLOSE)
    story = Story(replace(QUIET, survey=PLAIN, time_out_rules=(rule,)))
    story.writes()
    story.asks("pick")
    story.asks("reply", message_id="r1")
    story.passes(HOUR)
    assert story.survey.status is SurveyStatus.SENDING


@pytest.mark.parametrize(
    "finish", [lambda story: story.asks("complete"), lambda story: story.passes(DAY)], ids=["complete", "1 d"]
)
def test_the_end_of_wrap_up_is_no_second_ending(finish: object) -> None:
    story = sent()
    before = story.survey
    finish(story)  # type: ignore[operator]  # one of the two above
    assert story.status is Status.CLOSED
    assert story.survey == before


def test_a_conversation_that_nobody_took_up_has_none() -> None:
    story = Story(replace(QUIET, survey=PLAIN))
    story.writes()
    story.passes(30 * DAY)
    assert (story.survey.status, story.survey.reason) == (SurveyStatus.SKIPPED, "no_agent")


def test_a_page_without_a_survey_records_nothing() -> None:
    story = Story(QUIET)
    end_again(story)
    assert story.state.survey is None
    assert not [fact for fact in story.facts if fact.kind.startswith("survey")]


def test_a_conversation_reopened_and_ended_again_is_asked_about_again() -> None:
    story = sent()
    first = story.survey.id
    story.set_to(reopen_closed_within_seconds=3600)
    end_again(story)
    assert len(story.told("conversation.opened")) == 1
    assert story.survey.id != first
    assert story.survey.status is SurveyStatus.SENDING
    assert [(fact.data or {})["reason"] for fact in story.told("survey.expired")] == ["superseded"]


def test_the_agent_may_leave_it_out() -> None:
    story = Story(replace(QUIET, survey=PLAIN))
    end_again(story, skip_survey=True)
    assert (story.survey.status, story.survey.reason) == (SurveyStatus.SKIPPED, "skipped_by_agent")
    assert story.told("survey.skipped")[0].data == {
        "survey_id": story.survey.id,
        "session_id": story.survey.session_id,
        "reason": "skipped_by_agent",
    }


def test_what_a_supervisor_closes_by_force_is_not_asked_about() -> None:
    story = Story(replace(QUIET, survey=PLAIN))
    story.writes()
    story.asks("pick")
    story.asks("force_close", agent="eve", supervises=True)
    assert (story.survey.status, story.survey.reason) == (SurveyStatus.SKIPPED, "closed_by_supervisor")


def test_force_in_wrap_up_leaves_the_survey_alone() -> None:
    story = sent()
    story.asks("force_close", agent="eve", supervises=True)
    assert story.survey.status is SurveyStatus.SENT


def test_between_two_surveys_of_one_person_the_cool_down_passes() -> None:
    story = sent(cool_down_seconds=30 * 24 * 3600)
    story.now += 30 * DAY - MS
    end_again(story)
    assert (story.survey.status, story.survey.reason) == (SurveyStatus.SKIPPED, "cool_down")
    story.now += MS
    end_again(story)
    assert story.survey.status is SurveyStatus.SENDING


# How it goes


@pytest.mark.parametrize(
    ("way", "late_by_template", "delay", "goes"),
    [
        (SurveyWay.LINK, False, DAY - MS, SurveyWay.LINK),
        (SurveyWay.BUTTONS, True, DAY - MS, SurveyWay.BUTTONS),
        (SurveyWay.LINK, False, DAY, "automated_message_outside_window"),
        (SurveyWay.LINK, True, DAY, SurveyWay.TEMPLATE),
        (SurveyWay.TEMPLATE, False, DAY, SurveyWay.TEMPLATE),
        (SurveyWay.BUTTONS, True, 7 * DAY - MS, SurveyWay.TEMPLATE),
        (SurveyWay.BUTTONS, True, 7 * DAY, "window_closed"),
        (SurveyWay.TEMPLATE, False, 7 * DAY, "window_closed"),
    ],
)
def test_page_and_window_decide_how_it_goes(
    way: SurveyWay, late_by_template: bool, delay: timedelta, goes: SurveyWay | str
) -> None:
    story = Story(
        replace(
            QUIET,
            survey=SurveySettings(way=way, late_by_template=late_by_template, delay_seconds=0),
        )
    )
    story.writes()
    story.asks("pick")
    story.now += delay
    story.asks("end")
    story.fires()
    if isinstance(goes, SurveyWay):
        assert story.survey.way is goes
        template = story.state.outbox[0].content_kind is ContentKind.FEEDBACK_TEMPLATE
        assert template is (goes is SurveyWay.TEMPLATE)
        because = "survey.way" if goes is way else "survey.late_by_template"
        assert (story.told("survey.sending")[0].data or {})["setting"] == because
    else:
        assert (story.survey.status, story.survey.reason) == (SurveyStatus.NOT_ALLOWED, goes)
        assert story.state.outbox == ()


def test_a_survey_due_at_25_hours_is_not_allowed_or_goes_by_template() -> None:
    for late_by_template, status in ((False, SurveyStatus.NOT_ALLOWED), (True, SurveyStatus.SENDING)):
        story = ended(delay_seconds=25 * 3600, late_by_template=late_by_template)
        story.passes(25 * HOUR)
        assert story.survey.status is status


@pytest.mark.parametrize(
    ("status", "reason", "outcome"),
    [
        (MessageStatus.SENT, None, SurveyStatus.SENT),
        (MessageStatus.FAILED, "window_closed", SurveyStatus.NOT_ALLOWED),
        (MessageStatus.FAILED, "recipient_unavailable", SurveyStatus.FAILED),
    ],
)
def test_the_sends_end_is_the_surveys(
    status: MessageStatus, reason: str | None, outcome: SurveyStatus
) -> None:
    story = ended()
    story.sends(status, reason)
    assert (story.survey.status, story.survey.reason) == (outcome, reason)


def test_an_invitation_that_nobody_finds_may_have_arrived_and_may_be_answered() -> None:
    story = ended()
    statuses = []
    for wait in (timedelta(0), UNKNOWN_LIMIT):
        story.passes(wait)
        story.sends(MessageStatus.UNKNOWN)
        statuses.append(story.survey.status)
    assert statuses == [SurveyStatus.SENDING, SurveyStatus.SENT]


# Answers


def test_an_answer_by_button_counts_and_is_no_conversation() -> None:
    story = sent()
    story.asks("complete")
    story.passes(HOUR)
    story.writes(ThreadEventKind.SURVEY_ANSWER, survey_id=story.survey.id)
    assert (story.survey.status, story.survey.answered_at) == (SurveyStatus.ANSWERED, story.now)
    answered = story.told("survey.answered")[0]
    assert answered.actor_kind is ActorKind.CUSTOMER
    assert (answered.data or {})["late"] is False
    assert story.state.conversation is None
    assert not needs_workflow(story.state, story.now)


def test_an_answer_on_the_page_counts() -> None:
    story = sent()
    story.answers_on_page(story.survey.id)
    assert story.survey.status is SurveyStatus.ANSWERED


def test_a_late_answer_is_kept_as_late() -> None:
    story = sent()
    story.passes(7 * DAY)
    assert len(story.told("survey.expired")) == 1
    story.answers_on_page(story.survey.id)
    assert story.survey.status is SurveyStatus.ANSWERED
    assert (story.told("survey.answered")[0].data or {})["late"] is True


def test_an_answer_given_before_expiry_and_learnt_of_after_it_is_not_late() -> None:
    story = sent()
    expires_at = story.survey.expires_at
    assert expires_at is not None
    story.now = expires_at + HOUR
    story.writes(ThreadEventKind.SURVEY_ANSWER, at=expires_at - MS, survey_id=story.survey.id)
    assert (story.told("survey.answered")[0].data or {})["late"] is False
    assert story.told("survey.expired") == []


def test_foreign_and_repeated_answers_change_nothing() -> None:
    story = sent()
    before = story.survey
    story.answers_on_page("another")
    story.writes(ThreadEventKind.SURVEY_ANSWER)
    assert story.survey == before
    story.answers_on_page(before.id)
    answered = story.survey
    story.now += HOUR
    assert story.answers_on_page(before.id).facts == ()
    assert story.survey == answered


def test_a_survey_that_was_never_sent_cannot_be_answered() -> None:
    story = ended(delay_seconds=3600)
    assert story.answers_on_page(story.survey.id).facts == ()
    assert story.survey.status is SurveyStatus.SCHEDULED


# The next topic, reminder, expiry


def test_the_customers_next_topic_cancels_what_is_not_sent() -> None:
    story = ended(delay_seconds=3600)
    story.passes(HOUR - MS)
    story.writes()
    assert (story.survey.status, story.survey.reason) == (SurveyStatus.CANCELLED, "customer_wrote")
    story.passes(HOUR)
    assert story.state.outbox == ()


@pytest.mark.parametrize("kind", [ThreadEventKind.WINDOW_OPENING, ThreadEventKind.STANDBY_MESSAGE])
def test_a_reaction_or_what_another_app_has_cancels_nothing(kind: ThreadEventKind) -> None:
    story = ended(delay_seconds=3600)
    story.writes(kind)
    assert story.survey.status is SurveyStatus.SCHEDULED


def test_who_goes_on_cancels_what_is_not_sent() -> None:
    story = ended(delay_seconds=3600)
    story.set_to(reopen_closed_within_seconds=3600)
    story.asks("complete")
    story.asks("reopen")
    assert (story.survey.status, story.survey.reason) == (SurveyStatus.CANCELLED, "conversation_reopened")

    started = ended(delay_seconds=3600)
    started.asks("complete")
    started.asks("start", conversation_id="new")
    assert started.survey.reason == "agent_started_conversation"


def test_the_customer_is_reminded_once_while_the_window_allows_it() -> None:
    story = sent(reminder_after_seconds=7200)
    story.passes(2 * HOUR - MS)
    assert story.said() == ["survey"]
    story.passes(MS)
    assert [send.trigger for send in story.state.outbox] == ["survey_reminder"]
    assert (story.told("survey.reminded")[0].data or {})["setting"] == "survey.reminder_after_minutes"
    story.sends()
    story.passes(5 * DAY)
    assert story.said().count("survey_reminder") == 1


def test_a_reminder_that_the_window_forbids_is_recorded() -> None:
    story = sent(reminder_after_seconds=25 * 3600)
    story.passes(25 * HOUR)
    assert story.state.outbox == ()
    assert (story.told("survey.reminder_not_allowed")[0].data or {})[
        "code"
    ] == "automated_message_outside_window"
    assert story.survey.status is SurveyStatus.SENT


@pytest.mark.parametrize("when", ["before the send ends", "after it"])
def test_nobody_is_reminded_who_has_another_topic_or_has_answered(when: str) -> None:
    story = ended(reminder_after_seconds=7200)
    if when == "after it":
        story.sends()
    story.writes()
    if when != "after it":
        story.sends()
    story.passes(6 * DAY)
    assert "survey_reminder" not in story.said()

    answered = sent(reminder_after_seconds=7200)
    answered.answers_on_page(answered.survey.id)
    answered.passes(6 * DAY)
    assert "survey_reminder" not in answered.said()


def test_it_expires_at_its_instant() -> None:
    story = sent(expires_after_seconds=3600)
    story.asks("complete")
    assert next_deadline(story.state, story.now) == NOON + HOUR
    story.now += HOUR + timedelta(minutes=3)
    story.fires()
    assert story.told("survey.expired")[0].at == NOON + HOUR
    assert not needs_workflow(story.state, story.now)


def test_a_survey_keeps_the_settings_of_its_ending() -> None:
    story = ended(delay_seconds=3600)
    story.set_to(survey=None)
    story.passes(HOUR)
    assert story.survey.status is SurveyStatus.SENDING
