"""The customers' answers to surveys. An answer counts if it is genuine, of that customer, and the first."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlmodel import Session, col, select

from domain.conversations.changes import Fact
from domain.conversations.lifecycle import ActorKind
from domain.conversations.state import SURVEY_UNDER_WAY, SurveyStatus
from domain.events.kinds import FactKind
from domain.surveys.texts import SCORES
from domain.workstreams.conversation_settings import Question
from store.db.sql import insert_if_new
from store.surveys.answer_signatures import (
    is_genuine_payload,
    is_genuine_question_id,
    read_payload,
    read_question_id,
)
from store.tables import Survey, SurveyAnswer


class Source(StrEnum):
    """How an answer came."""

    LINK = "link"
    BUTTONS = "buttons"
    TEMPLATE = "template"


class Ignored(StrEnum):
    """Why an answer does not count.

    FORGED: its name is not one that we made. FOREIGN: the survey was another customer's. REPEATED: there is
    an answer already. NO_ANSWER: what was given is none, such as a score that the question does not have.
    """

    FORGED = "forged"
    FOREIGN = "foreign"
    REPEATED = "repeated"
    NO_ANSWER = "no_answer"


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of an answer: its survey where there is such a one, and why it does not count."""

    survey: Survey | None
    source: Source
    ignored: Ignored | None = None
    late: bool = False

    @property
    def counting_id(self) -> str | None:
        """The id of the survey that is answered now; None where the answer does not count."""
        return self.survey.id if self.survey is not None and self.ignored is None else None

    def fact(self, at: datetime, *, conversation_id: str | None) -> Fact:
        """The record of it. A survey of somebody else is not named."""
        foreign = self.ignored is Ignored.FOREIGN
        return Fact(
            FactKind.SURVEY_ANSWER_RECEIVED,
            at,
            ActorKind.CUSTOMER,
            conversation_id=conversation_id,
            data={
                "survey_id": self.survey.id if self.survey is not None and not foreign else None,
                "source": self.source,
                "ignored": self.ignored,
                "late": self.late,
            },
        )


def take_tap(session: Session, payload: str, customer_id: str, at: datetime) -> Taken:
    """Keep the answer that a tapped button stands for."""
    named = read_payload(payload)
    survey = session.get(Survey, named[0]) if named else None
    if named is None or survey is None or not is_genuine_payload(survey, payload, named[1]):
        return Taken(None, Source.BUTTONS, Ignored.FORGED)
    return _keep(session, survey, customer_id, Source.BUTTONS, at, score=named[1])


def take_feedback(
    session: Session,
    question_id: str,
    customer_id: str,
    at: datetime,
    *,
    score: str | None,
    comment: str | None,
) -> Taken:
    """Keep the answer that was given in Meta's template."""
    survey_id = read_question_id(question_id)
    survey = session.get(Survey, survey_id) if survey_id else None
    if survey is None or not is_genuine_question_id(survey, question_id):
        return Taken(None, Source.TEMPLATE, Ignored.FORGED)
    number = int(score) if score and score.isascii() and score.isdigit() and len(score) < 3 else None  # noqa: PLR2004
    return _keep(session, survey, customer_id, Source.TEMPLATE, at, score=number, text=comment or None)


def take_from_page(
    session: Session,
    survey_id: str,
    customer_id: str,
    at: datetime,
    *,
    score: int | None,
    text: str | None,
) -> Taken | None:
    """Keep the answer that was given on the link page; None where the survey is there no more."""
    survey = session.get(Survey, survey_id)
    if survey is None:
        return None
    return _keep(session, survey, customer_id, Source.LINK, at, score=score, text=text)


def is_answered_reminder(session: Session, message_id: str) -> bool:
    """Whether the message reminds of a survey that has its answer by now."""
    reminded = (
        select(SurveyAnswer.survey_id)
        .join(Survey, col(Survey.id) == col(SurveyAnswer.survey_id))
        .where(Survey.reminder_id == message_id)
    )
    return session.exec(reminded).first() is not None


def is_late(survey: Survey, at: datetime) -> bool:
    """Whether the survey has ended by then. Its answer is kept all the same."""
    ended = SurveyStatus(survey.status) not in SURVEY_UNDER_WAY
    return ended or (survey.expires_at is not None and at >= survey.expires_at)


def _keep(
    session: Session,
    survey: Survey,
    customer_id: str,
    source: Source,
    at: datetime,
    *,
    score: int | None = None,
    text: str | None = None,
) -> Taken:
    if survey.customer_id != customer_id:
        return Taken(survey, source, Ignored.FOREIGN)
    if not _answers(Question(survey.question), score, text):
        return Taken(survey, source, Ignored.NO_ANSWER)
    late = is_late(survey, at)
    row = {
        "survey_id": survey.id,
        "question": survey.question,
        "score": score,
        "text": text,
        "source": source.value,
        "late": late,
        "at": at,
    }
    ignored = None if insert_if_new(session, SurveyAnswer, row) else Ignored.REPEATED
    return Taken(survey, source, ignored, late)


def _answers(question: Question, score: int | None, text: str | None) -> bool:
    return score in SCORES[question] if SCORES[question] else score is None and bool(text)
