"""Who may see which conversation, and through it which thread, message, file and survey: the one rule.

Administrators and machines see everything. Anybody else sees a conversation

- of a queue of theirs; one that is in no queue belongs to the default queue;
- that is theirs, or offered to them;
- in which they take part beside its agent;
- in which they had a session, while it is not closed, for as long as a conversation may stay open;
- whose thread they see. A thread, which is a customer with all that was said, is seen by who sees its latest
  conversation by one of the points above.

Lists of conversations, and search, keep to the first four points. `conversation_is_listed` and the like say
the rule in SQL; `store.access.conversation_viewers` says it for events in memory.
"""

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Select,
    SQLColumnExpression,
    and_,
    bindparam,
    exists,
    func,
    literal_column,
    or_,
    select,
    true,
)
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from domain.conversations.lifecycle import Status
from domain.conversations.projection import NEVER_WAS
from domain.routing.demand import DEFAULT_QUEUE_ID
from store.db.refusals import not_found
from store.tables import (
    AgentSession,
    Attachment,
    Contact,
    ContactLink,
    Conversation,
    Customer,
    Message,
    Note,
    Participant,
    QueueMember,
    Survey,
)

FORMER_AGENT_FOR = timedelta(days=30)
"""So long after the beginning of their session a former agent sees a conversation that is not closed."""

_ID: BindParameter[str] = bindparam("id")
_READER_ID: BindParameter[str] = bindparam("reader_id")
_FORMER_SINCE: BindParameter[datetime] = bindparam("reader_former_since")

WAS_TAKEN_UP: tuple[ColumnElement[bool], ...] = (
    col(AgentSession.accepted_at).is_not(None),
    func.coalesce(col(AgentSession.closure_reason), "") != NEVER_WAS,
)
"""Sessions that were not only offered, and not of a task that Temporal has discarded."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody who reads, at an instant. What `sees_all` is true for, no condition narrows."""

    agent_id: str
    sees_all: bool
    at: datetime

    @property
    def former_since(self) -> datetime:
        """Sessions that began before this let nobody see a conversation any more."""
        return self.at - FORMER_AGENT_FOR


@dataclass(frozen=True, slots=True)
class ReaderParameters:
    """A reader whose id and date come with each execution of a statement, so that it is built once."""

    sees_all: bool
    agent_id: BindParameter[str] = _READER_ID
    former_since: BindParameter[datetime] = _FORMER_SINCE


AnyReader = Reader | ReaderParameters


def queues_of(reader: AnyReader) -> Select[str]:
    """The queues that the reader serves."""
    return select(col(QueueMember.queue_id)).where(col(QueueMember.agent_id) == reader.agent_id)


def joined(reader: AnyReader) -> Select[str]:
    """The conversations in which the reader takes part."""
    return select(col(Participant.conversation_id)).where(
        col(Participant.agent_id) == reader.agent_id, col(Participant.left_at).is_(None)
    )


def served(reader: AnyReader) -> Select[str]:
    """The conversations in which the reader has, or lately had, a session."""
    return select(col(AgentSession.conversation_id)).where(
        col(AgentSession.agent_id) == reader.agent_id,
        col(AgentSession.started_at) > reader.former_since,
        *WAS_TAKEN_UP,
    )


def conversation_is_listed(reader: AnyReader, conversation: type[Conversation]) -> ColumnElement[bool]:
    """Whether the reader sees a conversation for its own sake, as lists and search show it."""
    if reader.sees_all:
        return true()
    of = col(conversation.id)
    return or_(
        col(conversation.agent_id) == reader.agent_id,
        func.coalesce(col(conversation.queue_id), DEFAULT_QUEUE_ID).in_(queues_of(reader)),
        exists(joined(reader).where(col(Participant.conversation_id) == of).correlate_except(Participant)),
        and_(
            col(conversation.status) != Status.CLOSED.value,
            exists(
                served(reader).where(col(AgentSession.conversation_id) == of).correlate_except(AgentSession)
            ),
        ),
    )


def thread_is_seen(reader: AnyReader, customer_id: SQLColumnExpression[Any]) -> ColumnElement[bool]:
    """Whether the reader sees a thread. One without a conversation belongs to the default queue."""
    if reader.sees_all:
        return true()
    latest, other = aliased(Conversation), aliased(Conversation)
    latest_id = (
        select(col(other.id))
        .where(col(other.customer_id) == customer_id)
        .order_by(col(other.opened_at).desc(), col(other.id).desc())
        .limit(1)
        .correlate_except(other)
        .scalar_subquery()
    )
    return or_(
        exists()
        .where(col(latest.id) == latest_id, conversation_is_listed(reader, latest))
        .correlate_except(latest),
        and_(latest_id.is_(None), literal_column(f"'{DEFAULT_QUEUE_ID}'").in_(queues_of(reader))),
    )


