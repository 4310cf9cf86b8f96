"""What is said to follow an ending is what follows when it is ended."""

from datetime import timedelta

import pytest

from domain.conversations.end_preview import EndPreview, SurveyOutlook, preview_end
from domain.conversations.legal_actions import Asker
from domain.conversations.state import SurveyStatus
from domain.workstreams.conversation_settings import SurveySettings, SurveyWay
from support.story import NOON, QUIET, Story

HOUR = timedelta(hours=1)
MIA = Asker("mia")


def served(survey: SurveySettings | None) -> Story:
    """The customer wrote, and Mia has the conversation."""
    story = Story(QUIET)
    story.set_to(survey=survey)
    story.writes()
    story.asks("pick")
    return story


def previewed(story: Story, asker: Asker = MIA) -> EndPreview:
    return preview_end(story.state, story.conversation.id, asker, story.now)


def test_without_a_survey_none_follows() -> None:
    assert previewed(served(None)) == EndPreview()


def test_a_survey_that_will_be_sent_is_told_with_its_way_and_instant() -> None:
    story = served(SurveySettings(delay_seconds=600))
    before = story.state
    preview = previewed(story)
    assert preview == EndPreview(
        survey=SurveyOutlook.WILL_BE_SENT, way=SurveyWay.LINK, due_at=NOON + timedelta(minutes=10)
    )
    assert story.state == before
    story.asks("end")
    story.passes(timedelta(minutes=10))
    assert (story.survey.status, story.survey.way) == (SurveyStatus.SENDING, SurveyWay.LINK)


@pytest.mark.parametrize(
    ("hours", "outlook"), [(23, SurveyOutlook.NOT_ALLOWED), (22, SurveyOutlook.WILL_BE_SENT)]
)
def test_whether_the_window_allows_it_is_judged_when_it_is_due(hours: int, outlook: SurveyOutlook) -> None:
    delay = 2 * HOUR - timedelta(seconds=1)
    story = served(SurveySettings(delay_seconds=7199))
    story.now += hours * HOUR
    preview = previewed(story)
    assert preview.survey is outlook
    refused = outlook is SurveyOutlook.NOT_ALLOWED
    assert preview.reason == ("automated_message_outside_window" if refused else None)
    story.asks("end")
    story.passes(delay)
    assert story.survey.status is (SurveyStatus.NOT_ALLOWED if refused else SurveyStatus.SENDING)


def test_a_customer_who_had_one_lately_has_none_now() -> None:
    story = served(SurveySettings(cool_down_seconds=86400))
    story.asks("end")
    story.fires()
    story.sends_all()
    story.now += HOUR
    story.writes()
    story.asks("pick")
    assert previewed(story) == EndPreview(survey=SurveyOutlook.NOT_NOW, reason="cool_down")


def test_what_may_not_be_ended_says_why() -> None:
    story = served(SurveySettings())
    assert previewed(story, Asker("tom")) == EndPreview(refused="not_your_conversation")
    story.set_to(disposition_required=True, survey=None)
    assert previewed(story) == EndPreview()
