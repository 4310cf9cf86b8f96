"""The form on which a customer answers a survey."""

from dataclasses import dataclass

from api.http.public_page import render_page
from domain.surveys.texts import SCORES, TEXTS
from domain.workstreams.conversation_settings import Question

MAX_COMMENT_UTF16_UNITS = 2000
"""The longest comment, in UTF-16 code units: what a browser counts by."""


@dataclass(frozen=True, slots=True)
class SurveyForm:
    """What the form shows: the question, in whose name, and what was filled in before an error."""

    language: str
    page_name: str
    question: Question
    late: bool = False
    score: str | None = None
    comment: str = ""
    problem: str | None = None


def render_survey_form(form: SurveyForm) -> str:
    """The question with its scores, a comment, and a button. It posts to its own address."""
    texts, scores = TEXTS[form.language], SCORES[form.question]
    scale = texts.scale(form.question)
    problem = ["problem"] if form.problem else []
    return render_page(
        "survey_form.html",
        language=form.language,
        title=f"{texts.page_title} | {form.page_name}",
        heading=texts.page_title,
        page_name=form.page_name,
        texts=texts,
        question=texts.questions[form.question],
        problem=form.problem,
        late=form.late,
        scores=[(str(score), texts.score(form.question, score)) for score in scores],
        scores_described_by=[*problem, *(["scale"] if scale else [])],
        scale=scale.replace(" = ", "\u00a0=\u00a0"),
        chosen=form.score,
        comment=form.comment,
        comment_hint=texts.comment_hint.format(limit=MAX_COMMENT_UTF16_UNITS),
        comment_described_by=["hint"] if scores else problem,
        max_comment_length=MAX_COMMENT_UTF16_UNITS,
    )
