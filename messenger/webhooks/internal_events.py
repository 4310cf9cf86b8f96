"""What Pagedesk itself has to tell a thread, as events of the inbox: one durability, one order with Meta's.

Nothing that comes from outside becomes one: `messenger.webhooks.webhook.split` makes other channels, kinds
and keys of whatever it is given.
"""

from dataclasses import dataclass

from domain.events.channels import PAGEDESK_CHANNEL
from domain.workstreams.conversation_settings import AutomatedTrigger
from messenger.field_reader import Fields, MalformedEvent, required_text, storable, text
from messenger.json_parser import compact, decode, integer
from messenger.webhooks.events import Event
from messenger.webhooks.webhook import EventKind, WebhookEvent


@dataclass(frozen=True, slots=True)
class SurveyAnswered(Event):
    """The customer answered a survey on its page. `score`: None where the question has none."""

    survey_id: str
    score: int | None
    comment: str | None


@dataclass(frozen=True, slots=True)
class FilesRefused(Event):
    """Files of a customer's message were not taken. `trigger`: what the customer is to be told."""

    message_id: str
    trigger: AutomatedTrigger


def survey_answered(
    page_id: str, psid: str, survey_id: str, *, score: int | None, comment: str | None, at_ms: int
) -> WebhookEvent:
    """The event of an answer; a survey has one. `at_ms`: when it was given, in milliseconds since 1970."""
    kind = EventKind.SURVEY_ANSWERED
    raw = compact({"survey_id": survey_id, "score": score, "comment": comment})
    return WebhookEvent(page_id, PAGEDESK_CHANNEL, kind, survey_answered_key(survey_id), psid, at_ms, raw)


def survey_answered_key(survey_id: str) -> str:
    """The key of the event of a survey's answer."""
    return f"{PAGEDESK_CHANNEL}:{EventKind.SURVEY_ANSWERED}:{survey_id}"


def files_refused(
    page_id: str, psid: str, message_id: str, trigger: AutomatedTrigger, *, at_ms: int
) -> WebhookEvent:
    """The event of refused files: one for each message and what is told about it."""
    kind = EventKind.FILES_REFUSED
    key = f"{PAGEDESK_CHANNEL}:{kind}:{message_id}:{trigger}"
    raw = compact({"message_id": message_id, "trigger": trigger.value})
    return WebhookEvent(page_id, PAGEDESK_CHANNEL, kind, key, psid, at_ms, raw)


def parse_internal(kind: EventKind, raw: bytes) -> SurveyAnswered | FilesRefused:
    """The typed event of a raw copy. Raises MalformedEvent only."""
    try:
        decoded = storable(decode(raw))
    except (ValueError, RecursionError) as error:
        raise MalformedEvent("not JSON that can be read") from error
    if not isinstance(decoded, dict):
        raise MalformedEvent("not an object")
    fields = Fields(decoded)
    if kind is EventKind.SURVEY_ANSWERED:
        return SurveyAnswered(
            None,
            None,
            survey_id=required_text(fields, "survey_id"),
            score=integer(fields.get("score")),
            comment=text(fields, "comment"),
        )
    return FilesRefused(None, None, required_text(fields, "message_id"), _trigger(fields))


def _trigger(fields: Fields) -> AutomatedTrigger:
    try:
        return AutomatedTrigger(required_text(fields, "trigger"))
    except ValueError as error:
        raise MalformedEvent("trigger: not a known one") from error
