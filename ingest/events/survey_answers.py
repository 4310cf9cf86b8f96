"""Answers to surveys among the events: a tapped quick reply of ours, and Meta's feedback template.

An answer is kept in the routing's own transaction, once. It never opens work; a tap opens the window, as any
quick reply does. What is forged, repeated or somebody else's leaves a record and no more (W50 and W51 of
docs/reference/bad-input.md).
"""

from domain.conversations.changes import Fact
from domain.conversations.state import ThreadEventKind
from domain.surveys.names import is_survey_question
from ingest.events.event_context import EventContext, insert, note, record, tell
from messenger.webhooks.events import Feedback, FeedbackAnswer, InboundMessage
from store.surveys import answers as survey_answers
from store.surveys.answers import Ignored, Taken


def take_tap(message: InboundMessage, arrival: EventContext) -> None:
    """A tapped button: a message of the survey's conversation, and an answer if it counts."""
    taken = survey_answers.take_tap(
        arrival.session, message.quick_reply_payload or "", arrival.customer.id, arrival.occurred_at
    )
    fact = _fact(taken, arrival)
    insert(
        arrival,
        conversation_id=fact.conversation_id,
        direction="inbound",
        sender_kind="customer",
        kind="survey_answer",
        text=message.text,
        quick_reply_payload=message.quick_reply_payload,
        mid=message.mid,
    )
    record(arrival, fact)
    tell(arrival, ThreadEventKind.SURVEY_ANSWER, message_id=arrival.id, survey_id=taken.counting_id)


def take_feedback(feedback: Feedback, arrival: EventContext) -> None:
    """The answers in a feedback template. One of somebody else's making is noted like any other event."""
    ours = next((each for each in feedback.answers if is_survey_question(each.question_id)), None)
    if ours is None:
        note(arrival, f"customer.{arrival.row.kind}", {"inbox_id": arrival.row.id})
        return
    taken = _keep(ours, arrival)
    record(arrival, _fact(taken, arrival))
    tell(arrival, ThreadEventKind.SURVEY_ANSWER, survey_id=taken.counting_id)


def _keep(answer: FeedbackAnswer, arrival: EventContext) -> Taken:
    return survey_answers.take_feedback(
        arrival.session,
        answer.question_id,
        arrival.customer.id,
        arrival.occurred_at,
        score=answer.score,
        comment=answer.comment,
    )


def _fact(taken: Taken, arrival: EventContext) -> Fact:
    """What is recorded; an answer of no survey of theirs stands where the customer now is."""
    own = None if taken.ignored is Ignored.FOREIGN else taken.survey
    return taken.fact(
        arrival.occurred_at,
        conversation_id=own.conversation_id if own else arrival.live_conversation_id,
    )
