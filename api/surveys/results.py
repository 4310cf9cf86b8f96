"""The results of surveys: one by one with their answers, and summed up."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Self

from fastapi import Query
from pydantic import BaseModel
from starlette.requests import Request

from api.http.dependencies import DatabaseDep
from api.http.fields import Digits, Id, Instant, PathId
from api.http.paging import Cursor, CursorOf, CursorPage, Limit
from api.http.problem_docs import problems
from api.http.slow_reads import LongReadsDep
from api.security.auth import Caller
from api.security.guarded_route import api_router
from domain.conversations.state import SurveyStatus
from domain.workstreams.conversation_settings import Question, SurveyWay
from store.db.ranges import Span
from store.db.refusals import not_found
from store.surveys import results as survey_results
from store.surveys.answers import Source
from store.surveys.results import SurveyFilter, SurveyRecord

_BY_ENDING = CursorOf("surveys", tuple[Instant, Id])

router = api_router("surveys")

From = Annotated[Instant | None, Query(alias="from", description="Endings from this instant on.")]
Until = Annotated[Instant | None, Query(description="Endings before this instant.")]


class SurveyAnswerView(BaseModel):
    """The customer's answer. `late`: it came after the survey had ended; it counts all the same."""

    question: Question
    score: int | None
    text: str | None
    source: Source
    late: bool
    at: datetime


class SurveyView(BaseModel):
    """The survey of one ending, about the agent of its last session.

    `status` is an outcome unless it is `scheduled`, `sending` or `sent`; `reason` tells why it was not sent.
    """

    id: str
    page_id: str
    customer_id: str
    conversation_id: str
    session_id: str | None
    agent_id: str | None
    question: Question
    way: SurveyWay | None
    status: SurveyStatus
    reason: str | None
    message_id: str | None
    ended_at: datetime
    due_at: datetime
    sent_at: datetime | None
    expires_at: datetime | None
    answers: list[SurveyAnswerView]

    @classmethod
    def of(cls, record: SurveyRecord) -> Self:
        """The survey without its secret."""
        shown = record.survey.model_dump(exclude={"token", "reminder_id"})
        answers = [record.answer.model_dump()] if record.answer is not None else []
        return cls.model_validate(
            shown | {"status": record.status, "agent_id": record.agent_id, "answers": answers}
        )


class QuestionSummary(BaseModel):
    """The scores of one question. `nps`: promoters (9, 10) minus detractors (0 to 6), from -100 to 100."""

    question: Question
    answered: int
    average: float | None
    nps: float | None
    distribution: dict[int, int]


class SurveySummary(BaseModel):
    """Surveys summed up. `response_rate`: answers per invitation that left, from 0 to 1."""

    outcomes: dict[SurveyStatus, int]
    invited: int
    answered: int
    late: int
    response_rate: float | None
    questions: list[QuestionSummary]


@router.get("/v1/surveys", responses=problems("invalid_cursor", "too_many_requests", "read_too_slow"))
async def list_surveys(
    request: Request,
    long_reads: LongReadsDep,
    caller: Caller,
    *,
    page_id: Digits | None = None,
    status: SurveyStatus | None = None,
    question: Question | None = None,
    from_: From = None,
    until: Until = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> CursorPage[SurveyView]:
    """Surveys with their answers, the newest endings first."""
    wanted = SurveyFilter(page_id, status, question, from_, until)
    span = Span(limit + 1, newest_first=True, before=_BY_ENDING.read(cursor))
    found = await long_reads.read(
        request, caller.agent_id, lambda s: survey_results.listed(s, wanted, caller.reader, span)
    )
    return _BY_ENDING.page(found, limit, SurveyView.of, survey_results.place_of)


@router.get("/v1/surveys/summary", responses=problems("too_many_requests", "read_too_slow"))
async def summarize_surveys(
    request: Request,
    long_reads: LongReadsDep,
    caller: Caller,
    *,
    page_id: Digits | None = None,
    question: Question | None = None,
    from_: From = None,
    until: Until = None,
) -> SurveySummary:
    """How surveys ended, how many were answered, and what the answers say."""
    wanted = SurveyFilter(page_id=page_id, question=question, from_=from_, until=until)
    found = await long_reads.read(
        request, caller.agent_id, lambda s: survey_results.summarize(s, wanted, caller.reader)
    )
    return SurveySummary.model_validate(asdict(found) | {"response_rate": found.response_rate})


@router.get("/v1/surveys/{survey_id}", responses=problems("not_found"))
async def get_survey(database: DatabaseDep, survey_id: PathId) -> SurveyView:
    """One survey with its answer."""
    record = await database.read(lambda s: survey_results.find(s, survey_id))
    if record is None:
        raise not_found("survey", survey_id)
    return SurveyView.of(record)
