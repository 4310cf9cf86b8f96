"""How far each agent has read each thread, and what is unread of a conversation.

A position is a number in the order of arrival, not of Meta's time: a message that arrives late stands above
what was read, and is unread all the same. What agents have read is theirs alone, and Meta is not told.
"""

from collections.abc import Collection, Mapping

from sqlalchemy import and_, func, select
from sqlmodel import Session, col

from store.conversations import transcripts
from store.db.ranges import Span
from store.db.sql import upsert
from store.tables import Conversation, Message, ReadPosition

UNREAD_AMONG = 50
"""So many of the newest messages of a conversation are looked at; beyond, nobody counts."""

_LATE_AMONG = 200
"""A message that arrived late is looked for among so many before the last one read."""


def mark_read(session: Session, agent_id: str, conversation: Conversation, up_to: Message | None) -> None:
    """Note that an agent has read a thread up to a message, or nothing of it. It may go back: to unread."""
    position = 0
    if up_to is not None:
        before = Span(_LATE_AMONG, newest_first=True, before=transcripts.place_of(up_to))
        shown = [up_to, *transcripts.of_thread(session, conversation.customer_id, before)]
        position = max((each.thread_seq or 0 for each in shown), default=0)
    row = ReadPosition(agent_id=agent_id, customer_id=conversation.customer_id, thread_seq=position)
    upsert(session, ReadPosition, row.model_dump())


def unread_counts(session: Session, agent_id: str, conversation_ids: Collection[str]) -> Mapping[str, int]:
    """How many of the customer's newest messages in each of these conversations the agent has not read."""
    if not conversation_ids:
        return {}
    newest = (
        select(col(Message.thread_seq), col(Message.direction), col(Message.deleted_at))
        .where(col(Message.conversation_id) == col(Conversation.id))
        .order_by(*(each.desc() for each in transcripts.KEY))
        .limit(UNREAD_AMONG)
        .correlate(Conversation)
        .subquery()
    )
    unread = (
        select(func.count())
        .select_from(newest)
        .where(
            newest.c.direction == "inbound",
            newest.c.deleted_at.is_(None),
            newest.c.thread_seq > func.coalesce(col(ReadPosition.thread_seq), 0),
        )
        .correlate(Conversation, ReadPosition)
        .scalar_subquery()
    )
    rows = session.execute(
        select(col(Conversation.id), unread)
        .outerjoin(
            ReadPosition,
            and_(
                col(ReadPosition.customer_id) == col(Conversation.customer_id),
                col(ReadPosition.agent_id) == agent_id,
            ),
        )
        .where(col(Conversation.id).in_(conversation_ids))
    )
    return {conversation_id: count for conversation_id, count in rows}  # noqa: C416 - a Row is no pair to mypy
