"""The messages of a conversation or of a whole thread, in order, from either end.

Their order is Meta's time, then arrival; what Pagedesk itself wrote comes after what the customer wrote in
the same instant.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, literal_column, select
from sqlmodel import Session, col

from store.db.ranges import Span, cut
from store.tables import Message

Place = tuple[datetime, int, str]

_NO_SEQ = 2**31 - 1
# As the index has it: a bound value would not be known to be the same.


def key_of(message: type[Message]) -> tuple[Any, ...]:
    """What transcripts are sorted by, of the table or of an alias of it."""
    arrival = func.coalesce(col(message.thread_seq), literal_column(str(_NO_SEQ)))
    return col(message.occurred_at), arrival, col(message.id)


KEY = key_of(Message)


def of_conversation(session: Session, conversation_id: str, span: Span[Place]) -> list[Message]:
    """A conversation's messages."""
    return _read(session, col(Message.conversation_id) == conversation_id, span)


def of_thread(session: Session, customer_id: str, span: Span[Place]) -> list[Message]:
    """All messages of a customer's thread, those of no conversation too."""
    return _read(session, col(Message.customer_id) == customer_id, span)


def message_of_conversation(session: Session, conversation_id: str, message_id: str) -> Message | None:
    """A message, if it is one of this conversation."""
    message = session.get(Message, message_id)
    return message if message is not None and message.conversation_id == conversation_id else None


def message_of_thread(session: Session, customer_id: str, message_id: str) -> Message | None:
    """A message, if it is one of this thread."""
    message = session.get(Message, message_id)
    return message if message is not None and message.customer_id == customer_id else None


def place_of(message: Message) -> Place:
    """Where a message stands."""
    return message.occurred_at, _NO_SEQ if message.thread_seq is None else message.thread_seq, message.id


def _read(session: Session, which: ColumnElement[bool], span: Span[Place]) -> list[Message]:
    return list(session.scalars(cut(select(Message).where(which), KEY, span)))
