"""A customer at a glance: the conversations so far, the last answer to a survey, how many notes there are."""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlmodel import Session, col

from store.tables import Conversation, Note, Survey, SurveyAnswer

_SHOWN = 5


@dataclass(frozen=True, slots=True)
class CustomerSummary:
    """What there is of a customer. `latest`: the conversations that began last, the newest first."""

    conversations: int
    latest: list[Conversation]
    answer: SurveyAnswer | None
    notes: int


def summarize(session: Session, customer_id: str) -> CustomerSummary:
    """The customer at a glance: four statements."""
    of_customer = col(Conversation.customer_id) == customer_id
    latest = (
        select(Conversation)
        .where(of_customer)
        .order_by(col(Conversation.opened_at).desc(), col(Conversation.id).desc())
    )
    answers = (
        select(SurveyAnswer)
        .join(Survey, col(Survey.id) == col(SurveyAnswer.survey_id))
        .where(col(Survey.customer_id) == customer_id)
        .order_by(col(SurveyAnswer.at).desc())
    )
    return CustomerSummary(
        conversations=session.scalar(select(func.count()).select_from(Conversation).where(of_customer)) or 0,
        latest=list(session.scalars(latest.limit(_SHOWN))),
        answer=session.scalars(answers.limit(1)).first(),
        notes=session.scalar(
            select(func.count()).select_from(Note).where(col(Note.customer_id) == customer_id)
        )
        or 0,
    )
