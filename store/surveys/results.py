"""Reading surveys with their answers, one by one and summed up."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, case, func, or_, select
from sqlmodel import Session, col

from domain.conversations.projection import NEVER_WAS
from domain.conversations.state import SurveyStatus
from domain.surveys.texts import SCORES
from domain.workstreams.conversation_settings import Question
from store.access.visibility import Reader, is_seen
from store.db.ranges import Span, cut
from store.tables import AgentSession, Survey, SurveyAnswer

Place = tuple[datetime, str]

_PROMOTERS_FROM, _DETRACTORS_TO = 9, 6
"""The net promoter score's own bounds: 9 and 10 recommend, 0 to 6 advise against."""

# A late answer may come when no workflow is there any more to take note of it: the answer decides.
OUTCOME: ColumnElement[str] = case(
    (col(SurveyAnswer.survey_id).is_not(None), SurveyStatus.ANSWERED.value), else_=col(Survey.status)
)


@dataclass(frozen=True, slots=True)
class SurveyFilter:
    """What results are narrowed to; unset fields do not narrow. The instants are those of the endings."""

    page_id: str | None = None
    status: SurveyStatus | None = None
    question: Question | None = None
    from_: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class SurveyRecord:
    """A survey with its answer and the agent whose session it is about."""

    survey: Survey
    answer: SurveyAnswer | None
    agent_id: str | None

    @property
    def status(self) -> str:
        """Where it stands; answered as soon as there is an answer."""
        return SurveyStatus.ANSWERED.value if self.answer is not None else self.survey.status


@dataclass(frozen=True, slots=True)
class QuestionResult:
    """The scores of one question. `nps`: promoters minus detractors, in per cent; for that question alone."""

    question: Question
    answered: int
    average: float | None
    nps: float | None
    distribution: dict[int, int]


@dataclass(frozen=True, slots=True)
class Summary:
    """All surveys of a filter. `invited`: those that reached, or may have reached, the customer."""

    outcomes: dict[str, int]
    invited: int
    answered: int
    late: int
    questions: list[QuestionResult]

    @property
    def response_rate(self) -> float | None:
        """Answers per invitation, from 0 to 1."""
        return round(self.answered / self.invited, 4) if self.invited else None


def find(session: Session, survey_id: str) -> SurveyRecord | None:
    """One survey."""
    row = session.execute(_records().where(col(Survey.id) == survey_id)).first()
    return SurveyRecord(*row) if row else None


def listed(session: Session, wanted: SurveyFilter, reader: Reader, span: Span[Place]) -> list[SurveyRecord]:
    """A part of the list by endings: of those that this reader sees."""
    key = (col(Survey.ended_at), col(Survey.id))
    found = session.execute(cut(_records().where(*_conditions(wanted, reader)), key, span))
    return [SurveyRecord(*row) for row in found]


def place_of(record: SurveyRecord) -> Place:
    """Where a survey stands in the list."""
    return record.survey.ended_at, record.survey.id


def summarize(session: Session, wanted: SurveyFilter, reader: Reader) -> Summary:
    """Count outcomes and scores of those that this reader sees."""
    joined = _conditions(wanted, reader)
    answer_id = col(SurveyAnswer.survey_id)
    reached = case((col(Survey.sent_at).is_not(None) | answer_id.is_not(None), 1))
    counted = session.execute(
        select(
            OUTCOME.label("outcome"),
            func.count(),
            func.count(reached),
            func.count(case((col(SurveyAnswer.late), 1))),
        )
        .select_from(Survey)
        .outerjoin(SurveyAnswer, answer_id == col(Survey.id))
        .where(*joined)
        .group_by("outcome")
    ).all()
    scores = session.execute(
        select(col(Survey.question), col(SurveyAnswer.score), func.count())
        .join(SurveyAnswer, answer_id == col(Survey.id))
        .where(*joined)
        .group_by(col(Survey.question), col(SurveyAnswer.score))
    ).all()
    outcomes = {row[0]: row[1] for row in counted}
    return Summary(
        outcomes={status.value: outcomes.get(status.value, 0) for status in SurveyStatus},
        invited=sum(row[2] for row in counted),
        answered=outcomes.get(SurveyStatus.ANSWERED.value, 0),
        late=sum(row[3] for row in counted),
        questions=[
            _result(question, [(row[1], row[2]) for row in scores if row[0] == question.value])
            for question in Question
        ],
    )


def _result(question: Question, counts: Sequence[tuple[int | None, int]]) -> QuestionResult:
    by_score = {score: count for score, count in counts if score is not None}
    scored = sum(by_score.values())
    promoters = sum(count for score, count in by_score.items() if score >= _PROMOTERS_FROM)
    detractors = sum(count for score, count in by_score.items() if score <= _DETRACTORS_TO)
    return QuestionResult(
        question=question,
        answered=sum(count for _, count in counts),
        average=round(sum(score * count for score, count in by_score.items()) / scored, 2)
        if scored
        else None,
        nps=(
            round(100 * (promoters - detractors) / scored, 1) if scored and question is Question.NPS else None
        ),
        distribution={score: by_score.get(score, 0) for score in SCORES[question]},
    )


def _records() -> Select[*tuple[Any, ...]]:
    return (
        select(Survey, SurveyAnswer, col(AgentSession.agent_id))
        .outerjoin(SurveyAnswer, col(SurveyAnswer.survey_id) == col(Survey.id))
        .outerjoin(AgentSession, col(AgentSession.id) == col(Survey.session_id))
    )


def _conditions(wanted: SurveyFilter, reader: Reader) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [
        or_(col(Survey.reason).is_(None), col(Survey.reason) != NEVER_WAS)
    ]
    if not reader.sees_all:
        conditions.append(is_seen(reader, col(Survey.conversation_id), col(Survey.customer_id)))
    if wanted.page_id is not None:
        conditions.append(col(Survey.page_id) == wanted.page_id)
    if wanted.question is not None:
        conditions.append(col(Survey.question) == wanted.question.value)
    if wanted.status is not None:
        conditions.append(OUTCOME.in_([wanted.status.value]))
        if wanted.status is not SurveyStatus.ANSWERED:
            conditions.append(col(Survey.status) == wanted.status.value)
    if wanted.from_ is not None:
        conditions.append(col(Survey.ended_at) >= wanted.from_)
    if wanted.until is not None:
        conditions.append(col(Survey.ended_at) < wanted.until)
    return conditions
