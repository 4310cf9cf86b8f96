"""How far each agent has read each thread.

A position is a number in the order of arrival, not of Meta's time: a message that arrives late stands above
what was read, and is unread all the same. What agents have read is theirs alone, and Meta is not told.
"""

from sqlmodel import Session

from store.conversations import transcripts
from store.db.ranges import Span
from store.db.sql import upsert
from store.tables import Conversation, Message, ReadPosition

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
