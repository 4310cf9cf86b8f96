"""Which conversations an agent has, and which are offered to them."""

from dataclasses import dataclass

from sqlalchemy import or_
from sqlmodel import Session, col, select

from domain.conversations.lifecycle import Phase, Status
from store.routing.slot_states import slot_is_claimed
from store.tables import Conversation, Slot


@dataclass(frozen=True, slots=True)
class ThreadOfConversation:
    """A conversation, and the thread whose workflow has it."""

    conversation_id: str
    page_id: str
    customer_id: str


def conversations_of(
    session: Session, agent_id: str, *, only_offered: bool, after: str, limit: int
) -> list[ThreadOfConversation]:
    """An agent's active conversations after an id, by id; with them those that are just being offered.

    A claim belongs to them: its conversation may hear of the offer later than of what is told now.
    """
    claimed = select(Slot.conversation_id).where(Slot.agent_id == agent_id, slot_is_claimed())
    theirs = [Conversation.agent_id == agent_id, Conversation.status == Status.ACTIVE.value]
    if only_offered:
        theirs.append(Conversation.phase == Phase.AWAITING_ACCEPTANCE.value)
    own = select(Conversation.id).where(*theirs)
    found = session.exec(
        select(Conversation.id, Conversation.page_id, Conversation.customer_id)
        .where(
            or_(col(Conversation.id).in_(own), col(Conversation.id).in_(claimed)),
            col(Conversation.id) > after,
        )
        .order_by(col(Conversation.id))
        .limit(limit)
    )
    return [ThreadOfConversation(*row) for row in found]
