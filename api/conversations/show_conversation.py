"""Reading one conversation, as several endpoints show it."""

from sqlmodel import Session

from api.schemas.views import ConversationView
from base import clock
from store.conversations import listing
from store.conversations.listing import ConversationRecord
from store.conversations.read_positions import unread_counts
from store.db.database import Database
from store.db.refusals import not_found


def find_conversation(session: Session, conversation_id: str) -> ConversationRecord:
    """The conversation with its thread; refused as `not_found`."""
    record = listing.find(session, conversation_id)
    if record is None:
        raise not_found("conversation", conversation_id)
    return record


async def show_conversation(database: Database, conversation_id: str, agent_id: str) -> ConversationView:
    """The conversation as projected, to an agent: a workflow answers a command after that is written."""

    def load(session: Session) -> ConversationView:
        record = find_conversation(session, conversation_id)
        unread = unread_counts(session, agent_id, [conversation_id])
        return ConversationView.of(record, clock.now(), unread[conversation_id])

    return await database.read(load)
