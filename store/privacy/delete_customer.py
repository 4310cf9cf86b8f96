"""Deleting what the store keeps of one customer, in one transaction.

Each column's type in `store.tables` says what becomes of it (`store.tables.erasure_policy`).
The relay may be routing an event of the person at the same moment. What it has routed before this commit is
deleted; what it routes after makes a new customer. `positions` tells the two apart in the inbox: how far each
partition was read. `late_files` are where files are that came after the customer's files had been deleted.
"""

from typing import Any

from sqlalchemy import exists, literal, or_
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from store.attachments.rows import keys_of_customer
from store.db.sql import delete_rows
from store.inbox.relay_shares import positions
from store.privacy.erasures import add_counts
from store.tables import (
    AgentSession,
    Attachment,
    AttachmentUpload,
    Contact,
    ContactLink,
    ContactValue,
    ContactWords,
    ContextVariable,
    Conversation,
    Customer,
    EarlyChange,
    Erasure,
    Event,
    IdempotencyRecord,
    Message,
    Note,
    Opening,
    Participant,
    PreferredAgent,
    QueueStay,
    ReadPosition,
    SearchText,
    Slot,
    Survey,
    SurveyAnswer,
    Thread,
    ThreadEvent,
    UnroutedEvent,
    WorkItem,
    WorkItemReturn,
    WorkItemWish,
)

_REFUSED_PREFIX = "refused/"


def erase_customer(session: Session, erasure_id: str, customer_id: str) -> None:
    """Delete everything that names the customer. Done again, it finds nothing."""
    # Locked first: on PostgreSQL the relay's transactions that refer to the customer end before this goes on.
    if session.get(Customer, customer_id, with_for_update=True) is None:
        return
    late_files = keys_of_customer(session, customer_id)
    counts = {
        model.__tablename__: delete_rows(session, model, *conditions)
        for model, *conditions in _rows_of(customer_id, _contacts_of_nobody_else(session, customer_id))
    }
    read = {str(partition): position for partition, position in positions(session).items()}
    _remember(session, erasure_id, customer_id, {"positions": read, "late_files": late_files})
    add_counts(session, erasure_id, counts | {"files": len(late_files)})


def forget_inbox_events(session: Session, erasure_id: str, inbox_ids: list[int]) -> None:
    """Delete what stands in the store for events of the inbox that went to no thread."""
    counts = {
        UnroutedEvent.__tablename__: delete_rows(
            session, UnroutedEvent, col(UnroutedEvent.inbox_id).in_(inbox_ids)
        ),
        EarlyChange.__tablename__: delete_rows(
            session, EarlyChange, col(EarlyChange.inbox_id).in_(inbox_ids)
        ),
    }
    add_counts(session, erasure_id, counts)


def _contacts_of_nobody_else(session: Session, customer_id: str) -> list[str]:
    """The contact that the customer is, if no other customer is it."""
    others = aliased(ContactLink)
    alone = select(ContactLink.contact_id).where(
        ContactLink.customer_id == customer_id,
        col(ContactLink.contact_id).is_not(None),
        ~exists().where(
            col(others.contact_id) == col(ContactLink.contact_id), col(others.customer_id) != customer_id
        ),
    )
    return [each for each in session.exec(alone) if each is not None]


def _rows_of(customer_id: str, contact_ids: list[str]) -> list[tuple[Any, ...]]:
    """Each table with the condition for its rows of the customer, those that refer to others first."""
    conversations = select(Conversation.id).where(Conversation.customer_id == customer_id)
    surveys = select(Survey.id).where(Survey.customer_id == customer_id)
    refusals = select(literal(_REFUSED_PREFIX) + col(Message.id)).where(
        Message.customer_id == customer_id, Message.direction == "outbound"
    )
    files = select(Attachment.id).where(Attachment.customer_id == customer_id)
    return [
        (AttachmentUpload, col(AttachmentUpload.attachment_id).in_(files)),
        (Attachment, col(Attachment.customer_id) == customer_id),
        (Note, col(Note.customer_id) == customer_id),
        (SurveyAnswer, col(SurveyAnswer.survey_id).in_(surveys)),
        (ReadPosition, col(ReadPosition.customer_id) == customer_id),
        (Survey, col(Survey.customer_id) == customer_id),
        (ContextVariable, col(ContextVariable.conversation_id).in_(conversations)),
        (AgentSession, col(AgentSession.conversation_id).in_(conversations)),
        (IdempotencyRecord, col(IdempotencyRecord.key).in_(refusals)),
        (Event, or_(col(Event.customer_id) == customer_id, col(Event.conversation_id).in_(conversations))),
        (SearchText, col(SearchText.customer_id) == customer_id),
        (Message, col(Message.customer_id) == customer_id),
        (ThreadEvent, col(ThreadEvent.customer_id) == customer_id),
        (Opening, col(Opening.customer_id) == customer_id),
        (WorkItemReturn, col(WorkItemReturn.conversation_id).in_(conversations)),
        (WorkItemWish, col(WorkItemWish.conversation_id).in_(conversations)),
        (WorkItem, col(WorkItem.conversation_id).in_(conversations)),
        (Slot, col(Slot.conversation_id).in_(conversations)),
        (QueueStay, col(QueueStay.conversation_id).in_(conversations)),
        (Participant, col(Participant.conversation_id).in_(conversations)),
        (Conversation, col(Conversation.customer_id) == customer_id),
        (Thread, col(Thread.customer_id) == customer_id),
        (PreferredAgent, col(PreferredAgent.customer_id) == customer_id),
        (ContactLink, col(ContactLink.customer_id) == customer_id),
        (ContactValue, col(ContactValue.contact_id).in_(contact_ids)),
        (ContactWords, col(ContactWords.contact_id).in_(contact_ids)),
        (Contact, col(Contact.id).in_(contact_ids)),
        (Customer, col(Customer.id) == customer_id),
    ]


def _remember(session: Session, erasure_id: str, customer_id: str, facts: dict[str, Any]) -> None:
    """Keep with the erasure what its further steps need of the rows that are gone."""
    erasure = session.get_one(Erasure, erasure_id)
    erasure.targets = [
        each | facts if each["customer_id"] == customer_id else each for each in erasure.targets
    ]
    session.flush()
