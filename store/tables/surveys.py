"""Surveys and their answers."""

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from store.tables.columns import instant


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

    id: str = Field(primary_key=True)
    page_id: str = Field(foreign_key="page.page_id")
    customer_id: str = Field(foreign_key="customer.id", index=True)
    conversation_id: str = Field(foreign_key="conversation.id", index=True)
    session_id: str | None = None
    token: str = Field(unique=True)
    question: str
    way: str | None = None
    status: str
    reason: str | None = None
    message_id: str | None = None
    reminder_id: str | None = Field(default=None, unique=True)
    ended_at: datetime = instant()
    due_at: datetime = instant()
    sent_at: datetime | None = instant(nullable=True)
    expires_at: datetime | None = instant(nullable=True)
    version: int = 0


class SurveyAnswer(SQLModel, table=True):
    """The customer's answer to a survey; the first one counts. `late`: the survey had ended by then."""

    __tablename__ = "survey_answer"

    survey_id: str = Field(primary_key=True, foreign_key="survey.id")
    question: str
    score: int | None = None
    text: str | None = None
    source: str
    late: bool = False
    at: datetime = instant()
