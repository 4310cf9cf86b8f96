"""What lists show of conversations beside their rows: the last line, what is unread, owed and in trouble.

Of a conversation the newest messages are looked at, `LOOKED_AT` of them; what lies beyond, nobody counts.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Row,
    Select,
    Subquery,
    and_,
    bindparam,
    func,
    or_,
    select,
    tuple_,
)
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from domain.conversations.reply_outlook import JudgedBy
from domain.conversations.state import Conversation as JudgedConversation
from domain.sending.decide_send import SenderKind
from domain.sending.delivery import MessageStatus
from store.conversations import transcripts
from store.conversations.judged import Judge
from store.conversations.listing import ConversationRecord
from store.conversations.messages import displayed_status
from store.tables import Conversation, Message, QueueStay, ReadPosition

LOOKED_AT = 50
MAX_SHOWN_TEXT = 120
_SAID_BY_ITSELF = (SenderKind.AUTOMATIC.value, SenderKind.SURVEY.value)
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
_IDS: BindParameter[str] = bindparam("ids", expanding=True)
_IN_TROUBLE = (MessageStatus.HELD, MessageStatus.FAILED, MessageStatus.UNKNOWN)


@dataclass(frozen=True, slots=True)
class LastMessage:
    """What was said last, not by Pagedesk itself. `text` is None of what has none, or was deleted."""

    id: str
    text: str | None
    direction: str
    sender_kind: str
    agent_id: str | None
    kind: str
    at: datetime
    status: str | None
    deleted_at: datetime | None


@dataclass(frozen=True, slots=True)
class DetailedConversation:
    """A conversation with all that is shown of it to one reader.

    `owed_since`: when the customer wrote the first of the words that nobody has answered. `held`, `failed`,
    `unknown`: how many of our messages are so. `priority`: in its queue.
    """

    record: ConversationRecord
    judged_by: JudgedBy
    judged: JudgedConversation
    unread: int
    last_message: LastMessage | None
    owed_since: datetime | None
    held: int
    failed: int
    unknown: int
    priority: int | None


def with_details(
    session: Session, records: Sequence[ConversationRecord], reader_id: str
) -> list[DetailedConversation]:
    """These conversations as a reader is shown them, in two statements however many."""
    if not records:
        return []
    judge, found = (
        Judge(session, records),
        _read(session, [each.conversation.id for each in records], reader_id),
    )
    return [_detailed(record, judge, found[record.conversation.id]) for record in records]


def unread_of_readers(
    session: Session, conversation_ids: Collection[str], agent_ids: Collection[str]
) -> Mapping[tuple[str, str], int]:
    """What is unread of conversations, by these and the agents who have read anything of their threads.

    For everybody else it is all that `with_details` counts for a reader who has read nothing.
    """
    rows = session.execute(
        _unread_of_readers(), {"ids": list(conversation_ids), "reader_ids": list(agent_ids)}
    )
    return {(conversation_id, agent_id): unread for conversation_id, agent_id, unread in rows}


def _detailed(record: ConversationRecord, judge: Judge, row: Row[Any]) -> DetailedConversation:
    judged_by, judged = judge.judged_by(record)
    message: Message | None = row.Message
    return DetailedConversation(
        record,
        judged_by,
        judged,
        row.unread,
        _last(record, message) if message is not None else None,
        record.conversation.owed_since,
        row.held,
        row.failed,
        row.unknown,
        row.priority,
    )


def _last(record: ConversationRecord, message: Message) -> LastMessage:
    text = message.text
    return LastMessage(
        message.id,
        text if text is None or len(text) <= MAX_SHOWN_TEXT else text[: MAX_SHOWN_TEXT - 1] + "…",
        message.direction,
        message.sender_kind,
        message.agent_id,
        message.kind,
        message.occurred_at,
        displayed_status(message, record.thread),
        message.deleted_at,
    )


def _read(session: Session, conversation_ids: Sequence[str], reader_id: str) -> Mapping[str, Row[Any]]:
    rows = session.execute(_details(), {"ids": conversation_ids, "reader_id": reader_id})
    return {row.id: row for row in rows}


# Built once: that costs more than to run them for a conversation or two.
@cache
def _details() -> Select[*tuple[Any, ...]]:
    sums = _sums(_newest())
    return (
        select(
            col(Conversation.id),
            Message,
            col(QueueStay.priority).label("priority"),
            *(func.coalesce(sums.c[name], 0).label(name) for name in ("unread", *_IN_TROUBLE)),
        )
        .select_from(Conversation)
        .outerjoin(Message, col(Message.id) == _last_id())
        .outerjoin(
            QueueStay,
            and_(
                col(QueueStay.conversation_id) == col(Conversation.id),
                col(QueueStay.stay) == col(Conversation.stay),
            ),
        )
        .outerjoin(sums, sums.c.conversation_id == col(Conversation.id))
        .where(col(Conversation.id).in_(_IDS))
    )


@cache
def _unread_of_readers() -> Select[Any]:
    newest = _newest()
    return (
        select(newest.c.conversation_id, col(ReadPosition.agent_id), _count_unread(newest))
        .join(ReadPosition, col(ReadPosition.customer_id) == newest.c.customer_id)
        .where(col(ReadPosition.agent_id).in_(bindparam("reader_ids", expanding=True)))
        .group_by(newest.c.conversation_id, col(ReadPosition.agent_id))
    )


def _newest() -> Subquery:
    """The newest messages of each conversation, `LOOKED_AT` at most: all from the last that counts on."""
    message, last_of_them = aliased(Message), aliased(Message)
    last_id = (
        _newest_first(Message, col(Message.conversation_id) == col(Conversation.id))
        .offset(LOOKED_AT - 1)
        .scalar_subquery()
    )
    return (
        select(
            col(Conversation.id).label("conversation_id"),
            col(Conversation.customer_id),
            col(message.thread_seq),
            col(message.direction),
            col(message.deleted_at),
            col(message.standby),
            col(message.status),
            col(message.occurred_at),
        )
        .select_from(Conversation)
        .outerjoin(last_of_them, col(last_of_them.id) == last_id)
        .join(
            message,
            and_(
                col(message.conversation_id) == col(Conversation.id),
                # The index leads to the instant; what is of that instant is told apart by the whole order.
                col(message.occurred_at) >= func.coalesce(col(last_of_them.occurred_at), _BEGINNING),
                or_(
                    col(last_of_them.id).is_(None),
                    tuple_(*transcripts.key_of(message)) >= tuple_(*transcripts.key_of(last_of_them)),
                ),
            ),
        )
        .where(col(Conversation.id).in_(_IDS))
        .subquery("newest")
    )


def _sums(newest: Subquery) -> Subquery:
    return (
        select(
            newest.c.conversation_id,
            _count_unread(newest).label("unread"),
            *(_count(newest.c.status == status.value).label(status.value) for status in _IN_TROUBLE),
        )
        .outerjoin(
            ReadPosition,
            and_(
                col(ReadPosition.customer_id) == newest.c.customer_id,
                col(ReadPosition.agent_id) == bindparam("reader_id"),
            ),
        )
        .group_by(newest.c.conversation_id)
        .subquery("sums")
    )


def _count_unread(newest: Subquery) -> ColumnElement[int]:
    is_unread = newest.c.thread_seq > func.coalesce(col(ReadPosition.thread_seq), 0)
    return _count(*_of_customer(newest), is_unread)


def _count(*conditions: ColumnElement[bool]) -> ColumnElement[int]:
    return func.count().filter(*conditions)


def _of_customer(newest: Subquery) -> tuple[ColumnElement[bool], ...]:
    return newest.c.direction == "inbound", newest.c.deleted_at.is_(None)


def _last_id() -> ColumnElement[str]:
    """What was said last by anybody; what Pagedesk says by itself, only where that is all there is.

    A greeting under each new conversation would hide what its customer wants.
    """
    message = aliased(Message)
    of_conversation = col(message.conversation_id) == col(Conversation.id)
    is_shown = col(message.direction) != "internal"
    is_said = col(message.sender_kind).not_in(_SAID_BY_ITSELF)
    said = _newest_first(message, of_conversation, is_shown, is_said).scalar_subquery()
    return func.coalesce(said, _newest_first(message, of_conversation, is_shown).scalar_subquery())


def _newest_first(message: type[Message], *conditions: ColumnElement[bool]) -> Select[str]:
    """The id of the newest message of a conversation that meets these conditions."""
    order = (each.desc() for each in transcripts.key_of(message))
    return select(col(message.id)).where(*conditions).order_by(*order).limit(1).correlate(Conversation)
