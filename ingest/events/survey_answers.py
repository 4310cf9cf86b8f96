"""Answers to surveys among the events: a tapped quick reply of ours, Meta's feedback template, our own page.

An answer is kept in the routing's own transaction, once. It never opens work; a tap opens the window, as any
quick reply does. What is forged, repeated or somebody else's leaves a record and no more (W50 and W51 of
docs/reference/bad-input.md).
"""

from domain.conversations.changes import Fact
from domain.surveys.names import is_survey_question
from ingest.events.event_context import EventContext, append_event, insert_message, notify_workflow
from messenger.webhooks.events import Feedback, FeedbackAnswer, InboundMessage
from messenger.webhooks.internal_events import SurveyAnswered
from store.surveys import answers as survey_answers
from store.surveys.answers import Ignored, Taken


def record_button_answer(message: InboundMessage, context: EventContext) -> None:
    """Store a tapped button: a message of the survey's conversation, and an answer if it counts."""
    taken = survey_answers.take_tap(
        context.session, message.quick_reply_payload or "", context.customer.id, context.occurred_at
    )
    fact = _fact(taken, context)
    insert_message(
        context,
        conversation_id=fact.conversation_id,
        direction="inbound",
        sender_kind="customer",
        kind="survey_answer",
        text=message.text,
        quick_reply_payload=message.quick_reply_payload,
        mid=message.mid,
    )
    append_event(context, fact)
    notify_workflow(context, message_id=context.id, survey_id=taken.counting_id)


def record_feedback(feedback: Feedback, context: EventContext) -> None:
    """Store the answer to the question of our survey in a feedback template."""
    answer = next(each for each in feedback.answers if is_survey_question(each.question_id))
    taken = _keep(answer, context)
    append_event(context, _fact(taken, context))
    notify_workflow(context, survey_id=taken.counting_id)


def record_link_answer(given: SurveyAnswered, context: EventContext) -> None:
    """Store the answer that was given on a survey's page."""
    taken = survey_answers.take_from_page(
        context.session,
        given.survey_id,
        context.customer.id,
        context.occurred_at,
        score=given.score,
        text=given.comment,
    )
    if taken is None:
        return  # erased with its customer, who has come back since
    append_event(context, _fact(taken, context))
    notify_workflow(context, survey_id=taken.counting_id)


def _keep(answer: FeedbackAnswer, context: EventContext) -> Taken:
    return survey_answers.take_feedback(
        context.session,
        answer.question_id,
        context.customer.id,
        context.occurred_at,
        score=answer.score,
        comment=answer.comment,
    )


def _fact(taken: Taken, context: EventContext) -> Fact:
    """What is recorded; an answer of no survey of theirs stands where the customer now is."""
    own = None if taken.ignored is Ignored.FOREIGN else taken.survey
    return taken.fact(
        context.occurred_at,
        conversation_id=own.conversation_id if own else context.live_conversation_id,
    )
