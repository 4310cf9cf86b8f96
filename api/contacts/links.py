"""Which contact a customer is, and the customer at a glance."""

from datetime import datetime
from typing import Self

from pydantic import BaseModel
from sqlmodel import Session

from api.contacts.views import ContactView, view
from api.http.dependencies import DatabaseDep
from api.http.fields import Id, Input, PathId
from api.http.problem_docs import problems
from api.security.auth import Caller
from api.security.guarded_route import api_router
from base import clock
from domain.conversations.lifecycle import Status
from domain.workstreams.conversation_settings import Question
from store.access.visibility import Reader, refuse_unseen
from store.contacts import links
from store.customers import customers
from store.customers.summary import CustomerSummary, summarize
from store.db.refusals import not_found
from store.tables import Conversation, SurveyAnswer

router = api_router("contacts")


class LinkInput(Input):
    """The contact that the customer is."""

    contact_id: Id


class EarlierConversationView(BaseModel):
    """A conversation of the customer, closed or not."""

    id: str
    status: Status
    opened_at: datetime
    closed_at: datetime | None
    agent_id: str | None
    queue_id: str | None
    disposition_code_id: str | None

    @classmethod
    def of(cls, row: Conversation) -> Self:
        """What the row says."""
        return cls.model_validate(row.model_dump())


class LastAnswerView(BaseModel):
    """What the customer answered last when they were asked. Comments are for supervisors: /v1/surveys."""

    question: Question
    score: int | None
    at: datetime

    @classmethod
    def of(cls, row: SurveyAnswer) -> Self:
        """What the row says."""
        return cls.model_validate(row.model_dump())


class CustomerSummaryView(BaseModel):
    """A customer at a glance.

    `contact` is null where the customer is linked to none. `conversations` is how many there were, with the
    live one; `latest` are the five that began last, the newest first. `notes` is how many there are.
    """

    customer_id: str
    contact: ContactView | None
    conversations: int
    latest: list[EarlierConversationView]
    last_answer: LastAnswerView | None
    notes: int


@router.get("/v1/customers/{customer_id}/summary", responses=problems("not_found"))
async def get_customer_summary(
    database: DatabaseDep, caller: Caller, customer_id: PathId
) -> CustomerSummaryView:
    """A customer at a glance: who they are, their conversations, what they answered last."""
    return await database.read(lambda s: _summary(s, customer_id, caller.reader))


@router.post("/v1/customers/{customer_id}/link", responses=problems("not_found"))
async def link_customer(
    database: DatabaseDep, caller: Caller, customer_id: PathId, body: LinkInput
) -> CustomerSummaryView:
    """Let the customer be this contact, and no other. Their later conversations are the contact's, too."""

    def work(session: Session) -> CustomerSummaryView:
        refuse_unseen(session, caller.reader, "contact_id", body.contact_id)
        links.link(session, customer_id, body.contact_id, agent_id=caller.agent_id, at=clock.now())
        return _summary(session, customer_id, caller.reader)

    return await database.write(work)


@router.post("/v1/customers/{customer_id}/unlink", responses=problems("not_found"))
async def unlink_customer(database: DatabaseDep, caller: Caller, customer_id: PathId) -> CustomerSummaryView:
    """Let the customer be no contact. Rules do not link them again; somebody may."""

    def work(session: Session) -> CustomerSummaryView:
        links.unlink(session, customer_id, agent_id=caller.agent_id, at=clock.now())
        return _summary(session, customer_id, caller.reader)

    return await database.write(work)


def _summary(session: Session, customer_id: str, reader: Reader) -> CustomerSummaryView:
    if customers.find(session, customer_id) is None:
        raise not_found("customer", customer_id)
    summary: CustomerSummary = summarize(session, customer_id)
    contact_id = links.contact_of(session, customer_id)
    return CustomerSummaryView(
        customer_id=customer_id,
        contact=view(session, contact_id, reader) if contact_id is not None else None,
        conversations=summary.conversations,
        latest=[EarlierConversationView.of(each) for each in summary.latest],
        last_answer=LastAnswerView.of(summary.answer) if summary.answer is not None else None,
        notes=summary.notes,
    )
