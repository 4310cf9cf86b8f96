"""The rows of surveys: the projection of what workflows decided, and the way from a link to its survey."""

import secrets
from collections.abc import Iterable
from typing import Any

from sqlalchemy import update
from sqlmodel import Session, col, select

from domain.conversations.state import Survey as DecidedSurvey
from store.db.sql import insert_or_ignore, table_of
from store.tables import Customer, Page, Survey, SurveyAnswer

_TOKEN_BYTES = 32


def write_surveys(session: Session, page_id: str, customer_id: str, surveys: Iterable[DecidedSurvey]) -> None:
    """Write what became of surveys; written again it changes nothing, and the token stays the first."""
    table = table_of(Survey)
    for survey in surveys:
        values = _what_changes(survey)
        insert_or_ignore(
            session,
            Survey,
            [
                values
                | {
                    "id": survey.id,
                    "page_id": page_id,
                    "customer_id": customer_id,
                    "conversation_id": survey.conversation_id,
                    "token": secrets.token_urlsafe(_TOKEN_BYTES),
                }
            ],
        )
        session.connection().execute(update(table).where(table.c.id == survey.id).values(values))


def by_token(session: Session, token: str) -> tuple[Survey, Page, Customer, SurveyAnswer | None] | None:
    """What the link page needs; None where no customer has such a link, or theirs is being erased."""
    found = session.exec(
        select(Survey, Page, Customer, SurveyAnswer)
        .join(Page, col(Page.page_id) == col(Survey.page_id))
        .join(Customer, col(Customer.id) == col(Survey.customer_id))
        .outerjoin(SurveyAnswer, col(SurveyAnswer.survey_id) == col(Survey.id))
        .where(
            Survey.token == token,
            col(Survey.message_id).is_not(None),
            col(Customer.erasure_id).is_(None),
        )
    ).first()
    return None if found is None else (found[0], found[1], found[2], found[3])


def _what_changes(survey: DecidedSurvey) -> dict[str, Any]:
    return {
        "session_id": survey.session_id or None,
        "question": survey.settings.question.value,
        "way": survey.way.value if survey.way else None,
        "status": survey.status.value,
        "reason": survey.reason,
        "message_id": survey.message_id,
        "ended_at": survey.ended_at,
        "due_at": survey.due_at,
        "sent_at": survey.sent_at,
        "expires_at": survey.expires_at,
    }
