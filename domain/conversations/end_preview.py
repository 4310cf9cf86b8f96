"""What would follow if somebody ended a conversation now: asked of the command itself."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.conversations.changes import Refusal
from domain.conversations.command_types import EndConversation
from domain.conversations.conversation import decide
from domain.conversations.legal_actions import Asker
from domain.conversations.state import Survey, SurveyStatus, ThreadState
from domain.conversations.surveys import way_at
from domain.sending.decide_send import SendRefusal
from domain.workstreams.conversation_settings import SurveyWay

_ANY_CODE = "any"
"""Whether a disposition code is missing is shown by itself."""
_SURVEY_ID = "survey"


class SurveyOutlook(StrEnum):
    """What becomes of the survey after an ending. NONE: the page has no survey."""

    NONE = "none"
    WILL_BE_SENT = "will_be_sent"
    NOT_ALLOWED = "not_allowed"
    """When it is due the window forbids it, if the customer does not write before."""
    NOT_NOW = "not_now"
    """This ending has no survey: the customer had one lately, or no agent has served them."""


@dataclass(frozen=True, slots=True)
class EndPreview:
    """What follows the ending. `refused`: the code by which it is refused; nothing follows then.

    `reason`: why there is no survey; `way` and `due_at` where there is one.
    """

    refused: str | None = None
    survey: SurveyOutlook = SurveyOutlook.NONE
    reason: str | None = None
    way: SurveyWay | None = None
    due_at: datetime | None = None


def preview_end(state: ThreadState, conversation_id: str, asker: Asker, now: datetime) -> EndPreview:
    """What would follow if `asker` ended the conversation at this instant."""
    command = EndConversation(**asker.fields(conversation_id), disposition_code_id=_ANY_CODE)
    outcome = decide(state, command, now, lambda: _SURVEY_ID)
    if isinstance(outcome, Refusal):
        return EndPreview(outcome.code)
    survey = next((each for each in outcome.surveys if each.id == _SURVEY_ID), None)
    return EndPreview() if survey is None else _of_survey(outcome.state, survey)


def _of_survey(state: ThreadState, survey: Survey) -> EndPreview:
    if survey.status is not SurveyStatus.SCHEDULED:
        return EndPreview(survey=SurveyOutlook.NOT_NOW, reason=survey.reason)
    way = way_at(state.window, survey.settings, survey.due_at)
    if isinstance(way, SendRefusal):
        return EndPreview(survey=SurveyOutlook.NOT_ALLOWED, reason=way.code, due_at=survey.due_at)
    return EndPreview(survey=SurveyOutlook.WILL_BE_SENT, way=way, due_at=survey.due_at)
