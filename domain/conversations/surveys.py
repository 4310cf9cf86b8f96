"""The survey after an ending: when it is due, whether and how it may go, and how it ends.

One survey per ending, of the last session. Its outcome is always recorded: answered, expired, not allowed,
skipped, cancelled or failed. Answers are the store's; here only counts that there is one.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from domain.conversations.changes import Draft, FactValue, SendOutcome
from domain.conversations.lifecycle import ActorKind
from domain.conversations.state import (
    SURVEY_UNDER_WAY,
    Conversation,
    QueuedSend,
    Survey,
    SurveyStatus,
    ThreadState,
)
from domain.events.kinds import FactKind
from domain.sending.decide_send import REFUSED_BY_WINDOW, ContentKind, SenderKind, SendRefusal, decide_send
from domain.sending.delivery import MessageStatus
from domain.sending.window import Window
from domain.workstreams.conversation_settings import SurveySettings, SurveyWay

INVITATION = "survey"
REMINDER = "survey_reminder"
NO_AGENT = "no_agent"
"""Nobody has served the customer: this ending has no survey."""
COOL_DOWN = "cool_down"
"""The customer had a survey lately."""


def after_ending(draft: Draft, conversation: Conversation, *, skip: str | None = None) -> None:
    """Owe the customer a survey, or record why not; `skip` is a reason of the caller's.

    Without a survey on the page nothing is recorded.
    """
    settings = draft.state.settings.survey
    if settings is None:
        return
    _give_up_former(draft)
    survey = Survey(
        draft.new_id(),
        conversation.id,
        conversation.accepted_session_id or "",
        SurveyStatus.SCHEDULED,
        settings,
        ended_at=draft.at,
        due_at=draft.at + timedelta(seconds=settings.delay_seconds),
    )
    if reason := _why_skipped(draft, conversation, settings, skip):
        _end(draft, survey, SurveyStatus.SKIPPED, reason=reason)
        return
    _record(draft, survey, due_at=survey.due_at.isoformat(), setting="survey.delay_minutes")


def send_due_at(draft: Draft, survey: Survey) -> None:
    """Send the survey in the way that page and window allow; or it may not go any more."""
    way = way_at(draft.state.window, survey.settings, draft.now)
    if isinstance(way, SendRefusal):
        _end(draft, survey, SurveyStatus.NOT_ALLOWED, reason=way.code)
        return
    send = QueuedSend(
        draft.new_id(),
        SenderKind.SURVEY,
        survey.conversation_id,
        content_kind=ContentKind.FEEDBACK_TEMPLATE if way is SurveyWay.TEMPLATE else ContentKind.MESSAGE,
        trigger=INVITATION,
        cause_id=survey.id,
    )
    # The survey first: the row of the message is made from it.
    _record(
        draft,
        replace(survey, status=SurveyStatus.SENDING, way=way, message_id=send.message_id),
        way=way,
        setting="survey.way" if way is survey.settings.way else "survey.late_by_template",
    )
    draft.create(send)


def after_sending(draft: Draft, send: QueuedSend, outcome: SendOutcome) -> None:
    """Take in how the invitation ended. What is unknown may have arrived, and may be answered."""
    survey = draft.state.survey
    if survey is None or send.message_id != survey.message_id or survey.status is not SurveyStatus.SENDING:
        return
    if outcome.status in (MessageStatus.SENT, MessageStatus.UNKNOWN):
        settings, now = survey.settings, draft.at
        reminder = settings.reminder_after_seconds
        draft.set(surveyed_at=now)
        _record(
            draft,
            replace(
                survey,
                status=SurveyStatus.SENT,
                sent_at=now,
                remind_at=None if reminder is None else now + timedelta(seconds=reminder),
                expires_at=now + timedelta(seconds=settings.expires_after_seconds),
            ),
            message_status=outcome.status,
        )
        return
    refused = outcome.reason in REFUSED_BY_WINDOW
    ended = SurveyStatus.NOT_ALLOWED if refused else SurveyStatus.FAILED
    _end(draft, survey, ended, reason=outcome.reason)


def remind(draft: Draft, survey: Survey) -> None:
    """Remind once, if the window still allows it."""
    reminded = replace(survey, remind_at=None)
    permission = decide_send(
        draft.now, draft.state.window, SenderKind.SURVEY, ContentKind.MESSAGE, human_agent_tag=False
    )
    draft.set_survey(reminded)
    if isinstance(permission, SendRefusal):
        _note(draft, reminded, FactKind.SURVEY_REMINDER_NOT_ALLOWED, code=permission.code)
        return
    _note(draft, reminded, FactKind.SURVEY_REMINDED, setting="survey.reminder_after_minutes")
    draft.create(
        QueuedSend(
            draft.new_id(),
            SenderKind.SURVEY,
            survey.conversation_id,
            trigger=REMINDER,
            cause_id=survey.id,
        )
    )


def expire(draft: Draft, survey: Survey) -> None:
    """Nobody answered in time. A late answer is still kept."""
    _end(draft, survey, SurveyStatus.EXPIRED, setting="survey.expires_after_hours")


def answered(draft: Draft, survey_id: str, at: datetime) -> None:
    """The customer answered the survey, also when that comes late. What was never sent has no answer."""
    survey = draft.state.survey
    if survey is None or survey.id != survey_id or survey.message_id is None:
        return
    if survey.status is SurveyStatus.ANSWERED:
        return
    late = survey.status not in SURVEY_UNDER_WAY
    _end(draft, replace(survey, answered_at=at), SurveyStatus.ANSWERED, at, late=late)


def cancel_or_silence(draft: Draft, reason: str) -> None:
    """A survey not sent yet is cancelled, and nobody is reminded of one that is out."""
    survey = draft.state.survey
    if survey is None:
        return
    if survey.status is SurveyStatus.SCHEDULED:
        _end(draft, survey, SurveyStatus.CANCELLED, reason=reason)
    elif survey.status in SURVEY_UNDER_WAY and survey.settings.reminder_after_seconds is not None:
        unpressed = replace(survey.settings, reminder_after_seconds=None)
        draft.set_survey(replace(survey, settings=unpressed, remind_at=None))


def is_under_way(state: ThreadState) -> bool:
    """Whether the thread's survey still has something before it."""
    return state.survey is not None and state.survey.status in SURVEY_UNDER_WAY


