"""Which conversations an agent has or takes part in, and which are offered to them."""

from dataclasses import dataclass

from sqlalchemy import or_
from sqlmodel import Session, col, select

from domain.conversations.lifecycle import Phase, Status
from store.routing.slot_states import slot_is_claimed
from store.tables import Conversation, Participant, Slot


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

    Those of others in which they take part belong to them, too, or, with `only_offered`, are asked to.
    A claim belongs to them: its conversation may hear of the offer later than of what is told now.
    """
    claimed = select(Slot.conversation_id).where(Slot.agent_id == agent_id, slot_is_claimed())
    theirs = [Conversation.agent_id == agent_id, Conversation.status == Status.ACTIVE.value]
    if only_offered:
        theirs.append(Conversation.phase == Phase.AWAITING_ACCEPTANCE.value)
    own = select(Conversation.id).where(*theirs)
    part = select(Participant.conversation_id).where(
        Participant.agent_id == agent_id, col(Participant.left_at).is_(None)
    )
    if only_offered:
        part = part.where(col(Participant.joined_at).is_(None))
    found = session.exec(
        select(Conversation.id, Conversation.page_id, Conversation.customer_id)
        .where(
            or_(*(col(Conversation.id).in_(each) for each in (own, claimed, part))),
            col(Conversation.id) > after,
        )
        .order_by(col(Conversation.id))
        .limit(limit)
    )
    return [ThreadOfConversation(*row) for row in found]
