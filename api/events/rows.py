"""The rows that events come with, for streams that ask for them: as each reader sees them.

They are read with the events, at the same instant, and rendered once for all readers who see the same.
"""

from collections.abc import Collection, Iterable
from datetime import datetime

from sqlmodel import Session

from api.schemas.conversation_view import ConversationView
from api.schemas.views import MessageView
from api.security.auth import Principal
from store.conversations import listing
from store.conversations.details import DetailedConversation, unread_of_readers, with_details
from store.conversations.messages import messages_with_threads, replied_ids
from store.tables import Event

NO_ROWS = '"conversation":null,"message":null'
_NOBODY = ""


class EventRows:
    """The rows of some events, as they are at one instant, for some agents."""

    def __init__(
        self, session: Session, events: Iterable[Event], agent_ids: Collection[str], now: datetime
    ) -> None:
        told = list(events)
        conversation_ids = {each.conversation_id for each in told if each.conversation_id is not None}
        records = listing.find_all(session, conversation_ids)
        self._now = now
        self._conversations = {
            each.record.conversation.id: each for each in with_details(session, records, _NOBODY)
        }
        self._unread = unread_of_readers(session, conversation_ids, agent_ids)
        found = messages_with_threads(
            session, {each.message_id for each in told if each.message_id is not None}
        )
        replied = replied_ids(session, [message for message, _ in found])
        self._messages = {
            message.id: MessageView.of(message, thread, replied).model_dump_json()
            for message, thread in found
        }
        self._rendered: dict[tuple[str, str, str], str] = {}

    def render(self, event: Event, reader: Principal) -> str:
        """The members `conversation` and `message` of an event, as JSON; null where there is none."""
        message = self._messages.get(event.message_id or "", "null")
        return f'"conversation":{self._conversation(event.conversation_id, reader)},"message":{message}'

    def _conversation(self, conversation_id: str | None, reader: Principal) -> str:
        detailed = self._conversations.get(conversation_id or "")
        if detailed is None:
            return "null"
        row = detailed.record.conversation
        key = (row.id, reader.role, reader.agent_id if _concerns(detailed, reader.agent_id) else _NOBODY)
        if key not in self._rendered:
            view = ConversationView.of(detailed, reader, self._now)
            self._rendered[key] = view.model_dump_json(exclude={"unread"})
        unread = self._unread.get((row.id, reader.agent_id), detailed.unread)
        return f'{self._rendered[key][:-1]},"unread":{unread}}}'


def _concerns(detailed: DetailedConversation, agent_id: str) -> bool:
    """Whether somebody has a part in a conversation: all others of their role may do the same with it."""
    judged = detailed.judged
    of_offer_and_session = [each.agent_id for each in (judged.offer, judged.session) if each is not None]
    return agent_id in (
        judged.agent_id,
        *of_offer_and_session,
        *(each.agent_id for each in judged.participants),
    )
