"""Our own messages across conversations, by the instant they were written."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, select
from sqlmodel import Session, col

from domain.sending.delivery import MessageStatus
from store.access.visibility import Reader, is_seen
from store.db.ranges import Span, merged, unindexed
from store.tables import Message

Place = tuple[datetime, str]

_KEY = (col(Message.created_at), col(Message.id))
_STORED = [status.value for status in MessageStatus]


@dataclass(frozen=True, slots=True)
class MessageFilter:
    """Which of our own messages are asked for; unset fields do not narrow."""

    status: str | None = None
    page_id: str | None = None
    customer_id: str | None = None
    agent_id: str | None = None
    client_key: str | None = None


def listed(session: Session, wanted: MessageFilter, reader: Reader, span: Span[Place]) -> list[Message]:
    """A part of the list: of what this reader sees."""
    narrowed: list[ColumnElement[bool]] = [col(Message.direction) == "outbound"]
    if not reader.sees_all:
        narrowed.append(is_seen(reader, col(Message.conversation_id), col(Message.customer_id)))
    if wanted.page_id is not None:
        narrowed.append(col(Message.page_id) == wanted.page_id)
    if wanted.agent_id is not None:
        narrowed.append(col(Message.agent_id) == wanted.agent_id)
    statuses = [wanted.status] if wanted.status is not None else _STORED
    exact = {Message.customer_id: wanted.customer_id, Message.client_key: wanted.client_key}
    few = [col(column) == value for column, value in exact.items() if value is not None]
    if few:
        # A thread is sorted as a whole: it is short beside all that has one of the statuses.
        ranges = [[*narrowed, *few, unindexed(col(Message.status)).in_(statuses)]]
    else:
        ranges = [[*narrowed, col(Message.status) == status] for status in statuses]
    return _in_order(session, session.scalars(merged(ranges, _KEY, span)).all())


def find(session: Session, reader: Reader, message_id: str) -> Message | None:
    """A message of ours, of whatever status: it may have changed since it was listed."""
    seen = is_seen(reader, col(Message.conversation_id), col(Message.customer_id))
    ours = (col(Message.id) == message_id, col(Message.direction) == "outbound")
    return session.scalars(select(Message).where(*ours, seen)).first()


def place_of(message: Message) -> Place:
    """Where a message stands."""
    return message.created_at, message.id


def _in_order(session: Session, ids: Sequence[str]) -> list[Message]:
    found = {each.id: each for each in session.scalars(select(Message).where(col(Message.id).in_(ids)))}
    return [found[message_id] for message_id in ids]
