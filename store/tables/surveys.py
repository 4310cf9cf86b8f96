"""Surveys and their answers."""

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from store.tables.columns import instant
from store.tables.erasure_policy import Deleted


class Survey(SQLModel, table=True):
    """The survey of one ending. A projection, but for `token` and `reminder_id`.

    `token` is the secret of the link page and of the signatures in buttons and templates. It is in no
    history, log or event.
    """

    __table_args__ = (
        Index("ix_survey_ended", "ended_at", "id"),
        Index("ix_survey_page_ended", "page_id", "ended_at", "id"),
        Index("ix_survey_status_ended", "status", "ended_at", "id"),
    )

    id: Deleted[str] = Field(primary_key=True)
    page_id: Deleted[str] = Field(foreign_key="page.page_id")
    customer_id: Deleted[str] = Field(foreign_key="customer.id", index=True)
    conversation_id: Deleted[str] = Field(foreign_key="conversation.id", index=True)
    session_id: Deleted[str | None] = None
    token: Deleted[str] = Field(unique=True)
    question: Deleted[str]
    way: Deleted[str | None] = None
    status: Deleted[str]
    reason: Deleted[str | None] = None
    message_id: Deleted[str | None] = None
    reminder_id: Deleted[str | None] = Field(default=None, unique=True)
    ended_at: Deleted[datetime] = instant()
    due_at: Deleted[datetime] = instant()
    sent_at: Deleted[datetime | None] = instant(nullable=True)
    expires_at: Deleted[datetime | None] = instant(nullable=True)


class SurveyAnswer(SQLModel, table=True):
    """The customer's answer to a survey; the first one counts. `late`: the survey had ended by then."""

    __tablename__ = "survey_answer"

    survey_id: Deleted[str] = Field(primary_key=True, foreign_key="survey.id")
    question: Deleted[str]
    score: Deleted[int | None] = None
    text: Deleted[str | None] = None
    source: Deleted[str]
    late: Deleted[bool] = False
    at: Deleted[datetime] = instant()
