"""Agents' replies: the intent, before the workflow is asked, and its refusal, after.

The row comes first, so that no text is lost when the engine is away; a sweep gives such replies to the
workflow later.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, exists
from sqlmodel import Session, col, select

from domain.conversation import Command, Fact, LiveSettings, Refusal
from domain.delivery import MessageStatus
from domain.lifecycle import ActorKind
from store.events import append_events, event_row
from store.messages import new_outbound_row, settle
from store.refusals import StoreRefusalError
from store.sql import insert_or_ignore
from store.tables import Agent, Conversation, Event, IdempotencyRecord, Message, Page, Workstream

REPLY = "reply"
_SUPERVISING_ROLES = ("supervisor", "admin")
_WITH_SETTINGS = (
    select(Conversation, Page, Workstream)
    .join(Page, col(Page.page_id) == col(Conversation.page_id))
    .join(Workstream, col(Workstream.id) == col(Page.workstream_id))
    .where(col(Conversation.id) == bindparam("id"))
)


@dataclass(frozen=True, slots=True)
class ConversationRef:
    """Where a command goes, with the settings it is judged by."""

    id: str
    page_id: str
    customer_id: str
    settings: LiveSettings


@dataclass(frozen=True, slots=True)
class Reply:
    """What an agent wants to say."""

    message_id: str
    agent_id: str
    text: str
    reply_to_mid: str | None
    request_hash: str


@dataclass(frozen=True, slots=True)
class Intent:
    """A reply's row, where it goes, whether it is new, and the problem it was refused with, if it was."""

    conversation: ConversationRef
    message: Message
    is_new: bool
    refused_with: dict[str, Any] | None = None

    @property
    def is_open(self) -> bool:
        """Whether the workflow may not have been asked yet."""
        return self.message.status == MessageStatus.QUEUED.value and self.message.attempt == 0


def conversation_ref(session: Session, conversation_id: str) -> ConversationRef:
    """A conversation with the settings of its page and workstream; refused as `not_found`."""
    row = session.exec(_WITH_SETTINGS, params={"id": conversation_id}).first()
    if row is None:
        raise StoreRefusalError("not_found")
    conversation, page, workstream = row
    settings = LiveSettings(page.human_agent_tag, workstream.auto_close_waiting_after)
    return ConversationRef(conversation.id, conversation.page_id, conversation.customer_id, settings)


def keep_intent(session: Session, conversation_id: str, reply: Reply, at: datetime) -> Intent:
    """Write the reply's row as `queued`, or find the one that the same key has written."""
    conversation = conversation_ref(session, conversation_id)
    kept = session.get(Message, reply.message_id)
    if kept is not None:
        return _kept_intent(session, conversation, kept, reply)
    _refuse_unknown_mid(session, conversation, reply.reply_to_mid)
    row = new_outbound_row(
        id=reply.message_id,
        page_id=conversation.page_id,
        customer_id=conversation.customer_id,
        conversation_id=conversation_id,
        sender_kind="agent",
        text=reply.text,
        created_at=at,
        agent_id=reply.agent_id,
        reply_to_mid=reply.reply_to_mid,
        request_hash=reply.request_hash,
    )
    insert_or_ignore(session, Message, [row])
    return _kept_intent(session, conversation, session.get_one(Message, reply.message_id), reply, is_new=True)


def reply_command(session: Session, message_id: str) -> tuple[ConversationRef, Command] | None:
    """The command that brings a kept reply to the workflow; None if it is settled or its agent is gone."""
    message = session.get(Message, message_id)
    if message is None or message.agent_id is None or message.conversation_id is None:
        return None
    agent = session.get(Agent, message.agent_id)
    if message.status != MessageStatus.QUEUED.value or agent is None:
        return None
    conversation = conversation_ref(session, message.conversation_id)
    command = Command(
        REPLY,
        message.id,
        conversation.id,
        agent.id,
        supervises=agent.role in _SUPERVISING_ROLES,
        message_id=message.id,
        settings=conversation.settings,
    )
    return conversation, command


def refuse(
    session: Session, message: Message, refusal: Refusal, problem: dict[str, Any], at: datetime
) -> None:
    """A refused reply stays, as `failed` with the refusal's code, and its key keeps answering the problem."""
    record = {
        "principal_id": message.agent_id,
        "key": _refusal_key(message.id),
        "request_hash": message.request_hash or "",
        "status_code": problem["status"],
        "body": problem,
        "created_at": at,
    }
    insert_or_ignore(session, IdempotencyRecord, [record])
    settle(session, message.id, MessageStatus.FAILED, at, reason=refusal.code, detail=refusal.detail)


def record_refusal(
    session: Session, conversation: ConversationRef, command: Command, code: str, at: datetime
) -> None:
    """Put a refused command in the timeline, once."""
    fact = Fact(
        "command.refused",
        at,
        ActorKind.AGENT,
        command.agent_id,
        conversation.id,
        command.message_id,
        {"action": command.action, "code": code},
    )
    key = f"refused/{command.command_id}"
    append_events(session, [event_row(fact, conversation.page_id, conversation.customer_id, key)])


def unsettled_replies(session: Session, older_than: datetime, *, limit: int = 200) -> list[str]:
    """Ids of agents' replies that the workflow may not know of: queued, never tried, not in its events."""
    known = exists().where(
        col(Event.conversation_id) == col(Message.conversation_id),
        col(Event.message_id) == col(Message.id),
        col(Event.kind) == "message.queued",
    )
    return list(
        session.exec(
            select(Message.id)
            .where(
                Message.status == MessageStatus.QUEUED.value,
                col(Message.created_at) < older_than,
                Message.direction == "outbound",
                Message.sender_kind == "agent",
                Message.attempt == 0,
                ~known,
            )
            .order_by(col(Message.created_at), col(Message.id))
            .limit(limit)
        )
    )


def _kept_intent(
    session: Session, conversation: ConversationRef, kept: Message, reply: Reply, *, is_new: bool = False
) -> Intent:
    if kept.request_hash != reply.request_hash:
        raise StoreRefusalError("idempotency_key_reused")
    refused = session.get(IdempotencyRecord, (reply.agent_id, _refusal_key(kept.id)))
    return Intent(conversation, kept, is_new, refused.body if refused else None)


def _refuse_unknown_mid(session: Session, conversation: ConversationRef, mid: str | None) -> None:
    if mid is None:
        return
    found = session.exec(
        select(Message.id).where(
            Message.page_id == conversation.page_id,
            Message.mid == mid,
            Message.customer_id == conversation.customer_id,
        )
    ).first()
    if found is None:
        raise StoreRefusalError("unknown_reply_to")


def _refusal_key(message_id: str) -> str:
    return f"refused/{message_id}"