def _give_up_former(draft: Draft) -> None:
    """A thread has one survey at a time: that of the newest ending."""
    survey = draft.state.survey
    if survey is not None and survey.status in SURVEY_UNDER_WAY:
        outcome = SurveyStatus.EXPIRED if survey.sent_at else SurveyStatus.CANCELLED
        _end(draft, survey, outcome, reason="superseded")


def _why_skipped(
    draft: Draft, conversation: Conversation, settings: SurveySettings, skip: str | None
) -> str | None:
    if conversation.accepted_session_id is None:
        return NO_AGENT
    if skip is not None:
        return skip
    cool_down_seconds = timedelta(seconds=settings.cool_down_seconds)
    surveyed_at = draft.state.surveyed_at
    if surveyed_at is not None and draft.at < surveyed_at + cool_down_seconds:
        return COOL_DOWN
    return None


def way_at(window: Window, settings: SurveySettings, now: datetime) -> SurveyWay | SendRefusal:
    """In which way a survey may go at an instant; or why the window forbids each."""
    kinds = {SurveyWay.TEMPLATE: ContentKind.FEEDBACK_TEMPLATE}
    ways = [settings.way, *([SurveyWay.TEMPLATE] if settings.late_by_template else [])]
    refusal: SendRefusal | None = None
    for way in ways:
        verdict = decide_send(
            now, window, SenderKind.SURVEY, kinds.get(way, ContentKind.MESSAGE), human_agent_tag=False
        )
        if not isinstance(verdict, SendRefusal):
            return way
        refusal = refusal or verdict
    if refusal is None:
        raise LookupError("A survey has no way.")
    return refusal


def _end(
    draft: Draft, survey: Survey, status: SurveyStatus, at: datetime | None = None, **why: FactValue
) -> None:
    reason = why.get("reason")
    ended = replace(survey, status=status, remind_at=None, reason=str(reason) if reason else None)
    _record(draft, ended, at, **why)


def _record(draft: Draft, survey: Survey, at: datetime | None = None, **why: FactValue) -> None:
    draft.set_survey(survey)
    _note(draft, survey, FactKind(f"survey.{survey.status}"), at, **why)


def _note(draft: Draft, survey: Survey, kind: FactKind, at: datetime | None = None, **why: FactValue) -> None:
    draft.note(
        kind,
        ActorKind.CUSTOMER if survey.status is SurveyStatus.ANSWERED else ActorKind.SYSTEM,
        at=at,
        conversation_id=survey.conversation_id,
        message_id=survey.message_id,
        data={"survey_id": survey.id, "session_id": survey.session_id or None, **why},
    )
