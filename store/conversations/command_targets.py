"""Where a command goes: the thread of a conversation, with the version of the settings that now hold."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select
from sqlmodel import Session, col

from domain.conversations.changes import Fact
from domain.conversations.command_types import (
    CancelMessage,
    Command,
    Reply,
    SendHeldMessage,
    StartConversation,
)
from domain.conversations.lifecycle import ActorKind
from domain.events.kinds import FactKind
from domain.sending.thread_owner import NOBODY_KNOWN, ThreadOwner
from store.conversations.listing import live_conversation_id
from store.conversations.thread_owners import owner_of_thread
from store.db.refusals import not_found
from store.events.events import append_events, event_row
from store.tables import Conversation, Customer, Message, Page, Thread, Workstream

# Asked for every command: columns, not rows of the unit of work.
_COLUMNS: tuple[Any, ...] = (
    col(Conversation.customer_id),
    col(Conversation.session_id),
    col(Thread.owner),
    col(Thread.owner_app_id),
    col(Thread.owner_known_at),
    col(Page.page_id),
    col(Page.settings_version),
    col(Workstream.picking_heeds_capacity),
    col(Workstream.transfer_heeds_capacity),
)
_TARGET = (
    select(*_COLUMNS)
    .join(Thread, col(Thread.customer_id) == col(Conversation.customer_id))
    .join(Page, col(Page.page_id) == col(Conversation.page_id))
    .join(Workstream, col(Workstream.id) == col(Page.workstream_id))
    .where(col(Conversation.id) == bindparam("id"))
)


_ABOUT_AN_AGENT = frozenset({"already_picked", "not_your_conversation"})


@dataclass(frozen=True, slots=True)
class CommandTarget:
    """A conversation's thread. `id` is the conversation's; of one that is to be started, its future one.

    `owner`: which app was last known to control the thread. `picking_heeds_capacity`,
    `transfer_heeds_capacity`: as the page's workstream has them set.
    """

    id: str
    page_id: str
    customer_id: str
    settings_version: int
    session_id: str | None = None
    owner: ThreadOwner = NOBODY_KNOWN
    picking_heeds_capacity: bool = False
    transfer_heeds_capacity: bool = False


def command_target(session: Session, conversation_id: str) -> CommandTarget:
    """A conversation's thread; refused as `not_found`."""
    row = session.connection().execute(_TARGET, {"id": conversation_id}).first()
    if row is None:
        raise not_found("conversation", conversation_id)
    return CommandTarget(
        conversation_id,
        row.page_id,
        row.customer_id,
        row.settings_version,
        row.session_id,
        owner_of_thread(row),
        row.picking_heeds_capacity,
        row.transfer_heeds_capacity,
    )


def new_conversation_ref(session: Session, customer_id: str, conversation_id: str) -> CommandTarget:
    """The thread of a known customer, for a conversation that an agent starts; refused as `not_found`."""
    customer = session.get(Customer, customer_id)
    if customer is None:
        raise not_found("customer", customer_id)
    page = session.get_one(Page, customer.page_id)
    return CommandTarget(conversation_id, page.page_id, customer_id, page.settings_version)


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
    if code == "disposition_required":
        named["workstream_id"] = session.get_one(Page, row.page_id).workstream_id
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
        None if isinstance(command, StartConversation) else conversation.id,
        command.message_id if isinstance(command, Reply | SendHeldMessage | CancelMessage) else None,
        {"action": command.action.replace("_", "-"), "code": code},
    )
    key = f"refused/{command.command_id}"
    append_events(session, [event_row(fact, conversation.page_id, conversation.customer_id, key)])
