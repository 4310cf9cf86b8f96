"""Reading one conversation, as several endpoints show it."""

from sqlmodel import Session

from api.schemas.conversation_view import ConversationView
from api.security.auth import Principal
from base import clock
from store.conversations import listing
from store.conversations.details import with_details
from store.conversations.listing import ConversationRecord
from store.db.database import Database
from store.db.refusals import not_found


def find_conversation(session: Session, conversation_id: str) -> ConversationRecord:
    """The conversation with its thread; refused as `not_found`."""
    record = listing.find(session, conversation_id)
    if record is None:
        raise not_found("conversation", conversation_id)
    return record


async def show_conversation(database: Database, conversation_id: str, caller: Principal) -> ConversationView:
    """The conversation as projected, to who asks: a workflow answers a command after that is written."""

    def load(session: Session) -> ConversationView:
        record = find_conversation(session, conversation_id)
        (detailed,) = with_details(session, [record], caller.agent_id)
        return ConversationView.of(detailed, caller, clock.now())

    return await database.read(load)
