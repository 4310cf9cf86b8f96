"""Where a command goes: the thread of a conversation, with the settings that the command is judged by."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, select
from sqlmodel import Session, col

from domain.conversations.changes import Fact
from domain.conversations.lifecycle import ActorKind, Trigger
from domain.conversations.state import Command
from domain.events.kinds import FactKind
from domain.sending.thread_owner import NOBODY_KNOWN, ThreadOwner
from domain.workstreams.conversation_settings import ConversationSettings
from store.conversations.conversation_settings import SOURCES, conversation_settings, settings_of
from store.conversations.listing import live_conversation_id
from store.conversations.thread_owners import owner_of_thread
from store.db.refusals import not_found
from store.events.events import append_events, event_row
from store.tables import Conversation, Customer, Message, Page, Thread, Workstream

# Asked for every command: columns, not rows of the unit of work.
_WITH_SETTINGS = (
    select(
        col(Conversation.customer_id),
        col(Conversation.session_id),
        col(Thread.owner),
        col(Thread.owner_app_id),
        col(Thread.owner_known_at),
        *SOURCES,
    )
    .join(Thread, col(Thread.customer_id) == col(Conversation.customer_id))
    .join(Page, col(Page.page_id) == col(Conversation.page_id))
    .join(Workstream, col(Workstream.id) == col(Page.workstream_id))
    .where(col(Conversation.id) == bindparam("id"))
)


_ABOUT_AN_AGENT = frozenset({"already_picked", "not_your_conversation"})


@dataclass(frozen=True, slots=True)
class CommandTarget:
    """A conversation's thread. `id` is the conversation's; of one that is to be started, its future one.

    `owner`: which app was last known to control the thread.
    """

    id: str
    page_id: str
    customer_id: str
    settings: ConversationSettings
    session_id: str | None = None
    owner: ThreadOwner = NOBODY_KNOWN


def command_target(session: Session, conversation_id: str) -> CommandTarget:
    """A conversation with the settings of its page and workstream; refused as `not_found`."""
    row = session.connection().execute(_WITH_SETTINGS, {"id": conversation_id}).first()
    if row is None:
        raise not_found("conversation", conversation_id)
    return CommandTarget(
        conversation_id,
        row.page_id,
        row.customer_id,
        settings_of(session, row),
        row.session_id,
        owner_of_thread(row),
    )


def new_conversation_ref(session: Session, customer_id: str, conversation_id: str) -> CommandTarget:
    """The thread of a known customer, for a conversation that an agent starts; refused as `not_found`."""
    customer = session.get(Customer, customer_id)
    if customer is None:
        raise not_found("customer", customer_id)
    settings = conversation_settings(session, customer.page_id)
    return CommandTarget(conversation_id, customer.page_id, customer_id, settings)


def message_ref(session: Session, message_id: str) -> CommandTarget:
    """The conversation of one of our own messages; refused as `not_found`."""
    message = session.get(Message, message_id)
    if message is None or message.direction != "outbound" or message.conversation_id is None:
        raise not_found("message of ours", message_id)
    return command_target(session, message.conversation_id)


def named_by(session: Session, conversation: CommandTarget, code: str) -> dict[str, str]:
    """The ids that a refusal is about: the conversation, who has it, which one the customer has now."""
    row = session.get(Conversation, conversation.id)
    live = live_conversation_id(session, conversation.customer_id)
    if code == "conversation_exists":
        return {"conversation_id": live} if live else {}
    if row is None:  # one that was to be started
        return {"customer_id": conversation.customer_id}
    named = {"conversation_id": conversation.id}
    if code in _ABOUT_AN_AGENT and row.agent_id:
        named["agent_id"] = row.agent_id
    if code == "conversation_closed" and live and live != conversation.id:
        named["current_conversation_id"] = live
    return named


def record_refusal(
    session: Session, conversation: CommandTarget, command: Command, code: str, at: datetime
) -> None:
    """Put a refused command in the timeline, once."""
    fact = Fact(
        FactKind.COMMAND_REFUSED,
        at,
        ActorKind.AGENT,
        command.agent_id,
        None if command.action == Trigger.START else conversation.id,
        command.message_id,
        {"action": command.action.replace("_", "-"), "code": code},
    )
    key = f"refused/{command.command_id}"
    append_events(session, [event_row(fact, conversation.page_id, conversation.customer_id, key)])
