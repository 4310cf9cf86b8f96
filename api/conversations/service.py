"""Reading one conversation, as several endpoints show it."""

from sqlmodel import Session

from api.schemas.views import ConversationView
from base import clock
from store.conversations import listing
from store.conversations.listing import ConversationRecord
from store.db.database import Database
from store.db.refusals import not_found


def find_conversation(session: Session, conversation_id: str) -> ConversationRecord:
    """The conversation with its thread; refused as `not_found`."""
    record = listing.find(session, conversation_id)
    if record is None:
        raise not_found("conversation", conversation_id)
    return record


async def show_conversation(database: Database, conversation_id: str) -> ConversationView:
    """The conversation as projected: a workflow answers a command after its projection is written."""
    record = await database.read(lambda s: find_conversation(s, conversation_id))
    return ConversationView.of(record, clock.now())
