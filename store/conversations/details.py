"""What lists show of conversations beside their rows: the last line, what is unread, owed and in trouble.

Of a conversation the newest messages are looked at, `LOOKED_AT` of them; what lies beyond, nobody counts.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, ScalarSelect, Subquery, and_, func, or_, select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from domain.conversations.lifecycle import Status
from domain.conversations.reply_outlook import JudgedBy
from domain.conversations.state import Conversation as JudgedConversation
from domain.sending.delivery import MessageStatus
from domain.sending.thread_owner import PAGE_INBOX_APP_IDS
from store.conversations import transcripts
from store.conversations.judged import Judge
from store.conversations.listing import ConversationRecord
from store.conversations.messages import displayed_status
from store.tables import Conversation, Message, QueueStay, ReadPosition

LOOKED_AT = 50
MAX_SHOWN_TEXT = 120
_OWING = (Status.OPEN.value, Status.ACTIVE.value)
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
_IN_TROUBLE = (MessageStatus.HELD, MessageStatus.FAILED, MessageStatus.UNKNOWN)


@dataclass(frozen=True, slots=True)
class LastMessage:
    """What was said last. `text` is None of what has none, or was deleted."""

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
        select(col(Conversation.id), col(ReadPosition.agent_id), _unread())
        .select_from(Conversation)
        .join(ReadPosition, col(ReadPosition.customer_id) == col(Conversation.customer_id))
        .where(col(Conversation.id).in_(conversation_ids), col(ReadPosition.agent_id).in_(agent_ids))
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
        row.owed_since if record.conversation.status in _OWING else None,
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
    rows = session.execute(
        select(
            col(Conversation.id),
            Message,
            col(QueueStay.priority).label("priority"),
            _unread().label("unread"),
            _owed_since().label("owed_since"),
            *(_count_in(status).label(status.value) for status in _IN_TROUBLE),
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
        .outerjoin(
            ReadPosition,
            and_(
                col(ReadPosition.customer_id) == col(Conversation.customer_id),
                col(ReadPosition.agent_id) == reader_id,
            ),
        )
        .where(col(Conversation.id).in_(conversation_ids))
    )
    return {row.id: row for row in rows}


def _newest() -> Subquery:
    """The newest messages of a conversation."""
    return (
        select(
            col(Message.thread_seq),
            col(Message.direction),
            col(Message.deleted_at),
            col(Message.sender_kind),
            col(Message.app_id),
            col(Message.standby),
            col(Message.status),
            col(Message.occurred_at),
        )
        .where(col(Message.conversation_id) == col(Conversation.id))
        .order_by(*(each.desc() for each in transcripts.KEY))
        .limit(LOOKED_AT)
        .correlate(Conversation)
        .subquery()
    )


def _last_id() -> ScalarSelect[str]:
    message = aliased(Message)
    return (
        select(col(message.id))
        .where(col(message.conversation_id) == col(Conversation.id), col(message.direction) != "internal")
        .order_by(*(each.desc() for each in transcripts.key_of(message)))
        .limit(1)
        .correlate(Conversation)
        .scalar_subquery()
    )


def _unread() -> ScalarSelect[int]:
    newest = _newest()
    return (
        select(func.count())
        .select_from(newest)
        .where(*_of_customer(newest), newest.c.thread_seq > func.coalesce(col(ReadPosition.thread_seq), 0))
        .correlate(Conversation, ReadPosition)
        .scalar_subquery()
    )


def _owed_since() -> ScalarSelect[datetime]:
    """The first word of the customer's after the last answer; what came on standby is owed no answer here."""
    newest, answers = _newest(), _newest()
    by_person = or_(answers.c.app_id.is_(None), answers.c.app_id.in_(PAGE_INBOX_APP_IDS))
    answered_at = (
        select(func.max(answers.c.occurred_at))
        .where(
            or_(
                answers.c.sender_kind.in_(("agent", "bot")),
                and_(answers.c.sender_kind == "outside", by_person),
            )
        )
        .correlate(Conversation)
        .scalar_subquery()
    )
    return (
        select(func.min(newest.c.occurred_at))
        .where(
            *_of_customer(newest),
            newest.c.standby.is_(False),
            newest.c.occurred_at > func.coalesce(answered_at, _BEGINNING),
        )
        .correlate(Conversation)
        .scalar_subquery()
    )


def _count_in(status: MessageStatus) -> ScalarSelect[int]:
    newest = _newest()
    return (
        select(func.count())
        .select_from(newest)
        .where(newest.c.status == status.value)
        .correlate(Conversation)
        .scalar_subquery()
    )


def _of_customer(newest: Subquery) -> tuple[ColumnElement[bool], ...]:
    return newest.c.direction == "inbound", newest.c.deleted_at.is_(None)