def conversation_is_seen(reader: AnyReader) -> ColumnElement[bool]:
    """Whether the reader sees a conversation when they ask for it, for its own sake or for its thread's."""
    return or_(
        conversation_is_listed(reader, Conversation),
        thread_is_seen(reader, col(Conversation.customer_id)),
    )


def is_seen(
    reader: AnyReader, conversation_id: SQLColumnExpression[Any], customer_id: SQLColumnExpression[Any]
) -> ColumnElement[bool]:
    """Whether the reader sees what belongs to a conversation, or to none, of a thread."""
    if reader.sees_all:
        return true()
    its_own = aliased(Conversation)
    return or_(
        exists()
        .where(col(its_own.id) == conversation_id, conversation_is_listed(reader, its_own))
        .correlate_except(its_own),
        thread_is_seen(reader, customer_id),
    )


def contact_is_seen(reader: AnyReader) -> ColumnElement[bool]:
    """Whether the reader sees a contact: by the thread of one of its customers, or because it has none."""
    if reader.sees_all:
        return true()
    linked = exists().where(col(ContactLink.contact_id) == col(Contact.id)).correlate_except(ContactLink)
    seen = (
        exists()
        .where(
            col(ContactLink.contact_id) == col(Contact.id),
            thread_is_seen(reader, col(ContactLink.customer_id)),
        )
        .correlate_except(ContactLink)
    )
    return or_(~linked, seen)


def refuse_unseen(session: Session, reader: Reader, subject: str, id: str) -> None:  # noqa: A002 - the column's name
    """Refuse as `not_found` what is not there, and alike what the reader does not see.

    `subject` is a key of SUBJECTS.
    """
    values = {"id": id, "reader_id": reader.agent_id, "reader_former_since": reader.former_since}
    if session.connection().execute(_finds(subject, sees_all=reader.sees_all), values).first() is None:
        raise not_found(SUBJECTS[subject][0], id)


@functools.cache
def _finds(subject: str, *, sees_all: bool) -> Select[str]:
    """What finds a subject by its `id`. Asked at every request: to build it costs more than to run it."""
    return SUBJECTS[subject][1](ReaderParameters(sees_all))


def _conversation(reader: ReaderParameters) -> Select[str]:
    of = col(Conversation.id)
    return select(of).where(of == _ID, conversation_is_seen(reader))


def _customer(reader: ReaderParameters) -> Select[str]:
    of = col(Customer.id)
    return select(of).where(of == _ID, thread_is_seen(reader, of))


def _message(reader: ReaderParameters) -> Select[str]:
    seen = is_seen(reader, col(Message.conversation_id), col(Message.customer_id))
    return select(col(Message.id)).where(col(Message.id) == _ID, seen)


def _note(reader: ReaderParameters) -> Select[str]:
    seen = is_seen(reader, col(Note.conversation_id), col(Note.customer_id))
    return select(col(Note.id)).where(col(Note.id) == _ID, seen)


def _attachment(reader: ReaderParameters) -> Select[str]:
    """A file that was uploaded and not sent is its agent's alone."""
    file = select(col(Attachment.id)).outerjoin(Message, col(Message.id) == col(Attachment.message_id))
    unsent = and_(col(Attachment.message_id).is_(None), col(Attachment.agent_id) == reader.agent_id)
    customer_id = func.coalesce(col(Attachment.customer_id), col(Message.customer_id))
    seen = is_seen(reader, col(Message.conversation_id), customer_id)
    sent = and_(col(Attachment.message_id).is_not(None), seen)
    return file.where(col(Attachment.id) == _ID, or_(unsent, sent))


def _contact(reader: ReaderParameters) -> Select[str]:
    return select(col(Contact.id)).where(col(Contact.id) == _ID, contact_is_seen(reader))


def _survey(reader: ReaderParameters) -> Select[str]:
    seen = is_seen(reader, col(Survey.conversation_id), col(Survey.customer_id))
    return select(col(Survey.id)).where(col(Survey.id) == _ID, seen)


SUBJECTS: Mapping[str, tuple[str, Callable[[ReaderParameters], Select[str]]]] = {
    "conversation_id": ("conversation", _conversation),
    "customer_id": ("customer", _customer),
    "message_id": ("message of ours", _message),
    "note_id": ("note", _note),
    "contact_id": ("contact", _contact),
    "attachment_id": ("file", _attachment),
    "survey_id": ("survey", _survey),
}
"""What a path names by this parameter, with how it is found by `id` if the reader sees it."""
